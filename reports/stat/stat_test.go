package stat

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > 1e-6*max(1, math.Abs(want)) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestQuantile(t *testing.T) {
	ten := []Bar{{1, 5}, {2, 3}, {3, 2}}
	for _, c := range []struct {
		name string
		bars []Bar
		over uint64
		q    float64
		want float64
	}{
		{"nothing", nil, 0, 0.5, math.NaN()},
		{"only failures", nil, 3, 0.5, math.Inf(1)},
		{"rank 5 of 10 is the last of the first bar", ten, 0, 0.5, 1},
		{"rank 6 of 10 is the second bar", ten, 0, 0.51, 2},
		{"rank 10 of 10", ten, 0, 1, 3},
		{"rank 0 is lifted to the first", ten, 0, 0, 1},
		// 10 values and 1 failure: rank ceil(0.95*11) = 11 is the failure, rank ceil(0.9*11) = 10 the largest value.
		{"among the failures", ten, 1, 0.95, math.Inf(1)},
		{"just before the failures", ten, 1, 0.9, 3},
		// 95.2 % fast and 4.8 % slow of 1000: rank 950 is still fast.
		{"a slow tail shorter than the tail asked for", []Bar{{1, 952}, {100, 48}}, 0, 0.95, 1},
		{"the first slow one", []Bar{{1, 949}, {100, 51}}, 0, 0.95, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Quantile(c.bars, c.over, c.q); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestTail(t *testing.T) {
	for _, c := range []struct {
		n    uint64
		q    float64
		want uint64
	}{
		{0, 0.95, 0}, {200, 0.95, 10}, {199, 0.95, 9}, {1000, 0.99, 10}, {999, 0.99, 9}, {20, 0.5, 10}, {19, 0.5, 9},
		// 0.07*100 is 7.000000000000001 in binary: the rank must stay 7.
		{100, 0.07, 93},
	} {
		if got := Tail(c.n, c.q); got != c.want {
			t.Errorf("tail of %d beyond %v: got %d, want %d", c.n, c.q, got, c.want)
		}
	}
}

// The quantile of bars is the value at the rank of the list written out.
func TestQuantileIsTheValueAtTheRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 200).Draw(t, "values")
		over := rapid.Uint64Range(0, 50).Draw(t, "over")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		slices.Sort(values)
		list := make([]float64, 0, len(values)+int(over))
		var bars []Bar
		for _, v := range values {
			list, bars = append(list, float64(v)), append(bars, Bar{float64(v), 1})
		}
		for range over {
			list = append(list, math.Inf(1))
		}
		want := list[Rank(uint64(len(list)), q)-1]
		if got := Quantile(bars, over, q); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
		// A failure more can only raise it.
		if worse := Quantile(bars, over+1, q); worse < want && q > 0 && Rank(uint64(len(list)+1), q) >= Rank(uint64(len(list)), q) {
			t.Fatalf("one failure more lowered the quantile from %v to %v", want, worse)
		}
	})
}

func TestMean(t *testing.T) {
	// 1, 2, 3: mean 2, s = 1. For two degrees of freedom t covers p = t/√(2+t²), so t = p·√(2/(1-p²)): with p = 0.95
	// that is 0.95·√(2/0.0975) = 4.3026527. Half the interval is 4.3026527/√3 = 2.4841377.
	m := Mean([]float64{1, 2, 3})
	near(t, "value", m.Value, 2)
	near(t, "lo", m.Lo, 2-2.4841377)
	near(t, "hi", m.Hi, 2+2.4841377)
	// 0, 2: mean 1, s = √2. One degree of freedom is Cauchy's distribution: t = tan(0.475π) = 12.7062047, and half the
	// interval is 12.7062047·√2/√2.
	m = Mean([]float64{0, 2})
	near(t, "lo of two", m.Lo, 1-12.7062047)
	near(t, "hi of two", m.Hi, 1+12.7062047)
	// The same at 50 %: t = tan(0.25π) = 1, and half the interval is 1.
	m = MeanAt([]float64{0, 2}, 0.5)
	near(t, "lo of two at 50 %", m.Lo, 0)
	near(t, "hi of two at 50 %", m.Hi, 2)
	one := Mean([]float64{7})
	near(t, "one value", one.Value, 7)
	near(t, "one value, lo", one.Lo, math.NaN())
	near(t, "no value", Mean(nil).Value, math.NaN())
}

func TestGeometricMean(t *testing.T) {
	// Logs of 1/e, 1, e are -1, 0, 1: mean 0, interval ± 2.4841377 as above, so exp(± 2.4841377) = 11.990774 and its
	// inverse.
	m := GeometricMean([]float64{1 / math.E, 1, math.E})
	near(t, "value", m.Value, 1)
	near(t, "lo", m.Lo, 1/math.Exp(2.4841377))
	near(t, "hi", m.Hi, math.Exp(2.4841377))
	if m.Against(1) != Unclear {
		t.Errorf("an interval around one is not unclear")
	}
	// At 99 % p²/(1-p²) is 0.9801/0.0199, so t = √(2·49.2512563) = 9.9248432, and half the interval t/√3 = 5.7301109.
	near(t, "hi at 99 %", GeometricMeanAt([]float64{1 / math.E, 1, math.E}, 0.99).Hi, math.Exp(5.7301109))
	near(t, "a half and a double", GeometricMean([]float64{0.5, 2}).Value, 1)
	near(t, "no spread, lo", GeometricMean([]float64{0.25, 0.25}).Lo, 0.25)
	near(t, "down to nothing", GeometricMean([]float64{0, 1}).Value, 0)
	if m := GeometricMean([]float64{0, 0.5}); !math.IsNaN(m.Lo) || !math.IsNaN(m.Hi) || m.Against(1) != Unclear {
		t.Errorf("a ratio of zero has a spread nobody knows, got %+v", m)
	}
}

func TestAgainst(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		lo, hi float64
		want   Side
	}{{0.5, 0.9, Below}, {0.5, 1, Unclear}, {1.1, 1.2, Above}, {1, 1.2, Unclear}, {0.9, 1.1, Unclear}, {nan, nan, Unclear}} {
		if got := (Interval{Value: 1, Lo: c.lo, Hi: c.hi}).Against(1); got != c.want {
			t.Errorf("[%v, %v] against 1: got %v, want %v", c.lo, c.hi, got, c.want)
		}
	}
	if got := (Interval{}).Against(0); got != Unclear {
		t.Errorf("the zero interval claims %v", got)
	}
}

// Inverting every ratio inverts the mean and swaps the ends of its interval; the value lies inside.
func TestGeometricMeanInverts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Float64Range(0.01, 100), 2, 12).Draw(t, "xs")
		inverse := make([]float64, len(xs))
		for i, x := range xs {
			inverse[i] = 1 / x
		}
		a, b := GeometricMean(xs), GeometricMean(inverse)
		if a.Lo > a.Value*(1+1e-12) || a.Hi < a.Value*(1-1e-12) {
			t.Fatalf("%v lies outside [%v, %v]", a.Value, a.Lo, a.Hi)
		}
		for _, pair := range [][2]float64{{a.Value, 1 / b.Value}, {a.Lo, 1 / b.Hi}, {a.Hi, 1 / b.Lo}} {
			if math.Abs(math.Log(pair[0]/pair[1])) > 1e-6 {
				t.Fatalf("%+v and %+v are not inverse", a, b)
			}
		}
	})
}

// About 95 of 100 intervals of normal data cover the truth: the claim behind every verdict.
func TestCoverage(t *testing.T) {
	const trials, n = 4000, 4
	source := uint64(1)
	uniform := func() float64 { // xorshift64*, to be the same everywhere
		source ^= source >> 12
		source ^= source << 25
		source ^= source >> 27
		return (float64((source*2685821657736338717)>>11) + 0.5) / (1 << 53)
	}
	covered := 0
	for range trials {
		xs := make([]float64, n)
		for i := range xs {
			xs[i] = math.Sqrt(-2*math.Log(uniform())) * math.Cos(2*math.Pi*uniform())
		}
		if m := Mean(xs); m.Lo <= 0 && m.Hi >= 0 {
			covered++
		}
	}
	// Binomial: 4000·0.95 = 3800 ± 14 (one sigma); five sigma is 70.
	if covered < 3730 || covered > 3870 {
		t.Errorf("%d of %d intervals cover the mean, want 3800 ± 70", covered, trials)
	}
}
