package model

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// At tells whether a number is the limit itself.
func (b Budget) At(n stat.Number) bool {
	return n.Known() && math.Abs(float64(n-b.Limit)) <= numeral.Sameness*math.Abs(float64(b.Limit))
}

// Allowed is the budget's limit as the scenario spells it, set like all numbers here; one that no text spells, to its last
// digit. It is never rounded: what is beyond a rounded limit may be inside of the real one.
func (b Budget) Allowed() string {
	if b.Written != "" {
		return numeral.Spelt(b.Written)
	}
	scale, unit := b.unit(b.Limit)
	return numeral.Grouped(numeral.Exact(float64(b.Limit)*scale)) + unit
}

// Text prints a number in the unit of the budget, with as many digits as show on which side of the limit it is, and three
// at least.
func (b Budget) Text(n stat.Number) string {
	if !n.Known() {
		return numeral.Missing
	}
	scale, unit := b.unit(n)
	if b.At(n) {
		n = b.Limit
	}
	return numeral.Deciding(float64(n)*scale, float64(b.Limit)*scale) + unit
}

// unit is in what a number of the budget is printed: what it is multiplied by, and what stands behind it. Rates and
// ratios are written like their limit.
func (b Budget) unit(n stat.Number) (scale float64, unit string) {
	switch b.Unit {
	case "seconds":
		return numeral.TimeUnit(float64(n))
	case "per second":
		return b.rateUnit()
	case "ratio":
		return b.ratioUnit()
	}
	return 1, ""
}

func (b Budget) rateUnit() (scale float64, unit string) {
	unit = strings.TrimLeft(b.Written, "0123456789.")
	seconds, known := map[string]float64{"/s": 1, "/min": 60, "/h": 3600}[strings.TrimPrefix(unit, "k")]
	switch {
	case !known:
		return 1, "/s"
	case strings.HasPrefix(unit, "k"):
		return seconds / 1000, unit
	}
	return seconds, unit
}

func (b Budget) ratioUnit() (scale float64, unit string) {
	switch {
	case strings.HasSuffix(b.Written, "x"):
		return 1, "x"
	case b.Written != "" && !strings.HasSuffix(b.Written, "%"):
		return 1, ""
	}
	return 100, " %"
}

// MarshalJSON implements json.Marshaler. Where the six digits of a [Number] would put the limit or a number on another
// side than it is, there are as many as it takes.
func (b Budget) MarshalJSON() ([]byte, error) {
	type plain Budget
	numbers := []*stat.Number{&b.Limit, &b.Actual, &b.Lo, &b.Hi}
	short := b
	for i, n := range []*stat.Number{&short.Limit, &short.Actual, &short.Lo, &short.Hi} {
		if n.Known() {
			*n = stat.Number(numeral.Significant(float64(*numbers[i]), 6))
		}
	}
	same := short.At(b.Limit)
	for i, n := range []*stat.Number{&short.Actual, &short.Lo, &short.Hi} {
		full := *numbers[i+1]
		same = same && (!full.Known() || short.At(*n) == b.At(full) && (*n < short.Limit) == (full < b.Limit))
	}
	if same {
		return json.Marshal(plain(b))
	}
	text := make([]json.RawMessage, len(numbers))
	for i, n := range numbers {
		text[i] = json.RawMessage("null")
		if n.Known() {
			text[i] = json.RawMessage(numeral.Exact(float64(*n)))
		}
	}
	return json.Marshal(struct {
		plain
		Limit  json.RawMessage `json:"limit"`
		Actual json.RawMessage `json:"actual"`
		Lo     json.RawMessage `json:"lo"`
		Hi     json.RawMessage `json:"hi"`
	}{plain(b), text[0], text[1], text[2], text[3]})
}

// Where says on which side of the limit the number is that decides the budget alone.
func (b Budget) Where(pass bool) string {
	switch {
	case b.At(b.Actual) && pass:
		return "at the limit"
	case pass:
		return "inside the limit"
	}
	return "outside the limit"
}
