package model

import (
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// NoiseFloor is what this machine does to p95 when nothing changes: at the turn of two rounds one state is measured
// twice in a row. And it is what changes the run could have found in spite of that.
type NoiseFloor struct {
	Pairs []NoisePair `json:"pairs"`
	// Lost are pairs of which a p95, or both, is a hit that was not answered: what they differ by is beyond any number.
	Lost []NoisePair `json:"lost,omitempty"`
	// Spread is the largest factor, never below one, by which two trials of a pair differ; unknown without a pair.
	Spread stat.Number `json:"spread"`
	// Lo and Hi are the 95 % interval, around one, of the ratio of a further such pair; unknown without a pair.
	Lo stat.Number `json:"lo"`
	Hi stat.Number `json:"hi"`
	// LogDeviation is the standard deviation of the logarithm of one round's p95 ratio, pooled over the pairs and
	// over the rounds of each phase; unknown when no phase has two rounds.
	LogDeviation stat.Number `json:"log_deviation"`
	// MinimumDetectableRatio is the smallest factor above one by which p95 has to grow, or to shrink, so that Rounds
	// rounds of that deviation find it in 80 % of cases: the 95 % interval excludes one.
	MinimumDetectableRatio stat.Number `json:"minimum_detectable_ratio"`
	// Rounds is the fewest rounds that a phase with an interval rests on; zero when there is none.
	Rounds int `json:"rounds"`
}

// Blind tells that the rounds are so few that the change they would find is beyond what is told.
func (f NoiseFloor) Blind() bool {
	return f.MinimumDetectableRatio*f.MinimumDetectableRatio > numeral.Tellable
}

// NoisePair is two consecutive trials of one state.
type NoisePair struct {
	State    string      `json:"state"`
	Trials   [2]int      `json:"trials"`
	P95Ratio stat.Number `json:"p95_ratio"`
}
