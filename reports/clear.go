package reports

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// Undecided lists what more rounds could still decide: budgets that the interval of a latency touches, and phases whose
// effect on p95 is neither told from none nor known to within the precision, a fraction: 0.1 is from one eleventh less to
// one tenth more. Too few rounds decide nothing.
func (s *Summary) Undecided(precision float64) []string {
	list := []string{}
	for _, b := range s.Budgets {
		if b.Verdict == Inconclusive && b.Level != scenarios.LevelWarn {
			list = append(list, "budget "+b.name()+": "+b.Reason)
		}
	}
	for _, phase := range s.compared() {
		e := phase.P95Ratio
		switch {
		case e.Verdict != Unclear:
		case !e.Lo.Known() || !e.Hi.Known():
			list = append(list, fmt.Sprintf("%s: the effect on p95 has no interval over %s", phase.Name, rounds(e.Rounds)))
		case float64(e.Hi) > float64(e.Value)*(1+precision):
			list = append(list, fmt.Sprintf("%s: p95 changes by %s to %s", phase.Name, change(e.Lo), change(e.Hi)))
		}
	}
	return list
}
