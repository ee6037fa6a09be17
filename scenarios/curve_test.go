package scenarios

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawnRates are zero or something a person would notice: the square of much less is zero to float64.
func drawnRates() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0.001, 300))
}

// drawShape makes any shape but a hold and a ramp, and how long it lasts.
func drawShape(t *rapid.T) (Shape, time.Duration) {
	rate := drawnRates()
	span := func(label string, least time.Duration) time.Duration {
		return time.Duration(rapid.Int64Range(int64(least), int64(3*time.Second)).Draw(t, label))
	}
	switch rapid.SampledFrom(kinds()[2:]).Draw(t, "kind") {
	case kindStep:
		return Step{From: rate.Draw(t, "from"), To: rate.Draw(t, "to"), Steps: rapid.IntRange(1, 9).Draw(t, "steps")}, span("for", 1)
	case kindSpike:
		s := Spike{
			From: rate.Draw(t, "from"), To: rate.Draw(t, "to"), Rise: span("rise", 0), Hold: span("hold", 0), Decay: span("decay", 1),
			DecayShape: rapid.SampledFrom([]string{Linear, Exponential}).Draw(t, "decay shape"),
		}
		return s, s.length()
	case kindSine:
		s := Sine{Low: rate.Draw(t, "low"), Period: span("period", 50*time.Millisecond), Growth: rate.Draw(t, "growth")}
		s.High = s.Low + rate.Draw(t, "swing")
		s.PeakAt = time.Duration(rapid.Float64Range(0, 1).Draw(t, "peak at") * float64(s.Period))
		return s, span("for", 1)
	default:
		r := Replay{File: "f.csv", Points: []Point{{0, rate.Draw(t, "rate")}}, Speed: 1, Scale: 1}
		for range rapid.IntRange(1, 8).Draw(t, "points") {
			r.Points = append(r.Points, Point{r.length() + span("step", 4*time.Millisecond)/4, rate.Draw(t, "rate")})
		}
		return r, r.length()
	}
}

// drawStage makes any stage of a few seconds, at rates of up to a few hundred a second.
func drawStage(t *rapid.T) Stage {
	if rapid.IntRange(0, 2).Draw(t, "shaped") > 0 {
		shape, length := drawShape(t)
		return Stage{Shape: shape, Duration: length}
	}
	s := Stage{
		From:     drawnRates().Draw(t, "from"),
		Duration: time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(3*time.Second)).Draw(t, "for")),
	}
	s.To = s.From
	if rapid.Bool().Draw(t, "ramp") {
		s.To = drawnRates().Draw(t, "to")
	}
	return s
}

// drawCurve makes the curve of any stage.
func drawCurve(t *rapid.T) (Stage, Curve) {
	s := drawStage(t)
	return s, s.curve()
}

// drawTime makes a time of the curve.
func drawTime(t *rapid.T, c Curve) time.Duration {
	return time.Duration(rapid.Int64Range(0, int64(c.Length())).Draw(t, "at"))
}

// documented is what the documentation says of a stage: its rate at t seconds, in other words than the code's, and the
// seconds between which it is smooth.
func documented(s Stage) (rate func(t float64) float64, edges []float64) {
	length := s.Duration.Seconds()
	switch shape := s.Shape.(type) {
	case Step:
		levels := float64(shape.Steps + 1)
		for i := range shape.Steps + 2 {
			edges = append(edges, length*float64(i)/levels)
		}
		return func(t float64) float64 {
			level := min(math.Floor(t/length*levels), levels-1)
			return shape.From + (shape.To-shape.From)*level/(levels-1)
		}, edges
	case Spike:
		rise, hold, decay := shape.Rise.Seconds(), shape.Hold.Seconds(), shape.Decay.Seconds()
		return func(t float64) float64 {
			up := shape.To - shape.From
			fallen := (t - rise - hold) / decay
			switch {
			case t < rise:
				return shape.From + up*t/rise
			case t < rise+hold:
				return shape.To
			case shape.DecayShape == Linear:
				return shape.To - up*fallen
			default:
				return shape.From + up*(math.Pow(100, -fallen)-0.01)/0.99
			}
		}, []float64{0, rise, rise + hold, length}
	case Sine:
		return func(t float64) float64 {
			turns := (t - shape.PeakAt.Seconds()) / shape.Period.Seconds()
			return shape.Low + (shape.High-shape.Low)*(1+math.Cos(2*math.Pi*turns))/2 + shape.Growth*t/length
		}, []float64{0, length}
	case Replay:
		for _, p := range shape.Points {
			edges = append(edges, p.At.Seconds())
		}
		return func(t float64) float64 {
			i, _ := slices.BinarySearch(edges, t)
			i = min(max(i, 1), len(edges)-1)
			a, b := shape.Points[i-1], shape.Points[i]
			return a.Rate + (b.Rate-a.Rate)*(t-edges[i-1])/(edges[i]-edges[i-1])
		}, edges
	}
	return func(t float64) float64 { return s.From + (s.To-s.From)*t/length }, []float64{0, length}
}

// integral is that of documented from zero to t seconds, by Simpson's rule between the edges. A wave has a thousand
// panels in 3 s of periods of 50 ms at least: its relative error is (w*h)^4/180 < 1e-4 of nothing that remains over
// whole periods.
func integral(s Stage, t float64) float64 {
	const panels = 2000
	rate, edges := documented(s)
	var sum float64
	for i := 1; i < len(edges); i++ {
		a, b := edges[i-1], min(edges[i], t)
		if b <= a {
			continue
		}
		h := (b - a) / panels
		// At the edges themselves the rate may jump: inside of them is where the segment is.
		inside := func(x float64) float64 { return rate(min(max(x, a+h*1e-9), b-h*1e-9)) }
		for j := range panels {
			x := a + float64(j)*h
			sum += (inside(x) + 4*rate(x+h/2) + inside(x+h)) * h / 6
		}
	}
	return sum
}

func TestVolumeIsTheIntegral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, c := drawCurve(t)
		at := drawTime(t, c)
		if got, want := c.Volume(at), integral(s, at.Seconds()); math.Abs(got-want) > 1e-6*(1+want) {
			t.Fatalf("%+v: the volume at %v is %v, want %v", s, at, got, want)
		}
		if c.Length() != s.Duration || c.total() != c.Volume(c.Length()) || c.Volume(0) != 0 {
			t.Fatalf("%+v: a curve of %v, %v hits and %v at zero", s, c.Length(), c.total(), c.Volume(0))
		}
	})
}

func TestRateIsTheShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, c := drawCurve(t)
		rate, edges := documented(s)
		at := drawTime(t, c)
		if slices.ContainsFunc(edges, func(edge float64) bool { return math.Abs(edge-at.Seconds()) < 1e-8 }) {
			// Beside a jump a nanosecond decides.
			return
		}
		if got, want := c.Rate(at), rate(at.Seconds()); math.Abs(got-want) > 1e-6*(1+want) {
			t.Fatalf("%+v: the rate at %v is %v, want %v", s, at, got, want)
		}
	})
}

// The volume never falls, and the time by which it is reached never either.
func TestCurveIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, c := drawCurve(t)
		times := []time.Duration{drawTime(t, c), drawTime(t, c)}
		slices.Sort(times)
		a, b := c.Volume(times[0]), c.Volume(times[1])
		// A rounding error of the whole is the best a difference of two volumes can do.
		if slack := 4e-16 * c.total(); b < a-slack {
			t.Fatalf("%+v: the volume falls from %v to %v between %v and %v", s, a, b, times[0], times[1])
		}
		if early, late := c.When(min(a, b)), c.When(max(a, b)); late < early {
			t.Fatalf("%+v: volume %v is reached at %v, and the smaller %v at %v", s, max(a, b), late, min(a, b), early)
		}
	})
}

// When inverts Volume to the nanosecond, as far as float64 can tell the volumes of neighbouring nanoseconds apart.
func TestWhenInvertsVolume(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, c := drawCurve(t)
		at := drawTime(t, c)
		y := c.Volume(at)
		back := c.When(y)
		// What rounding of the volume to float64, a few times over, hides.
		hidden := 8 * 2.3e-16 * c.total()
		if miss := math.Abs(c.Volume(back) - y); miss > hidden+1e-9*c.Peak() {
			t.Fatalf("%+v: volume %v is said to be reached at %v, where it is off by %v", s, y, back, miss)
		}
		slowest := min(c.Rate(at), c.Rate(back), c.Rate((at+back)/2))
		if off := (back - at).Abs(); slowest > 1e-3 && off.Seconds() > 1e-9+2*hidden/slowest {
			t.Fatalf("%+v: %v became %v at a rate of %v", s, at, back, slowest)
		}
		if early := c.When(y - 1); early < 0 || early > c.Length() {
			t.Fatalf("%+v: When leaves the curve: %v", s, early)
		}
	})
}

// No rate is above the peak, and the peak is a rate.
func TestPeak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, c := drawCurve(t)
		const steps = 4000
		var highest float64
		for i := range steps + 1 {
			highest = max(highest, c.Rate(c.Length()*time.Duration(i)/steps))
		}
		_, edges := documented(s)
		for _, edge := range edges {
			at := time.Duration(edge * 1e9)
			highest = max(highest, c.Rate(at-2), c.Rate(at), c.Rate(at+2))
		}
		if peak := c.Peak(); highest > peak*(1+1e-12) {
			t.Fatalf("%+v: a rate of %v is above the peak %v", s, highest, peak)
		}
		// A wave of 50 ms has 66 steps in 3 s; the highest of them is within 0.12 % of its swing of the crest.
		if peak := c.Peak(); peak-highest > 2e-3*peak {
			t.Fatalf("%+v: the peak %v is above the highest rate found, %v", s, peak, highest)
		}
	})
}

// The means of the parts add up to the volume, and none lies outside of the rates.
func TestMeans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, c := drawCurve(t)
		n := rapid.IntRange(1, 300).Draw(t, "parts")
		if c.Length() < time.Duration(n) {
			return
		}
		var sum float64
		for i, mean := range c.Means(n) {
			begin, end := c.Length()*time.Duration(i)/time.Duration(n), c.Length()*time.Duration(i+1)/time.Duration(n)
			sum += mean * (end - begin).Seconds()
			if mean > c.Peak()*(1+1e-6)+1e-6 || mean < -1e-6 {
				t.Fatalf("%+v: part %d of %d has a mean of %v, above the peak %v", s, i, n, mean, c.Peak())
			}
		}
		if math.Abs(sum-c.total()) > 1e-9*(1+c.total()) {
			t.Fatalf("%+v: the means of %d parts make %v hits, want %v", s, n, sum, c.total())
		}
	})
}

func TestNoCurve(t *testing.T) {
	var c Curve
	if c.Length() != 0 || c.Rate(1) != 0 || c.Volume(1) != 0 || c.When(1) != 0 || c.Peak() != 0 || c.Means(2)[1] != 0 {
		t.Errorf("got %v, %v, %v, %v, %v; want nothing", c.Length(), c.Rate(1), c.Volume(1), c.When(1), c.Peak())
	}
}

// known is a value of a curve that a person can derive.
type known struct {
	at           time.Duration
	volume, rate float64
}

func checkKnown(t *testing.T, c Curve, values []known) {
	t.Helper()
	for _, k := range values {
		if got := c.Volume(k.at); math.Abs(got-k.volume) > 1e-9 {
			t.Errorf("volume at %v: got %v, want %v", k.at, got, k.volume)
		}
		if got := c.Rate(k.at); math.Abs(got-k.rate) > 1e-9 {
			t.Errorf("rate at %v: got %v, want %v", k.at, got, k.rate)
		}
		if got := c.When(k.volume); (got - k.at).Abs() > 1 {
			t.Errorf("volume %v: got %v, want %v", k.volume, got, k.at)
		}
	}
}

// A spike from 100/s to 600/s, 2 s up, 4 s on top, 10 s down. On the way up the volume is 100t + 125t², on top it grows
// by 600 a second, and x seconds into the way down it has grown by 600x - 25x².
func TestSpikeByHand(t *testing.T) {
	s := Spike{From: 100, To: 600, Rise: 2 * time.Second, Hold: 4 * time.Second, Decay: 10 * time.Second, DecayShape: Linear}
	c := s.curve(s.length())
	checkKnown(t, c, []known{
		{0, 0, 100},
		{time.Second, 225, 350},
		{2 * time.Second, 700, 600},
		{4 * time.Second, 1900, 600},
		{6 * time.Second, 3100, 600},
		{11 * time.Second, 5475, 350},
		{16 * time.Second, 6600, 100},
	})
	if c.Peak() != 600 || c.Length() != 16*time.Second {
		t.Errorf("got a peak of %v in %v", c.Peak(), c.Length())
	}
}

// An exponential decay from 990/s to nothing in ln(100) seconds: the rate is 1000*exp(-t) - 10, and its integral
// 1000*(1-exp(-t)) - 10t.
func TestExponentialDecayByHand(t *testing.T) {
	s := Spike{To: 990, Decay: time.Duration(math.Round(math.Log(100) * 1e9)), DecayShape: Exponential}
	c := s.curve(s.length())
	for _, at := range []time.Duration{0, time.Second, 3 * time.Second} {
		x := at.Seconds()
		want := 1000*(1-math.Exp(-x)) - 10*x
		// The length is ln(100) to the nanosecond only.
		if got := c.Volume(at); math.Abs(got-want) > 1e-6 {
			t.Errorf("volume at %v: got %v, want %v", at, got, want)
		}
		if got, want := c.Rate(at), 1000*math.Exp(-x)-10; math.Abs(got-want) > 1e-6 {
			t.Errorf("rate at %v: got %v, want %v", at, got, want)
		}
	}
	if got, want := c.total(), 990-10*math.Log(100); math.Abs(got-want) > 1e-6 {
		t.Errorf("the whole is %v, want %v", got, want)
	}
}

// A wave from 0/s to 200/s of 8 s that begins low: the rate is 100 - 100cos(pi*t/4), its integral 100t - 400/pi*sin(pi*t/4).
func TestSineByHand(t *testing.T) {
	s := Sine{High: 200, Period: 8 * time.Second, PeakAt: 4 * time.Second}
	c := s.curve(16 * time.Second)
	checkKnown(t, c, []known{
		{2 * time.Second, 200 - 400/math.Pi, 100},
		{4 * time.Second, 400, 200},
		{6 * time.Second, 600 + 400/math.Pi, 100},
		{10 * time.Second, 1000 - 400/math.Pi, 100},
		{12 * time.Second, 1200, 200},
	})
	if c.Peak() != 200 {
		t.Errorf("got a peak of %v, want 200", c.Peak())
	}
	// One period that grows by 80/s: the slope of 10/s² adds 5t² to the volume and moves the crest to where the wave falls
	// as fast: sin(pi/4*(t-4)) = 10/(25*pi), that is t = 4.1625523 with 100 + 99.1861 + 41.6255 hits a second.
	s.Growth = 80
	c = s.curve(8 * time.Second)
	checkKnown(t, c, []known{
		{2 * time.Second, 220 - 400/math.Pi, 120},
		{4 * time.Second, 480, 240},
		{8 * time.Second, 1120, 80},
	})
	if math.Abs(c.Peak()-240.8116) > 1e-3 {
		t.Errorf("got a peak of %v, want 240.8116", c.Peak())
	}
}

// The time that a nanosecond of error in the volume is worth decides nothing: over a day at the highest rate, each hit
// still has a place of its own.
func TestLongWave(t *testing.T) {
	s := Sine{Low: 10, High: MaxRate, Period: 24 * time.Hour / 1000, PeakAt: time.Second}
	c := s.curve(24 * time.Hour)
	var last time.Duration
	for i := range 2000 {
		y := c.total() * (float64(i) + 0.5) / 2000
		at := c.When(y)
		// A volume of 864 million hits is known to 1.2e-7 of a hit, and a nanosecond at the peak is 2e-5 of one.
		if miss := math.Abs(c.Volume(at) - y); miss > 2e-5 || at <= last {
			t.Fatalf("volume %v is off by %v at %v, after %v", y, miss, at, last)
		}
		last = at
	}
}
