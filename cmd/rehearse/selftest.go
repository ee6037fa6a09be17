package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/harness/target"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// selfTest measures this machine and not the system: the last state against itself, and against itself slowed down by known
// shares.
type selfTest struct {
	on    bool
	pairs int
}

func (t *selfTest) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&t.on, "self-test", false, "measure this machine: how often it calls a change what is none, and which slowdown it finds")
	flags.IntVar(&t.pairs, "pairs", 30, "with --self-test: pairs of trials for each slowdown")
}

// mostSupply is how many a self-test seeds without being told to: about a minute's work.
const mostSupply = 5_000_000

// slowdowns are the shares by which answers are made slower; the first level is the A/A pair.
func slowdowns() []float64 { return []float64{0, 0.03, 0.05, 0.10, 0.20} }

// check refuses flags that do not go together.
func (t *selfTest) check(v *variation, u untilClear) error {
	switch {
	case !t.on && v.has("pairs"):
		return usageError("--pairs is for --self-test; add --self-test, or leave it out")
	case t.on && u.on:
		return usageError("--until-clear judges the system and --self-test this machine; choose one")
	case t.on && (t.pairs < 1 || t.pairs > 1000):
		return usageError("--pairs %d is out of range; write a number from 1 to 1000", t.pairs)
	}
	return nil
}

// levels are the states of the test and by how much they are slower.
func levels(state string) (list []record.Level) {
	for _, share := range slowdowns() {
		name := state + " again"
		if share > 0 {
			name = state + " +" + strconv.FormatFloat(share*100, 'f', -1, 64) + "%"
		}
		list = append(list, record.Level{State: name, Slowdown: share})
	}
	return list
}

// plan is that of the test: pairs of all levels in turn, each a round of its own, so that both trials of it have the same
// hits. Every other time the slower one comes first. It is many times as long as the scenario, so where the tokens of s
// would run out it gives it as many as that takes: what is measured is the machine.
func (t *selfTest) plan(s *scenarios.Scenario, p *scenarios.Plan) (*scenarios.Plan, error) {
	if described := targetOf(s).Describe(); !described.Braked {
		return nil, usageError("%s cannot be slowed down, which --self-test does; name a scenario of another system", described.Vocabulary.System)
	}
	state := p.States[len(p.States)-1]
	states, trials := []string{state}, []scenarios.Trial{}
	for _, level := range levels(state) {
		states = append(states, level.State)
	}
	for pair := range t.pairs {
		for i, level := range levels(state) {
			both := [2]string{state, level.State}
			if pair%2 == 1 {
				both[0], both[1] = both[1], both[0]
			}
			for _, name := range both {
				trials = append(trials, scenarios.Trial{Index: len(trials), Round: pair*len(slowdowns()) + i, State: name})
			}
		}
	}
	planned := p.WithTrials(states, trials)
	planned.Rounds = t.pairs * len(slowdowns())
	least := s.Shortage(planned)
	if least > mostSupply {
		return nil, usageError("%d trials use up %d %s; add --quick, or ask for fewer --pairs", len(trials), least, s.Vocabulary.Supply.Called)
	}
	*s = *s.Supplied(least)
	return planned, nil
}

// braked is the system with its levels of slowness as states.
type braked struct {
	target.System
	brake  func(ctx context.Context, share float64) error
	state  string
	levels []record.Level
	// at is the state the system itself is in.
	at string
}

// Prepare implements [harness.System].
func (b *braked) Prepare(ctx context.Context, _ string) error { return b.System.Prepare(ctx, b.state) }

// Apply implements [harness.System].
func (b *braked) Apply(ctx context.Context, state string) error {
	if b.at != b.state {
		if err := b.System.Apply(ctx, b.state); err != nil {
			return err
		}
		b.at = b.state
	}
	share := 0.0
	for _, level := range b.levels {
		if level.State == state {
			share = level.Slowdown
		}
	}
	return b.brake(ctx, share)
}
