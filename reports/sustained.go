package reports

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// clock is one stage of one trial, second by second: what a budget with a time is judged by, after the run and during it.
type clock struct {
	budget Budget
	// first is the number of the first second on the trial's clock.
	first   int
	seconds []second
}

// second is one of a trial's, or what of it belongs to the stage.
type second struct {
	length float64
	hits   reading.Hits
	// value of the metric; unknown as long as the second says nothing about the system.
	value stat.Number
}

func newClock(b Budget, stage record.Stage) *clock {
	c := &clock{budget: b, first: int(math.Floor(stage.BeginSeconds))}
	for at := c.first; float64(at) < stage.EndSeconds; at++ {
		length := min(stage.EndSeconds, float64(at+1)) - max(stage.BeginSeconds, float64(at))
		c.seconds = append(c.seconds, second{length: length, value: stat.Unknown()})
	}
	return c
}

// add counts the hits of a window, if they are of the budget's stage and operation.
func (c *clock) add(w record.Window) {
	if c.wants(w) {
		c.seconds[w.Second-c.first].hits.Merge(reading.HitsOf(&w))
	}
}

func (c *clock) wants(w record.Window) bool {
	at := w.Second - c.first
	return w.Stage == c.budget.Stage && (c.budget.Operation == "" || c.budget.Operation == w.Op) && at >= 0 && at < len(c.seconds)
}

// close finds the value of a second whose windows are all there.
func (c *clock) close(number int) {
	if at := number - c.first; at >= 0 && at < len(c.seconds) {
		c.seconds[at].value = c.seconds[at].of(c.budget.Metric)
	}
}

// of is the metric in one second. A second in which the generator was late, or left out more than it may, tells of the
// generator and not of the system; how many hits were answered does not depend on when they were sent.
func (s *second) of(metric string) stat.Number {
	h := &s.hits
	if h.Offered == 0 || float64(h.Missed) > sentTolerance*float64(h.Offered) {
		return stat.Unknown()
	}
	answered := float64(h.Offered - h.Missed - h.Failed)
	switch metric {
	case "errors":
		return h.ErrorsRatio()
	case "achieved":
		return stat.Number(answered / float64(h.Offered))
	case "achieved_rate":
		return stat.Number(answered / s.length)
	case "offered_rate":
		return stat.Number(float64(h.Offered) / s.length)
	}
	q, latency := quantiles()[metric]
	if !latency || h.Late() {
		return stat.Unknown()
	}
	return h.ResponseAt(q)
}

// spell is so many seconds in a row as a budget asks for.
type spell struct {
	// level was kept in all of them: at a limit above, the lowest of their values, else the highest.
	level stat.Number
	// from is the number of its first second.
	from int
}

// worst is the spell with the level that is hardest to pass; false if no spell has a known value in each second and hits
// enough for a percentile.
func (c *clock) worst() (worst spell, found bool) {
	for i := range c.seconds {
		level, known := c.level(i)
		if known && (!found || c.harder(level, worst.level)) {
			worst, found = spell{level, c.first + i}, true
		}
	}
	return worst, found
}

// level of the spell that begins with second i.
func (c *clock) level(i int) (level stat.Number, known bool) {
	lasted, due := 0.0, uint64(0)
	for _, s := range c.seconds[i:] {
		if math.IsNaN(float64(s.value)) {
			return level, false
		}
		if due == 0 || c.harder(level, s.value) {
			level = s.value
		}
		lasted, due = lasted+s.length, due+s.hits.Offered
		if lasted > c.budget.ForSeconds-1e-9 {
			q, latency := quantiles()[c.budget.Metric]
			return level, !latency || stat.Tail(due, q) >= reading.LeastTail
		}
	}
	return level, false
}

// harder tells whether a is harder to pass than b.
func (c *clock) harder(a, b stat.Number) bool {
	if c.budget.upper() {
		return a > b
	}
	return a < b
}

// sustainedBudget judges the worst spell of the given trials, and of one that was ended for the budget. One is enough.
func (l *ledger) sustainedBudget(b Budget, trials []*trial) Budget {
	worst, in := spell{}, (*trial)(nil)
	for _, t := range l.all(b.State) {
		if !slices.Contains(trials, t) && !(b.abort && t.Aborted) {
			continue
		}
		c := l.clock(b, t)
		if s, found := c.worst(); found && (in == nil || c.harder(s.level, worst.level)) {
			worst, in = s, t
		}
	}
	lasting := (time.Duration(b.ForSeconds) * time.Second).String()
	if in == nil {
		b.Reason = fmt.Sprintf("no %s with enough hits in every second", lasting)
		return b
	}
	b.Actual = worst.level
	b.Verdict, b.Reason = Pass, fmt.Sprintf("never outside the limit for %s", lasting)
	if !b.passes(worst.level) {
		b.Verdict = Fail
		b.Reason = fmt.Sprintf("outside the limit for %s in round %d, from second %d on", lasting, in.Round+1, worst.from)
	} else if why := l.unseen(b); why != "" {
		b.Verdict, b.Reason = Inconclusive, why
	}
	return b
}

// clock is the stage of a budget in a trial, all windows in.
func (l *ledger) clock(b Budget, t *trial) *clock {
	c := &clock{budget: b}
	if i := slices.IndexFunc(t.Stages, func(s record.Stage) bool { return s.Name == b.Stage }); i >= 0 {
		c = newClock(b, t.Stages[i])
	}
	seconds := map[int][]*record.Window{}
	for _, w := range t.Windows {
		if c.wants(*w) {
			seconds[w.Second] = append(seconds[w.Second], w)
		}
	}
	for i := range c.seconds {
		for _, w := range seconds[c.first+i] {
			c.add(*w)
		}
		c.close(c.first + i)
		// Unfolded, the histograms of a day's seconds take more memory than its record.
		c.seconds[i].hits.Release()
	}
	return c
}
