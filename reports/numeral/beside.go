package numeral

import (
	"math"
	"strconv"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

// Sameness is how near to a limit a number is the limit: sums of binary fractions are off by less, and no measurement is
// known so well.
const Sameness = 1e-9

// mostDigits are those of a float64; with so many a number is what it is.
const mostDigits = 17

// Deciding is x with as many digits, three at least, as show on which side of the limit it lies: 3.00 beside a limit of 3
// would be a riddle if it were 3.0004.
func Deciding(x, limit float64) string {
	side := func(x float64) int {
		switch {
		case math.Abs(x-limit) <= Sameness*math.Abs(limit):
			return 0
		case x < limit:
			return -1
		}
		return 1
	}
	for digits := 3; digits < mostDigits; digits++ {
		if short := Significant(x, digits); side(short) == side(x) {
			return Grouped(strconv.FormatFloat(short, 'f', max(0, decimals(short, digits)), 64))
		}
	}
	return Grouped(Exact(x))
}

// PercentBeside and secondsBeside print a number that is held against a limit.
func PercentBeside(x, limit float64) string { return Deciding(100*x, 100*limit) + " %" }

// SecondsBeside is PercentBeside of a time.
func SecondsBeside(x, limit stat.Number) string {
	if !x.Known() {
		return Missing
	}
	scale, unit := TimeUnit(float64(x))
	return Deciding(float64(x)*scale, float64(limit)*scale) + unit
}

// Exact is x in decimals without what binary fractions add to it.
func Exact(x float64) string {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 15, 64), 64)
	if err != nil {
		short = x
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// Spelt sets what a person wrote like the numbers beside it: thousands apart, and a space before a unit of time or a per
// cent. Every digit stays.
func Spelt(written string) string {
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
		return Grouped(number) + unit
	}
	return Grouped(number) + " " + unit
}
