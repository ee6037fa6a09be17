package reports

import (
	"math"

	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

const (
	// resolution is how exactly percentiles are known at best: the histograms have three digits.
	resolution = 0.001
	// cacheSlack is what a cache may leave more or less to the replica, by which look-ups came at the same moment.
	cacheSlack = 0.1
)

// Change is what a run made of a number of the first.
type Change struct {
	// Ratio is the run's number over the first's; unknown where either is, or where the first is zero and the other not.
	Ratio Number `json:"ratio"`
	// Lo and Hi are the 95 % interval of the ratio of two latencies; unknown for a single trial, and of counts.
	Lo Number `json:"lo"`
	Hi Number `json:"hi"`
	// Verdict is ~ where it is not proven that anything changed.
	Verdict Effect `json:"verdict"`
}

// level is a number of one run, with what is known of how far to believe it.
type level struct {
	// A count is known as exactly as its bracket.
	bracket
	// values are those of the trials, of a number by which trials differ; nil where none were saved.
	values []float64
	// mean of the values, with its interval.
	mean stat.Interval
	// confidence that an interval of the values has to have.
	confidence float64
	// chance tells that moments decide what a count is to within more than a hit in flight does.
	chance bool
}

// level finds a number. Latencies are the geometric mean over the valid trials: the pooled percentile that states show has
// no spread.
func (s side) level(k Key) level {
	_, latency := quantiles()[k.Metric]
	switch {
	case s.Saved != nil:
		return s.savedLevel(k)
	case latency:
		return s.ledger.latencyLevel(k)
	}
	l := level{bracket: s.ledger.bracket(k), confidence: stat.Confidence, chance: s.ledger.byChance(k)}
	if k.Metric == "errors" {
		for _, t := range s.ledger.counted(k.State) {
			l.values = append(l.values, float64(t.in(k.Stage).errorsRatio()))
		}
	}
	return l
}

func (s side) savedLevel(k Key) level {
	n, known := s.Saved.Numbers[k.saved()]
	if !known {
		return unknownLevel()
	}
	k.Metric, k.Operation = "cache_hit_ratio", ""
	_, cached := s.Saved.Numbers[k.saved()]
	return level{bracket: bracket{n.Value, n.Value, n.Value}, chance: cached,
		mean: stat.Interval{Value: float64(n.Value), Lo: float64(n.Lo), Hi: float64(n.Hi)}}
}

func unknownLevel() level {
	return level{bracket: bracket{unknown(), unknown(), unknown()}}
}

// latencyLevel is unknown where in some trial the percentile never came back: the others alone would flatter it.
func (l *ledger) latencyLevel(k Key) level {
	for _, t := range l.valid(k.State) {
		if math.IsInf(float64(t.latency(k)), 1) {
			return unknownLevel()
		}
	}
	values, confidence := l.latencies(k), stat.Confidence
	if l.header.UntilClear {
		confidence = stat.LookConfidence(len(values))
	}
	mean := stat.GeometricMeanAt(values, confidence)
	value := Number(mean.Value)
	return level{bracket{value, value, value}, values, mean, confidence, false}
}

// byChance tells whether a count hangs on which look-ups the cache answered.
func (l *ledger) byChance(k Key) bool {
	return l.count(Key{Metric: "cache_hit_ratio", State: k.State, Stage: k.Stage}).Known()
}

// counted tells that a number is judged by its value.
func (k Key) counted() bool {
	_, latency := quantiles()[k.Metric]
	return !latency && k.Metric != "errors"
}

// to is the change from one level to another.
func (a level) to(b level, metric string) Change {
	m, _ := scenarios.FindMetric(metric)
	_, latency := quantiles()[metric]
	switch {
	case !a.value.Known() || !b.value.Known():
		return Change{Ratio: unknown(), Lo: unknown(), Hi: unknown()}
	case latency:
		return a.latencyTo(b, m.Better)
	case metric == "errors":
		return a.errorsTo(b, m.Better)
	}
	return a.countTo(b, m)
}

// latencyTo judges the interval of the ratio alone. Trials of two runs were never paired, so they are two independent
// samples; of a saved one only the interval is left, and what the two do not know of themselves adds up.
func (a level) latencyTo(b level, better scenarios.Better) Change {
	ratio := stat.GeometricRatioAt(a.values, b.values, max(a.confidence, b.confidence))
	if a.values == nil || b.values == nil {
		ratio = over(b.mean, SavedNumber{a.value, Number(a.mean.Lo), Number(a.mean.Hi)})
	}
	c := Change{Ratio: Number(ratio.Value), Lo: Number(ratio.Lo), Hi: Number(ratio.Hi)}
	// Two percentiles may be the same to their last digit in every trial; that is no proof of a difference in it.
	if math.Abs(math.Log(ratio.Value)) > 2*resolution {
		c.Verdict = effect(ratio.Against(1), better)
	}
	return c
}

// errorsTo judges the interval of the difference between trials: failures come in bunches, so a count of them is no
// evidence by itself, and none at all has no ratio.
func (a level) errorsTo(b level, better scenarios.Better) Change {
	c := Change{Ratio: quotient(b.value, a.value), Lo: unknown(), Hi: unknown()}
	c.Verdict = effect(stat.DifferenceAt(a.values, b.values, stat.Confidence).Against(0), better)
	return c
}

// countTo judges by value, as phases are; see [countEstimate].
func (a level) countTo(b level, m scenarios.Metric) Change {
	c := Change{Ratio: quotient(b.value, a.value), Lo: unknown(), Hi: unknown()}
	least, most := quotient(b.lo, a.hi), quotient(b.hi, a.lo)
	below, above := Number(countBetter), Number(countWorse)
	if m.Better == scenarios.Neither && (a.chance || b.chance) {
		below, above = 1-cacheSlack, 1+cacheSlack
	}
	switch {
	case most < below:
		c.Verdict = effect(stat.Below, m.Better)
	case least > above || a.hi == 0 && b.lo > 0:
		c.Verdict = effect(stat.Above, m.Better)
	}
	return c
}

// quotient of nothing and nothing is one: nothing has changed.
func quotient(after, before Number) Number {
	if before == 0 && after == 0 {
		return 1
	}
	if before == 0 {
		return unknown()
	}
	return after / before
}

// effect of a number that went to a side.
func effect(went stat.Side, better scenarios.Better) Effect {
	switch {
	case went == stat.Unclear:
		return Unclear
	case better == scenarios.Neither:
		return Differs
	case (went == stat.Below) == (better == scenarios.Lower):
		return Better
	}
	return Worse
}
