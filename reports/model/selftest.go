package model

import (
	"fmt"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// SelfTestSchema is the version of selftest.json.
const SelfTestSchema = "rehearse.selftest/1"

// RunLengths are the numbers of rounds whose claims are told.
func RunLengths() []int { return []int{3, 5, 8, 12} }

// SelfTest is what a machine makes of the same thing measured twice, and of a slowdown of known size: how often a run there
// calls a change what is none, and how small a change it finds. It is selftest.json.
type SelfTest struct {
	Schema string `json:"schema"`
	Provenance
	// State is measured in every pair, at Stage.
	State string `json:"state"`
	Stage string `json:"stage"`
	// Complete tells whether the run reached its end.
	Complete bool `json:"complete"`
	// Trials ran, of which Invalid ones reached no number.
	Trials  int `json:"trials"`
	Invalid int `json:"invalid"`
	// Warnings say what else was on the machine, and ForeignRatio what other processes took of it in the worst trial.
	Warnings     []string        `json:"warnings,omitempty"`
	ForeignRatio stat.Number     `json:"foreign_ratio"`
	Levels       []SelfTestLevel `json:"levels"`
	// Over is as in [Summary].
	Over []string `json:"over,omitempty"`
	// Collapsed says in which trials the state collapsed, Void which trials have no latency to believe, and WhyVoid why the
	// first has none.
	Collapsed []string `json:"collapsed,omitempty"`
	Void      []string `json:"void,omitempty"`
	WhyVoid   string   `json:"why_void,omitempty"`
}

// SelfTestLevel is one slowdown; zero is the A/A pair.
type SelfTestLevel struct {
	Slowdown float64 `json:"slowdown"`
	// Pairs are those in which both trials are valid.
	Pairs int `json:"pairs"`
	// Ratios are slowed down over not, one for each pair in the order in which they were measured; all else follows from
	// them. Early files lack them.
	Ratios []stat.Number `json:"p95_ratios,omitempty"`
	// P95Ratio is slowed down over not, over all pairs.
	P95Ratio Estimate `json:"p95_ratio"`
	// Claims are how often runs of so many rounds, drawn from these pairs, call p95 worse or better.
	Claims []Claims `json:"claims"`
	// Tries runs, each of other pairs, of which Found call p95 worse.
	Tries int `json:"tries"`
	Found int `json:"found"`
	// TryRounds is how many pairs each try has.
	TryRounds int `json:"try_rounds"`
}

// Claims are shares of runs.
type Claims struct {
	Rounds int         `json:"rounds"`
	Worse  stat.Number `json:"worse"`
	Better stat.Number `json:"better"`
}

// trialsTold is how many trials are named.
const trialsTold = 8

// Untold says why the test tells nothing, or not of each slowdown, and what to do; empty if it does.
func (s *SelfTest) Untold() string {
	var unknown []string
	for _, level := range s.Levels {
		if level.Pairs == 0 {
			unknown = append(unknown, SlowdownText(level.Slowdown))
		}
	}
	switch {
	case len(s.Collapsed) > 0:
		return "pairs of trials that failed say nothing of a machine, lower the rate: " + strings.Join(numeral.Limited(s.Collapsed, 3), "; ")
	case len(unknown) == 0 && len(s.Levels) > 0:
		return ""
	case len(s.Void) == 0:
		return fmt.Sprintf("not known without a pair that has a p95 on both sides: slowdown %s; lower the rate, or ask for more --pairs", numeral.Listed(unknown))
	}
	return fmt.Sprintf("not known without a pair of trials to believe: slowdown %s; no latency is believed of %d of %s (%s), first %s; mend that, as by ending what else runs, and measure again",
		numeral.Listed(unknown), len(s.Void), numeral.Plural(s.Trials, "trial"), strings.Join(numeral.Limited(s.Void, trialsTold), ", "), s.WhyVoid)
}

// SlowdownText is what a slowdown is called.
func SlowdownText(slowdown float64) string {
	if slowdown == 0 {
		return "none"
	}
	return "+" + numeral.Percent(slowdown)
}
