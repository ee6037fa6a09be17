package judge

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// latencyBudget judges an interval, from one round on. Where in every round the percentile itself never came back, it is
// over any limit.
func (l *Ledger) latencyBudget(b model.Budget) model.Budget {
	lost, trials, q := 0, l.valid(b.State), model.Quantiles()[b.Metric]
	for _, t := range trials {
		if math.IsInf(float64(t.latency(b.Key)), 1) {
			lost++
		}
	}
	switch {
	case lost == len(trials) && b.Upper() && l.surelyLost(trials, b):
		b.Verdict, b.Reason = model.Fail, fmt.Sprintf("more than %s of the hits failed", numeral.Limit(numeral.Percent(1-q)))
	case lost == len(trials) && b.Upper():
		b.Reason = fmt.Sprintf("about %s of the hits failed, which is as many as this percentile leaves out; measure more rounds", numeral.Limit(numeral.Percent(1-q)))
	case lost > 0:
		b.Reason = fmt.Sprintf("in %d of %d rounds more than %s of the hits failed", lost, len(trials), numeral.Limit(numeral.Percent(1-q)))
	default:
		return l.intervalBudget(b)
	}
	return b
}

// surelyLost tells whether the percentile is over the limit in every trial, however its seconds may have fallen.
func (l *Ledger) surelyLost(trials []*trial, b model.Budget) bool {
	return !slices.ContainsFunc(trials, func(t *trial) bool { return b.Passes(stat.Number(l.least(t, b.Key))) })
}

func (l *Ledger) intervalBudget(b model.Budget) model.Budget {
	var m stat.Moderated
	switch b.Of {
	case "", scenarios.Saved:
		m = l.moderate(l.levels(b.Key))
	default:
		m = l.moderate(l.steps(b.Of, b.Key))
	}
	if b.Of != scenarios.Saved {
		return byInterval(b, m)
	}
	// A saved number of one round has no interval: how far another day's machine was off no trial of this run can tell.
	n := l.saved.Numbers[b.Saved()]
	if n.Value == 0 {
		b.Reason = "the saved number is zero"
		return b
	}
	m.Interval = over(m.Interval, n)
	b = byInterval(b, m)
	if b.Verdict == model.Inconclusive && !n.Lo.Known() {
		b.Reason = "the saved number has no interval; save a run of at least two rounds"
	}
	return b
}

// moderate is the interval of a sample, in the sample's own unit. Where rounds were added until something was clear, each
// look at it pays for all of them: its interval is wider.
func (l *Ledger) moderate(s stat.Sample) stat.Moderated {
	confidence := stat.Confidence
	if l.header.UntilClear {
		confidence = stat.LookConfidence(len(s.Logs))
	}
	m := stat.Moderate(s, confidence)
	m.Value, m.Lo, m.Hi, m.Centre = math.Exp(m.Value), math.Exp(m.Lo), math.Exp(m.Hi), math.Exp(m.Centre)
	return m
}

// levels is a sample of one value for each valid trial of a state in which it is known.
func (l *Ledger) levels(k model.Key) stat.Sample {
	s := stat.Sample{Steps: 1}
	for _, t := range l.valid(k.State) {
		if value := t.latency(k); value.Known() && value > 0 {
			s.Logs = append(s.Logs, math.Log(float64(value)))
			s.Inside = append(s.Inside, l.inside(t, k))
		}
	}
	return l.withPairs(s, k)
}

// steps is a sample of one ratio for each round in which both numbers are known.
func (l *Ledger) steps(before string, k model.Key) stat.Sample {
	s := stat.Sample{Steps: 2}
	for _, round := range l.rounds(before, k.State, voidsLatencies) {
		a, b := round[0].latency(k), round[1].latency(k)
		if !a.Known() || !b.Known() || a <= 0 || b <= 0 {
			continue
		}
		was, is := l.inside(round[0], k), l.inside(round[1], k)
		s.Logs = append(s.Logs, math.Log(float64(b/a)))
		s.Inside = append(s.Inside, stat.Inside{
			Up: math.Hypot(is.Up, was.Down), Down: math.Hypot(is.Down, was.Up), Freedom: min(is.Freedom, was.Freedom),
		})
	}
	return l.withPairs(s, k)
}

// withPairs adds what trials of one state in a row tell of this machine to a sample that has a single value.
func (l *Ledger) withPairs(s stat.Sample, k model.Key) stat.Sample {
	ran := l.ran
	for i := 1; i < len(ran) && len(s.Logs) == 1; i++ {
		a, b := ran[i-1], ran[i]
		if a.State != b.State || a.void(voidsLatencies) || b.void(voidsLatencies) {
			continue
		}
		if was, is := a.latency(k), b.latency(k); was.Known() && is.Known() && was > 0 && is > 0 {
			s.Apart = append(s.Apart, math.Log(float64(is/was)))
			s.Within = append(s.Within, variance(l.inside(a, k))+variance(l.inside(b, k)))
		}
	}
	return s
}

// variance of a percentile within its trial; of the two sides the smaller, for it stands for what is known for sure.
func variance(i stat.Inside) float64 { return min(i.Up*i.Up, i.Down*i.Down) }

// inside is how far a latency of the trial may be off for what happened inside of it.
func (l *Ledger) inside(t *trial, k model.Key) stat.Inside {
	list, beyond := t.bars(k)
	deviation, freedom := l.shareDeviation(t, k)
	return stat.QuantileInside(list, beyond, model.Quantiles()[k.Metric], deviation, freedom)
}

// least is the low end of a latency of the trial, for what happened inside of it.
func (l *Ledger) least(t *trial, k model.Key) float64 {
	list, beyond := t.bars(k)
	deviation, _ := l.shareDeviation(t, k)
	return stat.QuantileLeast(list, beyond, model.Quantiles()[k.Metric], deviation)
}

// bars are the values of a latency, and how many lie beyond all of them.
func (t *trial) bars(k model.Key) (list []stat.Bar, beyond uint64) {
	if k.Metric == model.LagP99 {
		return reading.Bars(t.In(k.Stage).Lag), 0
	}
	return t.hits(k).Responses()
}

// shareDeviation is how far the share of hits beyond a latency may be off, by the seconds of the stage. Of an API the
// seconds are not known: its hits are taken to come in bunches as those of their operation do.
func (l *Ledger) shareDeviation(t *trial, k model.Key) (deviation, freedom float64) {
	seconds := k
	if k.API != "" {
		seconds.API, seconds.Operation = "", t.Causes[k.API]
	}
	limit := float64(t.latency(seconds))
	blocks := l.blocks(t, seconds, limit)
	deviation, freedom = stat.ShareDeviation(blocks)
	if k.API == "" {
		return deviation, freedom
	}
	here, there := t.hits(k).Offered, t.hits(seconds).Offered
	return deviation * math.Sqrt(float64(there)/float64(max(here, 1))), freedom
}

// blocks are the seconds of a stage in which hits were due, each with how many of them took longer than limit seconds.
func (l *Ledger) blocks(t *trial, k model.Key, limit float64) []stat.Block {
	seconds := map[int]stat.Block{}
	for _, w := range t.Windows {
		if w.Stage != k.Stage || k.Operation != "" && w.Op != k.Operation {
			continue
		}
		b := seconds[w.Second]
		if k.Metric == model.LagP99 {
			b.N, b.Over = b.N+w.Lag.Count(), b.Over+w.Lag.Over(limit)
		} else {
			failed := w.Offered - min(w.Offered, w.Response.Count())
			b.N, b.Over = b.N+w.Offered, b.Over+failed+w.Response.Over(limit)
		}
		seconds[w.Second] = b
	}
	list := make([]stat.Block, 0, len(seconds))
	for _, at := range slices.Sorted(maps.Keys(seconds)) {
		list = append(list, seconds[at])
	}
	return list
}

// byInterval judges the whole interval: inside the limit, outside of it, or neither.
func byInterval(b model.Budget, m stat.Moderated) model.Budget {
	b.Actual, b.Lo, b.Hi = stat.Number(m.Value), stat.Number(m.Lo), stat.Number(m.Hi)
	inside, outside := stat.Below, stat.Above
	if !b.Upper() {
		inside, outside = outside, inside
	}
	span := spanOfBudget(b, m.N)
	if m.N > 0 && !m.Alone && b.Lo.Known() {
		b.Noise = &model.Noise{LogDeviation: stat.Number(m.Deviation), Differences: stat.Number(m.Freedom), AssumedDifferences: stat.Number(m.Assumed), AssumedLogDeviation: stat.PriorDeviation}
		b.Basis = b.Noise.Text()
	}
	switch side := m.Against(float64(b.Limit)); {
	case m.N == 0:
		b.Reason = "too few hits for this percentile"
	case !b.Lo.Known():
		b.Reason = fmt.Sprintf("%s; the first look is after %d", numeral.Rounds(m.N), stat.FirstLook)
	case side == inside:
		b.Verdict, b.Reason = model.Pass, span+" is inside the limit"
	case side == outside:
		b.Verdict, b.Reason = model.Fail, span+" is outside the limit"
	default:
		b.Reason = span + " contains the limit; measure more rounds"
	}
	return b
}

func spanOfBudget(b model.Budget, n int) string {
	if !b.Hi.Known() {
		return fmt.Sprintf("interval from %s, for hits failed, over %s", b.Text(b.Lo), numeral.Rounds(n))
	}
	return fmt.Sprintf("interval %s to %s over %s", b.Text(b.Lo), b.Text(b.Hi), numeral.Rounds(n))
}
