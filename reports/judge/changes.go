package judge

import (
	"fmt"
	"math"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// level is a number of one run or of one group of them, with what is known of how far to believe it.
type level struct {
	// A count is known as exactly as its bracket.
	bracket
	// runs are the numbers of the runs of a group.
	runs []float64
	// hits are how many an errors ratio rests on, and answered is the share of them that were answered, where a count is of
	// the work that was done.
	hits, answered stat.Number
	// over is what a count was divided by, hits or seconds, so that value times over are statements; zero where that is not
	// known.
	over stat.Number
	// chance tells that moments decide what a count is to within more than a hit in flight does.
	chance bool
}

func exactly(value stat.Number) level { return level{bracket: bracket{value, value, value}} }

// level finds the one number that a run has.
func (s side) level(k model.Key) level {
	switch {
	case s.Saved != nil:
		return s.savedLevel(k)
	case k.Latency():
		return exactly(s.ledger.meanLatency(k))
	}
	l := level{bracket: s.ledger.bracket(k), chance: s.ledger.byChance(k), answered: s.ledger.answeredShare(k), over: s.ledger.over(k)}
	if k.Metric == "errors" {
		for _, t := range s.ledger.begun(k.State) {
			l.hits += stat.Number(t.In(k.Stage).Offered)
		}
	}
	return l
}

func (s side) savedLevel(k model.Key) level {
	n, known := s.Saved.Numbers[k.Saved()]
	if !known {
		return exactly(stat.Unknown())
	}
	l := exactly(n.Value)
	l.answered, l.over = savedAnswered(s.Saved, k), savedOver(s.Saved, k)
	_, l.chance = s.Saved.Numbers[k.CacheHits().Saved()]
	return l
}

// meanLatency is the geometric mean over the valid trials, not the pooled percentile that states show: of that the slowest
// trial makes most. It is +Inf where in some trial the percentile never came back: the others alone would flatter it.
func (l *Ledger) meanLatency(k model.Key) stat.Number {
	for _, t := range l.valid(k.State) {
		if value := t.latency(k); math.IsInf(float64(value), 1) {
			return value
		}
	}
	return stat.Number(stat.GeometricMean(l.latencies(k)).Value)
}

// over is what a count of statements was divided by, over all trials whose counts are believed: the hits answered, or the
// seconds of the stage. It is zero of what is no count of statements.
func (l *Ledger) over(k model.Key) stat.Number {
	trials := l.counted(k.State)
	if _, operation, per := perHitOf(l.plain(k)); per {
		return stat.Number(sum(trials, operation, (*reading.Hits).Answered))
	}
	if _, isRate := rates(k); isRate {
		stage := l.stage(k.Stage)
		return stat.Number(float64(len(trials)) * (stage.EndSeconds - stage.BeginSeconds))
	}
	return 0
}

// byChance tells whether a count hangs on which look-ups the cache answered.
func (l *Ledger) byChance(k model.Key) bool {
	return l.count(k.CacheHits()).Known()
}

// to is the change from one level to another.
func (a level) to(b level, k model.Key, m scenarios.Metric) model.Change {
	switch {
	case !a.value.Known() || !b.value.Known():
		return model.Change{Ratio: stat.Unknown(), Lo: stat.Unknown(), Hi: stat.Unknown()}
	case k.Latency():
		return a.latencyTo(b, m.Better)
	case k.Counted():
		return a.countTo(b, m)
	}
	return a.errorsTo(b, m.Better)
}

// latencyTo judges the interval of the ratio alone. Runs were never paired, so those of two groups are two independent
// samples, and one run a side proves nothing: by how much the machine differs from run to run only runs can tell.
func (a level) latencyTo(b level, better scenarios.Better) model.Change {
	ratio := stat.GeometricRatio(a.runs, b.runs)
	c := model.Change{Ratio: stat.Number(ratio.Value), Lo: stat.Number(ratio.Lo), Hi: stat.Number(ratio.Hi)}
	// Two percentiles may be the same to their last digit in every run; that is no proof of a difference in it.
	if math.Abs(math.Log(ratio.Value)) > 2*model.Resolution {
		c.Verdict = effect(ratio.Against(1), better)
	}
	return c
}

// errorsTo judges the interval of the difference between runs, like latencies, for failures come in bunches when the
// machine stumbles; none at all has no ratio. A few failures more are chance, even where all runs of a group have as many.
func (a level) errorsTo(b level, better scenarios.Better) model.Change {
	c := model.Change{Ratio: quotient(b.value, a.value), Lo: stat.Unknown(), Hi: stat.Unknown()}
	apart := stat.Difference(a.runs, b.runs)
	if failures := math.Abs(apart.Value) * float64(min(a.hits, b.hits)); failures > model.ChanceFailures+0.5 {
		c.Verdict = effect(apart.Against(0), better)
	}
	return c
}

// countTo judges by value, as phases are, see [countEstimate], and by how many statements it rests on: which server is asked,
// and whether a session is cached yet, hangs on the moment, and of few statements that is a large part.
func (a level) countTo(b level, m scenarios.Metric) model.Change {
	c := model.Change{Ratio: quotient(b.value, a.value), Lo: stat.Unknown(), Hi: stat.Unknown()}
	if c.Why = model.OtherWork("the first", "the other", a.answered, b.answered); c.Why != "" {
		return c
	}
	least, most := quotient(b.lo, a.hi), quotient(b.hi, a.lo)
	below, above := stat.Number(model.CountBetter), stat.Number(model.CountWorse)
	if m.Better == scenarios.Neither && (a.chance || b.chance) {
		below, above = 1-model.CacheSlack, 1+model.CacheSlack
	}
	switch {
	case most < below:
		c.Verdict = effect(stat.Below, m.Better)
	case least > above || a.hi == 0 && b.lo > 0:
		c.Verdict = effect(stat.Above, m.Better)
	}
	if c.Verdict != model.Unclear && a.near(b) {
		c.Verdict, c.Why = model.Unclear, fmt.Sprintf("%s and %s statements may differ by so much by chance", numeral.Count(a.statements()), numeral.Count(b.statements()))
	}
	return c
}

// near tells that two counts differ by no more than so few statements may by chance. What a side does not know of itself
// adds nothing.
func (a level) near(b level) bool {
	variance := 0.0
	for _, l := range []level{a, b} {
		if l.over > 0 {
			variance += float64(l.value / l.over)
		}
	}
	return math.Abs(float64(b.value-a.value)) <= model.ChanceStatements*math.Sqrt(variance)
}

// statements are how many a count rests on.
func (a level) statements() uint64 { return uint64(math.Round(float64(a.value * a.over))) }

// quotient of nothing and nothing is one: nothing has changed.
func quotient(after, before stat.Number) stat.Number {
	if before == 0 && after == 0 {
		return 1
	}
	if before == 0 {
		return stat.Unknown()
	}
	return after / before
}

// effect of a number that went to a side.
func effect(went stat.Side, better scenarios.Better) model.Effect {
	switch {
	case went == stat.Unclear:
		return model.Unclear
	case better == scenarios.Neither:
		return model.Differs
	case (went == stat.Below) == (better == scenarios.Lower):
		return model.Better
	}
	return model.Worse
}
