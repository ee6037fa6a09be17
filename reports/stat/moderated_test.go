package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// trials makes up samples of one number: n trials that vary by noise, and what else of the machine is known.
type trials struct {
	random *rand.Rand
	noise  float64
}

func (s trials) one() float64 { return s.noise * s.random.NormFloat64() }

func (s trials) many(n int) (sample Sample) {
	sample.Steps = 1
	for range n {
		sample.Logs = append(sample.Logs, s.one())
		sample.Inside = append(sample.Inside, Inside{Freedom: 4})
	}
	return sample
}

// looks are what a run may have: so many rounds, and for a single one perhaps a trial of this or of another state again.
func (s trials) looks() map[string]func() Sample {
	return map[string]func() Sample{
		"1 round, nothing repeated": func() Sample { return s.many(1) },
		"1 round, another repeated": func() Sample {
			sample := s.many(1)
			sample.Apart, sample.Within = []float64{s.one() - s.one()}, []float64{0}
			return sample
		},
		"1 round, itself repeated": func() Sample {
			sample := s.many(1)
			sample.Apart, sample.Within = []float64{s.one() - sample.Logs[0]}, []float64{0}
			return sample
		},
		"2 rounds": func() Sample { return s.many(2) },
		"3 rounds": func() Sample { return s.many(3) },
	}
}

// The worst limit is the number itself: whatever is claimed there is wrong on one side. And what lies twice the noise
// away is decided: noise is what one more trial may differ by, as the sample knows it, in 95 % of cases. The table shows
// from which factor on 95 % of limits are decided; no method that is wrong in 5 % of cases at most does with less than
// 3.29 deviations of a single trial whose deviation is known.
func TestModeratedErrors(t *testing.T) {
	if testing.Short() {
		t.Skip("-short simulates little")
	}
	const runs = 10_000
	for _, noise := range []float64{0.03, 0.1, 0.3} {
		for name := range (trials{}).looks() {
			t.Run(fmt.Sprintf("%v, trials vary by %v", name, noise), func(t *testing.T) {
				// Each has draws of its own, in whatever order they come.
				look := trials{rand.New(rand.NewPCG(7, math.Float64bits(noise))), noise}.looks()[name]
				wrong, decided, far := 0, 0, make([]float64, runs)
				for i := range runs {
					m := Moderate(look(), Confidence)
					if m.Lo > 0 {
						wrong++
					}
					if m.Against(2*student(m.Freedom, Confidence)*m.Deviation) == Below {
						decided++
					}
					far[i] = m.Hi
				}
				between(t, "wrong", float64(wrong)/runs, 0, 0.05)
				between(t, "decided at twice the noise", float64(decided)/runs, 0.95, 1)
				t.Logf("95 %% of limits are decided from ×%.2f on", math.Exp(quantile(far, 0.95)))
			})
		}
	}
}

func quantile(xs []float64, q float64) float64 {
	var list []Bar
	for _, x := range sorted(xs) {
		list = append(list, Bar{x, 1})
	}
	return Quantile(list, 0, q)
}

// Twice as far as two trials in a row differ in 95 % of cases, which is what a report calls the noise floor, is decided by
// three rounds however quiet the machine is.
func TestModeratedAgainstTheNoiseFloor(t *testing.T) {
	for _, noise := range []float64{0.03, 0.1, 0.3} {
		s := trials{rand.New(rand.NewPCG(8, math.Float64bits(noise))), noise}
		floor := 1.96 * math.Sqrt2 * noise
		between(t, fmt.Sprintf("decided, trials vary by %v", noise), share(func() bool {
			return Moderate(s.many(3), Confidence).Against(2*floor) == Below
		}), 0.95, 1)
	}
}

// A ratio of two trials varies by both.
func TestModeratedRatio(t *testing.T) {
	for _, noise := range []float64{0.03, 0.1, 0.3} {
		s := trials{rand.New(rand.NewPCG(9, math.Float64bits(noise))), noise}
		between(t, fmt.Sprintf("wrong, trials vary by %v", noise), share(func() bool {
			sample := Sample{Logs: []float64{s.one() - s.one()}, Inside: []Inside{{}}, Steps: 2, Apart: []float64{s.one() - s.one()}, Within: []float64{0}}
			return Moderate(sample, Confidence).Lo > 0
		}), 0, 0.05)
	}
}

// A percentile inside of one trial is known as well as its seconds say, and not as well as its hits would if each came by
// itself.
func TestQuantileInside(t *testing.T) {
	const seconds, hits, q = 60, 50, 0.95
	truth := math.Exp(math.Sqrt(1.25) * 1.6448536)
	m, held, naive, runs := newMachine(5), 0, 0, 400
	for range runs {
		all, per := []float64{}, make([][]float64, seconds)
		mood := m.random.NormFloat64()
		for i := range per {
			mood = 0.7*mood + math.Sqrt(1-0.49)*m.random.NormFloat64()
			for range hits {
				per[i] = append(per[i], math.Exp(0.5*mood+m.random.NormFloat64()))
			}
			all = append(all, per[i]...)
		}
		var bars []Bar
		for _, x := range sorted(all) {
			bars = append(bars, Bar{x, 1})
		}
		at, blocks := Quantile(bars, 0, q), make([]Block, seconds)
		for i, values := range per {
			blocks[i].N = hits
			for _, x := range values {
				if x > at {
					blocks[i].Over++
				}
			}
		}
		deviation, freedom := ShareDeviation(blocks)
		if covered(QuantileInside(bars, 0, q, deviation, freedom), at, truth) {
			held++
		}
		if covered(QuantileInside(bars, 0, q, math.Sqrt(q*(1-q)/(seconds*hits)), freedom), at, truth) {
			naive++
		}
	}
	between(t, "coverage by seconds", float64(held)/float64(runs), 0.87, 0.97)
	between(t, "coverage as if each hit came by itself", float64(naive)/float64(runs), 0.2, 0.8)
}

func sorted(xs []float64) []float64 {
	slices.Sort(xs)
	return xs
}

func covered(i Inside, at, truth float64) bool {
	off := math.Log(truth / at)
	ends := student(i.Freedom, Confidence)
	return off <= ends*i.Up && off >= -ends*i.Down
}

// Values that never came back lie beyond every end, and a share that may be more than the percentile leaves out has none.
func TestQuantileInsideOfFailures(t *testing.T) {
	bars := []Bar{{1, 900}, {2, 60}}
	if i := QuantileInside(bars, 40, 0.95, 0.002, 9); math.IsInf(i.Up, 1) || i.Down < 0 {
		t.Errorf("4 %% ± 0.4 %% lost: got %+v, want both ends", i)
	}
	if i := QuantileInside(bars, 45, 0.95, 0.01, 9); !math.IsInf(i.Up, 1) {
		t.Errorf("4.5 %% ± 2 %% lost: got %+v, want no end above", i)
	}
	if got := QuantileLeast(bars, 60, 0.95, 0.01); got != 2 {
		t.Errorf("got %v, want 2", got)
	}
	m := Moderate(Sample{Logs: []float64{0}, Inside: []Inside{{Up: math.Inf(1), Down: 0.1, Freedom: 4}}, Steps: 1}, Confidence)
	if !math.IsInf(m.Hi, 1) || !(m.Lo < 0 && m.Lo > -3) {
		t.Errorf("got %+v, want an interval without an end above", m)
	}
}

func TestModerate(t *testing.T) {
	quiet := Inside{Freedom: 4}
	for _, c := range []struct {
		name                     string
		sample                   Sample
		half, freedom, deviation float64
	}{
		// By hand: t(0.975) of 2 degrees is 4.3027, of 3 it is 3.1824, of 1 it is 12.706.
		{"nothing but the assumption", Sample{Logs: []float64{1}, Inside: []Inside{quiet}, Steps: 1}, 4.3027 * 0.18, 2, 0.18},
		{"a pair", Sample{Logs: []float64{1}, Inside: []Inside{quiet}, Steps: 1, Apart: []float64{0.1}, Within: []float64{0}},
			3.1824 * math.Sqrt((2*0.0324+0.005)/3), 3, math.Sqrt((2*0.0324 + 0.005) / 3)},
		{"a ratio", Sample{Logs: []float64{1}, Inside: []Inside{quiet}, Steps: 2}, 4.3027 * 0.18 * math.Sqrt2, 2, 0.18 * math.Sqrt2},
		{"two far apart", Sample{Logs: []float64{0.8, 1.2}, Inside: []Inside{quiet, quiet}, Steps: 1},
			3.1824 * math.Sqrt((2*0.0324+0.08)/3/2), 3, math.Sqrt((2*0.0324 + 0.08) / 3)},
		{"two together", Sample{Logs: []float64{0.99, 1.01}, Inside: []Inside{quiet, quiet}, Steps: 1}, 12.7062 * 0.01, 1, 0.01 * math.Sqrt2},
		{"no closer than each is known", Sample{Logs: []float64{1, 1}, Inside: []Inside{{0.02, 0.02, 4}, {0.02, 0.02, 4}}, Steps: 1}, 1.96 * 0.02 / math.Sqrt2, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := Moderate(c.sample, Confidence)
			for what, pair := range map[string][2]float64{"half": {(m.Hi - m.Lo) / 2, c.half}, "freedom": {m.Freedom, c.freedom}, "deviation": {m.Deviation, c.deviation}, "value": {m.Value, 1}} {
				if math.Abs(pair[0]-pair[1]) > 1e-4 {
					t.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
				}
			}
		})
	}
	if m := Moderate(Sample{Steps: 1}, Confidence); m.N != 0 || !math.IsNaN(m.Lo) {
		t.Errorf("of nothing: got %+v", m)
	}
	if m := Moderate(Sample{Logs: []float64{1}, Inside: []Inside{quiet}, Steps: 1}, 1); !math.IsNaN(m.Lo) {
		t.Errorf("certain: got %+v, want no interval", m)
	}
	// Hundreds of hits tell much of one trial; what they tell weighs more than the assumption, which says nothing of them.
	wide := Moderate(Sample{Logs: []float64{1}, Inside: []Inside{{0.5, 0.5, 9}}, Steps: 1}, Confidence)
	if wide.Freedom < 5 || wide.Assumed > 2 || wide.Hi-1 < 0.5*2 {
		t.Errorf("got %+v", wide)
	}
}

func TestShareDeviation(t *testing.T) {
	for _, c := range []struct {
		name               string
		blocks             []Block
		deviation, freedom float64
	}{
		{"evenly", []Block{{100, 5}, {100, 5}}, math.Sqrt(0.05 * 0.95 / 200), 1},
		{"in one of two", []Block{{100, 10}, {100, 0}}, 0.05, 1},
		{"one block", []Block{{100, 5}}, 2 * math.Sqrt(0.05*0.95/100), 1},
		{"twenty blocks in ten batches", twenty(), math.Sqrt(10./9*10*9) / 200, 9},
	} {
		deviation, freedom := ShareDeviation(c.blocks)
		if math.Abs(deviation-c.deviation) > 1e-9 || freedom != c.freedom {
			t.Errorf("%s: got %v with %v, want %v with %v", c.name, deviation, freedom, c.deviation, c.freedom)
		}
	}
	if deviation, _ := ShareDeviation(nil); !math.IsNaN(deviation) {
		t.Errorf("of nothing: got %v", deviation)
	}
}

// twenty blocks, of which every other pair is slow: ten batches off their mean by 3 hits each way.
func twenty() (blocks []Block) {
	for i := range 20 {
		b := Block{N: 10, Over: 2}
		if i/2%2 == 0 {
			b.Over = 5
		}
		blocks = append(blocks, b)
	}
	return blocks
}
