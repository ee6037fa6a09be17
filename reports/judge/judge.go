package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// judgement is a summary on its way to a verdict, with what it is found in.
type judgement struct {
	*model.Summary
	ledger *Ledger
	// end is the check that says why the run did not reach its end.
	end string
	// doubted are the trials with a doubt about numbers that budgets rest on, by index.
	doubted map[int]bool
}

// doubt warns of what the numbers rest on: the company that the run had, and what is doubted of its trials.
func (s *judgement) doubt(run *record.Run) {
	about := model.AboutRun
	if latencies := func(b model.Budget) bool { return rests(b) == voidsLatencies }; slices.ContainsFunc(s.Budgets, latencies) {
		about = model.AboutGround
		s.Pressing = company(run.Events)
	}
	s.Warn(about, company(run.Events)...)
	s.doubted = s.pressed()
	for _, t := range s.Doubted() {
		about := model.AboutRun
		if s.doubted[t.Trial] {
			about = model.AboutGround
		}
		s.Warn(about, t.Name()+": "+strings.Join(t.Doubts, "; "))
	}
}

// judge comes to the verdict and says why it is not a pass. It is the last step: everything else is already known.
func (s *judgement) judge(run *record.Run) {
	s.Verdict = model.Pass
	s.trace()
	s.judgeAnswers()
	s.judgeAnswered()
	s.judgeRun()
	s.tellVoid()
	s.Pressing = append(s.Pressing, s.pressing()...)
	for _, b := range s.Budgets {
		told := toldOf(b)
		if !s.Complete && s.end == b.Name() {
			told += ", and the run was ended for it" + s.consequences(s.end)
		}
		switch {
		case b.Lenient() && b.Verdict != model.Pass && b.Follows == "":
			about := model.AboutRun
			if b.Verdict == model.Fail {
				about = model.AboutBudget
			}
			s.Warn(about, told)
		case b.Lenient():
		case b.Follows != "":
			s.Verdict = s.Verdict.And(b.Verdict)
		case b.Verdict != model.Pass:
			s.Against(b.Verdict, model.AboutBudget, "%s", told)
		}
	}
}

// toldOf is what is said of a budget among the reasons and warnings: the number as well, where there is one.
func toldOf(b model.Budget) string {
	if !b.Actual.Known() {
		return fmt.Sprintf("budget %s: %s", b.Name(), b.Reason)
	}
	return fmt.Sprintf("budget %s: it is %s; %s", b.Name(), b.Text(b.Actual), b.Reason)
}

// judgeAnswers fails a run whose numbers rest on wrong answers, budget or not.
func (s *judgement) judgeAnswers() {
	for _, why := range promisesBroken(s.Declared, s.Correctness) {
		s.Against(model.Fail, model.AboutRun, "%s", why)
	}
	s.Warn(model.AboutRun, untested(s.Declared, s.Correctness)...)
}

func (s *judgement) judgeRun() {
	switch {
	case !s.Complete && s.end == model.ReachesEnd:
		s.Against(model.Inconclusive, model.AboutRun, "the run did not reach its end%s%s", s.Interruption, s.consequences(model.ReachesEnd))
	case !s.Complete:
		s.Verdict = s.Verdict.And(model.Inconclusive)
	}
	for i, state := range s.States {
		without := s.without(state)
		switch {
		case state.Follows != "":
			s.Verdict = s.Verdict.And(model.Inconclusive)
		case without != "":
			s.Against(model.Inconclusive, model.AboutRun, "%s%s%s", without, s.firstReason(state.Name), s.consequences(trialOf(state.Name)))
		case state.Trials == 0:
			s.excuse(i, "no trial of %s with latencies to believe; the budgets rest on its counts", state.Name)
		case state.CountedTrials == 0:
			s.excuse(i, "no trial of %s with counts to believe; the budgets do not rest on them", state.Name)
		}
	}
}

// tellVoid says of which states only a part of the trials is believed: a number over the others is one over what went well.
func (s *judgement) tellVoid() {
	for _, state := range s.States {
		planned, partly, told := len(s.ledger.of(state.Name)), voids(0), []string{}
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
			s.Warn(model.AboutRun, warning)
		}
	}
}

func (s *judgement) excuse(state int, format string, values ...any) {
	s.States[state].Excused = true
	s.Warn(model.AboutRun, fmt.Sprintf(format, values...))
}

// needs tells whether the verdict rests on these numbers: on those of the budgets that may fail the run, and on all where
// there is no budget.
func (s *judgement) needs(numbers voids) bool {
	strict := slices.DeleteFunc(slices.Clone(s.Budgets), func(b model.Budget) bool { return b.Level != "" })
	return len(strict) == 0 || slices.ContainsFunc(strict, func(b model.Budget) bool { return rests(b)&numbers != 0 })
}

// rests is on which numbers of its trials a budget does.
func rests(b model.Budget) voids {
	switch _, latency := model.Quantiles()[b.Metric]; {
	case latency:
		return voidsLatencies
	case seen(b.Metric):
		return voidsErrors
	}
	return voidsCounts
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
func (l *Ledger) correctness() reading.Correctness {
	var c reading.Correctness
	for i := range l.windows {
		c.Add(l.declared.Correctness(&l.windows[i]))
	}
	return l.declared.Ordered(c)
}
