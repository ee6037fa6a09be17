package scenarios

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// mistake is what is wrong with a value and what to do; where is known to the caller.
type mistake struct{ what, do string }

// largest is above every number that means something here, and far below where arithmetic ends.
const largest = 1e20

// readNumber reads plain decimal notation. YAML itself reads 010 as eight and 1e3 as a thousand or as text, depending
// on who reads it: such spellings are refused, whatever they might have meant.
func readNumber(text string) (float64, *mistake) {
	switch {
	case text == "":
		return 0, &mistake{"it is empty", "write a number"}
	case strings.HasPrefix(text, "-"):
		return 0, &mistake{text + " is negative", "write a number that is not negative"}
	case strings.HasPrefix(text, "+"):
		return 0, &mistake{text + " carries a sign", "write " + text[1:]}
	}
	digits := strings.Replace(text, ".", "", 1)
	if strings.Trim(digits, "0123456789") != "" || digits == "" || text[0] == '.' || text[len(text)-1] == '.' {
		return 0, &mistake{text + " is not plain decimal notation", plainly(text)}
	}
	if len(text) > 1 && text[0] == '0' && text[1] != '.' {
		return 0, &mistake{text + " begins with a zero, which some readers take as octal", "write " + withoutZeros(text)}
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value > largest {
		return 0, &mistake{text + " is too large", "write a smaller number"}
	}
	return value, nil
}

// plainly suggests the decimal spelling of text where there is one.
func plainly(text string) string {
	value, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	if err != nil || math.IsNaN(value) || value < 0 || value > 1e12 {
		return "write digits, with a point at most"
	}
	return "write " + strconv.FormatFloat(value, 'f', -1, 64)
}

func withoutZeros(text string) string {
	text = strings.TrimLeft(text, "0")
	if text == "" || text[0] == '.' {
		return "0" + text
	}
	return text
}

// readWhole reads a number without a fraction.
func readWhole(text string) (uint64, *mistake) {
	value, wrong := readNumber(text)
	if wrong != nil {
		return 0, wrong
	}
	whole, err := strconv.ParseUint(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, &mistake{text + " is too large", "write a smaller number"}
	}
	if err != nil {
		return 0, &mistake{text + " is not a whole number", fmt.Sprintf("write %.0f", value)}
	}
	return whole, nil
}

// readRate reads hits per time, such as 600/s or 36k/min, as a rate per second.
func readRate(text string) (float64, *mistake) {
	count, per, found := strings.Cut(text, "/")
	if !found {
		if value, wrong := readNumber(text); wrong == nil {
			return 0, &mistake{text + " is a rate without a unit", fmt.Sprintf("write %s/s or %s/min", text, trim(value*60))}
		}
		return 0, &mistake{text + " is not a rate", "write it like 600/s or 36k/min"}
	}
	seconds, known := map[string]float64{"s": 1, "min": 60, "h": 3600}[per]
	if !known {
		return 0, &mistake{text + " has an unknown unit of time", "end it with /s, /min or /h"}
	}
	factor := 1.0
	if short, thousands := strings.CutSuffix(count, "k"); thousands {
		count, factor = short, 1000
	}
	value, wrong := readNumber(count)
	if wrong != nil {
		return 0, &mistake{text + " is not a rate: " + wrong.what, wrong.do + " before /" + per}
	}
	return value * factor / seconds, nil
}

// readDuration reads a positive time span with its unit, such as 4s, 2m or 1m30s.
func readDuration(text string) (time.Duration, *mistake) {
	if value, wrong := readNumber(text); wrong == nil {
		return 0, &mistake{text + " is a time without a unit", fmt.Sprintf("write %ss or %sms", text, trim(value*1000))}
	}
	if number := strings.TrimRight(text, "mshuµn"); number != text {
		// A composite such as 1m30s has letters left in number and is for time.ParseDuration to judge.
		if _, wrong := readNumber(number); wrong != nil && strings.Trim(number, "0123456789.+-e_") == "" {
			return 0, &mistake{text + " is not a time: " + wrong.what, wrong.do + " before the unit"}
		}
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, &mistake{strconv.Quote(text) + " is not a time", "write it like 500ms, 4s, 2m or 1m30s"}
	case d <= 0:
		return 0, &mistake{text + " is no time at all", "write a time above zero, such as 4s"}
	}
	return d, nil
}

// readRatio reads 0.1%, 1.2x or 0.001 as a fraction of one. A bare number above one could be either of the first two.
func readRatio(text string) (float64, *mistake) {
	number, times := strings.CutSuffix(text, "x")
	if !times {
		number = strings.TrimSpace(number)
		return readBareRatio(text, number+"% or "+number+"x")
	}
	value, wrong := readNumber(strings.TrimRight(number, " "))
	if wrong != nil {
		return 0, notRatio(text, wrong)
	}
	return value, nil
}

// readShare reads 20% or 0.2 as a fraction of one; a share is no multiple of anything.
func readShare(text string) (float64, *mistake) {
	return readBareRatio(text, strings.TrimSpace(text)+"%")
}

// readBareRatio is [readPlainRatio] without bare numbers above one, instead of which it names what may have been meant.
func readBareRatio(text, meant string) (float64, *mistake) {
	value, wrong := readPlainRatio(text)
	if wrong == nil && value > 1 && !strings.HasSuffix(text, "%") {
		return 0, &mistake{text + " is a ratio above one without a unit", "write " + meant}
	}
	return value, wrong
}

// readPlainRatio reads 0.1% or 0.001, or any other bare number, as a fraction of one.
func readPlainRatio(text string) (float64, *mistake) {
	percent, found := strings.CutSuffix(text, "%")
	value, wrong := readNumber(strings.TrimRight(percent, " "))
	if wrong != nil {
		return 0, notRatio(text, wrong)
	}
	if found {
		value /= 100
	}
	return value, nil
}

func notRatio(text string, wrong *mistake) *mistake {
	return &mistake{text + " is not a ratio: " + wrong.what, "write it like 0.1% or 0.001"}
}

// readLimit reads the limit of a budget in the unit of its metric.
func readLimit(text string, unit Unit) (float64, *mistake) {
	switch unit {
	case Seconds:
		d, wrong := readDuration(text)
		return d.Seconds(), wrong
	case PerSecond:
		return readRate(text)
	case Ratio:
		return readRatio(text)
	case Count:
		whole, wrong := readWhole(text)
		return float64(whole), wrong
	default:
		return readNumber(text)
	}
}

// trim prints a number without trailing zeros.
func trim(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

// Plain writes a number for people: with as many significant digits, and never with an exponent.
func Plain(value float64, digits int) string {
	short, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', digits, 64), 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return "-"
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}
