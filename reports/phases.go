package reports

import (
	"math"
	"slices"

	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Count ratios are nearly exact, so they are judged by their value; two per cent is what batching and the edges of a
// stage move.
const (
	countBetter = 0.98
	countWorse  = 1.02
)

// NoiseFloor is what this machine does to p95 when nothing changes: at the turn of two rounds one state is measured
// twice in a row.
type NoiseFloor struct {
	Pairs []NoisePair `json:"pairs"`
	// Spread is the largest factor, never below one, by which two trials of a pair differ; unknown without a pair.
	Spread Number `json:"spread"`
}

// NoisePair is two consecutive trials of one state.
type NoisePair struct {
	State    string `json:"state"`
	Trials   [2]int `json:"trials"`
	P95Ratio Number `json:"p95_ratio"`
}

// phases compares the states before and after each phase of the scenario, where the run measured both, and the last
// state with the first.
func (l *ledger) phases(sc *scenarios.Scenario) (phases []Phase, overall Phase) {
	measured, before := l.header.States, scenarios.Baseline
	phases = []Phase{}
	for _, after := range sc.Phases {
		if slices.Contains(measured, before) && slices.Contains(measured, after) && l.asked(after) {
			phases = append(phases, l.phase(after, before, after))
		}
		before = after
	}
	return phases, l.phase("overall", measured[0], measured[len(measured)-1])
}

// asked tells whether the run set out to measure the phase, and did not merely pass through.
func (l *ledger) asked(phase string) bool {
	return len(l.header.Only) == 0 || slices.Contains(l.header.Only, phase)
}

func (l *ledger) phase(name, before, after string) Phase {
	p95 := l.ratios(before, after, func(t *trial) Number { return t.p95(l.header.Headline) })
	qps := l.ratios(before, after, func(t *trial) Number {
		return t.rate(l.header.Headline, "primary", application("read", "write"))
	})
	return Phase{Name: name, Before: before, After: after,
		P95Ratio: latencyEstimate(p95), PrimaryQPSRatio: countEstimate(qps)}
}

func (t *trial) p95(stage string) Number { return t.in(stage).percentile(0.95) }

// ratios has one after/before for each round in which both trials are valid and both numbers known.
func (l *ledger) ratios(before, after string, of func(*trial) Number) []float64 {
	byRound := map[int]*trial{}
	for _, t := range l.valid(before) {
		byRound[t.Round] = t
	}
	var ratios []float64
	for _, t := range l.valid(after) {
		if b := byRound[t.Round]; b != nil {
			if a, b := of(t), of(b); a.Known() && b.Known() && b > 0 {
				ratios = append(ratios, float64(a/b))
			}
		}
	}
	return ratios
}

// latencyEstimate is judged by its interval alone.
func latencyEstimate(ratios []float64) Estimate {
	mean, effect := stat.GeometricMean(ratios), Unclear
	switch mean.Against(1) {
	case stat.Below:
		effect = Better
	case stat.Above:
		effect = Worse
	}
	return estimate(mean, effect)
}

// countEstimate is judged by its value: what a phase does to a count shows in a single round.
func countEstimate(ratios []float64) Estimate {
	mean, effect := stat.GeometricMean(ratios), Unclear
	switch {
	case mean.Value < countBetter:
		effect = Better
	case mean.Value > countWorse:
		effect = Worse
	}
	return estimate(mean, effect)
}

func (l *ledger) noiseFloor() NoiseFloor {
	floor := NoiseFloor{Pairs: []NoisePair{}, Spread: unknown()}
	ran := l.ran()
	for i := 1; i < len(ran); i++ {
		a, b := ran[i-1], ran[i]
		if a.State != b.State || len(a.reasons)+len(b.reasons) > 0 {
			continue
		}
		ratio := b.p95(l.header.Headline) / a.p95(l.header.Headline)
		if !ratio.Known() || ratio == 0 {
			continue
		}
		floor.Pairs = append(floor.Pairs, NoisePair{a.State, [2]int{a.Index, b.Index}, ratio})
		factor := Number(math.Exp(math.Abs(math.Log(float64(ratio)))))
		if !floor.Spread.Known() || factor > floor.Spread {
			floor.Spread = factor
		}
	}
	return floor
}
