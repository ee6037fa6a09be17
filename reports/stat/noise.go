package stat

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Power is the share of cases in which [Detectable] finds what it promises to.
const Power = 0.8

// HodgesLehmann is the median of the Walsh averages, the means (x+y)/2 of all pairs of xs, each with itself included
// (Hodges and Lehmann, Annals of Mathematical Statistics 34, 1963). It is NaN for no xs. A value far off moves it little,
// while up to 29 % of them are, and for normal xs it is nearly as precise as the mean.
func HodgesLehmann(xs []float64) float64 {
	const few = 100
	switch n := len(xs); {
	case n == 0:
		return math.NaN()
	case n > few && !slices.ContainsFunc(xs, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }):
		sorted, pairs := slices.Sorted(slices.Values(xs)), n*(n+1)/2
		return (walshAt(sorted, (pairs-1)/2) + walshAt(sorted, pairs/2)) / 2
	}
	var walsh []float64
	for i, x := range xs {
		for _, y := range xs[i:] {
			walsh = append(walsh, (x+y)/2)
		}
	}
	return median(walsh)
}

// walshAt is the Walsh average of some rank, from zero on, of ascending xs: the least number that more of them than that are
// not above. All numbers between the least and the largest are halved until one is left, some sixty times; of five thousand xs
// there are twelve million averages.
func walshAt(xs []float64, rank int) float64 {
	low, high := orderedBits(xs[0]), orderedBits(xs[len(xs)-1])
	for low < high {
		if middle := low + (high-low)/2; walshUpTo(xs, ofOrderedBits(middle)) > rank {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return ofOrderedBits(low)
}

// orderedBits are the bits of a number so that they are in the order of the numbers; ofOrderedBits is the inverse.
func orderedBits(x float64) uint64 {
	const sign = 1 << 63
	if bits := math.Float64bits(x); bits&sign != 0 {
		return ^bits
	}
	return math.Float64bits(x) | sign
}

func ofOrderedBits(at uint64) float64 {
	const sign = 1 << 63
	if at&sign == 0 {
		return math.Float64frombits(^at)
	}
	return math.Float64frombits(at &^ sign)
}

// walshUpTo is how many Walsh averages of ascending xs are not above a limit.
func walshUpTo(xs []float64, limit float64) (n int) {
	end := len(xs)
	for i, x := range xs {
		for end > i && (x+xs[end-1])/2 > limit {
			end--
		}
		if end <= i {
			break
		}
		n += end - i
	}
	return n
}

// median of at least one x; it sorts xs.
func median(xs []float64) float64 {
	slices.Sort(xs)
	n := len(xs)
	return (xs[(n-1)/2] + xs[n/2]) / 2
}

// Predict is the 95 % interval of one more value like xs, whose centre is known to be zero: ± t(N) √(Σx²/N). It is exact
// for normal xs, because the further value over √(Σx²/N) has Student's distribution with N degrees of freedom: no mean
// had to be estimated. It is unknown for no xs.
func Predict(xs []float64) Interval {
	n := len(xs)
	if n == 0 {
		return Interval{Value: math.NaN(), Lo: math.NaN(), Hi: math.NaN(), Centre: math.NaN()}
	}
	half := student(n, Confidence) * floats.Norm(xs, 2) / math.Sqrt(float64(n))
	return Interval{Lo: -half, Hi: half, N: n}
}

// PooledDeviation is the standard deviation that values with the known centre zero and groups around unknown centres of
// their own have in common: the root of all squared deviations over all degrees of freedom, of which each group spends
// one on its centre. It is NaN when none is left.
func PooledDeviation(centred []float64, groups ...[]float64) float64 {
	squares, freedom := floats.Dot(centred, centred), float64(len(centred))
	for _, group := range groups {
		if spent := float64(len(group) - 1); spent > 0 {
			squares, freedom = squares+spent*stat.Variance(group, nil), freedom+spent
		}
	}
	return math.Sqrt(squares / freedom)
}

// Detectable is the smallest distance of a mean from zero that the 95 % interval over n repetitions of this standard
// deviation excludes in 80 % of cases: exact for normal repetitions, by the noncentral t distribution. It is NaN for
// fewer than two.
//
// The usual (t(0.975) + t(0.8)) s/√n falls short, by 5 % of its length for three repetitions and 14 % for two.
func Detectable(deviation float64, n int) float64 {
	if n < 2 {
		return math.NaN()
	}
	t := student(n-1, Confidence)
	finds := func(shift float64) bool {
		law := distuv.NoncentralT{Nu: float64(n - 1), Mu: shift}
		return 1-law.CDF(t)+law.CDF(-t) >= Power
	}
	low, high := 0.0, 1.0
	for !finds(high) {
		low, high = high, 2*high
	}
	for high-low > 1e-9*high {
		if middle := (low + high) / 2; finds(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high * deviation / math.Sqrt(float64(n))
}
