package judge

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/numeral"
)

// company says what else was on the machine of a run: what kept it from being quiet before the run began, and other runs,
// each with its time beside this one.
func company(events []record.Event) (warnings []string) {
	for _, e := range events {
		switch {
		case e.Kind == record.EventBusy:
			warnings = append(warnings, "the machine was not quiet before the run began: "+e.Text)
		case e.Kind == record.EventBeside && e.Values["present"] > 0:
			warnings = append(warnings, fmt.Sprintf("another run was on this machine: %s; from %s %s of this one",
				e.Text, numeral.ElapsedClock(e.AtSeconds), leftAt(events, e)))
		}
	}
	return warnings
}

// leftAt is when a run that was met had ended.
func leftAt(events []record.Event, met record.Event) string {
	for _, e := range events {
		if e.Kind == record.EventBeside && e.Text == met.Text && e.AtSeconds > met.AtSeconds && e.Values["present"] == 0 {
			return "to " + numeral.ElapsedClock(e.AtSeconds)
		}
	}
	return "to the end"
}
