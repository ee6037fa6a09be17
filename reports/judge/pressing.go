package judge

import (
	"fmt"
	"slices"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
)

// pressed are the trials with a doubt about numbers that budgets rest on, by index.
func (s *judgement) pressed() map[int]bool {
	doubted := map[int]bool{}
	for _, state := range s.States {
		for _, t := range s.ledger.of(state.Name) {
			doubted[t.Index] = slices.ContainsFunc(t.doubts, func(d reason) bool { return !t.void(d.voids) && s.rest(state.Name, d) })
		}
	}
	return doubted
}

// pressing are such doubts, one for each state.
func (s *judgement) pressing() (list []string) {
	for _, state := range s.States {
		told := s.TrialsWith(func(c model.TrialCheck) []string {
			if c.State != state.Name || !s.doubted[c.Trial] {
				return nil
			}
			return c.Doubts
		})
		switch more := len(told) - 1; {
		case more > 0:
			list = append(list, told[0]+fmt.Sprintf("; and in %s of %s", numeral.Plural(more, "other trial"), state.Name))
		case more == 0:
			list = append(list, told[0])
		}
	}
	return list
}

// press adds a warning about what budgets rest on, and about no trial alone.
func (s *judgement) press(format string, values ...any) {
	warning := fmt.Sprintf(format, values...)
	s.Warn(model.AboutGround, warning)
	s.Pressing = append(s.Pressing, warning)
}

// rest tells whether budgets rest on what a doubt about a state is about.
func (s *judgement) rest(state string, d reason) bool {
	return slices.ContainsFunc(s.Budgets, func(b model.Budget) bool { return slices.Contains(b.States(), state) && d.about(b) })
}
