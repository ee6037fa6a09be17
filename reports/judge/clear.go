package judge

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Undecided lists what more rounds could still decide: budgets that the interval of a latency touches, and phases whose
// effect on p95 is neither told from none nor known to within the precision, a fraction: 0.1 is from one eleventh less to
// one tenth more. Too few rounds decide nothing.
func Undecided(s *model.Summary, precision float64) []string {
	list := []string{}
	for _, b := range s.Budgets {
		if b.Verdict == model.Inconclusive && b.Level != scenarios.LevelWarn {
			list = append(list, "budget "+b.Name()+": "+b.Reason)
		}
	}
	for _, phase := range s.Compared() {
		e := phase.P95Ratio
		switch {
		case e.Verdict != model.Unclear:
		case !e.Lo.Known() || !e.Hi.Known():
			list = append(list, fmt.Sprintf("%s: the effect on p95 has no interval over %s", phase.Name, numeral.Rounds(e.Rounds)))
		case float64(e.Hi) > float64(e.Value)*(1+precision):
			list = append(list, fmt.Sprintf("%s: p95 changes by %s to %s", phase.Name, numeral.Change(e.Lo), numeral.Change(e.Hi)))
		}
	}
	return list
}
