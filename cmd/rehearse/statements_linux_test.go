package main

import (
	"math"
	"testing"

	"github.com/rehearse-dev/rehearse/fixtures/carshare"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/harness/target"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// checkPlanned holds what the operations cost the primary in each trial against what the plan expects: the two agree to the
// statement, over a whole trial, so that a machine that stands still for a moment moves nothing across an edge.
func checkPlanned(t *testing.T, s site) {
	t.Helper()
	run, err := record.Open(s.latest())
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := scenarios.Parse("peak.yaml", []byte(shortPeak), vocabularies()...)
	if err != nil {
		t.Fatal(err)
	}
	p := scenario.Plan()
	answered, refused := map[int]uint64{}, map[int]float64{}
	for _, w := range run.Windows {
		answered[w.Trial] += w.Completed
		if w.Op == carshare.Refresh {
			refused[w.Trial] += float64(w.Counts.Of("presented_revoked"))
		}
	}
	for i, trial := range run.Header.Trials {
		if answered[i] != p.Total(0) {
			t.Logf("trial %d: %d of %d hits were answered; what the others cost is not known", i, answered[i], p.Total(0))
			continue
		}
		var want float64
		for at, count := range p.Count(0) {
			want += float64(count) * target.MeanCost(carshare.Target{}, scenario, trial.State, p.Operations[at].Name)
		}
		if trial.State == carshare.Baseline {
			// The legacy code takes a statement less for an exchange that it refuses: it issues nothing.
			want -= refused[i]
		}
		var got float64
		for _, op := range p.Operations {
			got += primaryStatements(run, i, op.Name)
		}
		// Where some services are extracted and others are not, it depends on which of them chance sends a hit to.
		between := trial.State == carshare.ExtractMain || trial.State == carshare.ExtractReads
		if !between && math.Abs(got-want) > 1e-9 {
			t.Errorf("trial %d, %s: the operations cost the primary %v statements, the plan expects %v", i, trial.State, got, want)
		}
	}
}

// primaryStatements is how many statements the services sent the primary for an operation in a trial.
func primaryStatements(run *record.Run, trial int, operation string) (grown float64) {
	for _, sample := range run.Samples {
		if sample.Trial != trial || sample.Stage != "" || sample.Edge == "" {
			continue
		}
		sign := map[string]float64{"begin": -1, "end": 1}[sample.Edge]
		for key, value := range sample.Values {
			metric, labels := record.ParseKey(key)
			if metric == "statements_total" && labels["node"] == "primary" && labels["op"] == operation {
				grown += sign * value
			}
		}
	}
	return grown
}

// checkStatements reads the record itself: over each whole trial, what a hit of an operation cost the primary.
func checkStatements(t *testing.T, s site) {
	t.Helper()
	run, err := record.Open(s.latest())
	if err != nil {
		t.Fatal(err)
	}
	hits := map[int]float64{}
	for _, w := range run.Windows {
		if w.Op == "verify" {
			hits[w.Trial] += float64(w.Completed)
		}
	}
	for i, trial := range run.Header.Trials {
		want := map[string]float64{"baseline": 3, "extract-main": math.NaN()}[trial.State]
		if got := primaryStatements(run, i, "verify") / hits[i]; !math.IsNaN(want) && got != want {
			t.Errorf("%s: got %v primary statements per verify, want %v", trial.State, got, want)
		}
	}
}
