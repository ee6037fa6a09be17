package stat

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// simulated is how many runs each rate rests on: a rate of 5 % is known to ± 0.5 % (one sigma).
const simulated = 2000

// machine makes up executions of two variants that are compared round by round.
type machine struct {
	random *rand.Rand
	// noise is the deviation of the log of one execution, walk that of the step the machine drifts between two.
	noise, walk float64
	// steady is a drift that always goes the same way.
	steady float64
	// inside is the deviation of the log values within one execution, which depend on each other; without it an
	// execution is one number.
	inside float64
	drift  float64
}

func newMachine(seed int) *machine {
	return &machine{random: rand.New(rand.NewPCG(uint64(seed), 20260701)), noise: 0.03, walk: 0.02}
}

// execution is the logs of the values of one execution.
func (m *machine) execution(effect float64) []float64 {
	m.drift += m.steady + m.walk*m.random.NormFloat64()
	centre := effect + m.drift + m.noise*m.random.NormFloat64()
	if m.inside == 0 {
		return []float64{centre}
	}
	values, x := make([]float64, 60), m.random.NormFloat64()
	for i := range values {
		x = 0.8*x + 0.6*m.random.NormFloat64() // deviation 1, for 0.8² + 0.6² is 1
		values[i] = centre + m.inside*x
	}
	return values
}

// round is one execution of either variant, side by side; every other one goes backwards.
type round struct{ before, after []float64 }

func (m *machine) rounds(n int, effect float64) []round {
	rounds := make([]round, n)
	for i := range rounds {
		if i%2 == 0 {
			rounds[i].before = m.execution(0)
			rounds[i].after = m.execution(effect)
		} else {
			rounds[i].after = m.execution(effect)
			rounds[i].before = m.execution(0)
		}
	}
	return rounds
}

// ratios are after/before of the 95th percentiles of n rounds.
func (m *machine) ratios(n int, ratio float64) []float64 {
	var ratios []float64
	for _, r := range m.rounds(n, math.Log(ratio)) {
		ratios = append(ratios, math.Exp(high(r.after)-high(r.before)))
	}
	return ratios
}

// high is the 95th percentile of up to 60 values: of 60 the fourth largest.
func high(values []float64) float64 {
	top := [4]float64{math.Inf(-1), math.Inf(-1), math.Inf(-1), math.Inf(-1)}
	beyond := Tail(uint64(len(values)), 0.95)
	for _, v := range values {
		for i := beyond; v > top[i]; i-- {
			if i < beyond {
				top[i+1] = top[i]
			}
			if top[i] = v; i == 0 {
				break
			}
		}
	}
	return top[beyond]
}

// share is how often something is so.
func share(is func() bool) float64 {
	n := 0
	for range simulated {
		if is() {
			n++
		}
	}
	return float64(n) / simulated
}

func between(t *testing.T, what string, got, least, most float64) {
	t.Helper()
	if !(got >= least && got <= most) {
		t.Errorf("%s: got %.1f %%, want %.1f to %.1f %%", what, 100*got, 100*least, 100*most)
	}
}

// Bounds on either side: an interval that claims nothing raises no false alarm either.
func TestSimulatedEffects(t *testing.T) {
	for _, n := range []int{3, 5, 8} {
		t.Run(fmt.Sprint(n, " rounds"), func(t *testing.T) {
			t.Parallel()
			m := newMachine(n)
			between(t, "false alarms", share(func() bool { return GeometricMean(m.ratios(n, 1)).Against(1) != Unclear }), 0.03, 0.07)
			between(t, "coverage of a ratio of 0.8", share(func() bool { return covers(GeometricMean(m.ratios(n, 0.8)), 0.8) }), 0.93, 0.97)
			m.steady, m.walk = 0.02, 0
			between(t, "false alarms under steady drift",
				share(func() bool { return GeometricMean(m.ratios(n, 1)).Against(1) != Unclear }), 0.01, 0.05)
		})
	}
	t.Run("ten per cent are found", func(t *testing.T) {
		t.Parallel()
		m := newMachine(8)
		between(t, "found in 8 rounds", share(func() bool { return GeometricMean(m.ratios(8, 1.1)).Against(1) == Above }), 0.8, 1)
	})
}

func covers(i Interval, truth float64) bool { return i.Lo <= truth && truth <= i.Hi }

// Values that depend on each other make percentiles worse, which the rounds show; so the interval stays right.
func TestSimulatedAutocorrelation(t *testing.T) {
	for _, n := range []int{3, 5, 8} {
		t.Run(fmt.Sprint(n, " rounds"), func(t *testing.T) {
			t.Parallel()
			m := newMachine(20 + n)
			m.inside = 0.3
			between(t, "coverage", share(func() bool { return covers(GeometricMean(m.ratios(n, 1.2)), 1.2) }), 0.93, 0.97)
		})
	}
}

// Looking after every round costs nothing if it is paid for, and everything if it is not.
func TestSimulatedLooks(t *testing.T) {
	alarm := func(m *machine, ratio float64, confidence func(n int) float64) bool {
		ratios := m.ratios(12, ratio)
		for n := FirstLook; n <= len(ratios); n++ {
			if GeometricMeanAt(ratios[:n], confidence(n)).Against(1) != Unclear {
				return true
			}
		}
		return false
	}
	unpaid := func(int) float64 { return Confidence }
	for _, c := range []struct {
		what        string
		ratio       float64
		confidence  func(n int) float64
		least, most float64
	}{
		{"false alarms", 1, LookConfidence, 0.025, 0.05}, // exactly 3.8 % by then
		{"false alarms of unpaid looks", 1, unpaid, 0.1, 1},
		{"five per cent found", 1.05, LookConfidence, 0.5, 1}, // about one deviation
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			m := newMachine(40)
			between(t, c.what, share(func() bool { return alarm(m, c.ratio, c.confidence) }), c.least, c.most)
		})
	}
}

// What is promised to be found in 80 % of cases is; what is expected of one more pair without a change comes true.
func TestSimulatedNoise(t *testing.T) {
	for _, n := range []int{2, 3, 8} {
		t.Run(fmt.Sprint(n, " rounds"), func(t *testing.T) {
			t.Parallel()
			m := newMachine(60 + n)
			ratio := math.Exp(Detectable(math.Sqrt(2*m.noise*m.noise+m.walk*m.walk), n))
			between(t, "found", share(func() bool { return GeometricMean(m.ratios(n, ratio)).Against(1) == Above }), 0.77, 0.83)
			between(t, "predicted", share(func() bool {
				logs := Logs(m.ratios(n, 1))
				return covers(Predict(logs[1:]), logs[0])
			}), 0.93, 0.97)
		})
	}
}

// The reason for Student's interval, and the table of the package comment (go test -v -run Compared).
func TestIntervalsCompared(t *testing.T) {
	if testing.Short() {
		t.Skip("-short simulates little")
	}
	for _, n := range []int{3, 5, 8, 12} {
		t.Run(fmt.Sprint(n, " repetitions"), func(t *testing.T) {
			t.Parallel()
			m, held := newMachine(80+n), map[string]float64{}
			m.inside = 0.05
			for range simulated {
				rounds := m.rounds(n, 0)
				logs := make([]float64, n)
				for i, r := range rounds {
					logs[i] = high(r.after) - high(r.before)
				}
				means := resampled(m.random, logs)
				for name, i := range map[string]Interval{"t": Mean(logs), "percentile": ends(means, -1.96, 1.96),
					"BCa": corrected(means, logs), "two-level": ends(twoLevel(m.random, rounds), -1.96, 1.96)} {
					if covers(i, 0) {
						held[name] += 1. / simulated
					}
				}
			}
			for _, name := range slices.Sorted(maps.Keys(held)) {
				t.Logf("%s: %.1f %%", name, 100*held[name])
			}
			between(t, "t", held["t"], 0.93, 0.97)
			if n <= 5 {
				between(t, "the best bootstrap", max(held["percentile"], held["BCa"], held["two-level"]), 0.5, 0.92)
			}
		})
	}
}

// resamples is one less than a multiple of 40, so that the quantiles of 2.5 and 97.5 % are among them.
const resamples = 199

// resampled are the ordered means of resamples of xs.
func resampled(random *rand.Rand, xs []float64) []float64 {
	means := make([]float64, resamples)
	for i := range means {
		for range xs {
			means[i] += xs[random.IntN(len(xs))] / float64(len(xs))
		}
	}
	slices.Sort(means)
	return means
}

// twoLevel resamples rounds, and within each of them blocks of five values, the same on both sides.
func twoLevel(random *rand.Rand, rounds []round) []float64 {
	const block = 5
	means := make([]float64, resamples)
	var before, after []float64
	for i := range means {
		for range rounds {
			r := rounds[random.IntN(len(rounds))]
			before, after = before[:0], after[:0]
			for len(before) < len(r.before) {
				at := random.IntN(len(r.before) - block + 1)
				before, after = append(before, r.before[at:at+block]...), append(after, r.after[at:at+block]...)
			}
			means[i] += (high(after) - high(before)) / float64(len(rounds))
		}
	}
	slices.Sort(means)
	return means
}

// ends are the resampled means at two quantiles of the normal distribution: the percentile bootstrap.
func ends(means []float64, low, high float64) Interval {
	at := func(z float64) float64 {
		rank := math.Round(distuv.UnitNormal.CDF(z) * float64(len(means)+1))
		return means[min(max(int(rank), 1), len(means))-1]
	}
	return Interval{Lo: at(low), Hi: at(high)}
}

// corrected is the bias-corrected and accelerated bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap,
// 1993, equations 14.9 to 14.15.
func corrected(means, xs []float64) Interval {
	mean, below := Mean(xs).Value, 0.0
	for _, m := range means {
		if m < mean {
			below++
		}
	}
	bias := distuv.UnitNormal.Quantile(min(max(below/float64(len(means)), 0.001), 0.999))
	cubes, squares := 0.0, 0.0
	for _, x := range xs { // leaving x out moves the mean by (mean-x)/(n-1); the divisor cancels
		cubes, squares = cubes+math.Pow(x-mean, 3), squares+math.Pow(x-mean, 2)
	}
	acceleration := cubes / (6 * math.Pow(squares, 1.5))
	shift := func(z float64) float64 { return bias + (bias+z)/(1-acceleration*(bias+z)) }
	return ends(means, shift(-1.96), shift(1.96))
}
