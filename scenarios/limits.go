package scenarios

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// limits checks that a budget has limits, and that some numbers pass them and others do not.
func (c *checker) limits(at string, b Budget, metric Metric) {
	high, low := b.highest(), b.lowest()
	c.must(high != nil || low != nil, at, "add max: or min:", "the budget has no limit")
	one := c.must(b.Max == nil || b.Below == nil, at+".below", "remove one of the two", "the budget has max: already")
	one = c.must(b.Min == nil || b.Above == nil, at+".above", "remove one of the two", "the budget has min: already") && one
	for _, limit := range b.limits() {
		if *limit.value != nil && !c.old(at+"."+limit.key) {
			one = c.breachable(at+"."+limit.key, limit.key, **limit.value, c.reach(b, metric)) && one
		}
	}
	if !one || high == nil || low == nil {
		return
	}
	lower, upper := "min", "max"
	if b.Above != nil {
		lower = "above"
	}
	if b.Below != nil {
		upper = "below"
	}
	c.must(*low <= *high, at+"."+lower, "swap the two", "%s is higher than %s", lower, upper)
	c.must(*low > *high || b.between() || c.old(at+"."+lower), at+"."+lower, "lower it, or raise "+upper, "no number is %s", b.bothSides(lower, upper))
}

// between tells whether a number lies inside of two limits that are in order.
func (b Budget) between() bool {
	low, high := *b.lowest(), *b.highest()
	if metric, _ := FindMetric(b.Metric); metric.Unit == Count && b.Of == "" {
		if b.Above != nil {
			low++
		}
		if b.Below != nil {
			high--
		}
		return low <= high
	}
	return low < high || b.Above == nil && b.Below == nil
}

func (b Budget) bothSides(lower, upper string) string {
	words := map[string]string{"min": "at least", "above": "above", "max": "at most", "below": "below"}
	unit := b.Unit()
	return words[lower] + " " + unit.text(*b.lowest()) + " and " + words[upper] + " " + unit.text(*b.highest())
}

// reach is from where to where the numbers of a metric go, ends included, and what they are called.
type reach struct {
	low, high float64
	unit      Unit
	called    string
	// why they do not go further; empty where the metric says it.
	why string
}

// reach of what the budget limits, whatever a run measures.
func (c *checker) reach(b Budget, metric Metric) reach {
	r := reach{high: math.Inf(1), unit: b.Unit(), called: b.Metric}
	switch {
	case b.Of != "":
		r.called = "a ratio"
	case metric.Unit == Ratio:
		r.high = 1
	case metric.Unit == Seconds && metric.BySecond && c.sound("traffic.timeout"):
		// Hits that fail lie beyond every limit, so a limit above is breached all the same.
		r.why = fmt.Sprintf("; a hit has failed after %v", c.s.Traffic.Timeout)
	}
	return r
}

// breachable checks one limit against what can be measured: one that every number passes gates nothing, and one that none
// passes is a mistake that a run of an hour would find.
func (c *checker) breachable(at, key string, limit float64, r reach) bool {
	text := r.unit.text
	timeout := c.s.Traffic.Timeout.Seconds()
	switch {
	case key == "max" && limit >= r.high, key == "below" && limit > r.high:
		return c.must(false, at, "write less than "+text(r.high), "nothing can breach it: %s is never above %s", r.called, text(r.high))
	case key == "min" && limit <= r.low:
		return c.must(false, at, "write more than "+text(r.low)+", or above: "+text(r.low), "nothing can breach it: %s is never below %s", r.called, text(r.low))
	case key == "below" && limit <= r.low:
		return c.must(false, at, "write more than "+text(r.low)+", or max: "+text(r.low), "nothing can meet it: %s is never below %s", r.called, text(r.low))
	case key == "min" && limit > r.high:
		return c.must(false, at, "write at most "+text(r.high), "nothing can meet it: %s is never above %s", r.called, text(r.high))
	case key == "above" && limit >= r.high:
		return c.must(false, at, "write less than "+text(r.high)+", or min: "+text(r.high), "nothing can meet it: %s is never above %s", r.called, text(r.high))
	case r.why != "" && (key == "min" || key == "above") && limit > timeout:
		return c.must(false, at, "write at most "+text(timeout), "nothing can meet it%s", r.why)
	}
	return true
}

// due checks limits that the traffic itself decides: what is answered cannot be more than what is due. A run that is
// varied, such as a quick one, may have less of it than its file was written for.
func (c *checker) due(at string, b Budget) {
	rates := []string{"offered_rate", "achieved_rate"}
	known := b.Metric == "hits" || b.For == 0 && slices.Contains(rates, b.Metric)
	if b.Of != "" || b.API != "" || c.asRecorded || c.varied || !known && b.Least == 0 || !c.sound("rounds", "traffic", "phases", "only", at) {
		return
	}
	p := c.s.plan(c.v)
	hits, least, most := p.due(b.Filled(p.Headline, p.States[len(p.States)-1], c.s.Phases))
	what := "in stage " + b.Filled(p.Headline, "", nil).Stage
	if hits == 0 {
		return
	}
	c.must(b.Least <= hits, at+".least", "write at most "+fmt.Sprint(hits), "no run is enough: %d hits are due %s in all rounds", hits, what)
	key, low := "min", b.lowest()
	if b.Above != nil {
		key = "above"
	}
	high := float64(hits)
	if b.Metric != "hits" {
		high = most
	}
	if low != nil && known {
		c.must(*low <= high*(1+1e-9), at+"."+key, "write less, or offer more", "nothing can meet it: %s are due %s", b.Unit().dueText(high), what)
	}
	if up := b.highest(); up != nil && b.Metric == "hits" {
		c.must(*up < high || b.Below != nil && *up == high, at+"."+upperKey(b), "write less than "+trim(high)+", or limit another metric", "nothing can breach it: %s are due %s", b.Unit().dueText(high), what)
	}
	if up := b.highest(); up != nil && b.Metric == "offered_rate" {
		c.must(*up >= least*(1-1e-9), at+"."+upperKey(b), "write more, or offer less", "nothing can meet it: %s are due %s", b.Unit().dueText(least), what)
	}
}

func upperKey(b Budget) string {
	if b.Below != nil {
		return "below"
	}
	return "max"
}

// due is how many hits of a filled budget are due in all rounds, and the least and the most of them per second in a round.
func (p *Plan) due(b Budget) (hits uint64, least, most float64) {
	least = math.Inf(1)
	at := slices.IndexFunc(p.Stages, func(s PlannedStage) bool { return s.Name == b.Stage })
	if at < 0 {
		return 0, 0, 0
	}
	seconds := (p.Stages[at].End - p.Stages[at].Begin).Seconds()
	for i, trial := range p.Trials {
		if trial.State != b.State || trial.Control {
			continue
		}
		var count uint64
		for op, n := range p.CountStages(i)[at] {
			if b.Operation == "" || p.Operations[op].Name == b.Operation {
				count += n
			}
		}
		hits += count
		least, most = min(least, float64(count)/seconds), max(most, float64(count)/seconds)
	}
	return hits, least, most
}

// dueText says hits, or hits per second.
func (u Unit) dueText(hits float64) string {
	if u == PerSecond {
		return u.text(math.Round(hits*1000) / 1000)
	}
	return u.text(hits) + " hits"
}

// text is a limit as a file may spell it.
func (u Unit) text(limit float64) string {
	switch u {
	case Seconds:
		return durationText(time.Duration(math.Round(limit * float64(time.Second))))
	case PerSecond:
		return trim(limit) + "/s"
	case Ratio:
		return trim(digits(limit*100)) + "%"
	}
	return trim(limit)
}
