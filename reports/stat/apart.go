package stat

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// Difference is the mean of after less that of before, of two independent samples whose spreads need not be alike, with
// Welch's interval: d ± t(ν) √(s²/n + S²/N), where ν are Satterthwaite's degrees of freedom (Welch, Biometrika 34, 1947).
// The interval is unknown when either sample is a single value; where neither varies at all it is the difference alone. N
// is the number of values in the smaller sample, and Centre the median of all differences between two of them.
//
// It compares what was never paired. Where repetitions were, the difference of each pair says more. The values have to be
// independent of each other: repetitions that share an occasion, such as the hour of a machine, are one value, their mean.
func Difference(before, after []float64) Interval {
	n, unknown := min(len(before), len(after)), math.NaN()
	if n == 0 {
		return Interval{Value: unknown, Lo: unknown, Hi: unknown, Centre: unknown}
	}
	apart := Interval{Value: stat.Mean(after, nil) - stat.Mean(before, nil), Lo: unknown, Hi: unknown, Centre: shift(before, after), N: n}
	if n == 1 {
		return apart
	}
	half := 0.0
	if deviation, freedom := welch(before, after); deviation > 0 {
		half = student(freedom, Confidence) * deviation
	}
	apart.Lo, apart.Hi = apart.Value-half, apart.Value+half
	return apart
}

// GeometricRatio is the geometric mean of positive after over that of positive before, with the interval of the difference
// of their logarithms, carried back.
func GeometricRatio(before, after []float64) Interval {
	d := Difference(Logs(before), Logs(after))
	return Interval{Value: math.Exp(d.Value), Lo: math.Exp(d.Lo), Hi: math.Exp(d.Hi), Centre: math.Exp(d.Centre), N: d.N}
}

// welch is the standard deviation of the difference of two means, and how many degrees of freedom the estimate has.
func welch(before, after []float64) (deviation, freedom float64) {
	b, a := stat.Variance(before, nil)/float64(len(before)), stat.Variance(after, nil)/float64(len(after))
	return math.Sqrt(a + b), (a + b) * (a + b) / (a*a/float64(len(after)-1) + b*b/float64(len(before)-1))
}

// shift is the centre of Hodges and Lehmann for two samples.
func shift(before, after []float64) float64 {
	var apart []float64
	for _, a := range after {
		for _, b := range before {
			apart = append(apart, a-b)
		}
	}
	return median(apart)
}
