package reports

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

// sameness is how near to a limit a number is the limit: sums of binary fractions are off by less, and no measurement is
// known so well.
const sameness = 1e-9

// mostDigits are those of a float64; with so many a number is what it is.
const mostDigits = 17

// at tells whether a number is the limit itself.
func (b Budget) at(n stat.Number) bool {
	return n.Known() && math.Abs(float64(n-b.Limit)) <= sameness*math.Abs(float64(b.Limit))
}

// limit is the budget's limit as the scenario spells it, set like all numbers here; one that no text spells, to its last
// digit. It is never rounded: what is beyond a rounded limit may be inside of the real one.
func (b Budget) limit() string {
	if b.Written != "" {
		return spelt(b.Written)
	}
	scale, unit := b.unit(b.Limit)
	return grouped(exact(float64(b.Limit)*scale)) + unit
}

// text prints a number in the unit of the budget, with as many digits as show on which side of the limit it is, and three
// at least.
func (b Budget) text(n stat.Number) string {
	if !n.Known() {
		return missing
	}
	scale, unit := b.unit(n)
	if b.at(n) {
		n = b.Limit
	}
	return deciding(float64(n)*scale, float64(b.Limit)*scale) + unit
}

// unit is in what a number of the budget is printed: what it is multiplied by, and what stands behind it. Rates and
// ratios are written like their limit.
func (b Budget) unit(n stat.Number) (scale float64, unit string) {
	switch b.Unit {
	case "seconds":
		return timeUnit(float64(n))
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

// deciding is x with as many digits, three at least, as show on which side of the limit it lies: 3.00 beside a limit of 3
// would be a riddle if it were 3.0004.
func deciding(x, limit float64) string {
	side := func(x float64) int {
		switch {
		case math.Abs(x-limit) <= sameness*math.Abs(limit):
			return 0
		case x < limit:
			return -1
		}
		return 1
	}
	for digits := 3; digits < mostDigits; digits++ {
		if short := significant(x, digits); side(short) == side(x) {
			return grouped(strconv.FormatFloat(short, 'f', max(0, decimals(short, digits)), 64))
		}
	}
	return grouped(exact(x))
}

// percentBeside and secondsBeside print a number that is held against a limit.
func percentBeside(x, limit float64) string { return deciding(100*x, 100*limit) + " %" }

func secondsBeside(x, limit stat.Number) string {
	if !x.Known() {
		return missing
	}
	scale, unit := timeUnit(float64(x))
	return deciding(float64(x)*scale, float64(limit)*scale) + unit
}

// exact is x in decimals without what binary fractions add to it.
func exact(x float64) string {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 15, 64), 64)
	if err != nil {
		short = x
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// spelt sets what a person wrote like the numbers beside it: thousands apart, and a space before a unit of time or a per
// cent. Every digit stays.
func spelt(written string) string {
	number := written[:len(written)-len(strings.TrimLeft(written, "0123456789."))]
	unit := strings.TrimSpace(written[len(number):])
	switch {
	case number == "" || strings.ContainsAny(unit, "0123456789"):
		// 1m30s has more than one of each.
		return written
	case unit == "us" || unit == "μs":
		unit = "µs"
	}
	if unit == "" || unit == "x" || strings.Contains(unit, "/") {
		return grouped(number) + unit
	}
	return grouped(number) + " " + unit
}

// where says on which side of the limit the number is that decides the budget alone.
func (b Budget) where(pass bool) string {
	switch {
	case b.at(b.Actual) && pass:
		return "at the limit"
	case pass:
		return "inside the limit"
	}
	return "outside the limit"
}

// MarshalJSON implements json.Marshaler. Where the six digits of a [Number] would put the limit or a number on another
// side than it is, there are as many as it takes.
func (b Budget) MarshalJSON() ([]byte, error) {
	type plain Budget
	numbers := []*stat.Number{&b.Limit, &b.Actual, &b.Lo, &b.Hi}
	short := b
	for i, n := range []*stat.Number{&short.Limit, &short.Actual, &short.Lo, &short.Hi} {
		if n.Known() {
			*n = stat.Number(significant(float64(*numbers[i]), 6))
		}
	}
	same := short.at(b.Limit)
	for i, n := range []*stat.Number{&short.Actual, &short.Lo, &short.Hi} {
		full := *numbers[i+1]
		same = same && (!full.Known() || short.at(*n) == b.at(full) && (*n < short.Limit) == (full < b.Limit))
	}
	if same {
		return json.Marshal(plain(b))
	}
	text := make([]json.RawMessage, len(numbers))
	for i, n := range numbers {
		text[i] = json.RawMessage("null")
		if n.Known() {
			text[i] = json.RawMessage(exact(float64(*n)))
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
