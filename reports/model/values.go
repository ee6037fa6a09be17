package model

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// Verdict is what a run, or one of its budgets, comes to. The zero value is Inconclusive, so what nobody judged never
// passes.
type Verdict int

// The verdicts. Fail beats Inconclusive beats Pass.
const (
	Inconclusive Verdict = iota
	Pass
	Fail
)

// String is the verdict's word: pass, fail or inconclusive.
func (v Verdict) String() string {
	switch v {
	case Pass:
		return "pass"
	case Fail:
		return "fail"
	}
	return "inconclusive"
}

// And is the verdict of both together.
func (v Verdict) And(w Verdict) Verdict {
	switch {
	case v == Fail || w == Fail:
		return Fail
	case v == Pass && w == Pass:
		return Pass
	}
	return Inconclusive
}

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *Verdict) UnmarshalText(text []byte) error {
	for _, known := range []Verdict{Inconclusive, Pass, Fail} {
		if known.String() == string(text) {
			*v = known
			return nil
		}
	}
	return fmt.Errorf("verdict %q: want pass, fail or inconclusive", text)
}

// Effect is what a phase, or another run, did to a number. The zero value claims nothing.
type Effect int

// The effects; Unclear is written "~". Differs is a change that is neither good nor bad in itself, such as more traffic on
// the replica.
const (
	Unclear Effect = iota
	Better
	Worse
	Differs
)

// String is the effect's word: better, worse, differs or ~.
func (e Effect) String() string {
	switch e {
	case Better:
		return "better"
	case Worse:
		return "worse"
	case Differs:
		return "differs"
	}
	return "~"
}

// MarshalText implements encoding.TextMarshaler.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *Effect) UnmarshalText(text []byte) error {
	for _, known := range []Effect{Unclear, Better, Worse, Differs} {
		if known.String() == string(text) {
			*e = known
			return nil
		}
	}
	return fmt.Errorf("effect %q: want better, worse, differs or ~", text)
}

// Estimate is a ratio after/before with its 95 % interval over the rounds; Lo and Hi are unknown for a single round.
type Estimate struct {
	Value   stat.Number `json:"value"`
	Lo      stat.Number `json:"lo"`
	Hi      stat.Number `json:"hi"`
	Verdict Effect      `json:"verdict"`
	// HodgesLehmann is the robust centre beside Value: the median over the rounds and the means of each two of them.
	HodgesLehmann stat.Number `json:"hodges_lehmann"`
	// Rounds is how many rounds the ratio rests on.
	Rounds int `json:"rounds"`
	// Why says what keeps the ratio from meaning a change, where that is not its interval.
	Why string `json:"why,omitempty"`
}

// NoEstimate is where nothing was compared.
func NoEstimate() Estimate {
	return Estimate{Value: stat.Unknown(), Lo: stat.Unknown(), Hi: stat.Unknown(), HodgesLehmann: stat.Unknown()}
}

// Vague tells that an interval is too wide to say anything.
func (e Estimate) Vague() bool {
	return e.Lo.Known() && e.Hi.Known() && float64(e.Hi) > numeral.Tellable*float64(e.Lo) && e.Verdict == Unclear
}

// Interval prints the interval of a change.
func Interval(e Estimate) string {
	switch {
	case !e.Lo.Known() || !e.Hi.Known():
		return numeral.Missing
	case e.Vague():
		return numeral.Untold
	}
	return numeral.Between(e.Lo, e.Hi)
}

// Changed prints the change itself.
func Changed(e Estimate) string {
	if !e.Value.Known() && e.Why != "" {
		return numeral.Untold
	}
	return numeral.Change(e.Value)
}

// InBrackets is a change in brackets behind its levels; nothing where there is none.
func InBrackets(e Estimate) string {
	if !e.Value.Known() {
		return ""
	}
	return " (" + Judged(e) + ")"
}

// Judged prints a change, marked where it is not clear that it is one.
func Judged(e Estimate) string {
	if e.Verdict == Unclear && e.Value.Known() {
		return "~ " + numeral.Change(e.Value)
	}
	return Changed(e)
}
