package harness

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// search is a search for a rate, as one for the capacity would be: each trial has a rate of its own, chosen after the one
// before it.
type search struct {
	Planned
	rates []float64
}

func (s search) Next(_ context.Context, plan *scenarios.Plan, done []scenarios.Trial) (*scenarios.Plan, []scenarios.Trial, error) {
	if len(done) == len(s.rates) {
		return plan, nil, nil
	}
	next, at, rate := *plan, len(plan.Trials), s.rates[len(done)]
	next.Stages = []scenarios.PlannedStage{{Name: "calm", End: time.Second}, {Name: "peak", Begin: time.Second, End: 3 * time.Second, From: rate, To: rate, Hits: uint64(2 * rate), Measure: true}}
	longer := next.WithTrials(next.States, append(slices.Clone(plan.Trials), scenarios.Trial{Index: at, Round: at, State: "baseline"}))
	return longer, longer.Trials[at:], nil
}

// A kind of run chooses the rate of each trial after the one before; the record knows the stages of each.
func TestKindChoosesRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := plan()
		p.Once = true
		run, err := rehearse(t, t.Context(), Config{Plan: p, System: &system{}, Kind: search{rates: []float64{10, 40, 20}}})
		if err != nil || !run.Complete() {
			t.Fatalf("got %v, complete %v", err, run.Complete())
		}
		var offered, due []uint64
		for _, trial := range reading.Trials(run) {
			offered, due = append(offered, trial.In("peak").Offered), append(due, trial.Due())
		}
		if want := []uint64{20, 80, 40}; !cmp.Equal(offered, want) || !cmp.Equal(due, want) {
			t.Errorf("got %d hits in the trials of %d due, want %d", offered, due, want)
		}
	})
}

// fault is something broken for a time in the midst of a trial.
type fault struct {
	Planned
	at, lasts time.Duration
	broken    *[]string
}

func (f fault) During(ctx context.Context, p *Play) error {
	if !p.Wait(ctx, p.Begin.Add(f.at)) {
		return nil
	}
	*f.broken = append(*f.broken, time.Since(p.Begin).String()+" break")
	defer func() { *f.broken = append(*f.broken, time.Since(p.Begin).String()+" mend") }()
	if err := p.Event(record.EventFault, "replica hangs", map[string]float64{"seconds": f.lasts.Seconds()}); err != nil {
		return err
	}
	p.Wait(ctx, p.Begin.Add(f.at+f.lasts))
	return nil
}

// A kind of run breaks something at its time and mends it, also where the run is interrupted meanwhile.
func TestKindBreaksAndMends(t *testing.T) {
	for name, tt := range map[string]struct {
		ends time.Duration
		want []string
	}{
		"in time":     {time.Hour, []string{"1.5s break", "3.5s mend"}},
		"interrupted": {lead + 2*time.Second, []string{"1.5s break", "2s mend"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), tt.ends)
			defer cancel()
			var broken []string
			f := fault{at: 1500 * time.Millisecond, lasts: 2 * time.Second, broken: &broken}
			run, err := rehearse(t, ctx, Config{Plan: plan("baseline"), System: &actor{}, Kind: f})
			if !cmp.Equal(broken, tt.want) || (err == nil) != (tt.ends == time.Hour) {
				t.Errorf("%s: got %q and %v, want %q", name, broken, err, tt.want)
			}
			if !slices.ContainsFunc(run.Events, func(e record.Event) bool { return e.Kind == record.EventFault && e.Trial == 0 }) {
				t.Errorf("%s: the record does not tell of it", name)
			}
		})
	}
}
