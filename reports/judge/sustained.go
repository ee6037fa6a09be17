package judge

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// clock is one stage of one trial, second by second: what a budget with a time is judged by, after the run and during it.
type clock struct {
	budget model.Budget
	stage  record.Stage
	// seconds are those in which hits were due, by their number on the trial's clock: a stage may last a day, and a record may
	// have thousands of trials in which hardly anything was due.
	seconds map[int]*second
}

// second is one of a trial's, or what of it belongs to the stage.
type second struct {
	length float64
	hits   reading.Hits
	// value of the metric; unknown as long as the second says nothing about the system.
	value stat.Number
}

func newClock(b model.Budget, stage record.Stage) *clock {
	return &clock{budget: b, stage: stage, seconds: map[int]*second{}}
}

// length is how much of a second, by its number, belongs to the stage.
func (c *clock) length(number int) float64 {
	return min(c.stage.EndSeconds, float64(number+1)) - max(c.stage.BeginSeconds, float64(number))
}

// add counts the hits of a window, if they are of the budget's stage and operation.
func (c *clock) add(w record.Window) {
	if !c.wants(w) {
		return
	}
	if c.seconds[w.Second] == nil {
		c.seconds[w.Second] = &second{length: c.length(w.Second), value: stat.Unknown()}
	}
	c.seconds[w.Second].hits.Merge(reading.Declared{}.Hits(&w))
}

func (c *clock) wants(w record.Window) bool {
	return w.Stage == c.budget.Stage && (c.budget.Operation == "" || c.budget.Operation == w.Op) && c.length(w.Second) > 0
}

// close finds the value of a second whose windows are all there.
func (c *clock) close(number int) {
	if s := c.seconds[number]; s != nil {
		s.value = s.of(c.budget.Metric)
	}
}

// at is a second with a known value, nil if there is none.
func (c *clock) at(number int) *second {
	if s := c.seconds[number]; s != nil && !math.IsNaN(float64(s.value)) {
		return s
	}
	return nil
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
	q, latency := model.Quantiles()[metric]
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
	var r row
	for _, number := range slices.Sorted(maps.Keys(c.seconds)) {
		s := c.at(number)
		if s == nil || number != r.to {
			r = row{from: number, to: number}
		}
		if s == nil {
			continue
		}
		r.add(c, s)
		for r.from < r.to && c.lasting(r.lasted) {
			level := c.seconds[r.easiest[0]].value
			if c.enough(r.due) && (!found || c.harder(level, worst.level)) {
				worst, found = spell{level, r.from}, true
			}
			r.drop(c)
		}
	}
	return worst, found
}

// row is seconds with known values, one after the other: those of a spell, or on the way to one.
type row struct {
	// from and to are numbers, that of the second behind the last.
	from, to int
	lasted   float64
	due      uint64
	// easiest are the numbers of those that are easier to pass than all behind them. The first has the level of the row.
	easiest []int
}

// add puts one more second at the end.
func (r *row) add(c *clock, s *second) {
	for n := len(r.easiest); n > 0 && !c.harder(s.value, c.seconds[r.easiest[n-1]].value); n-- {
		r.easiest = r.easiest[:n-1]
	}
	r.easiest = append(r.easiest, r.to)
	r.to, r.lasted, r.due = r.to+1, r.lasted+s.length, r.due+s.hits.Offered
}

// drop takes the first second away.
func (r *row) drop(c *clock) {
	s := c.seconds[r.from]
	if r.easiest[0] == r.from {
		r.easiest = r.easiest[1:]
	}
	r.from, r.lasted, r.due = r.from+1, r.lasted-s.length, r.due-s.hits.Offered
}

// lasting tells whether so many seconds are as long as the budget asks for, and enough whether so many hits are as many as its
// metric asks for.
func (c *clock) lasting(seconds float64) bool { return seconds > c.budget.ForSeconds-1e-9 }

func (c *clock) enough(due uint64) bool {
	q, latency := model.Quantiles()[c.budget.Metric]
	return !latency || stat.Tail(due, q) >= reading.LeastTail
}

// level of the spell that begins with a second.
func (c *clock) level(number int) (level stat.Number, known bool) {
	lasted, due := 0.0, uint64(0)
	for s := c.at(number); s != nil; s = c.at(number) {
		if due == 0 || c.harder(level, s.value) {
			level = s.value
		}
		lasted, due, number = lasted+s.length, due+s.hits.Offered, number+1
		if c.lasting(lasted) {
			return level, c.enough(due)
		}
	}
	return level, false
}

// harder tells whether a is harder to pass than b.
func (c *clock) harder(a, b stat.Number) bool {
	if c.budget.Upper() {
		return a > b
	}
	return a < b
}

// sustainedBudget judges the worst spell of the given trials, and of one that was ended for the budget. One is enough.
func (l *Ledger) sustainedBudget(b model.Budget, trials []*trial) model.Budget {
	worst, in, given := spell{}, (*trial)(nil), map[*trial]bool{}
	for _, t := range trials {
		given[t] = true
	}
	for _, t := range l.all(b.State) {
		if !given[t] && !(b.Abort && t.Aborted) {
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
	b.Verdict, b.Reason = model.Pass, fmt.Sprintf("never outside the limit for %s", lasting)
	if !b.Passes(worst.level) {
		b.Verdict = model.Fail
		b.Reason = fmt.Sprintf("outside the limit for %s in round %d, from second %d on", lasting, in.Round+1, worst.from)
	} else if why := l.unseen(b); why != "" {
		b.Verdict, b.Reason = model.Inconclusive, why
	}
	return b
}

// clock is the stage of a budget in a trial, all windows in.
func (l *Ledger) clock(b model.Budget, t *trial) *clock {
	c := newClock(b, record.Stage{})
	if i := slices.IndexFunc(t.Stages, func(s record.Stage) bool { return s.Name == b.Stage }); i >= 0 {
		c.stage = t.Stages[i]
	}
	seconds := map[int][]*record.Window{}
	for _, w := range t.Windows {
		if c.wants(*w) {
			seconds[w.Second] = append(seconds[w.Second], w)
		}
	}
	for number, windows := range seconds {
		for _, w := range windows {
			c.add(*w)
		}
		c.close(number)
		// Unfolded, the histograms of a day's seconds take more memory than its record.
		c.seconds[number].hits.Release()
	}
	return c
}
