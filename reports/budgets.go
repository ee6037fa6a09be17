package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Budget is one limit judged.
type Budget struct {
	Key
	// Of is the state the number is a ratio to, or saved for that of a saved baseline; empty for the number itself.
	Of string `json:"of"`
	// Bound is max or min, or below or above, which the number may not even reach; a budget with two is listed twice.
	Bound string      `json:"bound"`
	Unit  string      `json:"unit"`
	Limit stat.Number `json:"limit"`
	// Written is how the scenario spells the limit; empty where no text does.
	Written string      `json:"written,omitempty"`
	Actual  stat.Number `json:"actual"`
	// Lo and Hi are the 95 % interval of a latency, from one round on; counts have none. Hi is unknown, too, where more hits
	// may never have come back than the percentile leaves out.
	Lo stat.Number `json:"lo"`
	Hi stat.Number `json:"hi"`
	// Noise is what the interval of a latency rests on besides the rounds; absent where they alone made it.
	Noise *Noise `json:"noise,omitempty"`
	// ForSeconds, if not zero, is how long every second has to be outside for a breach. Actual is then the level that was
	// kept for so long at the worst.
	ForSeconds float64 `json:"for_seconds,omitempty"`
	// Least is how many hits the number has to rest on.
	Least uint64 `json:"least,omitempty"`
	// Level is warn for a budget that changes no verdict of the run, proven for one that does so only as a breach, else empty.
	Level   string  `json:"level,omitempty"`
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason"`
	// Basis says in words what Noise says in numbers.
	Basis string `json:"basis,omitempty"`
	// Line is where the scenario file states the budget; 0 for one of the command line.
	Line int `json:"line"`
	// Abort tells that the run was to end at once for a breach.
	Abort bool `json:"abort,omitempty"`
	// Follows is the name of the check from which it follows that the budget is undecided.
	Follows string `json:"follows,omitempty"`
}

// Levels of budgets that do not always fail a run, and what stands for the state of a saved baseline, as the language has them.
const (
	LevelWarn   = "warn"
	LevelProven = "proven"
	Saved       = "saved"
)

// Bounds of budgets.
const (
	boundMax   = "max"
	boundMin   = "min"
	boundBelow = "below"
	boundAbove = "above"
)

func (l *Ledger) budgets(sc *scenarios.Scenario) (judged []Budget, unjudged []string) {
	judged, unjudged = []Budget{}, []string{}
	for _, b := range sc.Budgets {
		b = b.Filled(l.header.Headline, l.header.States[len(l.header.States)-1], sc.Phases)
		for _, one := range bounds(b, l.unit(b)) {
			if l.leftOut(one) {
				unjudged = append(unjudged, one.name())
			} else {
				judged = append(judged, l.budget(one))
			}
		}
	}
	return judged, unjudged
}

// bounds splits a filled budget by its limits.
func bounds(b scenarios.Budget, unit scenarios.Unit) (list []Budget) {
	one := Budget{
		Key: Key{State: b.State, Stage: b.Stage, Metric: b.Metric, Operation: b.Operation, API: b.API}, Of: b.Of,
		Unit: string(unit), ForSeconds: b.For.Seconds(), Least: b.Least, Line: b.Line, Abort: b.Abort,
		Actual: stat.Unknown(), Lo: stat.Unknown(), Hi: stat.Unknown(),
	}
	if b.Level != scenarios.LevelFail {
		one.Level = b.Level
	}
	for _, limit := range []struct {
		bound   string
		value   *float64
		written string
	}{{boundMax, b.Max, b.Written.Max}, {boundBelow, b.Below, b.Written.Below}, {boundMin, b.Min, b.Written.Min}, {boundAbove, b.Above, b.Written.Above}} {
		if limit.value != nil {
			one.Bound, one.Limit, one.Written = limit.bound, stat.Number(*limit.value), limit.written
			list = append(list, one)
		}
	}
	return list
}

// lenient tells whether the verdict of the run does not depend on the budget as it was judged.
func (b Budget) lenient() bool {
	return b.Level == LevelWarn || b.Level == LevelProven && b.Verdict == Inconclusive
}

// upper tells whether the limit is above the numbers that pass.
func (b Budget) upper() bool { return b.Bound == boundMax || b.Bound == boundBelow }

// passes tells whether a known number is inside the limit.
func (b Budget) passes(n stat.Number) bool {
	if b.at(n) {
		return b.Bound == boundMax || b.Bound == boundMin
	}
	switch b.Bound {
	case boundMax:
		return n <= b.Limit
	case boundBelow:
		return n < b.Limit
	case boundMin:
		return n >= b.Limit
	default:
		return n > b.Limit
	}
}

// states are those that the budget speaks of.
func (b Budget) states() []string {
	if b.Of == "" || b.Of == Saved {
		return []string{b.State}
	}
	return []string{b.State, b.Of}
}

// leftOut tells whether the command line left out a state the budget speaks of.
func (l *Ledger) leftOut(b Budget) bool {
	measured := func(state string) bool { return slices.Contains(l.header.States, state) }
	return len(l.header.Only) > 0 && slices.ContainsFunc(b.states(), func(state string) bool { return !measured(state) })
}

// budget judges one budget.
func (l *Ledger) budget(b Budget) Budget {
	if l.lenient(b.Metric) {
		b.Level = scenarios.LevelWarn
	}
	if b.Reason = l.undecided(b); b.Reason != "" {
		return l.breachedAllTheSame(b)
	}
	_, latency := quantiles()[b.Metric]
	switch {
	case b.ForSeconds > 0:
		return l.sustainedBudget(b, l.trialsFor(b.Metric, b.State))
	case latency:
		return l.latencyBudget(b)
	}
	if l.isCheck(b.Metric) {
		return l.qualified(l.countBudget(b))
	}
	return l.countBudget(b)
}

// undecided says why there is nothing to judge: the number, or enough of what it rests on, was not measured.
func (l *Ledger) undecided(b Budget) string {
	for _, state := range b.states() {
		switch {
		case !slices.Contains(l.header.States, state):
			return fmt.Sprintf("state %s was not part of this run", state)
		case len(l.trialsFor(b.Metric, state)) == 0:
			return l.notBelieved(b, state)
		}
	}
	if !slices.ContainsFunc(l.header.Stages, func(s record.Stage) bool { return s.Name == b.Stage && s.Measure }) {
		return fmt.Sprintf("stage %s was not measured", b.Stage)
	}
	if b.Of == scenarios.Saved {
		if why := l.unsaved(b.Key); why != "" {
			return why
		}
	}
	return l.tooFew(b)
}

// notBelieved says that the number of a budget is of no trial that is believed.
func (l *Ledger) notBelieved(b Budget, state string) string {
	if len(l.valid(state))+len(l.counted(state)) == 0 {
		return fmt.Sprintf("no valid trial of %s", state)
	}
	return fmt.Sprintf("no trial of %s with %s to believe", state, strings.Join(b.rests().words(), " and "))
}

func (l *Ledger) tooFew(b Budget) string {
	for _, state := range b.states() {
		due := uint64(0)
		for _, t := range l.trialsFor(b.Metric, state) {
			due += t.hits(b.Key).Offered
		}
		of := ""
		if alone := b.alone(); alone != "" {
			of = " of " + alone
		}
		switch {
		case due == 0:
			return fmt.Sprintf("no hit%s was due in %s at stage %s", of, state, b.Stage)
		case l.isCheck(b.Metric):
			if why := l.tooFewChances(b, state); why != "" {
				return why
			}
		case due < b.Least:
			return fmt.Sprintf("%s hits%s in %s are fewer than %s", count(due), of, state, count(b.Least))
		}
	}
	return ""
}

// breachedAllTheSame judges what needs no valid trial: a wrong answer that was given, and the breach for which the run was
// ended. Zero wrong answers of trials nobody believes prove nothing.
func (l *Ledger) breachedAllTheSame(b Budget) Budget {
	if b.Abort && b.ForSeconds > 0 {
		if judged := l.sustainedBudget(b, nil); judged.Verdict == Fail {
			return judged
		}
	}
	if l.metric(b.Metric).Unit != scenarios.Count || b.Of != "" || !b.upper() {
		return b
	}
	if actual := l.count(b.Key); actual.Known() && !b.passes(actual) {
		b.Actual = actual
		b.Verdict, b.Reason = Fail, b.where(false)
	}
	return b
}

// countBudget judges a count by its value, unless hits in flight at an edge of the stage decide on which side it is.
func (l *Ledger) countBudget(b Budget) Budget {
	span := l.bracket(b.Key)
	switch b.Of {
	case "":
	case scenarios.Saved:
		saved := l.saved.Numbers[b.saved()].Value
		span = bracket{overCount(span.value, saved), overCount(span.lo, saved), overCount(span.hi, saved)}
	default:
		span = span.over(l.bracket(b.elsewhere(b.Of)))
	}
	span = b.settled(span)
	b.Actual = span.value
	whole, undone := l.hadAllBeenAnswered(b)
	switch {
	case math.IsNaN(float64(b.Actual)):
		b.Reason = "no data"
	case b.passes(span.lo) && b.passes(span.hi) && l.unseen(b) != "":
		b.Reason = l.unseen(b)
	case undone != "" && (b.Of != "" && b.passes(b.Actual) || b.passes(b.Actual) != b.passes(b.Actual*whole)):
		b.Reason = undone
	case b.passes(span.lo) && b.passes(span.hi):
		b.Verdict, b.Reason = Pass, b.where(true)
	case !b.passes(span.lo) && !b.passes(span.hi):
		b.Verdict, b.Reason = Fail, b.where(false)
	default:
		b.Reason = l.between(b, span)
	}
	if b.Verdict != Inconclusive && math.IsInf(float64(b.Actual), 1) {
		b.Reason = b.overNothing()
	}
	return b
}

// overNothing says of what a ratio is that is beyond any number.
func (b Budget) overNothing() string {
	of := "that of " + b.Of
	if b.Of == scenarios.Saved {
		of = "the saved number"
	}
	return of + " is zero, so anything is more"
}

// settled is a count per hit that so few failed hits make unsure as servers and services may differ: the limit that the
// system just keeps is then not breached for want of one answer. A cost that is higher by more is outside with both ends.
func (b Budget) settled(span bracket) bracket {
	_, _, perHit := b.perHit()
	if !perHit || b.passes(span.lo) == b.passes(span.hi) || !(span.hi-span.lo <= countTolerance*span.hi) {
		return span
	}
	if b.passes(span.lo) {
		return bracket{span.lo, span.lo, span.lo}
	}
	return bracket{span.hi, span.hi, span.hi}
}

// between says why a count is not known well enough.
func (l *Ledger) between(b Budget, span bracket) string {
	told := fmt.Sprintf("between %s and %s, for ", b.text(span.lo), span.most(b.text))
	if of, isRate := b.rates(); isRate {
		return told + fmt.Sprintf("%s; limit a count per hit", l.unsureEdges(b, of.Node))
	}
	failed := uint64(0)
	for _, state := range b.states() {
		failed += sum(l.counted(state), b.Operation, func(h *reading.Hits) uint64 { return h.Failed })
	}
	return told + fmt.Sprintf("%s failed, and what they cost is on nobody's account", plural(int(failed), "hit"))
}

// unsureEdges says what makes a rate of a node unsure at the edges of a budget's stage.
func (l *Ledger) unsureEdges(b Budget, node string) string {
	stage := l.stage(b.Stage)
	for _, state := range b.states() {
		if slices.ContainsFunc(l.counted(state), func(t *trial) bool { return late(t.Slip(stage, node), stage) }) {
			return fmt.Sprintf("the readings at the edges of %s were late", b.Stage)
		}
	}
	return fmt.Sprintf("hits were in flight at the edges of %s", b.Stage)
}

// hadAllBeenAnswered is the factor by which a count would be larger had each hit been answered, at the cost of those that
// were; of a ratio that of both states. It says why, where shares of answered hits are such that a count is no measure of
// the cost: work that was not done costs nothing.
func (l *Ledger) hadAllBeenAnswered(b Budget) (factor stat.Number, why string) {
	m := l.metric(b.Metric)
	if seen(b.Metric) || m.Unit == scenarios.Count {
		return 1, ""
	}
	share := l.answeredShare(b.Key)
	rate := m.Unit == scenarios.PerSecond || b.Metric == "cpu_seconds"
	switch {
	case b.Of == scenarios.Saved:
		factor, why = l.saved.answered(b.Key)/share, otherWork("the saved run", b.State, l.saved.answered(b.Key), share)
	case b.Of != "":
		factor, why = l.answeredShare(b.elsewhere(b.Of))/share, l.unlike(b.Key, b.Of)
	case share < answeredDoubt && rate:
		factor, why = 1/share, fmt.Sprintf("%s answered %s of the hits, and work that was not done costs nothing", b.State, percent(float64(share)))
	}
	if why == "" || !rate {
		factor = 1
	}
	return factor, why
}

// unseen says what of the hits that a budget is about was not seen; empty if nothing.
func (l *Ledger) unseen(b Budget) string {
	var missing []string
	for _, state := range b.states() {
		for _, why := range []string{l.unfinished(state), l.miscounted(state)} {
			if seen(b.Metric) && why != "" {
				missing = append(missing, why)
			}
		}
	}
	return strings.Join(missing, "; ")
}

// name identifies a budget to a person: metric, operation, state, stage, bound and limit; never the measured value, so
// that it is the same in every run.
func (b Budget) name() string {
	subject, of, lasting := b.Metric, "", ""
	if alone := b.alone(); alone != "" {
		subject += "(" + alone + ")"
	}
	if b.Of != "" {
		of = " / " + b.Of
	}
	if b.ForSeconds > 0 {
		lasting = " for " + (time.Duration(b.ForSeconds) * time.Second).String()
	}
	return fmt.Sprintf("%s of %s%s at %s %s %s%s", subject, b.State, of, b.Stage, b.Bound, b.limit(), lasting)
}
