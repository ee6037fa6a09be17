package scenarios

import (
	"math"
	"slices"
	"time"
)

// shortestWarmUp is how long a cutover's traffic flows at least before anything is measured: connections open in it.
const shortestWarmUp = 2 * time.Second

// Cutover is p as one trial in which the system changes while the traffic goes on: after a warm-up each state is held
// for a time, in the order of the phases, and then, if back, each again on the way back. The stages are named after the
// states they hold; the state of each stage comes beside the plan.
//
// The rate and the mix are those of the headline stage. Where its rate moves, it is the mean that is held: a peak passes, and
// a cutover lasts minutes.
func (p *Plan) Cutover(hold time.Duration, back bool) (cutover *Plan, states []string) {
	headline := p.Stages[slices.IndexFunc(p.Stages, func(s PlannedStage) bool { return s.Name == p.Headline })]
	rate := headline.Means(1)[0]
	if rate > 1 {
		rate = math.Round(rate)
	}
	stages := []Stage{{Name: "warm-up", Duration: p.warmUp(), From: rate, To: rate}}
	states = []string{p.States[0]}
	for i, state := range there(p.States, back) {
		name := state
		if i >= len(p.States) {
			name += " again"
		}
		stages = append(stages, Stage{Name: name, Duration: hold, From: rate, To: rate, Measure: true})
		states = append(states, state)
	}
	other := *p
	other.Stages = place(stages)
	for i := range other.Stages {
		other.Stages[i].Shares = headline.Shares
	}
	other.Headline, other.Rounds, other.Once = p.States[0], 1, true
	return other.WithTrials(p.States, []Trial{{State: p.States[0]}}), states
}

// there lists the states in the order of a cutover, and back again without the last one twice.
func there(states []string, back bool) []string {
	way := slices.Clone(states)
	if back {
		for i := len(states) - 2; i >= 0; i-- {
			way = append(way, states[i])
		}
	}
	return way
}

// warmUp is how long the scenario warms up before its headline: people in sessions take that long to be there.
func (p *Plan) warmUp() time.Duration {
	length := time.Duration(0)
	for _, s := range p.Stages {
		if s.Name == p.Headline {
			break
		}
		if !s.Measure {
			length += s.End - s.Begin
		}
	}
	return max(length, shortestWarmUp)
}
