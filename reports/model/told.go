package model

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// AnswersTold says how many answers were wrong, of how many that could have been, and how much of what was acknowledged was held
// against the system.
func AnswersTold(d reading.Declared, c reading.Correctness) string {
	var parts []string
	for _, check := range d.Checks {
		n := numeral.Count(c.Of(check.Name))
		if !d.Early(c) {
			n += " of " + numeral.Count(c.Of(check.Chances))
		}
		parts = append(parts, n+" "+check.Short)
	}
	told := "answers: " + cmp.Or(strings.Join(parts, ", "), "nothing is checked of them")
	if evidence := EvidenceTold(d, c); evidence != "" {
		told += "; " + evidence
	}
	return told
}

// EvidenceTold is how much of what the system acknowledged was tested; empty of a system that acknowledges nothing.
func EvidenceTold(d reading.Declared, c reading.Correctness) string {
	switch {
	case !d.Acknowledges():
		return ""
	case d.Early(c):
		return numeral.Count(c.Rechecked) + " rechecked"
	case c.Acknowledged == 0:
		return d.Acknowledged.None
	}
	return fmt.Sprintf("%s of %s %s rechecked", numeral.Count(c.FirstRechecks), numeral.Count(c.Acknowledged), d.Acknowledged.Called)
}
