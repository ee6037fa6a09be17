package harness

import (
	"math"
	"testing"
	"testing/synctest"
)

// The hits in flight are read like everything else, in each trial from zero: 160 hits of 900 ms.
func TestInFlightIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run, err := rehearse(t, t.Context(), Config{Plan: plan("baseline", "cache"), System: &system{}, Load: fake(900e6)})
		if err != nil {
			t.Fatal(err)
		}
		edges, most := map[string][]float64{}, 0.0
		for _, s := range run.Samples {
			if s.Source != "load" {
				continue
			}
			if s.Stage == "" && s.Edge != "" {
				edges[s.Edge] = append(edges[s.Edge], s.Values["in_flight_seconds_total"])
			}
			most = max(most, s.Values["in_flight{op=verify}"])
		}
		if len(edges["begin"]) != 2 || len(edges["end"]) != 2 {
			t.Fatalf("got %v, want a reading at both edges of both trials", edges)
		}
		for trial := range 2 {
			if begin, end := edges["begin"][trial], edges["end"][trial]; begin != 0 || math.Abs(end-160*0.9) > 1e-3 {
				t.Errorf("trial %d: got %v and %v s in flight, want 0 and 144", trial, begin, end)
			}
		}
		// 40/s that take 900 ms each.
		if most != 36 {
			t.Errorf("got at most %v in flight, want 36", most)
		}
	})
}
