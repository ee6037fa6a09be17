package judge

import (
	"fmt"
	"math"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// ownChecks is the class of what no stage has.
const ownChecks = "run"

// checks lists everything the run is held to: first itself, then its budgets. The verdict passes if all of them do that
// are not lenient.
func (s *judgement) checks(run *record.Run) []model.Check {
	list := []model.Check{s.verdictCheck(), s.endCheck()}
	for _, state := range s.States {
		list = append(list, s.trialsCheck(run, state))
	}
	list = append(list, s.answerChecks(run)...)
	for _, b := range s.Budgets {
		list = append(list, s.budgetCheck(run, b))
	}
	for _, name := range s.Unjudged {
		list = append(list, model.Check{Class: s.class(ownChecks), Name: name, Skipped: true, Said: "its state was left out of the run"})
	}
	return distinct(pointed(list))
}

// distinct counts the checks of one name, so that no build server takes two for one. A name that is the first of its kind
// stays as it is when another one is added behind it.
func distinct(list []model.Check) []model.Check {
	type identity struct{ class, name string }
	seen := map[identity]bool{}
	for i := range list {
		name := list[i].Name
		for n := 2; seen[identity{list[i].Class, list[i].Name}]; n++ {
			list[i].Name = fmt.Sprintf("%s (%d)", name, n)
		}
		seen[identity{list[i].Class, list[i].Name}] = true
	}
	return list
}

func (s *judgement) class(stage string) string { return s.Scenario + "." + stage }

func (s *judgement) verdictCheck() model.Check {
	return model.Check{Class: s.class(ownChecks), Name: "verdict", Verdict: s.Verdict, Seconds: s.ElapsedSeconds,
		Said: strings.Join(append([]string{s.Verdict.String()}, s.Reasons...), "; ")}
}

// endCheck follows from the budget for whose breach the run was ended.
func (s *judgement) endCheck() model.Check {
	c := endCheck(s.class(ownChecks), s.Complete, s.Provenance)
	if !s.Complete && s.end != c.Name {
		c.Follows = s.end
	}
	return c
}

func endCheck(class string, complete bool, p model.Provenance) model.Check {
	c := model.Check{Class: class, Name: model.ReachesEnd, Verdict: model.Pass, Seconds: p.ElapsedSeconds}
	if !complete {
		c.Verdict, c.Said = model.Inconclusive, "the run did not reach its end"+p.Interruption
	}
	return c
}

// trialsCheck demands a trial to believe of each state, unless no budget rests on what is not believed of it.
func (s *judgement) trialsCheck(run *record.Run, state model.State) model.Check {
	c := model.Check{Class: s.class(ownChecks), Name: trialOf(state.Name), Verdict: model.Pass, Lenient: state.Excused, Follows: state.Follows}
	spans := reading.SpansOf(run.Events)
	for _, t := range s.Validity {
		if t.State != state.Name {
			continue
		}
		c.Seconds += spans.Lasted(t.Trial)
		for _, reason := range t.Reasons {
			c.Notes = append(c.Notes, fmt.Sprintf("trial %d (round %d): %s", t.Trial+1, t.Round+1, reason))
		}
	}
	c.Said = s.without(state)
	switch {
	case state.Excused && state.Trials == 0:
		c.Said = "no trial of " + state.Name + " with latencies to believe"
	case state.Excused:
		c.Said = "no trial of " + state.Name + " with counts to believe"
	}
	if c.Said != "" {
		c.Verdict = model.Inconclusive
	}
	return c
}

// answerChecks are about right and wrong. Without an answer nothing is right.
func (s *judgement) answerChecks(run *record.Run) []model.Check {
	answered := uint64(0)
	for i := range run.Windows {
		answered += run.Windows[i].Completed
	}
	var list []model.Check
	for _, p := range s.Declared.Promises(s.Correctness) {
		list = append(list, s.answerCheck(p))
	}
	for i := range list {
		if list[i].Verdict != model.Fail && answered == 0 {
			list[i].Verdict, list[i].Said, list[i].Follows = model.Inconclusive, "no answer was recorded", s.firstCause()
			if i > 0 && list[i].Follows == "" && list[0].Verdict == model.Inconclusive {
				list[i].Follows = list[0].Name
			}
		}
		list[i].Lenient = list[i].Verdict == model.Inconclusive && s.Verdict == model.Pass
		list[i].Seconds = s.ElapsedSeconds
	}
	return list
}

// firstCause is the check from which it follows that there is nothing.
func (s *judgement) firstCause() string {
	if !s.Complete {
		return s.end
	}
	for _, state := range s.States {
		if s.lost(state) && state.Follows == "" {
			return trialOf(state.Name)
		}
	}
	return ""
}

// answerCheck passes on answers that could have broken it.
func (s *judgement) answerCheck(p reading.Promise) model.Check {
	c := model.Check{Class: s.class(ownChecks), Name: p.Promise, Verdict: model.Pass}
	if evidence := model.EvidenceTold(s.Declared, s.Correctness); evidence != "" {
		c.Notes = append(c.Notes, evidence)
	}
	switch {
	case p.Wrong > 0 && p.Counted:
		c.Notes = append(c.Notes, numeral.Count(p.Wrong)+" "+p.Broken)
	case p.Wrong > 0:
		c.Verdict, c.Said = model.Fail, numeral.Count(p.Wrong)+" "+p.Broken
	case p.Possible == 0:
		c.Verdict, c.Said = model.Inconclusive, "there were no "+p.Tested
	case s.Correctness.Unsaid == 0:
		c.Notes = append(c.Notes, fmt.Sprintf("there were %s %s", numeral.Count(p.Possible), p.Tested))
	}
	return c
}

func (s *judgement) budgetCheck(run *record.Run, b model.Budget) model.Check {
	c := model.Check{Class: s.class(b.Stage), Name: b.Name(), Verdict: b.Verdict, Lenient: b.Lenient(), Line: b.Line, Follows: b.Follows,
		Said: b.Found(), Seconds: math.Max(0, stageSeconds(run.Header, b.Stage)*float64(s.Find(b.State).Trials))}
	if b.ForSeconds > 0 {
		c.Notes = append(c.Notes, "the actual value is the level that was kept for so long at the worst")
	}
	return c
}

func stageSeconds(h record.Header, name string) float64 {
	for _, stage := range h.Stages {
		if stage.Name == name {
			return stage.EndSeconds - stage.BeginSeconds
		}
	}
	return 0
}
