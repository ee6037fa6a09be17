package reports

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// judge comes to the verdict and says why it is not a pass. It is the last step: everything else is already known.
func (s *Summary) judge(run *record.Run) {
	s.Verdict = Pass
	s.judgeAnswers()
	s.judgeRun(run)
	for _, b := range s.Budgets {
		told := fmt.Sprintf("budget %s: %s", b.name(), b.Reason)
		switch {
		case b.Level == scenarios.LevelWarn && b.Verdict != Pass:
			s.Warnings = append(s.Warnings, told)
		case b.Level == scenarios.LevelWarn:
		case b.Verdict != Pass:
			s.against(b.Verdict, "%s", told)
		}
	}
}

// judgeAnswers fails a run whose numbers rest on wrong answers, budget or not.
func (s *Summary) judgeAnswers() {
	if s.Correctness.WrongUser > 0 {
		s.against(Fail, "%s answers named the wrong user", count(s.Correctness.WrongUser))
	}
	if s.Correctness.RejectedValid > 0 {
		s.against(Fail, "%s acknowledged tokens were rejected", count(s.Correctness.RejectedValid))
	}
}

func (s *Summary) judgeRun(run *record.Run) {
	if !s.Complete {
		s.against(Inconclusive, "the run did not reach its end%s", interruption(run.Events))
	}
	for _, state := range s.States {
		switch {
		case state.Trials == 0:
			s.against(Inconclusive, "no valid trial of %s", state.Name)
		case state.N == 0:
			s.against(Inconclusive, "no hit was due in %s at stage %s", state.Name, s.HeadlineStage)
		}
	}
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

func (l *ledger) correctness() Correctness {
	var c Correctness
	for _, t := range l.trials {
		c.add(t.wrongAnswers())
	}
	return c
}
