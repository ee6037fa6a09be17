package harness

import (
	"context"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Kind is what a run is: which trials it has, and what is done while their hits are due. How it is judged is for others.
type Kind interface {
	// Next are the trials that follow those that are done, in their order, and the plan that they are of. That is the one
	// given, or one that has further trials after its own: in each of these the stages of the plan that is returned are
	// played, so a plan with other rates makes a trial with other rates. No trial ends the run. Those run once more because
	// they were not to be believed are among the done.
	Next(ctx context.Context, plan *scenarios.Plan, done []scenarios.Trial) (*scenarios.Plan, []scenarios.Trial, error)
	// During is called for each trial as its first hit is due, and runs beside the load. Its error ends the run, and its ctx
	// ends with the run; the trial waits for it. What it breaks it mends.
	During(ctx context.Context, p *Play) error
}

// Planned is the ordinary run: the trials of the plan, and nothing done meanwhile.
type Planned struct{}

// Next implements [Kind].
func (Planned) Next(_ context.Context, plan *scenarios.Plan, done []scenarios.Trial) (*scenarios.Plan, []scenarios.Trial, error) {
	if len(done) > 0 {
		return plan, nil, nil
	}
	return plan, plan.Trials, nil
}

// During implements [Kind].
func (Planned) During(context.Context, *Play) error { return nil }

// UntilClear is an ordinary run that goes on, one round of all states after the other, as long as somebody wants more.
type UntilClear struct {
	Planned
	// More decides after the trials of the plan, and after each round that it asked for, whether one more follows.
	More func(context.Context) (bool, error)
}

// Next implements [Kind].
func (u UntilClear) Next(ctx context.Context, plan *scenarios.Plan, done []scenarios.Trial) (*scenarios.Plan, []scenarios.Trial, error) {
	if len(done) == 0 {
		return u.Planned.Next(ctx, plan, done)
	}
	if wanted, err := u.More(ctx); err != nil || !wanted {
		return plan, nil, err
	}
	longer := plan.Extend()
	return longer, longer.Trials[len(plan.Trials):], nil
}

// Play is a trial while its hits are due, for those who do something meanwhile.
type Play struct {
	Plan  *scenarios.Plan
	Trial scenarios.Trial
	// Begin is when the first stage begins.
	Begin time.Time

	runner *runner
	played <-chan struct{}
}

// Wait waits until a time and tells whether it came before the last hit was accounted for, and before ctx ended.
func (p *Play) Wait(ctx context.Context, until time.Time) bool {
	return wait(ctx, until, true, p.played)
}

// Event records something that happens now.
func (p *Play) Event(kind, text string, values map[string]float64) error {
	return p.runner.event(p.Trial.Index, kind, text, values)
}

// Prepare does what a state needs before a switch to it.
func (p *Play) Prepare(ctx context.Context, state string) error {
	return p.runner.ready(ctx, state)
}

// Switch takes the system into another state, which was due at a time. The event tells when that began, how long it took and by
// how much it was late.
func (p *Play) Switch(ctx context.Context, state string, due time.Time) error {
	r, began := p.runner, time.Now()
	text := r.state + " -> " + state
	if err := r.apply(ctx, state); err != nil {
		return err
	}
	return p.Event(record.EventSwitch, text, map[string]float64{
		"begin_seconds": r.Record.Since(began), "seconds": time.Since(began).Seconds(), "late_seconds": began.Sub(due).Seconds(),
	})
}
