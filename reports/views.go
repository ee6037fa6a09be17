package reports

import "github.com/rehearse-dev/rehearse/reports/model"

// The views are what was judged, with the words in which it is shown.
type (
	summary    struct{ *model.Summary }
	cutover    struct{ *model.Cutover }
	comparison struct{ *model.Comparison }
	selfTest   struct{ *model.SelfTest }
)
