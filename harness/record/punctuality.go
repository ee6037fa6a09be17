package record

import "math"

// Punctuality is what tells whether a generator was too late for its trial to be believed. The run loop repeats such a trial
// and the judge leaves its latencies out, both by this one reading of the same hits.
type Punctuality struct {
	// LagP99Seconds is over the hits sent, zero without one. P95Seconds is the response over all hits due: those without an
	// answer took longer than any that has one, so it is infinite where it is one of them.
	LagP99Seconds, P95Seconds float64
}

// PunctualityOf reads it from the measured hits: their lag, the response of those answered, and how many were due.
func PunctualityOf(lag, response Histogram, due uint64) Punctuality {
	return Punctuality{lag.Quantile(0.99), quantileOf(response, max(due, response.Count()), 0.95)}
}

// Late tells whether the generator was too late; see [Late].
func (p Punctuality) Late() bool { return Late(p.LagP99Seconds, p.P95Seconds) }

// quantileOf is the q-quantile of n values, of which h has the smallest; infinite where it is one of the others.
func quantileOf(h Histogram, n uint64, q float64) float64 {
	// Binary fractions must not lift a whole rank: 0.95*n is now and then a hair above the whole number.
	rank, seen := uint64(math.Ceil(q*float64(n)-1e-9)), uint64(0)
	for _, bar := range h.Bars() {
		if seen += bar.Count; seen >= rank {
			return bar.Seconds
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return math.Inf(1)
}
