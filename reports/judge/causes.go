package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// A run that broke off has no valid trial of any state and no budget that could be judged. All of that is one trouble, and it
// is told once: what follows from another trouble points to it, everywhere.

// trialOf is the check of the trials of a state.
func trialOf(state string) string { return "a trial of " + state + " is valid" }

// trace finds out which troubles follow from which check.
func (s *judgement) trace() {
	if at := slices.IndexFunc(s.Budgets, func(b model.Budget) bool { return b.Abort && b.Verdict == model.Fail }); at >= 0 && s.ledger.aborted() {
		s.end = s.Budgets[at].Name()
	}
	for i := range s.States {
		s.States[i].Follows = s.stateFollows(i)
	}
	for i, b := range s.Budgets {
		if b.Verdict == model.Inconclusive {
			s.Budgets[i].Follows = s.budgetFollows(b)
		}
	}
}

// aborted tells whether the run was ended for the breach of a budget.
func (l *Ledger) aborted() bool {
	return slices.ContainsFunc(l.trials, func(t *trial) bool { return t.Aborted })
}

// lost tells whether there is nothing to judge of a state.
func (s *judgement) lost(state model.State) bool { return s.without(state) != "" }

// without says what there is not of a state, and has to be for the verdict; empty if nothing is missing.
func (s *judgement) without(state model.State) string {
	switch {
	case state.Trials == 0 && state.CountedTrials == 0:
		return "no valid trial of " + state.Name
	case state.Trials == 0 && s.needs(voidsLatencies):
		return "no trial of " + state.Name + " with latencies to believe"
	case state.CountedTrials == 0 && s.needs(voidsCounts):
		return "no trial of " + state.Name + " with counts to believe"
	case state.Trials > 0 && state.CountedTrials > 0 && state.N == 0:
		return fmt.Sprintf("no hit was due in %s at stage %s", state.Name, s.HeadlineStage)
	}
	return ""
}

// stateFollows is what a lost state follows from: the end of the run, or a state lost before for reasons of the same kinds.
func (s *judgement) stateFollows(at int) string {
	state := s.States[at]
	switch {
	case !s.lost(state):
		return ""
	case !s.Complete && s.ledger.unfinished(state.Name) != "":
		return s.end
	}
	kinds := s.ledger.kinds(state.Name)
	for _, before := range s.States[:at] {
		if s.lost(before) && before.Follows == "" && len(kinds) > 0 && slices.Equal(s.ledger.kinds(before.Name), kinds) {
			return trialOf(before.Name)
		}
	}
	return ""
}

// budgetFollows is what an undecided budget follows from: that the run did not reach its end, where it had to measure more of
// a state, or that a state is lost.
func (s *judgement) budgetFollows(b model.Budget) string {
	for _, name := range b.States() {
		state, none := s.Find(name), len(s.ledger.trialsFor(b.Metric, name)) == 0 || seen(b.Metric) && s.ledger.miscounted(name) != ""
		switch {
		case !slices.Contains(s.ledger.header.States, name):
			return ""
		case !s.Complete && s.ledger.unfinished(name) != "" && (none || b.Of != scenarios.Saved):
			return s.end
		case none && s.lost(state) && state.Follows != "":
			return state.Follows
		case none && s.lost(state):
			return trialOf(name)
		}
	}
	return ""
}

// kinds are what there is against the trials of a state.
func (l *Ledger) kinds(state string) (kinds []model.Kind) {
	for _, t := range l.of(state) {
		for _, r := range t.reasons {
			kinds = append(kinds, r.Kind)
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// firstReason is what there is against the first trial of a state, in brackets.
func (s *judgement) firstReason(state string) string {
	for _, t := range s.Validity {
		if t.State == state && len(t.Reasons) > 0 {
			return fmt.Sprintf(" (trial %d: %s)", t.Trial+1, t.Reasons[0])
		}
	}
	return ""
}

// consequences say what follows from a check, after what is said of it.
func (s *judgement) consequences(name string) string {
	var states []string
	for _, state := range s.States {
		if state.Follows == name {
			states = append(states, state.Name)
		}
	}
	undecided := 0
	for _, b := range s.Budgets {
		if b.Follows == name && !b.Lenient() {
			undecided++
		}
	}
	told := ""
	if len(states) > 0 {
		told = "; nor is there a valid trial of " + strings.Join(numeral.Limited(states, 3), ", ")
	}
	if undecided > 0 {
		told += fmt.Sprintf("; that leaves %s undecided", numeral.Plural(undecided, "budget"))
	}
	return told
}

// pointed makes checks that follow from another one skip, and point to it. The verdict follows from any check that says the
// same.
func pointed(list []model.Check) []model.Check {
	at := map[string]int{}
	for i := range list {
		if _, twice := at[list[i].Name]; !twice {
			at[list[i].Name] = i
		}
	}
	var own []model.Check
	for _, c := range list[1:] {
		if c.Follows == "" && c.Troubled() && !c.Lenient {
			own = append(own, c)
		}
	}
	if same := slices.IndexFunc(own, func(c model.Check) bool { return c.Verdict == list[0].Verdict }); same >= 0 {
		list[0].Follows = own[same].Name
	}
	for i, c := range list {
		if cause, known := at[c.Follows]; known && cause != i {
			list[i].Skipped = true
			list[i].Said = strings.TrimPrefix(fmt.Sprintf("%s; see %s", c.Said, list[cause].Name), "; ")
			if i > 0 {
				list[i].Said += ": " + list[cause].Said
			}
		}
	}
	return list
}
