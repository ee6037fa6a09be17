package scenarios

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The Anderson-Darling statistic weighs the tails, where a generator that clumps or spaces its hits shows first:
//
//	A² = -n - 1/n * sum over i=1..n of (2i-1) * (ln z[i] + ln(1 - z[n+1-i]))
//
// with z the sorted values of the distribution function at the observations. Its upper 1 % points:
const (
	// uniformCritical is for a distribution without estimated parameters (Anderson and Darling 1954, table 1).
	uniformCritical = 3.857
	// gapCritical is for exponential gaps whose mean is estimated from them, for A²(1 + 0.6/n) (D'Agostino and Stephens
	// 1986, table 4.11). TestCriticalValues derives both anew by simulation.
	gapCritical = 1.959
)

// andersonDarling is A² of z, which it sorts.
func andersonDarling(z []float64) float64 {
	slices.Sort(z)
	n := len(z)
	var sum float64
	for i := range z {
		// A value rounded to an edge has no logarithm; a nanosecond of an hour is 3e-13 of it.
		low, high := max(z[i], 1e-13), min(z[n-1-i], 1-1e-13)
		sum += float64(2*i+1) * (math.Log(low) + math.Log(1-high))
	}
	return -float64(n) - sum/float64(n)
}

// exponential is the statistic of gaps against the exponential distribution of their own mean.
func exponential(gaps []float64) float64 {
	var sum float64
	for _, g := range gaps {
		sum += g
	}
	mean, z := sum/float64(len(gaps)), make([]float64, len(gaps))
	for i, g := range gaps {
		z[i] = 1 - math.Exp(-g/mean)
	}
	return andersonDarling(z) * (1 + 0.6/float64(len(gaps)))
}

// The constants are the 99 % points: of many true samples one in a hundred exceeds them.
func TestCriticalValues(t *testing.T) {
	const samples, n = 20_000, 100
	random := rand.New(rand.NewPCG(1, 2))
	var uniforms, gaps int
	u, g := make([]float64, n), make([]float64, n)
	for range samples {
		for i := range n {
			u[i], g[i] = random.Float64(), random.ExpFloat64()
		}
		if andersonDarling(u) > uniformCritical {
			uniforms++
		}
		if exponential(g) > gapCritical {
			gaps++
		}
	}
	// 1 % of 20,000 is 200, with a binomial deviation of 14: four of them are 56.
	for name, got := range map[string]int{"uniform": uniforms, "gaps": gaps} {
		if got < 144 || got > 256 {
			t.Errorf("%s: %d of %d samples exceed the critical value, want about 200", name, got, samples)
		}
	}
}

// stageOf is a plan of one stage.
func stageOf(arrivals string, from, to float64) *Plan {
	s := &Scenario{
		Name: "one", Vocabulary: carshare(), Seed: 42, Rounds: 1,
		Traffic: Traffic{Arrivals: arrivals, Stages: []Stage{{Name: "only", Duration: 100 * time.Second, From: from, To: to, Measure: true}}},
	}
	return s.Plan()
}

func dues(p *Plan) []float64 {
	var at []float64
	for hit := range p.Hits(0) {
		at = append(at, hit.Due.Seconds())
	}
	return at
}

func gapsOf(at []float64) []float64 {
	var gaps []float64
	for i := range at[1:] {
		gaps = append(gaps, at[i+1]-at[i])
	}
	return gaps
}

// Gaps at a steady rate are exponential and independent; those of even arrivals are neither, so the test can tell.
func TestPoissonGaps(t *testing.T) {
	gaps := gapsOf(dues(stageOf(Poisson, 600, 600)))
	if a := exponential(slices.Clone(gaps)); a > gapCritical {
		t.Errorf("A² of the gaps is %v, above the 1%% point %v", a, gapCritical)
	}
	// The correlation of neighbouring gaps has a deviation of 1/sqrt(n) when there is none.
	if r := correlation(gaps[:len(gaps)-1], gaps[1:]); math.Abs(r) > 4/math.Sqrt(float64(len(gaps))) {
		t.Errorf("neighbouring gaps correlate by %v", r)
	}
	if a := exponential(gapsOf(dues(stageOf(Even, 600, 600)))); a < gapCritical {
		t.Errorf("A² of even gaps is %v: the test cannot tell them from random ones", a)
	}
}

// What a hit is says nothing about when it comes: the two are drawn from different streams.
func TestOperationsIgnoreArrivals(t *testing.T) {
	p := stageOf(Poisson, 600, 600)
	sums, counts := make([]float64, len(p.Operations)), make([]float64, len(p.Operations))
	var last time.Duration
	for hit := range p.Hits(0) {
		sums[hit.Operation] += (hit.Due - last).Seconds()
		counts[hit.Operation]++
		last = hit.Due
	}
	for i, op := range p.Operations {
		// The mean of n exponential gaps deviates by 1/sqrt(n) of itself.
		if ratio := sums[i] / counts[i] * 600; math.Abs(ratio-1) > 4/math.Sqrt(counts[i]) {
			t.Errorf("the gap before %s is %v times the mean gap", op.Name, ratio)
		}
	}
}

// On a ramp, times sent through the cumulative curve are uniform; without the curve they are not.
func TestPoissonFollowsTheRamp(t *testing.T) {
	for _, tt := range []struct{ from, to float64 }{{0, 600}, {600, 0}, {100, 600}, {300, 300}} {
		p := stageOf(Poisson, tt.from, tt.to)
		var curved, plain []float64
		for hit := range p.Hits(0) {
			curved = append(curved, cumulative(p.Stages, hit.Due)/float64(p.Total(0)))
			plain = append(plain, float64(hit.Due)/float64(p.Duration()))
		}
		if a := andersonDarling(curved); a > uniformCritical {
			t.Errorf("%v to %v: A² is %v, above the 1%% point %v", tt.from, tt.to, a, uniformCritical)
		}
		if a := andersonDarling(plain); tt.from != tt.to && a < uniformCritical {
			t.Errorf("%v to %v: A² without the curve is %v: the test cannot tell", tt.from, tt.to, a)
		}
	}
}

func correlation(x, y []float64) float64 {
	mean := func(v []float64) float64 {
		var sum float64
		for _, one := range v {
			sum += one
		}
		return sum / float64(len(v))
	}
	mx, my := mean(x), mean(y)
	var xy, xx, yy float64
	for i := range x {
		xy, xx, yy = xy+(x[i]-mx)*(y[i]-my), xx+(x[i]-mx)*(x[i]-mx), yy+(y[i]-my)*(y[i]-my)
	}
	return xy / math.Sqrt(xx*yy)
}
