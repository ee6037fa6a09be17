package reports

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// Of statistics that somebody reset it is said once what happened, and nothing of all that follows from it: counts that
// fell, and the services' counts, which did not.
func TestResetIsOneReason(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.samplesOf(0, "primary", func(s *record.Sample) {
		if s.AtSeconds > 5+6.5 {
			s.Values["stats_reset_unix_seconds"] = 2
			s.Values["dealloc_total"] = 0
			s.Values["statements_total{kind=read,role=callers}"] -= 3500
		} else {
			s.Values["dealloc_total"] = 3
		}
	})
	_, s := m.summarized(t)
	want := []string{"primary: the statement statistics were reset during the trial"}
	if diff := cmp.Diff(want, s.Validity[0].Reasons); diff != "" {
		t.Error(diff)
	}
}
