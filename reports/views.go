package reports

// The views are what was judged, with the words in which it is shown.
type (
	summary    struct{ *Summary }
	cutover    struct{ *Cutover }
	comparison struct{ *Comparison }
	selfTest   struct{ *SelfTest }
)
