package judge

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// phases compares the states before and after each phase of the scenario, where the run measured both, and the last
// state with the first.
func (l *Ledger) phases(sc *scenarios.Scenario) (phases []model.Phase, overall model.Phase) {
	measured, before := l.header.States, scenarios.Baseline
	phases = []model.Phase{}
	for _, after := range sc.Phases {
		if slices.Contains(measured, before) && slices.Contains(measured, after) && l.asked(after) {
			phases = append(phases, l.phase(after, before, after))
		}
		before = after
	}
	return phases, l.phase("overall", measured[0], measured[len(measured)-1])
}

// asked tells whether the run set out to measure the phase, and did not merely pass through.
func (l *Ledger) asked(phase string) bool {
	return len(l.header.Only) == 0 || slices.Contains(l.header.Only, phase)
}

func (l *Ledger) phase(name, before, after string) model.Phase {
	p := model.Phase{Name: name, Before: before, After: after, P95Ratio: l.latencyEstimate(l.p95Ratios(before, after)),
		PrimaryQPSRatio: countEstimate(l.bracketRatios(before, after, primaryStatements()))}
	p.P95Levels = l.paired(before, after, voidsLatencies, func(t *trial) stat.Number { return t.p95(l.header.Headline) })
	p.PrimaryQPSLevels = l.paired(before, after, voidsCounts, func(t *trial) stat.Number {
		return t.bracketed(l.stage(l.header.Headline), primaryStatements()).value
	})
	p.P95Ratio = withoutNumber(p.P95Ratio, l.unanswered(before, after))
	p.PrimaryQPSRatio = unless(p.PrimaryQPSRatio, l.unlike(model.Key{State: after, Stage: l.header.Headline}, before))
	p.P95Ratio, p.PrimaryQPSRatio = l.standing(p.P95Ratio, before, after), l.standing(p.PrimaryQPSRatio, before, after)
	return p
}

// standing is the estimate, but no claim where a state collapsed: nothing is better for it, and against one that did nothing is
// worse either. What says already why it is no claim says more than that.
func (l *Ledger) standing(e model.Estimate, before, after string) model.Estimate {
	b, a := l.collapse(before), l.collapse(after)
	if e.Why != "" || !e.Value.Known() || b == nil && e.Verdict == model.Worse {
		return e
	}
	return unless(e, model.NoChange(before, b, after, a))
}

// paired are the means of which the mean of the ratios is the quotient: over the same rounds, and geometric ones. What states
// show is pooled over all of their trials, those without a partner too, so its quotient may be anything.
func (l *Ledger) paired(before, after string, numbers voids, of func(*trial) stat.Number) *model.Levels {
	var were, are []float64
	for _, round := range l.rounds(before, after, numbers) {
		if b, a := of(round[0]), of(round[1]); (a.Known() || numeral.Lost(a)) && (b.Known() || numeral.Lost(b)) && b > 0 {
			were, are = append(were, float64(b)), append(are, float64(a))
		}
	}
	if len(were) == 0 {
		return nil
	}
	return &model.Levels{Before: geometric(were), After: geometric(are)}
}

// geometric is the mean of that name, and beyond any number where one of the rounds is.
func geometric(values []float64) stat.Number {
	if slices.ContainsFunc(values, func(x float64) bool { return math.IsInf(x, 1) }) {
		return stat.Number(math.Inf(1))
	}
	return stat.Number(stat.GeometricMean(values).Value)
}

// unless is the estimate, but no claim where there is a reason against it.
func unless(e model.Estimate, why string) model.Estimate {
	if why != "" {
		e.Verdict, e.Why = model.Unclear, why
	}
	return e
}

// withoutNumber is the estimate, but no number where there is a reason that there is none.
func withoutNumber(e model.Estimate, why string) model.Estimate {
	if why == "" {
		return e
	}
	none := model.NoEstimate()
	none.Rounds, none.Why = e.Rounds, why
	return none
}

// unanswered says in how many rounds one p95 is a hit that was not answered: a change over the other rounds leaves out the
// worst, so it is none to speak of.
func (l *Ledger) unanswered(before, after string) string {
	var told []string
	for _, state := range slices.Compact([]string{before, after}) {
		without, trials := 0, l.valid(state)
		for _, t := range trials {
			if numeral.Lost(t.In(l.header.Headline).ResponseAt(0.95)) {
				without++
			}
		}
		if without > 0 {
			told = append(told, fmt.Sprintf("in %d of %d trials of %s more than %s of the hits failed", without, len(trials), state, numeral.Limit(numeral.Percent(0.05))))
		}
	}
	return strings.Join(told, ", ")
}

func (t *trial) p95(stage string) stat.Number { return t.In(stage).Percentile(0.95) }

func (l *Ledger) p95Ratios(before, after string) []float64 {
	return l.ratios(before, after, func(t *trial) stat.Number { return t.p95(l.header.Headline) })
}

// rounds are the trials before and after of each round in which these numbers of both are believed.
func (l *Ledger) rounds(before, after string, numbers voids) (rounds [][2]*trial) {
	byRound := map[int]*trial{}
	for _, t := range l.without(numbers, before) {
		byRound[t.Round] = t
	}
	for _, t := range l.without(numbers, after) {
		if b := byRound[t.Round]; b != nil {
			rounds = append(rounds, [2]*trial{b, t})
		}
	}
	return rounds
}

// ratios has one after/before for each round in which both latencies are known.
func (l *Ledger) ratios(before, after string, of func(*trial) stat.Number) (ratios []float64) {
	for _, round := range l.rounds(before, after, voidsLatencies) {
		if b, a := of(round[0]), of(round[1]); a.Known() && b.Known() && b > 0 {
			ratios = append(ratios, float64(a/b))
		}
	}
	return ratios
}

// interval is the geometric mean of one value a round. Where rounds were added until something was clear, each look at it
// pays for all of them: its interval is wider.
func (l *Ledger) interval(values []float64) stat.Interval {
	if l.header.UntilClear {
		return stat.GeometricMeanAt(values, stat.LookConfidence(len(values)))
	}
	return stat.GeometricMean(values)
}

// latencyEstimate is judged by its interval alone.
func (l *Ledger) latencyEstimate(ratios []float64) model.Estimate {
	mean, effect := l.interval(ratios), model.Unclear
	switch mean.Against(1) {
	case stat.Below:
		effect = model.Better
	case stat.Above:
		effect = model.Worse
	}
	return estimate(mean, effect)
}

func (l *Ledger) noiseFloor(phases []model.Phase) model.NoiseFloor {
	floor := model.NoiseFloor{Spread: stat.Unknown(), LogDeviation: stat.Unknown(), MinimumDetectableRatio: stat.Unknown()}
	floor.Pairs, floor.Lost = l.pairs()
	var logs []float64
	for _, pair := range floor.Pairs {
		logs = append(logs, math.Log(float64(pair.P95Ratio)))
		if factor := stat.Number(math.Exp(math.Abs(logs[len(logs)-1]))); !floor.Spread.Known() || factor > floor.Spread {
			floor.Spread = factor
		}
	}
	further := stat.Predict(logs)
	floor.Lo, floor.Hi = stat.Number(math.Exp(further.Lo)), stat.Number(math.Exp(further.Hi))
	detect(&floor, logs, l.logRatios(phases))
	return floor
}

// pairs are the trials of one state in a row, the latencies of both believed.
func (l *Ledger) pairs() (pairs, without []model.NoisePair) {
	pairs, ran := []model.NoisePair{}, l.ran
	for i := 1; i < len(ran); i++ {
		a, b := ran[i-1], ran[i]
		if a.State != b.State || a.void(voidsLatencies) || b.void(voidsLatencies) {
			continue
		}
		before, after := a.p95(l.header.Headline), b.p95(l.header.Headline)
		switch ratio := after / before; {
		case numeral.Lost(before) || numeral.Lost(after):
			without = append(without, model.NoisePair{State: a.State, Trials: [2]int{a.Index, b.Index}, P95Ratio: stat.Unknown()})
		case ratio.Known() && ratio > 0:
			pairs = append(pairs, model.NoisePair{State: a.State, Trials: [2]int{a.Index, b.Index}, P95Ratio: ratio})
		}
	}
	return pairs, without
}

// logRatios has one list for each phase with an interval.
func (l *Ledger) logRatios(phases []model.Phase) (lists [][]float64) {
	for _, phase := range phases {
		if ratios := l.p95Ratios(phase.Before, phase.After); len(ratios) > 1 {
			lists = append(lists, stat.Logs(ratios))
		}
	}
	return lists
}

// detect pools the phases with the pairs: the pairs alone are as few as the rounds, and between them no phase was
// switched. A pair has no direction, so its centre is zero; a phase has its own.
func detect(f *model.NoiseFloor, pairs []float64, phases [][]float64) {
	for _, logs := range phases {
		if f.Rounds == 0 || len(logs) < f.Rounds {
			f.Rounds = len(logs)
		}
	}
	if f.Rounds > 0 && len(f.Lost) == 0 {
		deviation := stat.PooledDeviation(pairs, phases...)
		f.LogDeviation = stat.Number(deviation)
		f.MinimumDetectableRatio = stat.Number(math.Exp(stat.Detectable(deviation, f.Rounds)))
	}
}

// estimate is what an interval is taken for.
func estimate(i stat.Interval, effect model.Effect) model.Estimate {
	return model.Estimate{Value: stat.Number(i.Value), Lo: stat.Number(i.Lo), Hi: stat.Number(i.Hi), Verdict: effect,
		HodgesLehmann: stat.Number(i.Centre), Rounds: i.N}
}
