package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// By hand: means 3 and 7, variances 2.5 over 5 and 2 over 3 values, so the deviation of the difference is √(0.5 + 2/3) =
// 1.0801, with (7/6)² / (0.5²/4 + (2/3)²/2) = 1.36111 / 0.28472 = 4.7805 degrees of freedom, of which t(0.975) is 2.6071.
func TestWelchByHand(t *testing.T) {
	d := Difference([]float64{1, 2, 3, 4, 5}, []float64{7 - math.Sqrt2, 7, 7 + math.Sqrt2})
	for _, tt := range []struct {
		what      string
		got, want float64
	}{{"value", d.Value, 4}, {"lower end", d.Lo, 4 - 2.6071*1.0801}, {"upper end", d.Hi, 4 + 2.6071*1.0801}, {"centre", d.Centre, 4}} {
		if math.Abs(tt.got-tt.want) > 2e-3 {
			t.Errorf("%s: got %.4f, want %.4f", tt.what, tt.got, tt.want)
		}
	}
	if d.N != 3 {
		t.Errorf("got N %d, want that of the smaller sample, 3", d.N)
	}
}

func TestDifferenceWithoutSpread(t *testing.T) {
	for _, tt := range []struct {
		name          string
		before, after []float64
		value         float64
		known         bool
	}{
		{"nothing at all", nil, []float64{1, 2}, math.NaN(), false},
		{"a single value", []float64{1}, []float64{2, 3, 4}, 2, false},
		{"two that never vary", []float64{0, 0}, []float64{1, 1}, 1, true},
		{"one that never varies", []float64{0, 0, 0}, []float64{1, 2, 3}, 2, true},
	} {
		d := Difference(tt.before, tt.after)
		if same := d.Value == tt.value || math.IsNaN(d.Value) && math.IsNaN(tt.value); !same || !math.IsNaN(d.Lo) != tt.known {
			t.Errorf("%s: got %+v, want %v and an interval: %v", tt.name, d, tt.value, tt.known)
		}
	}
}

// Swapping the samples turns the ratio over, and a factor common to both changes nothing.
func TestGeometricRatioIsARatio(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.Float64Range(1e-4, 10), 2, 9)
		a, b, factor := sizes.Draw(t, "a"), sizes.Draw(t, "b"), rapid.Float64Range(1e-3, 1e3).Draw(t, "factor")
		there, back := GeometricRatio(a, b), GeometricRatio(b, a)
		scaled := GeometricRatio(times(a, factor), times(b, factor))
		for _, pair := range [][2]float64{{there.Value, 1 / back.Value}, {there.Lo, 1 / back.Hi}, {there.Centre, 1 / back.Centre},
			{there.Value, scaled.Value}, {there.Hi, scaled.Hi}} {
			// Compared as logarithms: ends of wide intervals are huge.
			if math.Abs(math.Log(pair[0])-math.Log(pair[1])) > 1e-6*(1+math.Abs(math.Log(pair[0]))) {
				t.Fatalf("got %v and %v", pair[0], pair[1])
			}
		}
	})
}

func times(xs []float64, factor float64) []float64 {
	scaled := make([]float64, len(xs))
	for i, x := range xs {
		scaled[i] = x * factor
	}
	return scaled
}

// Two samples of independent values: what is the same is called different in 5 % of cases, also where one has more values
// and less noise, and what is different is found.
func TestSimulatedSamples(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 20260701))
	sample := func(n int, noise, centre float64) []float64 {
		xs := make([]float64, n)
		for i := range xs {
			xs[i] = math.Exp(centre + noise*random.NormFloat64())
		}
		return xs
	}
	for _, tt := range []struct {
		n, m        int
		noise, more float64
	}{{3, 3, 0.03, 0.03}, {3, 8, 0.06, 0.02}, {8, 3, 0.06, 0.02}, {5, 5, 0.03, 0.1}} {
		t.Run(fmt.Sprintf("%d and %d values", tt.n, tt.m), func(t *testing.T) {
			ratio := func(centre float64) Interval {
				return GeometricRatio(sample(tt.n, tt.noise, 0), sample(tt.m, tt.more, centre))
			}
			between(t, "false alarms", share(func() bool { return ratio(0).Against(1) != Unclear }), 0.02, 0.07)
			between(t, "coverage of a ratio of 1.1", share(func() bool { return covers(ratio(math.Log(1.1)), 1.1) }), 0.93, 0.98)
		})
	}
}

// hours makes up runs of a machine that differs by 3 % from one run to the next, and by as much from trial to trial.
type hours struct {
	random *rand.Rand
	// walk is the deviation of the step by which it drifts between two runs, and drift where it is.
	walk, drift float64
}

// trials are the values of one run.
func (h *hours) trials(n int, ratio float64) []float64 {
	h.drift += h.walk * h.random.NormFloat64()
	xs, hour := make([]float64, n), h.drift+0.03*h.random.NormFloat64()
	for i := range xs {
		xs[i] = ratio * math.Exp(hour+0.03*h.random.NormFloat64())
	}
	return xs
}

// run is the one number of a run.
func (h *hours) run(trials int, ratio float64) float64 {
	return GeometricMean(h.trials(trials, ratio)).Value
}

// alternating compares runs that took turns, and blocks those of which one side came after the other.
func (h *hours) alternating(runs, trials int, ratio float64) Side {
	var before, after []float64
	for range runs {
		before, after = append(before, h.run(trials, 1)), append(after, h.run(trials, ratio))
	}
	return GeometricRatio(before, after).Against(1)
}

func (h *hours) blocks(runs, trials int) Side {
	values := make([]float64, 2*runs)
	for i := range values {
		values[i] = h.run(trials, 1)
	}
	return GeometricRatio(values[:runs], values[runs:]).Against(1)
}

// pooled takes the trials of all runs of a side for independent values.
func (h *hours) pooled(runs, trials int) Side {
	var sides [2][]float64
	for i := range sides {
		for range runs {
			sides[i] = append(sides[i], h.trials(trials, 1)...)
		}
	}
	return GeometricRatio(sides[0], sides[1]).Against(1)
}

// A machine differs from run to run, and trials share the hour of their run. Taken for independent values they claim a
// change that is none in 18 to 20 % of cases with three trials a run, and in 37 to 41 % with eight. One number a run claims
// it in 2 to 5 %. A slowdown by a fifth is found by two runs a side in 44 and 49 % of cases, by three in 98 and 99 %, by
// five always.
func TestSimulatedHours(t *testing.T) {
	for _, trials := range []int{3, 8} {
		for runs, least := range map[int]float64{2: 0.38, 3: 0.95, 5: 0.99} {
			t.Run(fmt.Sprintf("%d runs of %d trials", runs, trials), func(t *testing.T) {
				t.Parallel()
				h := &hours{random: rand.New(rand.NewPCG(uint64(10*runs+trials), 20260701))}
				between(t, "false alarms", share(func() bool { return h.alternating(runs, trials, 1) != Unclear }), 0.01, 0.07)
				between(t, "false alarms of trials", share(func() bool { return h.pooled(runs, trials) != Unclear }), 0.12, 1)
				between(t, "+20 % found", share(func() bool { return h.alternating(runs, trials, 1.2) == Above }), least, 1)
			})
		}
	}
}

// Where the machine drifts as well, by 2 % from one run to the next, runs that take turns stay honest, at 3 %. Five of one
// build and then five of another are not: 17 to 21 % are false alarms.
func TestSimulatedOrder(t *testing.T) {
	h := &hours{random: rand.New(rand.NewPCG(3, 20260701)), walk: 0.02}
	between(t, "false alarms in turn", share(func() bool { return h.alternating(5, 3, 1) != Unclear }), 0.01, 0.07)
	between(t, "false alarms one after the other", share(func() bool { return h.blocks(5, 3) != Unclear }), 0.1, 0.3)
}
