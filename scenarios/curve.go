package scenarios

import (
	"math"
	"reflect"
	"sort"
	"time"
)

// Curve is a rate over time together with its integral and the inverse of that: hits per second, hits since the curve's
// begin, and the time by which so many hits were due. It is made of pieces with a formula each, never of small steps, so
// all three are exact to the rounding of float64. A Curve is a value that is never changed; the zero Curve has no length.
type Curve struct{ pieces []piece }

// piece is a formula with its place on the curve's clock, and the volume of the curve before and after it.
type piece struct {
	form
	begin, end    time.Duration
	before, after float64
}

// form is the formula of a piece. Its clock counts seconds from the piece's begin.
type form interface {
	rate(t float64) float64
	// volume is the integral of the rate from zero to t, in hits.
	volume(t float64) float64
	// when is the time in the piece by which volume y was reached.
	when(y float64) float64
	// peak is the highest rate of the piece.
	peak() float64
}

// add lays one more piece behind c, for whoever builds it; a piece without length is left out.
func (c *Curve) add(length time.Duration, f form) {
	if length > 0 {
		begin, before := c.Length(), c.total()
		c.pieces = append(c.pieces, piece{
			form: f, begin: begin, end: begin + length, before: before, after: before + f.volume(length.Seconds()),
		})
	}
}

// straight lays a straight line behind c.
func (c *Curve) straight(length time.Duration, from, to float64) {
	c.add(length, line{from, to, length.Seconds()})
}

// Length is when the curve ends.
func (c Curve) Length() time.Duration {
	if len(c.pieces) == 0 {
		return 0
	}
	return c.pieces[len(c.pieces)-1].end
}

// total is the volume of the whole curve, in hits.
func (c Curve) total() float64 {
	if len(c.pieces) == 0 {
		return 0
	}
	return c.pieces[len(c.pieces)-1].after
}

// at is the piece that holds a time, and the time on its clock. Where the curve jumps, the time belongs to the later
// piece; before the begin and after the end of the curve the nearest end counts.
func (c Curve) at(t time.Duration) (piece, float64) {
	last := len(c.pieces) - 1
	p := c.pieces[sort.Search(last, func(i int) bool { return c.pieces[i].end > t })]
	return p, (min(max(t, p.begin), p.end) - p.begin).Seconds()
}

// Rate is the rate at a time since the curve's begin, in hits per second.
func (c Curve) Rate(at time.Duration) float64 {
	if len(c.pieces) == 0 {
		return 0
	}
	p, t := c.at(at)
	return p.rate(t)
}

// Volume is the integral of the rate from the curve's begin until at: the number of hits due by then, with the fraction.
func (c Curve) Volume(at time.Duration) float64 {
	if len(c.pieces) == 0 {
		return 0
	}
	p, t := c.at(at)
	return min(p.before+p.volume(t), p.after)
}

// When is the first time at which the volume is y, to the nanosecond: the inverse of [Curve.Volume]. A volume the curve
// never reaches is taken for its last one.
func (c Curve) When(y float64) time.Duration {
	if len(c.pieces) == 0 || !(y > 0) {
		return 0
	}
	y = min(y, c.total())
	p := c.pieces[sort.Search(len(c.pieces)-1, func(i int) bool { return c.pieces[i].after >= y })]
	t := time.Duration(math.Round(p.when(y-p.before) * float64(time.Second)))
	return min(p.begin+max(t, 0), p.end)
}

// Peak is the highest rate of the curve, in hits per second.
func (c Curve) Peak() float64 {
	var peak float64
	for _, p := range c.pieces {
		peak = max(peak, p.peak())
	}
	return peak
}

// Means are the mean rates over n equal parts of the curve: enough to draw it by, and together exactly its volume.
func (c Curve) Means(n int) []float64 {
	means := make([]float64, n)
	length := c.Length()
	for i := range means {
		begin, end := length*time.Duration(i)/time.Duration(n), length*time.Duration(i+1)/time.Duration(n)
		if end > begin {
			means[i] = (c.Volume(end) - c.Volume(begin)) / (end - begin).Seconds()
		}
	}
	return means
}

// Equal tells whether two curves are made of the same pieces.
func (c Curve) Equal(other Curve) bool { return reflect.DeepEqual(c.pieces, other.pieces) }

// line is a rate that moves evenly from one value to another; a hold when they are equal.
type line struct{ from, to, length float64 }

func (l line) rate(t float64) float64 {
	x := t / l.length
	return l.from*(1-x) + l.to*x
}

func (l line) volume(t float64) float64 { return (l.from + l.rate(t)) / 2 * t }

// when is the root of from*t + a*t²/2 = y. This form of it neither cancels for a small slope a nor divides by zero for a
// hold.
func (l line) when(y float64) float64 {
	slope := (l.to - l.from) / l.length
	speed := l.from + math.Sqrt(max(l.from*l.from+2*slope*y, 0))
	if speed <= 0 {
		return 0
	}
	return 2 * y / speed
}

func (l line) peak() float64 { return max(l.from, l.to) }

// wave swings around mean by amplitude, frequency being in radians per second, with a crest at the time first, and rises
// evenly by slope:
//
//	rate(t) = mean + amplitude*cos(frequency*(t-first)) + slope*t
//
// It and fade are used by pointer, so that finding a root allocates nothing.
type wave struct{ mean, amplitude, frequency, first, slope, length float64 }

func (v *wave) rate(t float64) float64 {
	// Touching zero must not become a rate below it.
	return max(v.mean+v.amplitude*math.Cos(v.frequency*(t-v.first))+v.slope*t, 0)
}

// volume has the difference of two sines, sin(w*(t-first)) - sin(-w*first), as a product, which does not cancel.
func (v *wave) volume(t float64) float64 {
	w := v.frequency
	swing := 2 * v.amplitude / w * math.Sin(w*t/2) * math.Cos(w*(t/2-v.first))
	return v.mean*t + swing + v.slope*t*t/2
}

// when begins where the straight trend alone would be. The swing moves the volume from that by sin(w*first)*a/w, and by
// a/w up or down; with an amplitude a up to the mean these bounds are less than a third of a period apart.
func (v *wave) when(y float64) float64 {
	trend, swing := line{v.mean, v.mean + v.slope*v.length, v.length}, v.amplitude/v.frequency
	y0 := y - swing*math.Sin(v.frequency*v.first)
	return root(v, max(trend.when(y0-swing), 0), min(trend.when(y0+swing), v.length), y)
}

// peak is at one of the ends or at the last crest: where the derivative slope - a*w*sin(w*(t-first)) is zero and falling.
// Earlier crests are not higher, since the curve only rises from one to the next.
func (v *wave) peak() float64 {
	highest := max(v.rate(0), v.rate(v.length))
	if steepest := v.amplitude * v.frequency; v.slope < steepest {
		period := 2 * math.Pi / v.frequency
		crest := v.first + math.Asin(v.slope/steepest)/v.frequency
		crest += math.Floor((v.length-crest)/period) * period
		if crest >= 0 {
			highest = max(highest, v.rate(crest))
		}
	}
	return highest
}

// fading is how many times its time constant an exponential decay is followed: a hundredth would be left then.
const fading = 4.605170185988092 // ln 100

// fade is an exponential decay that is there at the end: of exp(-fading*t/length) its own last value is taken off, and the
// rest is stretched to reach from one rate to the other.
type fade struct{ from, to, length float64 }

func (f *fade) rate(t float64) float64 {
	left := (math.Exp(-fading*t/f.length) - math.Exp(-fading)) / -math.Expm1(-fading)
	return f.from*left + f.to*(1-left)
}

func (f *fade) volume(t float64) float64 {
	x := t / f.length
	left := f.length * (-math.Expm1(-fading*x)/fading - x*math.Exp(-fading)) / -math.Expm1(-fading)
	return f.from*left + f.to*(t-left)
}

func (f *fade) when(y float64) float64 { return root(f, 0, f.length, y) }

func (f *fade) peak() float64 { return max(f.from, f.to) }

// Limits of root: it stops when a step moves the time by less than a tenth of a nanosecond. Halving a day that often
// takes 50 steps.
const (
	rootStep = 1e-10 // seconds
	rootMost = 200
)

// root solves volume(t) = y for t between low and high, by Newton's method kept inside a bracket that every step narrows:
// where the rate is zero, or a step would leave the bracket, it halves it instead.
func root(f form, low, high, y float64) float64 {
	t := low + (high-low)/2
	for range rootMost {
		miss := f.volume(t) - y
		switch {
		case miss == 0:
			return t
		case miss > 0:
			high = t
		default:
			low = t
		}
		next := t - miss/f.rate(t)
		if !(next >= low && next <= high) {
			next = low + (high-low)/2
		}
		if math.Abs(next-t) < rootStep {
			return next
		}
		t = next
	}
	return t
}
