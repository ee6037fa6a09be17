package reports

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

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

// Number is a measured number in base units. NaN means that nobody knows it, +Inf that it lies among the hits that never
// came back; both are null in JSON and "-" in text, because neither is a number to reckon with. JSON carries six
// significant digits, twice what the histograms know.
type Number float64

func unknown() Number { return Number(math.NaN()) }

// Known tells whether the number can be printed and compared.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(float64(n), 'g', 6, 64), 64)
	if err != nil {
		return nil, err
	}
	return strconv.AppendFloat(nil, short, 'f', -1, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(data []byte) error {
	value := new(float64)
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	if *n = unknown(); value != nil {
		*n = Number(*value)
	}
	return nil
}

// Estimate is a ratio after/before with its 95 % interval over the rounds; Lo and Hi are unknown for a single round.
type Estimate struct {
	Value   Number `json:"value"`
	Lo      Number `json:"lo"`
	Hi      Number `json:"hi"`
	Verdict Effect `json:"verdict"`
	// HodgesLehmann is the robust centre beside Value: the median over the rounds and the means of each two of them.
	HodgesLehmann Number `json:"hodges_lehmann"`
	// Rounds is how many rounds the ratio rests on.
	Rounds int `json:"rounds"`
	// Why says what keeps the ratio from meaning a change, where that is not its interval.
	Why string `json:"why,omitempty"`
}

// noEstimate is where nothing was compared.
func noEstimate() Estimate {
	return Estimate{Value: unknown(), Lo: unknown(), Hi: unknown(), HodgesLehmann: unknown()}
}

func estimate(i stat.Interval, effect Effect) Estimate {
	return Estimate{Value: Number(i.Value), Lo: Number(i.Lo), Hi: Number(i.Hi), Verdict: effect,
		HodgesLehmann: Number(i.Centre), Rounds: i.N}
}
