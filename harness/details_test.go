package harness

import (
	"testing"
	"testing/synctest"

	"github.com/rehearse-dev/rehearse/harness/probe"
)

// Details are read when there is no load: at both edges of each trial and never in between.
func TestDetailsAreReadAtTheEdgesOfTrials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run, err := rehearse(t, t.Context(), Config{Plan: plan("baseline", "cache"), System: &system{},
			Probes: []probe.Probe{&counter{name: "primary"}}, Details: []probe.Probe{&counter{name: "primary_by_query"}}})
		if err != nil {
			t.Fatal(err)
		}
		edges, readings := map[string]int{}, 0
		for _, s := range run.Samples {
			if s.Source == "primary_by_query" {
				readings++
				edges[s.Stage+s.Edge]++
			}
		}
		if readings != 4 || edges["begin"] != 2 || edges["end"] != 2 {
			t.Errorf("got %v of %d readings, want two at either edge of a trial", edges, readings)
		}
	})
}

// What each API came to is recorded with the trial: 160 hits of it.
func TestAPIsAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run, err := rehearse(t, t.Context(), Config{Plan: plan("baseline", "cache"), System: &system{}})
		if err != nil {
			t.Fatal(err)
		}
		hits := map[string]uint64{}
		for _, w := range run.APIs {
			hits[w.API+" "+w.Stage] += w.Completed
		}
		if len(run.APIs) != 4 || hits["GET verify calm"] != 120 || hits["GET verify peak"] != 200 {
			t.Errorf("got %v in %d lines, want 120 and 200 in two trials of two stages", hits, len(run.APIs))
		}
	})
}
