package plot

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// mostTicks is how many steps an axis has at most; half as many is the fewest that follows.
const mostTicks = 8

// amounts labels an axis in steps of 1, 2 or 5 times a power of ten, at most so many of them; zero is the usual number.
type amounts struct{ most int }

// Ticks implements plot.Ticker.
func (a amounts) Ticks(low, high float64) []plot.Tick {
	step := niceStep((high - low) / float64(cmp.Or(a.most, mostTicks)))
	decimals := max(0, -int(math.Floor(math.Log10(step))))
	return ticks(low, high, step, func(x float64) string { return thousands(strconv.FormatFloat(x, 'f', decimals, 64)) })
}

// niceStep is the smallest of 1, 2, 5 times a power of ten that is not below least.
func niceStep(least float64) float64 {
	if !(least > 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, factor := range []float64{1, 2, 5} {
		if step := factor * power; step >= least*(1-1e-9) {
			return step
		}
	}
	return 10 * power
}

// elapsed labels an axis of seconds as minutes and seconds, or hours, minutes and seconds.
type elapsed struct{}

// Ticks implements plot.Ticker.
func (elapsed) Ticks(low, high float64) []plot.Tick {
	step := 86400.0
	for _, s := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200} {
		if (high-low)/s <= 1.5*mostTicks {
			step = s
			break
		}
	}
	return ticks(low, high, step, func(x float64) string { return clock(x, high >= 3600) })
}

func clock(seconds float64, hours bool) string {
	s := int(math.Round(seconds))
	if hours {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

func ticks(low, high, step float64, label func(float64) string) (list []plot.Tick) {
	first := int(math.Ceil(low/step - 1e-9))
	for i := first; float64(i)*step <= high+step*1e-9; i++ {
		list = append(list, plot.Tick{Value: float64(i) * step, Label: label(float64(i) * step)})
	}
	return list
}

func thousands(digits string) string {
	if strings.Contains(digits, ".") {
		return digits
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// nameless is an axis whose names are written by the caller.
type nameless struct{}

// Ticks implements plot.Ticker.
func (nameless) Ticks(float64, float64) []plot.Tick { return nil }
