package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// Found says what was measured, and why that is the verdict.
func (b Budget) Found() string {
	if !b.Actual.Known() {
		return b.Reason
	}
	return fmt.Sprintf("%s %s, limit %s %s: %s", b.Metric, b.Text(b.Actual), b.Bound, b.Allowed(), b.Reason)
}

// excess is by which factor, as a logarithm, a number is outside of the limit, and less than zero inside of it. Where there
// is no factor, as with a count that may not be at all, the difference is beyond any.
func (b Budget) excess() float64 {
	actual, limit, side := float64(b.Actual), float64(b.Limit), 1.0
	if !b.Upper() {
		side = -1
	}
	switch {
	case !b.Actual.Known():
		return 0
	case actual <= 0 || limit <= 0:
		return side * (actual - limit) * 1e6
	}
	return side * math.Log(actual/limit)
}

// Ranking is budgets by how much they matter: what decides the verdict, breaches before doubts, the largest excess first.
func Ranking(budgets []Budget) []Budget {
	budgets = slices.Clone(budgets)
	slices.SortStableFunc(budgets, func(a, b Budget) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(b.excess(), a.excess()))
	})
	return budgets
}

func (b Budget) rank() int {
	lenient := b.Lenient()
	switch {
	case b.Verdict == Pass:
		return 4
	case lenient && b.Verdict == Inconclusive:
		return 3
	case lenient:
		return 2
	case b.Verdict == Inconclusive:
		return 1
	}
	return 0
}

// Noise is by how much trials of one state are taken to differ, and what that rests on; see [stat.Moderate].
type Noise struct {
	// LogDeviation is the standard deviation of the logarithm of one more trial's number.
	LogDeviation stat.Number `json:"log_deviation"`
	// Differences is how many differences between trials, or between the seconds of one, it rests on; AssumedDifferences is
	// how many of them the assumption is worth that trials differ by AssumedLogDeviation.
	Differences         stat.Number `json:"differences"`
	AssumedDifferences  stat.Number `json:"assumed_differences"`
	AssumedLogDeviation stat.Number `json:"assumed_log_deviation"`
}

// Text says what the noise rests on.
func (n *Noise) Text() string {
	assumed := numeral.Limit(numeral.Percent(float64(n.AssumedLogDeviation)))
	if n.Differences == n.AssumedDifferences {
		return fmt.Sprintf("trials of one state are taken to differ by %s: assumed, because none was repeated", assumed)
	}
	return fmt.Sprintf("trials of one state are taken to differ by %s: measured here, and %s assumed, which weighs %s of %s", numeral.Percent(float64(n.LogDeviation)), assumed,
		brief(n.AssumedDifferences), brief(n.Differences))
}

// brief is a number of differences with at most one decimal.
func brief(n stat.Number) string {
	return numeral.Limit(numeral.Figure(math.Round(float64(n)*10) / 10))
}

// Budget is one limit judged.
type Budget struct {
	Key
	// Of is the state the number is a ratio to, or saved for that of a saved baseline; empty for the number itself.
	Of string `json:"of"`
	// Bound is max or min, or below or above, which the number may not even reach; a budget with two is listed twice.
	Bound string      `json:"bound"`
	Unit  string      `json:"unit"`
	Limit stat.Number `json:"limit"`
	// Written is how the scenario spells the limit; empty where no text does.
	Written string      `json:"written,omitempty"`
	Actual  stat.Number `json:"actual"`
	// Lo and Hi are the 95 % interval of a latency, from one round on; counts have none. Hi is unknown, too, where more hits
	// may never have come back than the percentile leaves out.
	Lo stat.Number `json:"lo"`
	Hi stat.Number `json:"hi"`
	// Noise is what the interval of a latency rests on besides the rounds; absent where they alone made it.
	Noise *Noise `json:"noise,omitempty"`
	// ForSeconds, if not zero, is how long every second has to be outside for a breach. Actual is then the level that was
	// kept for so long at the worst.
	ForSeconds float64 `json:"for_seconds,omitempty"`
	// Least is how many hits the number has to rest on.
	Least uint64 `json:"least,omitempty"`
	// Level is warn for a budget that changes no verdict of the run, proven for one that does so only as a breach, else empty.
	Level   string  `json:"level,omitempty"`
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason"`
	// Basis says in words what Noise says in numbers.
	Basis string `json:"basis,omitempty"`
	// Line is where the scenario file states the budget; 0 for one of the command line.
	Line int `json:"line"`
	// Abort tells that the run was to end at once for a breach.
	Abort bool `json:"abort,omitempty"`
	// Follows is the name of the check from which it follows that the budget is undecided.
	Follows string `json:"follows,omitempty"`
}

// Levels of budgets that do not always fail a run, and what stands for the state of a saved baseline, as the language has them.
const (
	LevelWarn   = "warn"
	LevelProven = "proven"
	Saved       = "saved"
)

// Bounds of budgets.
const (
	BoundMax   = "max"
	BoundMin   = "min"
	BoundBelow = "below"
	BoundAbove = "above"
)

// Lenient tells whether the verdict of the run does not depend on the budget as it was judged.
func (b Budget) Lenient() bool {
	return b.Level == LevelWarn || b.Level == LevelProven && b.Verdict == Inconclusive
}

// Upper tells whether the limit is above the numbers that pass.
func (b Budget) Upper() bool { return b.Bound == BoundMax || b.Bound == BoundBelow }

// Passes tells whether a known number is inside the limit.
func (b Budget) Passes(n stat.Number) bool {
	if b.At(n) {
		return b.Bound == BoundMax || b.Bound == BoundMin
	}
	switch b.Bound {
	case BoundMax:
		return n <= b.Limit
	case BoundBelow:
		return n < b.Limit
	case BoundMin:
		return n >= b.Limit
	default:
		return n > b.Limit
	}
}

// States are those that the budget speaks of.
func (b Budget) States() []string {
	if b.Of == "" || b.Of == Saved {
		return []string{b.State}
	}
	return []string{b.State, b.Of}
}

// Name identifies a budget to a person: metric, operation, state, stage, bound and limit; never the measured value, so
// that it is the same in every run.
func (b Budget) Name() string {
	subject, of, lasting := b.Metric, "", ""
	if alone := b.Alone(); alone != "" {
		subject += "(" + alone + ")"
	}
	if b.Of != "" {
		of = " / " + b.Of
	}
	if b.ForSeconds > 0 {
		lasting = " for " + (time.Duration(b.ForSeconds) * time.Second).String()
	}
	return fmt.Sprintf("%s of %s%s at %s %s %s%s", subject, b.State, of, b.Stage, b.Bound, b.Allowed(), lasting)
}
