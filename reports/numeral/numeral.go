// Package numeral prints numbers for people.
//
// Scope: latencies, rates, shares, counts, changes and lists of words as all reports have them. Text in, text out.
//
// Opinion: three significant digits are what a measurement is worth, and thousands stand apart. What nobody knows is a dash,
// never a zero; what a person wrote is printed as it was written; a number beside its limit has as many digits as show on which
// side of it it lies.
//
// Steps: [Number], [Seconds], [Percent] and [Count] print one, [Change] and [Between] what became of one, [Deciding] one that
// is held against a limit.
package numeral

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

// Missing stands for what nobody knows; zero would be a claim.
const Missing = "-"

// Figure prints three significant digits, thousands apart.
func Figure(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return Missing
	}
	if x == 0 {
		return "0"
	}
	x = Significant(x, 3)
	return Grouped(strconv.FormatFloat(x, 'f', max(0, decimals(x, 3)), 64))
}

// Significant is x to so many significant digits.
func Significant(x float64, digits int) float64 {
	if x == 0 {
		return 0
	}
	scale := math.Pow10(digits - 1 - int(math.Floor(math.Log10(math.Abs(x)))))
	return math.Round(x*scale) / scale
}

// decimals is how many of them show so many significant digits; asked after rounding, for 9.996 has become 10.0.
func decimals(x float64, digits int) int {
	if x == 0 {
		return 0
	}
	return digits - 1 - int(math.Floor(math.Log10(math.Abs(x))+1e-12))
}

// Grouped sets thousands of a number apart, and its sign as one.
func Grouped(text string) string {
	whole, fraction, _ := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "−", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + whole
}

// Count prints a count exactly.
func Count(n uint64) string { return Grouped(strconv.FormatUint(n, 10)) }

// Whole prints a counter exactly.
func Whole(x float64) string { return Grouped(strconv.FormatFloat(x, 'f', 0, 64)) }

// Limit shortens what a person wrote: 20.0 % was 20 %, and its zeros claim a precision nobody measured.
func Limit(text string) string {
	value, unit, _ := strings.Cut(text, " ")
	if strings.Contains(value, ".") {
		value = strings.TrimRight(strings.TrimRight(value, "0"), ".")
	}
	if unit != "" {
		unit = " " + unit
	}
	return value + unit
}

// Seconds prints a time in the unit in which it is read most easily.
func Seconds(n stat.Number) string {
	if !n.Known() {
		return Missing
	}
	scale, unit := TimeUnit(float64(n))
	return Figure(float64(n)*scale) + unit
}

// TimeUnit is the unit in which seconds are read most easily, and how many of it they have.
func TimeUnit(seconds float64) (scale float64, unit string) {
	switch {
	case math.Abs(seconds) >= 1:
		return 1, " s"
	case math.Abs(seconds) >= 0.001 || seconds == 0:
		return 1e3, " ms"
	}
	return 1e6, " µs"
}

// Number prints one with three significant digits.
func Number(n stat.Number) string { return Figure(float64(n)) }

// Percent prints a fraction of one.
func Percent(x float64) string { return suffixed(Figure(x*100), " %") }

// Factor prints a ratio.
func Factor(n stat.Number) string {
	if !n.Known() {
		return Missing
	}
	return "×" + Number(n)
}

// changeLimit is the largest factor that is told. The interval of two rounds that have nothing in common is wider, and its
// end is no number to read.
const changeLimit = 1000

// Change prints a ratio after/before as the difference it makes, to a tenth of a per cent: a smaller one is no finding.
func Change(n stat.Number) string {
	if !n.Known() {
		return Missing
	}
	x := math.Round((float64(n)-1)*1000) / 10
	switch {
	case x == 0:
		return "±0 %"
	case n > changeLimit:
		return "over ×" + Figure(changeLimit)
	case math.Abs(x) >= 100:
		return Signed(Figure(x)) + " %"
	}
	return Signed(Grouped(strconv.FormatFloat(x, 'f', 1, 64))) + " %"
}

// Signed is a number with its sign, also above zero.
func Signed(text string) string {
	if strings.HasPrefix(text, "−") {
		return text
	}
	return "+" + text
}

// Tellable is how far the ends of an interval may be apart, as a factor, to be told. That of two rounds is easily a hundred
// times as wide, which reads like a finding and is none.
const Tellable = 10

// Untold stands for what the rounds do not tell; why is said below.
const Untold = "~"

// Between prints two ends of a change.
func Between(lo, hi stat.Number) string { return Change(lo) + " to " + Change(hi) }

func suffixed(text, suffix string) string {
	if text == Missing {
		return text
	}
	return text + suffix
}

// Arrow prints before and after, in one unit if both have the same.
func Arrow(before, after string) string {
	value, unit, found := strings.Cut(before, " ")
	if found && !strings.Contains(unit, " ") && strings.HasSuffix(after, " "+unit) {
		before = value
	}
	return before + " → " + after
}

// Lost tells that a percentile is one of the hits that were not answered.
func Lost(n stat.Number) bool { return math.IsInf(float64(n), 1) }

// Void stands for a number of a state whose trials were measured, and none of them is believed.
const Void = "void"

// Waited prints a latency at which some were still waiting when their time was over.
func Waited(n stat.Number, timeoutSeconds float64) string {
	switch {
	case Lost(n) && timeoutSeconds > 0:
		return "over " + Limit(Seconds(stat.Number(timeoutSeconds)))
	case Lost(n):
		return "never"
	}
	return Seconds(n)
}

// Rounds counts them.
func Rounds(n int) string {
	if n == 1 {
		return "1 round"
	}
	return fmt.Sprintf("%d rounds", n)
}

// Plural counts things.
func Plural(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + "s"
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%s %ss", Count(uint64(n)), what)
}

// Listed joins words as a sentence does.
func Listed(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// Limited are at most so many of a list, and how many more there are.
func Limited(list []string, most int) []string {
	if len(list) <= most {
		return list
	}
	return append(list[:most:most], fmt.Sprintf("and %d more", len(list)-most))
}

// ElapsedClock prints seconds elapsed as a clock does.
func ElapsedClock(seconds float64) string {
	s := int(math.Round(seconds))
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// Pairs are the entries of a map in order.
func Pairs(m map[string]string) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, name+" "+m[name])
	}
	return list
}

// Larger is the larger of what is known.
func Larger(a, b stat.Number) stat.Number {
	if !a.Known() || b > a {
		return b
	}
	return a
}
