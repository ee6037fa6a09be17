package scenarios

import (
	"fmt"
	"slices"
	"time"
)

// Lengths of a quick trial.
const (
	quickTrial = 7 * time.Second
	quickStage = time.Second
)

// clone is a copy whose lists can be changed.
func (s *Scenario) clone() *Scenario {
	c := *s
	c.Traffic.Stages = slices.Clone(s.Traffic.Stages)
	return &c
}

// Quick is s for a first look: one round, and the stages shortened in proportion so that a trial takes about seven
// seconds. No stage is cut below one second and none is lengthened; the rates stay.
func (s *Scenario) Quick() *Scenario {
	q := s.WithRounds(1)
	for i, d := range shorten(s.Traffic.Stages) {
		q.Traffic.Stages[i].Duration = d
	}
	return q
}

// shorten finds the proportion: stages at their shortest give nothing, so the others share what is left, until no
// further stage falls to its shortest.
func shorten(stages []Stage) []time.Duration {
	short := make([]time.Duration, len(stages))
	fixed := make([]bool, len(stages))
	for {
		budget, long := quickTrial, time.Duration(0)
		for i, s := range stages {
			if fixed[i] {
				budget -= short[i]
			} else {
				long += s.Duration
			}
		}
		again := false
		factor := min(max(budget.Seconds(), 0)/long.Seconds(), 1)
		for i, s := range stages {
			if fixed[i] {
				continue
			}
			// Tenths of a second read better and change nothing.
			short[i] = min(time.Duration(factor*float64(s.Duration)).Round(100*time.Millisecond), s.Duration)
			if least := min(s.Duration, quickStage); short[i] <= least {
				short[i], fixed[i], again = least, true, true
			}
		}
		if !again {
			return short
		}
	}
}

// Scale is s with every rate multiplied by factor.
func (s *Scenario) Scale(factor float64) *Scenario {
	c := s.clone()
	for i := range c.Traffic.Stages {
		c.Traffic.Stages[i].From *= factor
		c.Traffic.Stages[i].To *= factor
	}
	return c
}

// Only is s measuring just the named phases: the baseline, and the states before and after each of them. States in
// between are passed through unmeasured, since each builds on the ones before. [Scenario.Check] finds unknown names.
func (s *Scenario) Only(phases ...string) *Scenario {
	c := s.clone()
	c.Measured = phases
	return c
}

// WithRounds is s with n rounds.
func (s *Scenario) WithRounds(n int) *Scenario {
	c := s.clone()
	c.Rounds = n
	return c
}

// WithSeed is s with another seed: other data, arrivals, operations and users of the same shape.
func (s *Scenario) WithSeed(seed uint64) *Scenario {
	c := s.clone()
	c.Seed = seed
	return c
}

// DataSizes are the sizes [Scenario.WithData] knows besides the scenario's own.
func DataSizes() []string { return []string{"small"} }

// WithData is s on data of another size. Small seeds in a moment and still holds enough live tokens for the shipped
// scenarios; its latencies say little about a full table.
func (s *Scenario) WithData(size string) (*Scenario, error) {
	if size != "small" {
		return nil, fmt.Errorf("data size %q is unknown; %s", size, oneOf(size, DataSizes()))
	}
	c := s.clone()
	c.System.Users, c.System.DeadTokens, c.System.LiveTokens = 2_000, 20_000, 30_000
	return c, nil
}
