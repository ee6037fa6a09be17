package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// check is one thing that a run is held to, as build servers count them: a budget, or a condition of the run itself.
type check struct {
	// class is the scenario and the stage, or what of the run it is about; name is unique and the same in every run.
	class, name string
	verdict     Verdict
	// lenient tells that the verdict of the run does not depend on it.
	lenient bool
	// skipped tells that it was not measured, as asked, or follows from another one.
	skipped bool
	// follows is the name of the check whose trouble this is one of the consequences of.
	follows string
	// said is what was found, in a sentence.
	said string
	// notes are what else there is to know.
	notes []string
	// seconds is how long it was measured.
	seconds float64
	// line is that of the scenario; 0 is none.
	line int
}

// troubled tells whether there is something to do about it.
func (c check) troubled() bool { return c.verdict != Pass && !c.skipped }

// ownChecks is the class of what no stage has.
const ownChecks = "run"

// checks lists everything the run is held to: first itself, then its budgets. The verdict passes if all of them do that
// are not lenient.
func checks(run *record.Run, s *Summary) []check {
	list := []check{s.verdictCheck(run), s.endCheck(run)}
	for _, state := range s.States {
		list = append(list, s.trialsCheck(run, state))
	}
	list = append(list, s.answerChecks(run)...)
	for _, b := range s.Budgets {
		list = append(list, s.budgetCheck(run, b))
	}
	for _, name := range s.Unjudged {
		list = append(list, check{class: s.class(ownChecks), name: name, skipped: true, said: "its state was left out of the run"})
	}
	return distinct(pointed(list))
}

// distinct counts the checks of one name, so that no build server takes two for one. A name that is the first of its kind
// stays as it is when another one is added behind it.
func distinct(list []check) []check {
	type identity struct{ class, name string }
	seen := map[identity]bool{}
	for i := range list {
		name := list[i].name
		for n := 2; seen[identity{list[i].class, list[i].name}]; n++ {
			list[i].name = fmt.Sprintf("%s (%d)", name, n)
		}
		seen[identity{list[i].class, list[i].name}] = true
	}
	return list
}

func (s *Summary) class(stage string) string { return s.Scenario + "." + stage }

func (s *Summary) verdictCheck(run *record.Run) check {
	return check{class: s.class(ownChecks), name: "verdict", verdict: s.Verdict, seconds: elapsed(run),
		said: strings.Join(append([]string{s.Verdict.String()}, s.Reasons...), "; "), notes: slices.Concat([]string{s.Sentence()}, s.Warnings)}
}

// elapsed is how long the run took, as far as it was recorded.
func elapsed(run *record.Run) (seconds float64) {
	for _, e := range run.Events {
		seconds = max(seconds, e.AtSeconds)
	}
	return seconds
}

// endCheck follows from the budget for whose breach the run was ended.
func (s *Summary) endCheck(run *record.Run) check {
	c := endCheck(s.class(ownChecks), s.Complete, run)
	if !s.Complete && s.end != c.name {
		c.follows = s.end
	}
	return c
}

func endCheck(class string, complete bool, run *record.Run) check {
	c := check{class: class, name: reachesEnd, verdict: Pass, seconds: elapsed(run)}
	if !complete {
		c.verdict, c.said = Inconclusive, "the run did not reach its end"+interruption(run.Events)
	}
	return c
}

// trialsCheck demands a trial to believe of each state, unless no budget rests on what is not believed of it.
func (s *Summary) trialsCheck(run *record.Run, state State) check {
	c := check{class: s.class(ownChecks), name: trialOf(state.Name), verdict: Pass, lenient: state.excused, follows: state.follows}
	spans := reading.SpansOf(run.Events)
	for _, t := range s.Validity {
		if t.State != state.Name {
			continue
		}
		c.seconds += spans.Lasted(t.Trial)
		for _, reason := range t.Reasons {
			c.notes = append(c.notes, fmt.Sprintf("trial %d (round %d): %s", t.Trial+1, t.Round+1, reason))
		}
	}
	c.said = s.without(state)
	switch {
	case state.excused && state.Trials == 0:
		c.said = "no trial of " + state.Name + " with latencies to believe"
	case state.excused:
		c.said = "no trial of " + state.Name + " with counts to believe"
	}
	if c.said != "" {
		c.verdict = Inconclusive
	}
	return c
}

// answerChecks are about right and wrong. Without an answer nothing is right.
func (s *Summary) answerChecks(run *record.Run) []check {
	answered := uint64(0)
	for i := range run.Windows {
		answered += run.Windows[i].Completed
	}
	var list []check
	for _, p := range s.Correctness.Promises() {
		list = append(list, s.answerCheck(p))
	}
	for i := range list {
		if list[i].verdict != Fail && answered == 0 {
			list[i].verdict, list[i].said, list[i].follows = Inconclusive, "no answer was recorded", s.firstCause()
			if i > 0 && list[i].follows == "" && list[0].verdict == Inconclusive {
				list[i].follows = list[0].name
			}
		}
		list[i].lenient = list[i].verdict == Inconclusive && s.Verdict == Pass
		list[i].seconds = elapsed(run)
	}
	return list
}

// firstCause is the check from which it follows that there is nothing.
func (s *Summary) firstCause() string {
	if !s.Complete {
		return s.end
	}
	for _, state := range s.States {
		if s.lost(state) && state.follows == "" {
			return trialOf(state.Name)
		}
	}
	return ""
}

// answerCheck passes on answers that could have broken it.
func (s *Summary) answerCheck(p reading.Promise) check {
	c := check{class: s.class(ownChecks), name: p.Name, verdict: Pass, notes: []string{evidenceTold(s.Correctness)}}
	switch {
	case p.Wrong > 0:
		c.verdict, c.said = Fail, count(p.Wrong)+" "+p.Broken
	case p.Chances == 0:
		c.verdict, c.said = Inconclusive, "there were no "+p.Called
	case s.Correctness.Unsaid == 0:
		c.notes = append(c.notes, fmt.Sprintf("there were %s %s", count(p.Chances), p.Called))
	}
	return c
}

func (s *Summary) budgetCheck(run *record.Run, b Budget) check {
	c := check{class: s.class(b.Stage), name: b.name(), verdict: b.Verdict, lenient: b.lenient(), line: b.Line, follows: b.follows,
		said: b.found(), seconds: math.Max(0, stageSeconds(run.Header, b.Stage)*float64(s.find(b.State).Trials))}
	if b.ForSeconds > 0 {
		c.notes = append(c.notes, "the actual value is the level that was kept for so long at the worst")
	}
	return c
}

// found says what was measured, and why that is the verdict.
func (b Budget) found() string {
	if !b.Actual.Known() {
		return b.Reason
	}
	return fmt.Sprintf("%s %s, limit %s %s: %s", b.Metric, b.text(b.Actual), b.Bound, b.limit(), b.Reason)
}

// excess is by which factor, as a logarithm, a number is outside of the limit, and less than zero inside of it. Where there
// is no factor, as with a count that may not be at all, the difference is beyond any.
func (b Budget) excess() float64 {
	actual, limit, side := float64(b.Actual), float64(b.Limit), 1.0
	if !b.upper() {
		side = -1
	}
	switch {
	case !b.Actual.Known():
		return 0
	case actual <= 0 || limit <= 0:
		return side * (actual - limit) * 1e6
	}
	return side * math.Log(actual/limit)
}

func stageSeconds(h record.Header, name string) float64 {
	for _, stage := range h.Stages {
		if stage.Name == name {
			return stage.EndSeconds - stage.BeginSeconds
		}
	}
	return 0
}

// ranking is budgets by how much they matter: what decides the verdict, breaches before doubts, the largest excess first.
func ranking(budgets []Budget) []Budget {
	budgets = slices.Clone(budgets)
	slices.SortStableFunc(budgets, func(a, b Budget) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(b.excess(), a.excess()))
	})
	return budgets
}

func (b Budget) rank() int {
	lenient := b.lenient()
	switch {
	case b.Verdict == Pass:
		return 4
	case lenient && b.Verdict == Inconclusive:
		return 3
	case lenient:
		return 2
	case b.Verdict == Inconclusive:
		return 1
	}
	return 0
}
