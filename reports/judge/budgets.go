package judge

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

func (l *Ledger) budgets(sc *scenarios.Scenario) (judged []model.Budget, unjudged []string) {
	judged, unjudged = []model.Budget{}, []string{}
	for _, b := range sc.Budgets {
		b = b.Filled(l.header.Headline, l.header.States[len(l.header.States)-1], sc.Phases)
		for _, one := range bounds(b, l.unit(b)) {
			if l.leftOut(one) {
				unjudged = append(unjudged, one.Name())
			} else {
				judged = append(judged, l.budget(one))
			}
		}
	}
	return judged, unjudged
}

// bounds splits a filled budget by its limits.
func bounds(b scenarios.Budget, unit scenarios.Unit) (list []model.Budget) {
	one := model.Budget{
		Key: model.Key{State: b.State, Stage: b.Stage, Metric: b.Metric, Operation: b.Operation, API: b.API}, Of: b.Of,
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
	}{{model.BoundMax, b.Max, b.Written.Max}, {model.BoundBelow, b.Below, b.Written.Below}, {model.BoundMin, b.Min, b.Written.Min}, {model.BoundAbove, b.Above, b.Written.Above}} {
		if limit.value != nil {
			one.Bound, one.Limit, one.Written = limit.bound, stat.Number(*limit.value), limit.written
			list = append(list, one)
		}
	}
	return list
}

// leftOut tells whether the command line left out a state the budget speaks of.
func (l *Ledger) leftOut(b model.Budget) bool {
	measured := func(state string) bool { return slices.Contains(l.header.States, state) }
	return len(l.header.Only) > 0 && slices.ContainsFunc(b.States(), func(state string) bool { return !measured(state) })
}

// budget judges one budget.
func (l *Ledger) budget(b model.Budget) model.Budget {
	if l.lenient(b.Metric) {
		b.Level = scenarios.LevelWarn
	}
	if b.Reason = l.undecided(b); b.Reason != "" {
		return l.breachedAllTheSame(b)
	}
	_, latency := model.Quantiles()[b.Metric]
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
func (l *Ledger) undecided(b model.Budget) string {
	for _, state := range b.States() {
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
func (l *Ledger) notBelieved(b model.Budget, state string) string {
	if len(l.valid(state))+len(l.counted(state)) == 0 {
		return fmt.Sprintf("no valid trial of %s", state)
	}
	return fmt.Sprintf("no trial of %s with %s to believe", state, strings.Join(rests(b).words(), " and "))
}

func (l *Ledger) tooFew(b model.Budget) string {
	for _, state := range b.States() {
		due := uint64(0)
		for _, t := range l.trialsFor(b.Metric, state) {
			due += t.hits(b.Key).Offered
		}
		of := ""
		if alone := b.Alone(); alone != "" {
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
			return fmt.Sprintf("%s hits%s in %s are fewer than %s", numeral.Count(due), of, state, numeral.Count(b.Least))
		}
	}
	return ""
}

// breachedAllTheSame judges what needs no valid trial: a wrong answer that was given, and the breach for which the run was
// ended. Zero wrong answers of trials nobody believes prove nothing.
func (l *Ledger) breachedAllTheSame(b model.Budget) model.Budget {
	if b.Abort && b.ForSeconds > 0 {
		if judged := l.sustainedBudget(b, nil); judged.Verdict == model.Fail {
			return judged
		}
	}
	if l.metric(b.Metric).Unit != scenarios.Count || b.Of != "" || !b.Upper() {
		return b
	}
	if actual := l.count(b.Key); actual.Known() && !b.Passes(actual) {
		b.Actual = actual
		b.Verdict, b.Reason = model.Fail, b.Where(false)
	}
	return b
}

// countBudget judges a count by its value, unless hits in flight at an edge of the stage decide on which side it is.
func (l *Ledger) countBudget(b model.Budget) model.Budget {
	span := l.bracket(b.Key)
	switch b.Of {
	case "":
	case scenarios.Saved:
		saved := l.saved.Numbers[b.Saved()].Value
		span = bracket{overCount(span.value, saved), overCount(span.lo, saved), overCount(span.hi, saved)}
	default:
		span = span.over(l.bracket(b.Elsewhere(b.Of)))
	}
	span = settledBudget(b, span)
	b.Actual = span.value
	whole, undone := l.hadAllBeenAnswered(b)
	switch {
	case math.IsNaN(float64(b.Actual)):
		b.Reason = "no data"
	case b.Passes(span.lo) && b.Passes(span.hi) && l.unseen(b) != "":
		b.Reason = l.unseen(b)
	case undone != "" && (b.Of != "" && b.Passes(b.Actual) || b.Passes(b.Actual) != b.Passes(b.Actual*whole)):
		b.Reason = undone
	case b.Passes(span.lo) && b.Passes(span.hi):
		b.Verdict, b.Reason = model.Pass, b.Where(true)
	case !b.Passes(span.lo) && !b.Passes(span.hi):
		b.Verdict, b.Reason = model.Fail, b.Where(false)
	default:
		b.Reason = l.between(b, span)
	}
	if b.Verdict != model.Inconclusive && math.IsInf(float64(b.Actual), 1) {
		b.Reason = overNothing(b)
	}
	return b
}

// overNothing says of what a ratio is that is beyond any number.
func overNothing(b model.Budget) string {
	of := "that of " + b.Of
	if b.Of == scenarios.Saved {
		of = "the saved number"
	}
	return of + " is zero, so anything is more"
}

// settledBudget is a count per hit that so few failed hits make unsure as servers and services may differ: the limit that the
// system just keeps is then not breached for want of one answer. A cost that is higher by more is outside with both ends.
func settledBudget(b model.Budget, span bracket) bracket {
	_, _, perHit := perHitOf(b.Key)
	if !perHit || b.Passes(span.lo) == b.Passes(span.hi) || !(span.hi-span.lo <= countTolerance*span.hi) {
		return span
	}
	if b.Passes(span.lo) {
		return bracket{span.lo, span.lo, span.lo}
	}
	return bracket{span.hi, span.hi, span.hi}
}

// between says why a count is not known well enough.
func (l *Ledger) between(b model.Budget, span bracket) string {
	told := fmt.Sprintf("between %s and %s, for ", b.Text(span.lo), span.most(b.Text))
	if of, isRate := rates(b.Key); isRate {
		return told + fmt.Sprintf("%s; limit a count per hit", l.unsureEdges(b, of.Node))
	}
	failed := uint64(0)
	for _, state := range b.States() {
		failed += sum(l.counted(state), b.Operation, func(h *reading.Hits) uint64 { return h.Failed })
	}
	return told + fmt.Sprintf("%s failed, and what they cost is on nobody's account", numeral.Plural(int(failed), "hit"))
}

// unsureEdges says what makes a rate of a node unsure at the edges of a budget's stage.
func (l *Ledger) unsureEdges(b model.Budget, node string) string {
	stage := l.stage(b.Stage)
	for _, state := range b.States() {
		if slices.ContainsFunc(l.counted(state), func(t *trial) bool { return late(t.Slip(stage, node), stage) }) {
			return fmt.Sprintf("the readings at the edges of %s were late", b.Stage)
		}
	}
	return fmt.Sprintf("hits were in flight at the edges of %s", b.Stage)
}

// hadAllBeenAnswered is the factor by which a count would be larger had each hit been answered, at the cost of those that
// were; of a ratio that of both states. It says why, where shares of answered hits are such that a count is no measure of
// the cost: work that was not done costs nothing.
func (l *Ledger) hadAllBeenAnswered(b model.Budget) (factor stat.Number, why string) {
	m := l.metric(b.Metric)
	if seen(b.Metric) || m.Unit == scenarios.Count {
		return 1, ""
	}
	share := l.answeredShare(b.Key)
	rate := m.Unit == scenarios.PerSecond || b.Metric == "cpu_seconds"
	switch {
	case b.Of == scenarios.Saved:
		factor, why = savedAnswered(l.saved, b.Key)/share, model.OtherWork("the saved run", b.State, savedAnswered(l.saved, b.Key), share)
	case b.Of != "":
		factor, why = l.answeredShare(b.Elsewhere(b.Of))/share, l.unlike(b.Key, b.Of)
	case share < answeredDoubt && rate:
		factor, why = 1/share, fmt.Sprintf("%s answered %s of the hits, and work that was not done costs nothing", b.State, numeral.Percent(float64(share)))
	}
	if why == "" || !rate {
		factor = 1
	}
	return factor, why
}

// unseen says what of the hits that a budget is about was not seen; empty if nothing.
func (l *Ledger) unseen(b model.Budget) string {
	var missing []string
	for _, state := range b.States() {
		for _, why := range []string{l.unfinished(state), l.miscounted(state)} {
			if seen(b.Metric) && why != "" {
				missing = append(missing, why)
			}
		}
	}
	return strings.Join(missing, "; ")
}
