package harness

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/load"
	"github.com/rehearse-dev/rehearse/harness/record"
)

// lateTrials is load.Run with a generator that is 40 ms late in the given trials, where answers take 5 ms.
func lateTrials(late ...int) func(context.Context, load.Config) (load.Totals, error) {
	return func(ctx context.Context, cfg load.Config) (load.Totals, error) {
		lag := time.Duration(0)
		if slices.Contains(late, cfg.Trial) {
			lag = 40 * time.Millisecond
		}
		cfg.Transport = answers(5 * time.Millisecond)
		cfg.Sleep = func(_ context.Context, until time.Time) { time.Sleep(time.Until(until.Add(lag))) }
		return load.Run(ctx, cfg)
	}
}

// A late trial is run again at once, in the same state, with hits of its own, and again if need be; each attempt is in
// the header. The run's repeats are limited, whatever happens.
func TestLateTrialsAreRepeated(t *testing.T) {
	for _, tt := range []struct {
		name   string
		late   []int
		trials []record.Trial
		events int
	}{
		{"none is late", nil, nil, 0},
		{"one is late", []int{0}, []record.Trial{{Index: 2, State: "baseline"}}, 1},
		{"the repeat is late too", []int{1, 2}, []record.Trial{{Index: 2, State: "cache"}, {Index: 3, State: "cache"}}, 2},
		{"all are late", []int{0, 1, 2, 3, 4}, []record.Trial{
			{Index: 2, State: "baseline"}, {Index: 3, State: "baseline"}, {Index: 4, State: "baseline"}}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := plan("baseline", "cache")
				run, err := rehearse(t, t.Context(), Config{Plan: p, System: &system{}, Load: lateTrials(tt.late...)})
				if err != nil || !run.Complete() {
					t.Fatalf("got %v, complete %v", err, run.Complete())
				}
				if diff := cmp.Diff(tt.trials, run.Header.Trials); diff != "" {
					t.Errorf("trials beyond the plan (-want +got):\n%s", diff)
				}
				repeats := 0
				for _, e := range run.Events {
					if e.Kind == record.EventRepeat {
						repeats++
					}
				}
				if repeats != tt.events || len(p.Trials) != 2 {
					t.Errorf("got %d events and %d planned trials, want %d and 2", repeats, len(p.Trials), tt.events)
				}
			})
		})
	}
}
