package harness

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/load"
	"github.com/rehearse-dev/rehearse/harness/probe"
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
// the header. The repeats of a trial and those of the run are limited, whatever happens.
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
			{Index: 2, State: "baseline"}, {Index: 3, State: "baseline"}, {Index: 4, State: "cache"}}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := plan("baseline", "cache")
				run, err := rehearse(t, t.Context(), Config{Plan: p, System: &system{}, Load: lateTrials(tt.late...)})
				if err != nil || !run.Complete() {
					t.Fatalf("got %v, complete %v", err, run.Complete())
				}
				if diff := cmp.Diff(append(headerOf(p).Trials, tt.trials...), run.Header.Trials); diff != "" {
					t.Errorf("trials planned and added (-want +got):\n%s", diff)
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

// crowd is the probe of a machine on which others take one of two processors during the given trials.
type crowd struct {
	trials []int
	silent bool

	mu      sync.Mutex
	trial   int
	last    time.Time
	foreign float64
}

func (c *crowd) Name() string { return "cpu" }

func (c *crowd) Read(context.Context) (map[string]float64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Contains(c.trials, c.trial) {
		c.foreign += time.Since(c.last).Seconds()
	}
	c.last = time.Now()
	if c.silent {
		return map[string]float64{"steal_seconds_total": 1}, nil
	}
	return map[string]float64{record.ForeignKey: c.foreign, record.ProcessorsKey: 2}, nil
}

// load is load.Run during which the probe knows the trial.
func (c *crowd) load(ctx context.Context, cfg load.Config) (load.Totals, error) {
	c.mu.Lock()
	c.trial, c.last = cfg.Trial, time.Now()
	c.mu.Unlock()
	return fake(5*time.Millisecond)(ctx, cfg)
}

// A trial during which others had much of the processors is run again like a late one, and out of the same repeats; where
// it is not known what they had, nothing is.
func TestCrowdedTrialsAreRepeated(t *testing.T) {
	for _, tt := range []struct {
		name   string
		crowd  *crowd
		trials []record.Trial
	}{
		{"never", &crowd{}, nil},
		{"once", &crowd{trials: []int{1}}, []record.Trial{{Index: 2, State: "cache"}}},
		{"always", &crowd{trials: []int{0, 1, 2, 3, 4}}, []record.Trial{
			{Index: 2, State: "baseline"}, {Index: 3, State: "baseline"}, {Index: 4, State: "cache"}}},
		{"not known", &crowd{trials: []int{0, 1}, silent: true}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := plan("baseline", "cache")
				run, err := rehearse(t, t.Context(), Config{Plan: p, System: &system{}, Probes: []probe.Probe{tt.crowd}, Load: tt.crowd.load})
				if err != nil || !run.Complete() {
					t.Fatalf("got %v, complete %v", err, run.Complete())
				}
				if diff := cmp.Diff(append(headerOf(p).Trials, tt.trials...), run.Header.Trials); diff != "" {
					t.Errorf("trials planned and added (-want +got):\n%s", diff)
				}
				repeats := 0
				for _, e := range run.Events {
					if e.Kind == record.EventRepeat {
						repeats++
						if !strings.Contains(e.Text, "other processes took 50 % of the processors in stage") || e.Values["foreign_ratio"] < 0.49 {
							t.Errorf("got %+v", e)
						}
					}
				}
				if repeats != len(tt.trials) {
					t.Errorf("got %d events, want %d", repeats, len(tt.trials))
				}
			})
		})
	}
}
