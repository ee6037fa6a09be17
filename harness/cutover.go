package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// Cutover is a run of one trial, in which the system is switched from state to state while the hits are due.
type Cutover struct {
	// States has the state in which each stage of the plan is to be held. The trial begins in the first of them.
	States []string
}

// Next implements [Kind]: there is one trial.
func (c Cutover) Next(ctx context.Context, plan *scenarios.Plan, done []scenarios.Trial) (*scenarios.Plan, []scenarios.Trial, error) {
	switch {
	case len(c.States) != len(plan.Stages) || len(plan.Trials) != 1 || plan.Trials[0].State != c.States[0]:
		return nil, nil, errors.New("harness: Cutover needs a state for each stage, and a plan of one trial that begins in the first of them")
	case plan.Repeats() > 0:
		return nil, nil, errors.New("harness: a cutover is not repeated")
	}
	return Planned{}.Next(ctx, plan, done)
}

// During implements [Kind]: it takes the system from state to state, each at the begin of the stage that is to be held in it.
// What a state needs before the switch is begun after a quarter of the stage before: that quarter shows the state before
// undisturbed. A switch that is not ready in time comes late. The state it leads to is held for half its time at least, so the
// next may be late as well; and those that the traffic does not last for do not come at all: nobody would see what they did.
func (c Cutover) During(ctx context.Context, p *Play) error {
	end, entered := p.Begin.Add(p.Plan.Duration()), p.Begin
	for i, state := range c.States {
		if i == 0 || state == c.States[i-1] {
			continue
		}
		before, stage := p.Plan.Stages[i-1], p.Plan.Stages[i]
		hold := before.End - before.Begin
		if !p.Wait(ctx, later(p.Begin.Add(before.Begin), entered).Add(hold/4)) || !time.Now().Before(end) {
			return nil
		}
		if err := p.Prepare(ctx, state); err != nil {
			return fmt.Errorf("cutover to %s: %w", state, err)
		}
		due := p.Begin.Add(stage.Begin)
		if !p.Wait(ctx, later(due, entered.Add(hold/2))) || !time.Now().Before(end) {
			return nil
		}
		if err := p.Switch(ctx, state, due); err != nil {
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
