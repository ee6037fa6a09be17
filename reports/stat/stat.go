// Package stat is the mathematics of a report, without a word of its subject.
//
// Scope: quantiles of counted values of which some are known only to be larger than any limit; the interval of a mean or
// a geometric mean over few repetitions, and its robust centre; what spread is expected where nothing changes, and what
// change so many repetitions would find; the confidence that pays for looking before the last repetition is in.
//
// Opinion: a number is nothing without its spread. One repetition has a value and no interval of its own, and what has no
// interval is never called larger or smaller; where a single one has to decide, what is assumed of it is said and weighed.
// What is unknown is NaN, never zero.
//
// Steps: [Quantile] condenses one repetition, and [QuantileInside] says how far that may be off; [Moderate] holds few
// repetitions against a limit; [GeometricMean] joins the repetitions, and [GeometricRatio] holds two samples
// that were never paired against each other; [Interval.Against] compares; [PooledDeviation] and [Detectable] say what could
// have been found.
//
// # Why Student's interval
//
// A repetition condenses thousands of dependent values to one number, and repetitions are few, so the interval has to be
// right for three to twelve numbers. These are per cent of 2,000 intervals of 95 % that held the truth, as measured by
// TestIntervalsCompared: a repetition is the log ratio of two 95th percentiles, each of 60 values that vary by 5 % and
// depend on each other (autoregressive, 0.8), under noise of 3 % between executions and a random walk of 2 % a step:
//
//	repetitions                                3     5     8    12
//	Student's t on the logs                 95.2  96.1  94.5  94.9
//	percentile bootstrap                    73.6  84.4  89.0  91.6
//	BCa bootstrap (Efron 1987)              70.6  84.3  88.4  90.9
//	two-level bootstrap, moving blocks      84.1  89.8  92.0  93.8
//
// A bootstrap of n numbers knows their spread only with the divisor n and the tails only as far as its largest number;
// blocks inside a repetition add what noise there is inside, not what there is between. Under noise that is not normal,
// t errs to the safe side: the log ratio of two alike executions is symmetric, and of symmetric laws those with long
// tails make t more careful (Benjamini 1983). One deviation for several comparisons would give shorter intervals, which
// under-cover where one side of a comparison is noisier than the others; so deviations are pooled for a forecast
// ([Detectable]), never for a claim. Intervals by ranks need six repetitions for 95 %.
//
// # What a single repetition can decide
//
// Of one repetition nothing shows how far the next would lie, so something has to be assumed: see [Moderate]. At most 5 %
// of its claims are wrong, wherever the limit is, when repetitions vary by 3, 10 or 30 %. What is claimed then is modest:
// by these factors a limit has to be away from the truth to be decided in 95 % of cases (TestModeratedErrors; the last line
// is what no method can do better that errs in 5 % of cases and knows the deviation beforehand, exp(3.29 s/√n)):
//
//	repetitions vary by                     3 %   10 %   30 %
//	one, nothing repeated                  2.28   2.56   3.58
//	one, and a pair beside it              1.69   1.98   3.86
//	one, itself repeated                   1.69   2.01   4.21
//	two                                    1.43   1.61   2.63
//	three                                  1.15   1.39   2.10
//	three, whose deviation is known        1.06   1.21   1.77
//
// The value of an interval is the mean, the middle of what it claims; the centre of Hodges and Lehmann stands beside it,
// and where the two are far apart, one repetition makes the mean.
package stat

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Confidence is the coverage of every interval for which no other was asked.
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

// Interval is an estimate with its interval: of 95 %, where no other confidence was asked for. Lo and Hi are NaN when one
// repetition, or a value that is not finite, leaves the spread unknown.
type Interval struct {
	Value, Lo, Hi float64
	// Centre is the robust value beside Value: see [HodgesLehmann]. One repetition far off hardly moves it. It may lie
	// outside of the interval.
	Centre float64
	// N is the number of repetitions.
	N int
}

// Mean is the arithmetic mean of xs with Student's interval: mean ± t(N-1) s/√N, where s is the sample's standard
// deviation. Its value is NaN for no xs.
func Mean(xs []float64) Interval { return MeanAt(xs, Confidence) }

// MeanAt is [Mean] with an interval of another confidence, between zero and one. At one it is unknown.
func MeanAt(xs []float64, confidence float64) Interval {
	n, unknown := len(xs), math.NaN()
	if n == 0 {
		return Interval{Value: unknown, Lo: unknown, Hi: unknown, Centre: unknown}
	}
	if n == 1 || confidence >= 1 {
		return Interval{Value: stat.Mean(xs, nil), Lo: unknown, Hi: unknown, Centre: HodgesLehmann(xs), N: n}
	}
	mean, deviation := stat.MeanStdDev(xs, nil)
	half := student(n-1, confidence) * deviation / math.Sqrt(float64(n))
	return Interval{Value: mean, Lo: mean - half, Hi: mean + half, Centre: HodgesLehmann(xs), N: n}
}

// student is the t for which a share confidence of Student's distribution lies within ± t.
func student[N int | float64](freedom N, confidence float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(freedom)}.Quantile((1 + confidence) / 2)
}

// GeometricMean is the geometric mean of positive xs with the interval of their logarithms, carried back. Ratios are
// averaged so: twice as much and half as much cancel.
func GeometricMean(xs []float64) Interval { return GeometricMeanAt(xs, Confidence) }

// GeometricMeanAt is [GeometricMean] with an interval of another confidence, such as [LookConfidence] demands.
func GeometricMeanAt(xs []float64, confidence float64) Interval {
	m := MeanAt(Logs(xs), confidence)
	return Interval{Value: math.Exp(m.Value), Lo: math.Exp(m.Lo), Hi: math.Exp(m.Hi), Centre: math.Exp(m.Centre), N: m.N}
}

// Logs are the natural logarithms of xs.
func Logs(xs []float64) []float64 {
	logs := make([]float64, len(xs))
	for i, x := range xs {
		logs[i] = math.Log(x)
	}
	return logs
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
