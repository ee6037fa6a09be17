package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Of repetitions without an effect, intervals of 95 % claim one in 5 % of the draws, on either side alike; of repetitions
// far above the limit all of them claim it, and two of the same value leave no doubt at all.
func TestRates(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var none, clear []float64
	for range 2000 {
		noise := random.NormFloat64() * 0.05
		none, clear = append(none, math.Exp(noise)), append(clear, math.Exp(noise+1))
	}
	// 4000 draws of a share of 0.025 have a deviation of 0.0025; four of them.
	if below, above := Rates(none, 5, 1, 7); math.Abs(below-0.025) > 0.01 || math.Abs(above-0.025) > 0.01 {
		t.Errorf("without an effect: %v below and %v above, want 0.025 each", below, above)
	}
	if below, above := Rates(clear, 5, 1, 7); below != 0 || above != 1 {
		t.Errorf("with a clear effect: %v below and %v above, want 0 and 1", below, above)
	}
	if below, above := Rates(clear[:4], 5, 1, 7); !math.IsNaN(below) || !math.IsNaN(above) {
		t.Errorf("of too few: %v and %v, want NaN", below, above)
	}
}
