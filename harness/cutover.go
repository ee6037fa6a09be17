package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// cutOver takes the system from state to state while a trial is played, each at the begin of the stage that is to be held in
// it. What a state needs before the switch is begun after a quarter of the stage before: that quarter shows the state
// before undisturbed. A switch that is not ready in time comes late. The state it leads to is held for half its time
// at least, so the next may be late as well; and those that the traffic does not last for do not come at all: nobody would
// see what they did.
func (r *runner) cutOver(ctx context.Context, begin time.Time, trial int, played <-chan struct{}) error {
	end, entered := begin.Add(r.Plan.Duration()), begin
	for i, state := range r.Cutover {
		if i == 0 || state == r.Cutover[i-1] {
			continue
		}
		before, stage := r.Plan.Stages[i-1], r.Plan.Stages[i]
		hold := before.End - before.Begin
		if !wait(ctx, later(begin.Add(before.Begin), entered).Add(hold/4), true, played) || !time.Now().Before(end) {
			return nil
		}
		err := within(ctx, prepareLimit, "prepare", func(ctx context.Context) error { return r.System.Prepare(ctx, state) })
		if err != nil {
			return fmt.Errorf("cutover to %s: %w", state, err)
		}
		due := begin.Add(stage.Begin)
		if !wait(ctx, later(due, entered.Add(hold/2)), true, played) || !time.Now().Before(end) {
			return nil
		}
		if err := r.underLoad(ctx, state, trial, due); err != nil {
			return fmt.Errorf("cutover to %s: %w", state, err)
		}
		entered = time.Now()
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// underLoad switches the system. The event tells when that began, how long it took and by how much it was late.
func (r *runner) underLoad(ctx context.Context, state string, trial int, due time.Time) error {
	text, began := r.state+" -> "+state, time.Now()
	r.state = ""
	err := within(ctx, applyLimit, "apply", func(ctx context.Context) error { return r.System.Apply(ctx, state) })
	if err != nil {
		return err
	}
	r.state = state
	return r.event(trial, record.EventSwitch, text, map[string]float64{
		"begin_seconds": r.Record.Since(began), "seconds": time.Since(began).Seconds(), "late_seconds": began.Sub(due).Seconds(),
	})
}

// cutoverFits checks a cutover against its plan.
func (c Config) cutoverFits() error {
	switch {
	case len(c.Cutover) == 0:
		return nil
	case len(c.Cutover) != len(c.Plan.Stages) || len(c.Plan.Trials) != 1 || c.Plan.Trials[0].State != c.Cutover[0]:
		return errors.New("harness: Cutover needs a state for each stage, and a plan of one trial that begins in the first of them")
	case c.Plan.Repeats() > 0 || c.More != nil:
		return errors.New("harness: a cutover is neither repeated nor followed by more rounds")
	}
	return nil
}
