package reports

import (
	"fmt"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// judge comes to the verdict and says why it is not a pass. It is the last step: everything else is already known.
func (l *ledger) judge(s *Summary, run *record.Run) {
	s.Verdict = Pass
	s.judgeAnswers()
	l.judgeRun(s, run)
	for _, b := range s.Budgets {
		switch {
		case b.Level == scenarios.LevelWarn && b.Verdict != Pass:
			s.Warnings = append(s.Warnings, b.told())
		case b.Level == scenarios.LevelWarn:
		case b.Verdict != Pass:
			s.against(b.Verdict, "%s", b.told())
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
	for _, why := range s.wrongAnswers() {
		s.against(Fail, "%s", why)
	}
}

// wrongAnswers tells of those that no number makes up for.
func (s *Summary) wrongAnswers() []string { return s.Correctness.promisesBroken() }

// promisesBroken says, kind by kind, which answers were wrong.
func (c Correctness) promisesBroken() (told []string) {
	for _, wrong := range []struct {
		n    uint64
		what string
	}{
		{c.WrongUser, "answers named the wrong user"}, {c.RejectedValid, "acknowledged tokens were rejected"},
		{c.AcceptedRevoked, "revoked tokens were accepted too late"},
	} {
		if wrong.n > 0 {
			told = append(told, count(wrong.n)+" "+wrong.what)
		}
	}
	return told
}

func (l *ledger) judgeRun(s *Summary, run *record.Run) {
	if !s.Complete {
		s.against(Inconclusive, "the run did not reach its end%s", interruption(run.Events))
	}
	for i, state := range s.States {
		switch {
		case state.Trials == 0 && state.CountedTrials == 0:
			s.against(Inconclusive, "no valid trial of %s", state.Name)
		case state.Trials == 0 && s.needs(voidsLatencies):
			s.against(Inconclusive, "no trial of %s with latencies to believe", state.Name)
		case state.CountedTrials == 0 && s.needs(voidsCounts):
			s.against(Inconclusive, "no trial of %s with counts to believe", state.Name)
		case state.Trials == 0:
			s.excuse(i, "no trial of %s with latencies to believe; the budgets rest on its counts", state.Name)
		case state.CountedTrials == 0:
			s.excuse(i, "no trial of %s with counts to believe; the budgets do not rest on them", state.Name)
		case state.N == 0:
			s.against(Inconclusive, "no hit was due in %s at stage %s", state.Name, s.HeadlineStage)
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
	strict := slices.DeleteFunc(slices.Clone(s.Budgets), func(b Budget) bool { return b.Level == scenarios.LevelWarn })
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
func (l *ledger) correctness() Correctness {
	var c Correctness
	for i := range l.windows {
		c.add(windowHits(l.windows[i]).wrong)
	}
	return c
}
