package judge

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// promisesBroken says, kind by kind, which answers were wrong that fail a run.
func promisesBroken(d reading.Declared, c reading.Correctness) (told []string) {
	for _, p := range d.Promises(c) {
		if p.Wrong > 0 && !p.Counted {
			told = append(told, numeral.Count(p.Wrong)+" "+p.Broken)
		}
	}
	return told
}

// untested says of which check no answer could have told that it is broken, though the system acknowledged something.
func untested(d reading.Declared, c reading.Correctness) (told []string) {
	if d.Early(c) || c.Acknowledged == 0 {
		return nil
	}
	for _, check := range d.Checks {
		if check.Untested != "" && c.Of(check.Chances) == 0 {
			told = append(told, check.Untested)
		}
	}
	return told
}

// isCheck tells whether a metric counts wrong answers.
func (l *Ledger) isCheck(metric string) bool {
	_, is := l.declared.Check(metric)
	return is
}

// tooFewChances says what is missing of the answers that could have broken a check, in one of the states it is about.
func (l *Ledger) tooFewChances(b model.Budget, state string) string {
	var c reading.Correctness
	for _, t := range l.trialsFor(b.Metric, state) {
		c.Add(t.hits(b.Key).Wrong)
	}
	check, _ := l.declared.Check(b.Metric)
	n, called := c.Of(check.Chances)+c.Unsaid, check.Tested
	if n > 0 && n >= b.Least {
		return ""
	}
	of, where := "", fmt.Sprintf("in %s at stage %s", state, b.Stage)
	if alone := b.Alone(); alone != "" {
		of = " of " + alone
	}
	if n == 0 {
		return fmt.Sprintf("no answer%s %s could have broken it: there were no %s", of, where, called)
	}
	return fmt.Sprintf("%s %s%s %s are fewer than %s", numeral.Count(n), called, of, where, numeral.Count(b.Least))
}

// qualified adds to a budget on a check that passes what its record leaves open.
func (l *Ledger) qualified(b model.Budget) model.Budget {
	var c reading.Correctness
	for _, t := range l.trialsFor(b.Metric, b.State) {
		c.Add(t.hits(b.Key).Wrong)
	}
	if b.Verdict == model.Pass && c.Unsaid > 0 {
		b.Reason += fmt.Sprintf("; early record: %s rechecked", numeral.Count(c.Unsaid))
	}
	return b
}
