package reports

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// The checks by their names in the language, each broken by one kind of wrong answer.
const (
	wrongUser       = "wrong_user"
	rejectedValid   = "rejected_valid"
	acceptedRevoked = "accepted_revoked"
)

func correctnessOf(w record.Window) Correctness {
	c := Correctness{WrongUser: w.WrongUser, RejectedValid: w.RejectedValid, AcceptedRevoked: w.AcceptedRevoked,
		Named: w.Named, PresentedValid: w.PresentedValid, PresentedRevoked: w.PresentedRevoked,
		Rechecked: w.Rechecked, Acknowledged: w.Acknowledged, FirstRechecks: w.FirstRechecks}
	// Every answer that is judged could have been one of the three.
	if c.early() {
		c.unsaid = c.Rechecked
	}
	return c
}

func (c *Correctness) add(o Correctness) {
	c.WrongUser += o.WrongUser
	c.RejectedValid += o.RejectedValid
	c.AcceptedRevoked += o.AcceptedRevoked
	c.Named += o.Named
	c.PresentedValid += o.PresentedValid
	c.PresentedRevoked += o.PresentedRevoked
	c.Rechecked += o.Rechecked
	c.Acknowledged += o.Acknowledged
	c.FirstRechecks += o.FirstRechecks
	c.unsaid += o.unsaid
}

// into adds the counts of answers under their names in the language.
func (c Correctness) into(m map[string]Number) {
	m[wrongUser], m[rejectedValid] = Number(c.WrongUser), Number(c.RejectedValid)
	m[acceptedRevoked], m["rechecked"] = Number(c.AcceptedRevoked), Number(c.Rechecked)
}

// told says how many answers were wrong, of how many that could have been, and how much of what was acknowledged was held
// against the system.
func (c Correctness) told() string {
	of := func(n, chances uint64) string {
		if c.early() {
			return count(n)
		}
		return count(n) + " of " + count(chances)
	}
	return fmt.Sprintf("answers: %s wrong user, %s valid tokens rejected, %s revoked tokens accepted late; %s",
		of(c.WrongUser, c.Named), of(c.RejectedValid, c.PresentedValid), of(c.AcceptedRevoked, c.PresentedRevoked), c.evidence())
}

// early tells that the record counts no chances.
func (c Correctness) early() bool { return c.Named+c.PresentedValid+c.PresentedRevoked == 0 }

// evidence is how much of what the system acknowledged was tested.
func (c Correctness) evidence() string {
	switch {
	case c.early():
		return count(c.Rechecked) + " rechecked"
	case c.Acknowledged == 0:
		return "no token was issued or revoked"
	}
	return fmt.Sprintf("%s of %s tokens issued or revoked rechecked", count(c.FirstRechecks), count(c.Acknowledged))
}

// wrongAnswers counts those of any kind.
func (c Correctness) wrongAnswers() uint64 { return c.WrongUser + c.RejectedValid + c.AcceptedRevoked }

// promise is what a system promises of its answers, and what became of it.
type promise struct {
	// metric is the check by its name in the language, name what build servers show.
	metric, name string
	// wrong answers broke it, as broken says; chances are the answers that could have, which are called so.
	broken, called string
	wrong, chances uint64
}

// promises are those of each check. Of an early record it is known how many tokens were rechecked, and that stands for the
// chances of each.
func (c Correctness) promises() []promise {
	return []promise{
		{wrongUser, "answers name the right user", "answers named the wrong user", "answers that name a user",
			c.WrongUser, c.Named + c.unsaid},
		{rejectedValid, "acknowledged tokens are accepted", "acknowledged tokens were rejected", "valid tokens",
			c.RejectedValid, c.PresentedValid + c.unsaid},
		{acceptedRevoked, "revoked tokens are rejected in time", "revoked tokens were accepted too late", "revoked tokens past their bound",
			c.AcceptedRevoked, c.PresentedRevoked + c.unsaid},
	}
}

// promisesBroken says, kind by kind, which answers were wrong.
func (c Correctness) promisesBroken() (told []string) {
	for _, p := range c.promises() {
		if p.wrong > 0 {
			told = append(told, count(p.wrong)+" "+p.broken)
		}
	}
	return told
}

// chances are the answers that could have broken a check, and what they are called; of a metric that is no check there are
// none.
func (c Correctness) chances(metric string) (n uint64, called string) {
	for _, p := range c.promises() {
		if p.metric == metric {
			return p.chances, p.called
		}
	}
	return 0, ""
}

// untested says of which check no answer could have told that it is broken, though the system acknowledged something.
func (c Correctness) untested() []string {
	if c.early() || c.Acknowledged == 0 || c.PresentedRevoked > 0 {
		return nil
	}
	return []string{"no revoked token was presented again, so whether one is accepted too late is not known; longer stages, or a mix with logouts, would tell"}
}

// isCheck tells whether a metric counts wrong answers.
func isCheck(metric string) bool {
	_, called := Correctness{}.chances(metric)
	return called != ""
}

// tooFewChances says what is missing of the answers that could have broken a check, in one of the states it is about.
func (l *ledger) tooFewChances(b Budget, state string) string {
	var c Correctness
	for _, t := range l.trialsFor(b.Metric, state) {
		c.add(t.hits(b.Key).wrong)
	}
	n, called := c.chances(b.Metric)
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
func (l *ledger) qualified(b Budget) Budget {
	var c Correctness
	for _, t := range l.trialsFor(b.Metric, b.State) {
		c.add(t.hits(b.Key).wrong)
	}
	if b.Verdict == Pass && c.unsaid > 0 {
		b.Reason += fmt.Sprintf("; early record: %s rechecked", count(c.unsaid))
	}
	return b
}
