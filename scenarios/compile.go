package scenarios

import (
	"math"
	"slices"
	"time"
)

// SwitchAllowance is what [Plan.Expected] adds to every trial for changing the state, warming up and reading the last
// counters. Booting and seeding come on top, once.
const SwitchAllowance = 3 * time.Second

// Plan compiles a valid scenario. It is a pure function of s and v.
func (s *Scenario) Plan(v Vocabulary) *Plan {
	p := &Plan{
		Scenario:   s.Name,
		Seed:       s.Seed,
		Rounds:     s.Rounds,
		Arrivals:   s.Traffic.Arrivals,
		Timeout:    s.Traffic.Timeout,
		Headline:   s.Traffic.Headline,
		Operations: s.operations(v),
		Stages:     place(s.Traffic.Stages),
	}
	p.States, p.Phases = s.measured()
	p.Trials = trials(p.States, s.Rounds)
	last := p.States[len(p.States)-1]
	for _, b := range s.Budgets {
		b = b.filled(s.Traffic.Headline, last)
		if slices.Contains(p.States, b.State) && (b.Of == "" || slices.Contains(p.States, b.Of)) {
			p.Budgets = append(p.Budgets, b)
		} else {
			p.Unjudged = append(p.Unjudged, b)
		}
	}
	return p
}

func (b Budget) filled(stage, state string) Budget {
	if b.Stage == "" {
		b.Stage = stage
	}
	if b.State == "" {
		b.State = state
	}
	return b
}

// operations are those that occur: the mix of the scenario, or else the system's catalogue. Shares are scaled to sum to
// one, since a file may round them.
func (s *Scenario) operations(v Vocabulary) []Operation {
	var ops []Operation
	var sum float64
	for _, op := range v.Operations {
		if len(s.Traffic.Mix) > 0 {
			op.Share = s.Traffic.Mix[op.Name]
		}
		if op.Share > 0 {
			ops, sum = append(ops, op), sum+op.Share
		}
	}
	for i := range ops {
		ops[i].Share /= sum
	}
	return ops
}

// measured are the phases asked for and the states to measure for them: the baseline, and each phase's before and after.
func (s *Scenario) measured() (states []string, phases []PlannedPhase) {
	all := s.states()
	wanted := map[string]bool{Baseline: true}
	for i, name := range s.Phases {
		if len(s.Measured) == 0 || slices.Contains(s.Measured, name) {
			wanted[all[i]], wanted[name] = true, true
			phases = append(phases, PlannedPhase{Name: name, Before: all[i], After: name})
		}
	}
	for _, state := range all {
		if wanted[state] {
			states = append(states, state)
		}
	}
	return states, phases
}

// trials alternate direction from round to round, so that a drift of the machine falls on both sides of each phase, and
// at each turn one state is measured twice in a row.
func trials(states []string, rounds int) []Trial {
	var order []Trial
	for round := range rounds {
		for i := range states {
			if round%2 == 1 {
				i = len(states) - 1 - i
			}
			order = append(order, Trial{Index: len(order), Round: round, State: states[i]})
		}
	}
	return order
}

// Repeats is how many trials a run may repeat because its generator was late: the share of a noisy machine, but at least
// a few.
func (p *Plan) Repeats() int { return max(3, len(p.Trials)/3) }

// Repeat is p with one more trial: the given one again, with the same arrivals and hits of its own. It comes last in
// Trials, which the returned plan does not share with p.
func (p *Plan) Repeat(trial int) *Plan {
	again := *p
	t := p.Trials[trial]
	t.Index = len(p.Trials)
	again.Trials = append(slices.Clone(p.Trials), t)
	return &again
}

// Total is the number of hits due in one trial; it is the same for all.
func (p *Plan) Total() uint64 {
	var total uint64
	for _, s := range p.Stages {
		total += s.Hits
	}
	return total
}

// Duration is how long one trial lasts.
func (p *Plan) Duration() time.Duration {
	if len(p.Stages) == 0 {
		return 0
	}
	return p.Stages[len(p.Stages)-1].End
}

// Expected is how long all trials take together, with [SwitchAllowance] for each.
func (p *Plan) Expected() time.Duration {
	return time.Duration(len(p.Trials)) * (p.Duration() + SwitchAllowance)
}

// Count is the number of hits of each operation in a trial, in the order of [Plan.Operations]: the shares of the total,
// rounded so that they sum to it, the largest fractions rounded up.
func (p *Plan) Count(trial int) []uint64 {
	total := p.Total()
	counts := make([]uint64, len(p.Operations))
	fractions := make([]float64, len(p.Operations))
	rest := total
	for i, op := range p.Operations {
		whole, fraction := math.Modf(op.Share * float64(total))
		counts[i], fractions[i] = min(uint64(whole), rest), fraction
		rest -= counts[i]
	}
	for ; rest > 0 && len(counts) > 0; rest-- {
		i := slices.Index(fractions, slices.Max(fractions))
		counts[i]++
		fractions[i]--
	}
	return counts
}
