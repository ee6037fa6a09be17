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
	d := DifferenceAt([]float64{1, 2, 3, 4, 5}, []float64{7 - math.Sqrt2, 7, 7 + math.Sqrt2}, 0.95)
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
		d := DifferenceAt(tt.before, tt.after, Confidence)
		if same := d.Value == tt.value || math.IsNaN(d.Value) && math.IsNaN(tt.value); !same || !math.IsNaN(d.Lo) != tt.known {
			t.Errorf("%s: got %+v, want %v and an interval: %v", tt.name, d, tt.value, tt.known)
		}
	}
	if d := DifferenceAt([]float64{1, 2}, []float64{3, 4}, 1); !math.IsNaN(d.Lo) {
		t.Errorf("at full confidence: got %+v, want no interval", d)
	}
}

// Swapping the samples turns the ratio over, and a factor common to both changes nothing.
func TestGeometricRatioIsARatio(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.Float64Range(1e-4, 10), 2, 9)
		a, b, factor := sizes.Draw(t, "a"), sizes.Draw(t, "b"), rapid.Float64Range(1e-3, 1e3).Draw(t, "factor")
		there, back := GeometricRatioAt(a, b, 0.95), GeometricRatioAt(b, a, 0.95)
		scaled := GeometricRatioAt(times(a, factor), times(b, factor), 0.95)
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

// Two runs of independent trials: what is the same is called different in 5 % of cases, also where one run has more trials
// and less noise, and what is different is found.
func TestSimulatedRuns(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 20260701))
	run := func(n int, noise, centre float64) []float64 {
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
		t.Run(fmt.Sprintf("%d and %d trials", tt.n, tt.m), func(t *testing.T) {
			ratio := func(centre float64) Interval {
				return GeometricRatioAt(run(tt.n, tt.noise, 0), run(tt.m, tt.more, centre), Confidence)
			}
			between(t, "false alarms", share(func() bool { return ratio(0).Against(1) != Unclear }), 0.02, 0.07)
			between(t, "coverage of a ratio of 1.1", share(func() bool { return covers(ratio(math.Log(1.1)), 1.1) }), 0.93, 0.98)
		})
	}
	between(t, "power for +20 %", share(func() bool {
		return GeometricRatioAt(run(5, 0.03, 0), run(5, 0.03, math.Log(1.2)), Confidence).Against(1) == Above
	}), 0.99, 1)
}

// What no method can know from two runs: by how much one hour of the machine differs from the next. A deviation of 3 % from
// run to run beside one of 3 % from trial to trial makes two of ten comparisons of three trials, and almost half of those of
// eight, claim a change that is not there. Whoever reads an interval between two runs has to be told.
func TestSimulatedHours(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 20260701))
	run := func(n int) []float64 {
		xs, hour := make([]float64, n), 0.03*random.NormFloat64()
		for i := range xs {
			xs[i] = math.Exp(hour + 0.03*random.NormFloat64())
		}
		return xs
	}
	for n, wrong := range map[int][2]float64{3: {0.1, 0.3}, 8: {0.3, 0.6}} {
		between(t, fmt.Sprint("false alarms of ", n, " trials"),
			share(func() bool { return GeometricRatioAt(run(n), run(n), Confidence).Against(1) != Unclear }), wrong[0], wrong[1])
	}
}
