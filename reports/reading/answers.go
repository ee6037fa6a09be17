package reading

import (
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// The checks by their names in the language, each broken by one kind of wrong answer.
const (
	WrongUser       = "wrong_user"
	RejectedValid   = "rejected_valid"
	AcceptedRevoked = "accepted_revoked"
)

// Correctness counts wrong answers. Valid or not, every trial counts: a wrong answer is wrong whenever it is given. On a
// state it covers all stages, warm-up included.
type Correctness struct {
	WrongUser       uint64 `json:"wrong_user"`
	RejectedValid   uint64 `json:"rejected_valid"`
	AcceptedRevoked uint64 `json:"accepted_revoked"`
	// The evidence behind the zeros: answers that could have been each of them, as in [record.Window]; absent for early records.
	Named            uint64 `json:"named,omitempty"`
	PresentedValid   uint64 `json:"presented_valid,omitempty"`
	PresentedRevoked uint64 `json:"presented_revoked,omitempty"`
	// Rechecked hits tested a token issued or revoked earlier in the run. Acknowledged tokens were issued and revoked, and
	// FirstRechecks of them were tested; the rest was left unchecked.
	Rechecked     uint64 `json:"rechecked"`
	Acknowledged  uint64 `json:"acknowledged,omitempty"`
	FirstRechecks uint64 `json:"first_rechecks,omitempty"`
	// Unsaid are the rechecked hits of early records, which do not say what they could have been.
	Unsaid uint64 `json:"-"`
}

// CorrectnessOf are the answers of a window.
func CorrectnessOf(w *record.Window) Correctness {
	c := Correctness{WrongUser: w.Counts.Of(WrongUser), RejectedValid: w.Counts.Of(RejectedValid), AcceptedRevoked: w.Counts.Of(AcceptedRevoked),
		Named: w.Counts.Of("named"), PresentedValid: w.Counts.Of("presented_valid"), PresentedRevoked: w.Counts.Of("presented_revoked"),
		Rechecked: w.Rechecked, Acknowledged: w.Acknowledged, FirstRechecks: w.FirstRechecks}
	// Every answer that is judged could have been one of the three.
	if c.Early() {
		c.Unsaid = c.Rechecked
	}
	return c
}

// Add counts more answers.
func (c *Correctness) Add(o Correctness) {
	c.WrongUser += o.WrongUser
	c.RejectedValid += o.RejectedValid
	c.AcceptedRevoked += o.AcceptedRevoked
	c.Named += o.Named
	c.PresentedValid += o.PresentedValid
	c.PresentedRevoked += o.PresentedRevoked
	c.Rechecked += o.Rechecked
	c.Acknowledged += o.Acknowledged
	c.FirstRechecks += o.FirstRechecks
	c.Unsaid += o.Unsaid
}

// Early tells that the record counts no chances.
func (c Correctness) Early() bool { return c.Named+c.PresentedValid+c.PresentedRevoked == 0 }

// Promise is what a system promises of its answers, and what became of it.
type Promise struct {
	// Metric is the check by its name in the language, Name what build servers show.
	Metric, Name string
	// Wrong answers broke it, as Broken says; Chances are the answers that could have, which are Called so.
	Broken, Called string
	Wrong, Chances uint64
}

// Promises are those of each check. Of an early record it is known how many tokens were rechecked, and that stands for the
// chances of each.
func (c Correctness) Promises() []Promise {
	return []Promise{
		{WrongUser, "answers name the right user", "answers named the wrong user", "answers that name a user",
			c.WrongUser, c.Named + c.Unsaid},
		{RejectedValid, "acknowledged tokens are accepted", "acknowledged tokens were rejected", "valid tokens",
			c.RejectedValid, c.PresentedValid + c.Unsaid},
		{AcceptedRevoked, "revoked tokens are rejected in time", "revoked tokens were accepted too late", "revoked tokens past their bound",
			c.AcceptedRevoked, c.PresentedRevoked + c.Unsaid},
	}
}

// WrongAnswers counts those of any kind.
func (c Correctness) WrongAnswers() uint64 { return c.WrongUser + c.RejectedValid + c.AcceptedRevoked }

// Chances are the answers that could have broken a check, and what they are called; of a metric that is no check there are
// none.
func (c Correctness) Chances(metric string) (n uint64, called string) {
	for _, p := range c.Promises() {
		if p.Metric == metric {
			return p.Chances, p.Called
		}
	}
	return 0, ""
}

// Into adds the counts of answers under their names in the language.
func (c Correctness) Into(m map[string]stat.Number) {
	m[WrongUser], m[RejectedValid] = stat.Number(c.WrongUser), stat.Number(c.RejectedValid)
	m[AcceptedRevoked], m["rechecked"] = stat.Number(c.AcceptedRevoked), stat.Number(c.Rechecked)
}
