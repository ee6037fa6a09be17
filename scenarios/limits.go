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
	c.must(*low > *high || b.between(metric) || c.old(at+"."+lower), at+"."+lower, "lower it, or raise "+upper, "no number is %s", b.bothSides(metric, lower, upper))
}

// between tells whether a number lies inside of two limits that are in order.
func (b Budget) between(metric Metric) bool {
	low, high := *b.lowest(), *b.highest()
	if b.unit(metric) == Count {
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

func (b Budget) bothSides(metric Metric, lower, upper string) string {
	words := map[string]string{"min": "at least", "above": "above", "max": "at most", "below": "below"}
	unit := b.unit(metric)
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
	r := reach{high: math.Inf(1), unit: b.unit(metric), called: b.Metric}
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
// varied, such as a quick one, may have less of it than its file was written for; a budget that is given beside such a flag
// is written for what came of it.
func (c *checker) due(at string, b Budget) {
	counted := slices.Contains([]string{"hits", "offered_rate", "achieved_rate"}, b.Metric)
	flagged := c.given != nil && c.given(at)
	if c.asRecorded || c.varied && !flagged || !counted && b.Least == 0 || !c.sound("rounds", "traffic", "phases", "only", at) {
		return
	}
	p := c.s.plan()
	filled := b.Filled(p.Headline, p.States[len(p.States)-1], c.s.Phases)
	hits, least, most := p.due(filled)
	what := "in stage " + filled.Stage
	if hits == 0 {
		return
	}
	c.must(b.API != "" || b.Least <= hits, at+".least", "write at most "+fmt.Sprint(hits), "no run is enough: %d hits are due %s in all rounds", hits, what)
	switch {
	case !counted:
	case b.Of != "":
		c.dueBeside(at, b, p, filled)
	case b.For > 0:
		if lowest, highest, known := p.spells(filled); known {
			c.dueRates(at, b, highest, lowest, "in some "+durationText(b.For)+" of stage "+filled.Stage)
		}
	case b.API != "":
		// How many of the hits are of the API is for the system to say; more than all are not.
		c.dueAtMost(at, b, dueBy(b, hits, most), what)
	case b.Metric == "hits":
		c.dueHits(at, b, float64(hits), what)
	default:
		c.dueRates(at, b, least, most, what)
	}
}

func dueBy(b Budget, hits uint64, most float64) float64 {
	if b.Metric == "hits" {
		return float64(hits)
	}
	return most
}

// dueAtMost refuses a limit below that is above all that is due.
func (c *checker) dueAtMost(at string, b Budget, high float64, what string) {
	key := "min"
	if b.Above != nil {
		key = "above"
	}
	if low := b.lowest(); low != nil {
		c.must(*low <= high*(1+1e-9), at+"."+key, "write less, or offer more", "nothing can meet it: %s are due %s", b.Unit().dueText(high), what)
	}
}

func (c *checker) dueHits(at string, b Budget, hits float64, what string) {
	c.dueAtMost(at, b, hits, what)
	if up := b.highest(); up != nil {
		c.must(*up < hits || b.Below != nil && *up == hits, at+"."+upperKey(b), "write less than "+trim(hits)+", or limit another metric", "nothing can breach it: %s are due %s", b.Unit().dueText(hits), what)
	}
}

// dueRates refuses limits on what is due per second, and on what is answered of it.
func (c *checker) dueRates(at string, b Budget, least, most float64, what string) {
	c.dueAtMost(at, b, most, what)
	if up := b.highest(); up != nil && b.Metric == "offered_rate" {
		c.must(*up >= least*(1-1e-9), at+"."+upperKey(b), "write more, or offer less", "nothing can meet it: %s are due %s", b.Unit().dueText(least), what)
	}
}

// dueBeside refuses a ratio of what is due to what is due in another state, which is the same traffic. What is answered of
// it may be anything beside nothing.
func (c *checker) dueBeside(at string, b Budget, p *Plan, filled Budget) {
	if b.Metric == "achieved_rate" || b.API != "" || b.Of == Saved {
		return
	}
	hits, _, _ := p.due(filled)
	other := filled
	other.State = filled.Of
	of, _, _ := p.due(other)
	if of != hits {
		return
	}
	what := fmt.Sprintf("as much is due in %s as in %s", filled.State, filled.Of)
	key := "min"
	if b.Above != nil {
		key = "above"
	}
	if low := b.lowest(); low != nil {
		c.must(*low < 1 || *low == 1 && b.Above == nil, at+"."+key, "write at most 100%, or limit another metric", "nothing can meet it: %s", what)
	}
	if up := b.highest(); up != nil {
		c.must(*up > 1 || *up == 1 && b.Below == nil, at+"."+upperKey(b), "write at least 100%, or limit another metric", "nothing can meet it: %s", what)
	}
}

// mostSpelled is how many hits are counted second by second to check one limit; a longer trial is measured unchecked.
const mostSpelled = 20_000_000

// spells are rates at which a filled budget that judges every second can be met: at most the lowest of those that are due in
// the fullest second of a spell, and at least the highest of those in the emptiest.
func (p *Plan) spells(b Budget) (lowest, highest float64, known bool) {
	at := slices.IndexFunc(p.Stages, func(s PlannedStage) bool { return s.Name == b.Stage })
	lowest, highest = math.Inf(1), 0
	rounds, left := map[int]bool{}, mostSpelled
	for i, trial := range p.Trials {
		if at < 0 || trial.State != b.State || trial.Control || rounds[trial.Round] {
			continue
		}
		rounds[trial.Round] = true
		rates := p.bySecond(i, at, b.Operation, &left)
		if left == 0 {
			return 0, 0, false
		}
		n := int(b.For.Seconds())
		for first := 0; first+n <= len(rates); first++ {
			spell := rates[first : first+n]
			lowest, highest, known = min(lowest, slices.Max(spell)), max(highest, slices.Min(spell)), true
		}
	}
	return lowest, highest, known
}

// bySecond are the rates at which hits of an operation, or of all, are due in the whole seconds of a stage. It takes the hits
// that it counts from left.
func (p *Plan) bySecond(trial, stage int, operation string, left *int) []float64 {
	first := int(math.Ceil(p.Stages[stage].Begin.Seconds()))
	rates := make([]float64, max(int(p.Stages[stage].End.Seconds())-first, 0))
	for hit := range p.Hits(trial) {
		if *left == 0 || hit.Stage > stage {
			break
		}
		*left--
		second := int(hit.Due/time.Second) - first
		if hit.Stage == stage && second >= 0 && second < len(rates) && (operation == "" || p.Operations[hit.Operation].Name == operation) {
			rates[second]++
		}
	}
	return rates
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
