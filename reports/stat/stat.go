// Package stat is the mathematics of a report, without a word of its subject.
//
// Scope: quantiles of counted values of which some are known only to be larger than any limit, and the interval of a
// mean or a geometric mean over few repetitions.
//
// Opinion: a number is nothing without its spread. One repetition has a value and no interval, and what has no interval
// is never called larger or smaller. What is unknown is NaN, never zero.
//
// Steps: [Quantile] condenses one repetition; [GeometricMean] joins the repetitions; [Interval.Against] compares.
package stat

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Confidence is the coverage of every interval of this package.
const Confidence = 0.95

// rankSlack keeps binary fractions from lifting a whole rank: 0.95*n is now and then a hair above the whole number.
const rankSlack = 1e-9

// Bar is Count values of size Value.
type Bar struct {
	Value float64
	Count uint64
}

// Rank is the place, counted from one, of the q-quantile among n ordered values: ceil(q*n), at least one. It is zero
// for n = 0.
func Rank(n uint64, q float64) uint64 {
	if n == 0 {
		return 0
	}
	rank := math.Ceil(q*float64(n) - rankSlack)
	return min(max(uint64(max(rank, 1)), 1), n)
}

// Tail is how many of n ordered values lie beyond the q-quantile.
func Tail(n uint64, q float64) uint64 { return n - Rank(n, q) }

// Quantile is the q-quantile, q in [0,1], of the bars, in ascending order, and of over further values that are larger
// than everything. It is +Inf when it falls among those, NaN when there is no value at all.
func Quantile(bars []Bar, over uint64, q float64) float64 {
	n := over
	for _, b := range bars {
		n += b.Count
	}
	if n == 0 {
		return math.NaN()
	}
	rank, seen := Rank(n, q), uint64(0)
	for _, b := range bars {
		if seen += b.Count; seen >= rank {
			return b.Value
		}
	}
	return math.Inf(1)
}

// Interval is an estimate with its 95 % interval. Lo and Hi are NaN when one repetition, or a value that is not finite,
// leaves the spread unknown.
type Interval struct {
	Value, Lo, Hi float64
	// N is the number of repetitions.
	N int
}

// Mean is the arithmetic mean of xs with Student's interval: mean ± t(N-1) s/√N, where s is the sample's standard
// deviation. Its value is NaN for no xs.
func Mean(xs []float64) Interval {
	n := len(xs)
	if n == 0 {
		return Interval{Value: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}
	}
	if n == 1 {
		return Interval{Value: xs[0], Lo: math.NaN(), Hi: math.NaN(), N: 1}
	}
	mean, deviation := stat.MeanStdDev(xs, nil)
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}
	half := student.Quantile((1+Confidence)/2) * deviation / math.Sqrt(float64(n))
	return Interval{Value: mean, Lo: mean - half, Hi: mean + half, N: n}
}

// GeometricMean is the geometric mean of positive xs with the interval of their logarithms, carried back. Ratios are
// averaged so: twice as much and half as much cancel.
func GeometricMean(xs []float64) Interval {
	logs := make([]float64, len(xs))
	for i, x := range xs {
		logs[i] = math.Log(x)
	}
	m := Mean(logs)
	return Interval{Value: math.Exp(m.Value), Lo: math.Exp(m.Lo), Hi: math.Exp(m.Hi), N: m.N}
}

// Side says on which side of a limit an interval lies.
type Side int

// The sides. The zero value claims nothing.
const (
	Unclear Side = iota
	Below
	Above
)

// Against is Below or Above when the whole interval lies strictly there, and Unclear when it touches the limit or is
// unknown.
func (i Interval) Against(limit float64) Side {
	switch {
	case i.Hi < limit:
		return Below
	case i.Lo > limit:
		return Above
	}
	return Unclear
}
