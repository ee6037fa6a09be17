package stat

import (
	"math"
	"math/rand/v2"
)

// Rates is how often intervals over n of the xs, drawn at random without putting back, lie wholly below the limit and wholly
// above it: what a measurement of n repetitions would have claimed, had its repetitions been any n of these. Both are NaN
// when there are fewer xs than n.
func Rates(xs []float64, n int, limit float64, seed uint64) (below, above float64) {
	const draws = 4000
	if len(xs) < n || n < 1 {
		return math.NaN(), math.NaN()
	}
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	drawn := make([]float64, n)
	for range draws {
		for i, at := range random.Perm(len(xs))[:n] {
			drawn[i] = xs[at]
		}
		switch GeometricMean(drawn).Against(limit) {
		case Below:
			below++
		case Above:
			above++
		}
	}
	return below / draws, above / draws
}
