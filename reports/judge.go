package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// judge comes to the verdict and says why it is not a pass. It is the last step: everything else is already known.
func (l *ledger) judge(s *Summary, run *record.Run) {
	s.Verdict = Pass
	l.trace(s)
	s.judgeAnswers()
	l.judgeAnswered(s)
	l.judgeRun(s, run)
	l.tellVoid(s)
	for i, b := range s.Budgets {
		told := b.told()
		if !s.Complete && s.end == b.name() {
			told += ", and the run was ended for it" + s.consequences(s.end)
		}
		s.Budgets[i].said = told
		switch {
		case b.lenient() && b.Verdict != Pass && b.follows == "":
			s.Warnings = append(s.Warnings, told)
		case b.lenient():
		case b.follows != "":
			s.Verdict = s.Verdict.And(b.Verdict)
		case b.Verdict != Pass:
			s.against(b.Verdict, "%s", told)
		}
	}
}

// told is what is said of a budget among the reasons and warnings: the number as well, where there is one.
func (b Budget) told() string {
	if !b.Actual.Known() {
		return fmt.Sprintf("budget %s: %s", b.name(), b.Reason)
	}
	return fmt.Sprintf("budget %s: it is %s; %s", b.name(), b.text(b.Actual), b.Reason)
}

// judgeAnswers fails a run whose numbers rest on wrong answers, budget or not.
func (s *Summary) judgeAnswers() {
	for _, why := range promisesBroken(s.Correctness) {
		s.against(Fail, "%s", why)
	}
	s.Warnings = append(s.Warnings, untested(s.Correctness)...)
}

func (l *ledger) judgeRun(s *Summary, run *record.Run) {
	switch {
	case !s.Complete && s.end == reachesEnd:
		s.against(Inconclusive, "the run did not reach its end%s%s", interruption(run.Events), s.consequences(reachesEnd))
	case !s.Complete:
		s.Verdict = s.Verdict.And(Inconclusive)
	}
	for i, state := range s.States {
		without := s.without(state)
		switch {
		case state.follows != "":
			s.Verdict = s.Verdict.And(Inconclusive)
		case without != "":
			s.against(Inconclusive, "%s%s%s", without, s.firstReason(state.Name), s.consequences(trialOf(state.Name)))
		case state.Trials == 0:
			s.excuse(i, "no trial of %s with latencies to believe; the budgets rest on its counts", state.Name)
		case state.CountedTrials == 0:
			s.excuse(i, "no trial of %s with counts to believe; the budgets do not rest on them", state.Name)
		}
	}
}

// tellVoid says of which states only a part of the trials is believed: a number over the others is one over what went well.
func (l *ledger) tellVoid(s *Summary) {
	for _, state := range s.States {
		planned, partly, told := len(l.of(state.Name)), voids(0), []string{}
		for i, kind := range []voids{voidsLatencies, voidsCounts} {
			if believed := []int{state.Trials, state.CountedTrials}[i]; believed > 0 && believed < planned {
				partly, told = partly|kind, append(told, fmt.Sprintf("%s rest on %d of %d trials", kind.words()[0], believed, planned))
			}
		}
		warning := fmt.Sprintf("%s: %s; the others are not believed, but what failed in them counts", state.Name, strings.Join(told, ", "))
		switch {
		case len(told) == 0:
		case s.rest(state.Name, reason{voids: partly}):
			s.press("%s", warning)
		default:
			s.Warnings = append(s.Warnings, warning)
		}
	}
}

func (s *Summary) excuse(state int, format string, values ...any) {
	s.States[state].excused = true
	s.Warnings = append(s.Warnings, fmt.Sprintf(format, values...))
}

// needs tells whether the verdict rests on these numbers: on those of the budgets that may fail the run, and on all where
// there is no budget.
func (s *Summary) needs(numbers voids) bool {
	strict := slices.DeleteFunc(slices.Clone(s.Budgets), func(b Budget) bool { return b.Level != "" })
	return len(strict) == 0 || slices.ContainsFunc(strict, func(b Budget) bool { return b.rests()&numbers != 0 })
}

// rests is on which numbers of its trials a budget does.
func (b Budget) rests() voids {
	switch _, latency := quantiles()[b.Metric]; {
	case latency:
		return voidsLatencies
	case seen(b.Metric):
		return voidsErrors
	}
	return voidsCounts
}

func (s *Summary) against(v Verdict, format string, values ...any) {
	s.Verdict = s.Verdict.And(v)
	s.Reasons = append(s.Reasons, fmt.Sprintf(format, values...))
}

func interruption(events []record.Event) string {
	for _, e := range events {
		if e.Kind == record.EventInterrupted {
			return ": " + e.Text
		}
	}
	return ""
}

// correctness is that of all answers on record, whichever trial they belong to.
func (l *ledger) correctness() reading.Correctness {
	var c reading.Correctness
	for i := range l.windows {
		c.Add(reading.CorrectnessOf(&l.windows[i]))
	}
	return c
}
