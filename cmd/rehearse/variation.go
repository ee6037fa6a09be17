package main

import (
	"strings"

	"github.com/rehearse-dev/rehearse/scenarios"
	"github.com/spf13/cobra"
)

// variation is what the command line changes in a scenario; every verb that plans a run takes the same flags.
type variation struct {
	quick  bool
	scale  float64
	rounds int
	only   []string
	data   string
	seed   uint64
	// given tells whether a flag stands on the command line; only then does it change anything.
	given func(flag string) bool
}

// addFlags makes cmd take the flags of a variation.
func (v *variation) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&v.quick, "quick", false, "one round of short stages, for a first look")
	flags.IntVar(&v.rounds, "rounds", 0, "measure every state this often (default as in the scenario)")
	flags.Float64Var(&v.scale, "scale", 1, "multiply every rate by this")
	flags.StringSliceVar(&v.only, "only", nil, "measure only these `phases`, such as cache,archive")
	flags.StringVar(&v.data, "data", "", "`size` of the seeded data: "+strings.Join(scenarios.DataSizes(), ", ")+" (default as in the scenario)")
	flags.Uint64Var(&v.seed, "seed", 0, "other arrivals, users and data (default as in the scenario)")
	v.given = flags.Changed
}

// apply varies s and checks that the result still makes sense.
func (v *variation) apply(s *scenarios.Scenario) (*scenarios.Scenario, error) {
	if v.quick {
		s = s.Quick()
	}
	if v.given("rounds") {
		s = s.WithRounds(v.rounds)
	}
	if v.given("scale") {
		if !(v.scale > 0) {
			return nil, usageError("--scale %v is not above zero; write --scale 0.5 for half the traffic", v.scale)
		}
		s = s.Scale(v.scale)
	}
	if v.given("only") {
		s = s.Only(v.only...)
	}
	if v.given("seed") {
		s = s.WithSeed(v.seed)
	}
	if v.given("data") {
		var err error
		if s, err = s.WithData(v.data); err != nil {
			return nil, usageError("--data: %w", err)
		}
	}
	if err := s.Check(vocabulary()); err != nil {
		return nil, exitError{exitUsage, err}
	}
	return s, nil
}
