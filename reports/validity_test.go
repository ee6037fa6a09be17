package reports

import (
	"fmt"
	"slices"
	"strings"
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

// A reading that is missing at an edge is said, whatever the stage and the source, and the rates of its trial enter nothing:
// not silently the mean of the others.
func TestReadingsMissingAtEdges(t *testing.T) {
	for _, stage := range []string{"", "calm", "peak"} {
		for _, at := range []string{"begin", "end"} {
			for _, source := range []string{"primary", "replica", "redis", "auth", "callers", "cpu"} {
				m := makeRun(2, steady, "baseline")
				m.samplesOf(0, source, func(s *record.Sample) {
					if s.Stage == stage && s.Edge == at {
						s.Stage, s.Edge = "", ""
					}
				})
				_, s := m.summarized(t)
				of := stage
				if of == "" {
					of = "the trial"
				}
				want := fmt.Sprintf("no reading of %s at the %s of %s", source, at, of)
				said := strings.Join(slices.Concat(s.Validity[0].Reasons, s.Validity[0].Doubts), "; ")
				if !strings.Contains(said, want) {
					t.Errorf("%s: got %q", want, said)
				}
				if counted := s.States[0].CountedTrials; counted != 1 && source != "cpu" {
					t.Errorf("%s: %d trials are counted, want the other one alone", want, counted)
				}
				if s.States[0].Trials != 2 || !strings.Contains(strings.Join(s.Warnings, "\n"), "counts rest on 1 of 2 trials") && source != "cpu" {
					t.Errorf("%s: latencies of %d trials, warnings %q", want, s.States[0].Trials, s.Warnings)
				}
			}
		}
	}
}
