package main

import (
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// variation is what the command line changes in a scenario; every verb that plans a run takes the same flags.
type variation struct {
	// scenario is the name of the one that was read.
	scenario string

	set     []string
	budgets []string
	quick   bool
	scale   float64
	rounds  int
	only    []string
	data    string
	seed    uint64
	// leastRounds is how many rounds are measured at the least, for the flag called leastFor.
	leastRounds int
	leastFor    string
	// given tells whether a flag stands on the command line; only then does it change anything. Nil is no flag.
	given func(flag string) bool
}

// largestScale is by how much --scale multiplies rates at most: more than from one hit a second to what a generator can pace.
const largestScale = 100_000

// addFlags makes cmd take the flags of a variation.
func (v *variation) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	v.addSet(cmd)
	flags.BoolVar(&v.quick, "quick", false, "one round of short stages, for a first look")
	flags.IntVar(&v.rounds, "rounds", 0, "measure every state this often (default as in the scenario)")
	flags.Float64Var(&v.scale, "scale", 1, "multiply every rate by this")
	flags.StringSliceVar(&v.only, "only", nil, "measure only these `phases`, such as cache,archive")
	flags.StringVar(&v.data, "data", "", "`size` of the seeded data: "+strings.Join(scenarios.DataSizes(), ", ")+" (default as in the scenario)")
	flags.Uint64Var(&v.seed, "seed", 0, "other arrivals, users and data (default as in the scenario)")
}

// addSet makes cmd take the flag that can change anything, and the one that adds a budget.
func (v *variation) addSet(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&v.set, "set", nil, "give a value of the scenario: `PATH=VALUE`, such as traffic.stages[peak].hold=800/s")
	addBudgets(cmd, &v.budgets)
	v.given = cmd.Flags().Changed
}

// addBudgets makes cmd take budgets in short.
func addBudgets(cmd *cobra.Command, budgets *[]string) {
	cmd.Flags().StringArrayVar(budgets, "budget", nil, "add a `budget`, such as 'peak: p95 < 20ms' or 'cache@peak: primary_qps < 50% of baseline'; may be repeated")
}

// read is the scenario called name with everything that the command line changes in it.
func (v *variation) read(name string) (*scenarios.Scenario, error) {
	v.scenario = name
	f, err := openScenario(name)
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	if err := v.apply(f); err != nil {
		return nil, err
	}
	s, err := f.Read()
	if err == nil && s.Rounds < v.leastRounds {
		f.SetBy(v.leastFor, "rounds", strconv.Itoa(v.leastRounds))
		s, err = f.Read()
	}
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	return s, nil
}

// apply varies f. Flags with a meaning of their own go on top of --set, and single values on top of --quick.
func (v *variation) apply(f *scenarios.File) error {
	for _, assignment := range v.set {
		f.Set(assignment)
	}
	if v.quick {
		f.Quick()
	}
	if v.has("rounds") {
		f.SetBy("--rounds", "rounds", strconv.Itoa(v.rounds))
	}
	if v.has("scale") {
		if !(v.scale > 0) || math.IsInf(v.scale, 0) {
			return usageError("--scale %v is not above zero; write --scale 0.5 for half the traffic", v.scale)
		}
		if v.scale > largestScale {
			return usageError("--scale %v is more than %v; write --scale 2 for twice the traffic", v.scale, largestScale)
		}
		f.Scale(v.scale)
	}
	if v.has("only") {
		f.Only(v.only...)
	}
	if v.has("seed") {
		f.SetBy("--seed", "seed", strconv.FormatUint(v.seed, 10))
	}
	if v.has("data") {
		if err := oneOf("data", v.data, scenarios.DataSizes()); err != nil {
			return err
		}
		if err := f.Data(v.data); err != nil {
			return usageError("--data: %w", err)
		}
	}
	for _, budget := range v.budgets {
		f.Budget(budget)
	}
	return nil
}

// has tells whether a flag stands on the command line.
func (v *variation) has(flag string) bool { return v.given != nil && v.given(flag) }
