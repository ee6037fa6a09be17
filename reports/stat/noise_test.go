package stat

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestHodgesLehmann(t *testing.T) {
	for _, c := range []struct {
		name string
		xs   []float64
		want float64
	}{
		{"nothing", nil, math.NaN()},
		{"one is its own centre", []float64{7}, 7},
		// Walsh averages 0, 1, 2: of two values always the mean.
		{"two", []float64{2, 0}, 1},
		// Walsh averages of 0, 1, 9 in order: 0, 0.5, 1, 4.5, 5, 9. The middle ones are 1 and 4.5, the mean is 10/3.
		{"three", []float64{9, 0, 1}, 2.75},
		// Of 0, 1, 2, 3: 0, 0.5, 1, 1, 1.5, 1.5, 2, 2, 2.5, 3. The fifth and sixth are both 1.5.
		{"four", []float64{0, 1, 2, 3}, 1.5},
		// Of 1, 1, 1, 1, 100 ten averages are 1, four 50.5, one 100: the eighth of fifteen is 1, where the mean is 20.8.
		{"one far off of five", []float64{1, 1, 100, 1, 1}, 1},
	} {
		near(t, c.name, HodgesLehmann(c.xs), c.want)
	}
	near(t, "of a geometric mean, exp(2.75)", GeometricMean([]float64{1, math.E, math.Exp(9)}).Centre, math.Exp(2.75))
}

// Of many values all pairs are not made, and it is what it would be.
func TestHodgesLehmannOfMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Float64Range(-3, 3), 101, 130).Draw(t, "xs")
		if coarse := rapid.Bool().Draw(t, "coarse"); coarse {
			for i := range xs {
				xs[i] = math.Round(xs[i])
			}
		}
		var walsh []float64
		for i, x := range xs {
			for _, y := range xs[i:] {
				walsh = append(walsh, (x+y)/2)
			}
		}
		if got, want := HodgesLehmann(xs), median(walsh); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// The centre lies among the values, moves with them, and turns with them.
func TestHodgesLehmannMoves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Float64Range(-100, 100), 1, 12).Draw(t, "xs")
		shift := rapid.Float64Range(-100, 100).Draw(t, "shift")
		centre := HodgesLehmann(xs)
		if centre < slices.Min(xs) || centre > slices.Max(xs) {
			t.Fatalf("%v lies outside of %v", centre, xs)
		}
		moved := make([]float64, len(xs))
		for i, x := range xs {
			moved[i] = shift - x
		}
		if got := HodgesLehmann(moved); math.Abs(got-(shift-centre)) > 1e-9 {
			t.Fatalf("%v less the values has centre %v, want %v", shift, got, shift-centre)
		}
	})
}

func TestPredict(t *testing.T) {
	// One value 2: √(4/1) = 2, and t of one degree of freedom is tan(0.475π) = 12.7062047.
	near(t, "hi of one", Predict([]float64{2}).Hi, 2*12.7062047)
	// 3, -4: √((9+16)/2) = 3.5355339, and t of two degrees is 0.95·√(2/0.0975) = 4.3026527.
	two := Predict([]float64{3, -4})
	near(t, "lo of two", two.Lo, -3.5355339*4.3026527)
	near(t, "hi of two", two.Hi, 3.5355339*4.3026527)
	if two.Value != 0 || two.N != 2 {
		t.Errorf("got %+v, want the value 0 of 2", two)
	}
	near(t, "hi of none", Predict(nil).Hi, math.NaN())
}

func TestPooledDeviation(t *testing.T) {
	// Centred 3, -4 has 25 in two degrees; 1, 2, 3 has 2 in two; 5, 9 has 8 in one; 7 has none. √(35/5) = √7.
	near(t, "all", PooledDeviation([]float64{3, -4}, []float64{1, 2, 3}, []float64{5, 9}, []float64{7}, nil), math.Sqrt(7))
	near(t, "groups alone", PooledDeviation(nil, []float64{1, 2, 3}), 1)
	near(t, "nothing left", PooledDeviation(nil, []float64{7}), math.NaN())
}

// For three repetitions the law is known in closed form. With t(0.975) = 0.95·√(2/0.0975) and shift d, the probability
// that |T| is over t is, by parts and by completing the square, 1 - 0.95·exp(-d²·0.0975/2). It is 0.8 for
// d = √(2·ln(0.95/0.2)/0.0975) = √31.961943 = 5.6534894.
func TestDetectable(t *testing.T) {
	d := math.Sqrt(2 * math.Log(0.95/0.2) / 0.0975)
	near(t, "by hand", d, 5.6534894)
	near(t, "three repetitions", Detectable(1, 3), d/math.Sqrt(3))
	// A deviation of 3 % of each of two sides and of 2 % between them: s = √(2·0.03²+0.02²) = 0.0469042 and
	// 5.6534894·0.0469042/√3 = 0.1530972, which is a slowdown by 16.5 %.
	near(t, "worked example", Detectable(math.Sqrt(2*0.03*0.03+0.02*0.02), 3), 0.1530972)
	// Many repetitions know their deviation: z(0.975) + z(0.8) = 1.9599640 + 0.8416212 = 2.8015852, over √n.
	if got := Detectable(1, 10000); math.Abs(got*100-2.8015852) > 0.001 {
		t.Errorf("10,000 repetitions: got %v, want 0.028015852", got)
	}
	near(t, "no deviation", Detectable(0, 3), 0)
	for _, n := range []int{0, 1} {
		near(t, "too few", Detectable(1, n), math.NaN())
	}
}
