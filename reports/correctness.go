package reports

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// answersTold says how many answers were wrong, of how many that could have been, and how much of what was acknowledged was held
// against the system.
func answersTold(d reading.Declared, c reading.Correctness) string {
	var parts []string
	for _, check := range d.Checks {
		n := count(c.Of(check.Name))
		if !d.Early(c) {
			n += " of " + count(c.Of(check.Chances))
		}
		parts = append(parts, n+" "+check.Short)
	}
	told := "answers: " + cmp.Or(strings.Join(parts, ", "), "nothing is checked of them")
	if evidence := evidenceTold(d, c); evidence != "" {
		told += "; " + evidence
	}
	return told
}

// evidenceTold is how much of what the system acknowledged was tested; empty of a system that acknowledges nothing.
func evidenceTold(d reading.Declared, c reading.Correctness) string {
	switch {
	case d.Acknowledged == (record.Acknowledged{}):
		return ""
	case d.Early(c):
		return count(c.Rechecked) + " rechecked"
	case c.Acknowledged == 0:
		return d.Acknowledged.None
	}
	return fmt.Sprintf("%s of %s %s rechecked", count(c.FirstRechecks), count(c.Acknowledged), d.Acknowledged.Called)
}

// promisesBroken says, kind by kind, which answers were wrong that fail a run.
func promisesBroken(d reading.Declared, c reading.Correctness) (told []string) {
	for _, p := range d.Promises(c) {
		if p.Wrong > 0 && !p.Counted {
			told = append(told, count(p.Wrong)+" "+p.Broken)
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

// checkTitles are the columns of counts of wrong answers, each behind a mark.
func checkTitles(d reading.Declared, mark string) (titles []string) {
	for _, check := range d.Checks {
		titles = append(titles, mark+check.Title)
	}
	return titles
}

// checkCounts are the cells below them.
func checkCounts(d reading.Declared, c reading.Correctness) (cells []any) {
	for _, check := range d.Checks {
		cells = append(cells, count(c.Of(check.Name)))
	}
	return cells
}

// isCheck tells whether a metric counts wrong answers.
func (l *Ledger) isCheck(metric string) bool {
	_, is := l.declared.Check(metric)
	return is
}

// tooFewChances says what is missing of the answers that could have broken a check, in one of the states it is about.
func (l *Ledger) tooFewChances(b Budget, state string) string {
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
	if alone := b.alone(); alone != "" {
		of = " of " + alone
	}
	if n == 0 {
		return fmt.Sprintf("no answer%s %s could have broken it: there were no %s", of, where, called)
	}
	return fmt.Sprintf("%s %s%s %s are fewer than %s", count(n), called, of, where, count(b.Least))
}

// qualified adds to a budget on a check that passes what its record leaves open.
func (l *Ledger) qualified(b Budget) Budget {
	var c reading.Correctness
	for _, t := range l.trialsFor(b.Metric, b.State) {
		c.Add(t.hits(b.Key).Wrong)
	}
	if b.Verdict == Pass && c.Unsaid > 0 {
		b.Reason += fmt.Sprintf("; early record: %s rechecked", count(c.Unsaid))
	}
	return b
}
