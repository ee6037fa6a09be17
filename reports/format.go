package reports

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

// missing stands for what nobody knows; zero would be a claim.
const missing = "-"

// figure prints three significant digits, thousands apart.
func figure(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return missing
	}
	if x == 0 {
		return "0"
	}
	x = significant(x, 3)
	return grouped(strconv.FormatFloat(x, 'f', max(0, decimals(x, 3)), 64))
}

// significant is x to so many significant digits.
func significant(x float64, digits int) float64 {
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

func grouped(text string) string {
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

// count prints a count exactly.
func count(n uint64) string { return grouped(strconv.FormatUint(n, 10)) }

// whole prints a counter exactly.
func whole(x float64) string { return grouped(strconv.FormatFloat(x, 'f', 0, 64)) }

// limit shortens what a person wrote: 20.0 % was 20 %, and its zeros claim a precision nobody measured.
func limit(text string) string {
	value, unit, _ := strings.Cut(text, " ")
	if strings.Contains(value, ".") {
		value = strings.TrimRight(strings.TrimRight(value, "0"), ".")
	}
	if unit != "" {
		unit = " " + unit
	}
	return value + unit
}

// seconds prints a time in the unit in which it is read most easily.
func seconds(n stat.Number) string {
	if !n.Known() {
		return missing
	}
	scale, unit := timeUnit(float64(n))
	return figure(float64(n)*scale) + unit
}

// timeUnit is the unit in which seconds are read most easily, and how many of it they have.
func timeUnit(seconds float64) (scale float64, unit string) {
	switch {
	case math.Abs(seconds) >= 1:
		return 1, " s"
	case math.Abs(seconds) >= 0.001 || seconds == 0:
		return 1e3, " ms"
	}
	return 1e6, " µs"
}

func number(n stat.Number) string { return figure(float64(n)) }

func percent(x float64) string { return suffixed(figure(x*100), " %") }

// factor prints a ratio.
func factor(n stat.Number) string {
	if !n.Known() {
		return missing
	}
	return "×" + number(n)
}

// changeLimit is the largest factor that is told. The interval of two rounds that have nothing in common is wider, and its
// end is no number to read.
const changeLimit = 1000

// change prints a ratio after/before as the difference it makes, to a tenth of a per cent: a smaller one is no finding.
func change(n stat.Number) string {
	if !n.Known() {
		return missing
	}
	x := math.Round((float64(n)-1)*1000) / 10
	switch {
	case x == 0:
		return "±0 %"
	case n > changeLimit:
		return "over ×" + figure(changeLimit)
	case math.Abs(x) >= 100:
		return signed(figure(x)) + " %"
	}
	return signed(grouped(strconv.FormatFloat(x, 'f', 1, 64))) + " %"
}

func signed(text string) string {
	if strings.HasPrefix(text, "−") {
		return text
	}
	return "+" + text
}

// tellable is how far the ends of an interval may be apart, as a factor, to be told. That of two rounds is easily a hundred
// times as wide, which reads like a finding and is none.
const tellable = 10

// untold stands for what the rounds do not tell; why is said below.
const untold = "~"

// between prints two ends of a change.
func between(lo, hi stat.Number) string { return change(lo) + " to " + change(hi) }

func suffixed(text, suffix string) string {
	if text == missing {
		return text
	}
	return text + suffix
}

// arrow prints before and after, in one unit if both have the same.
func arrow(before, after string) string {
	value, unit, found := strings.Cut(before, " ")
	if found && !strings.Contains(unit, " ") && strings.HasSuffix(after, " "+unit) {
		before = value
	}
	return before + " → " + after
}

// lost tells that a percentile is one of the hits that were not answered.
func lost(n stat.Number) bool { return math.IsInf(float64(n), 1) }

// void stands for a number of a state whose trials were measured, and none of them is believed.
const void = "void"

// waited prints a latency at which some were still waiting when their time was over.
func waited(n stat.Number, timeoutSeconds float64) string {
	switch {
	case lost(n) && timeoutSeconds > 0:
		return "over " + limit(seconds(stat.Number(timeoutSeconds)))
	case lost(n):
		return "never"
	}
	return seconds(n)
}

// rounds counts them.
func rounds(n int) string {
	if n == 1 {
		return "1 round"
	}
	return fmt.Sprintf("%d rounds", n)
}

// plural counts things.
func plural(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + "s"
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%s %ss", count(uint64(n)), what)
}

// listed joins words as a sentence does.
func listed(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// limited are at most so many of a list, and how many more there are.
func limited(list []string, most int) []string {
	if len(list) <= most {
		return list
	}
	return append(list[:most:most], fmt.Sprintf("and %d more", len(list)-most))
}

// elapsedClock prints seconds elapsed as a clock does.
func elapsedClock(seconds float64) string {
	s := int(math.Round(seconds))
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// pairs are the entries of a map in order.
func pairs(m map[string]string) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, name+" "+m[name])
	}
	return list
}

// larger is the larger of what is known.
func larger(a, b stat.Number) stat.Number {
	if !a.Known() || b > a {
		return b
	}
	return a
}
