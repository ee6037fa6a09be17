package reports

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/reports/reading"
)

// answersTold says how many answers were wrong, of how many that could have been, and how much of what was acknowledged was held
// against the system.
func answersTold(c reading.Correctness) string {
	of := func(n, chances uint64) string {
		if c.Early() {
			return count(n)
		}
		return count(n) + " of " + count(chances)
	}
	return fmt.Sprintf("answers: %s wrong user, %s valid tokens rejected, %s revoked tokens accepted late; %s",
		of(c.WrongUser, c.Named), of(c.RejectedValid, c.PresentedValid), of(c.AcceptedRevoked, c.PresentedRevoked), evidenceTold(c))
}

// evidenceTold is how much of what the system acknowledged was tested.
func evidenceTold(c reading.Correctness) string {
	switch {
	case c.Early():
		return count(c.Rechecked) + " rechecked"
	case c.Acknowledged == 0:
		return "no token was issued or revoked"
	}
	return fmt.Sprintf("%s of %s tokens issued or revoked rechecked", count(c.FirstRechecks), count(c.Acknowledged))
}

// promisesBroken says, kind by kind, which answers were wrong.
func promisesBroken(c reading.Correctness) (told []string) {
	for _, p := range c.Promises() {
		if p.Wrong > 0 {
			told = append(told, count(p.Wrong)+" "+p.Broken)
		}
	}
	return told
}

// untested says of which check no answer could have told that it is broken, though the system acknowledged something.
func untested(c reading.Correctness) []string {
	if c.Early() || c.Acknowledged == 0 || c.PresentedRevoked > 0 {
		return nil
	}
	return []string{"no revoked token was presented again, so whether one is accepted too late is not known; longer stages, or a mix with logouts, would tell"}
}

// isCheck tells whether a metric counts wrong answers.
func isCheck(metric string) bool {
	_, called := reading.Correctness{}.Chances(metric)
	return called != ""
}

// tooFewChances says what is missing of the answers that could have broken a check, in one of the states it is about.
func (l *Ledger) tooFewChances(b Budget, state string) string {
	var c reading.Correctness
	for _, t := range l.trialsFor(b.Metric, state) {
		c.Add(t.hits(b.Key).Wrong)
	}
	n, called := c.Chances(b.Metric)
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
