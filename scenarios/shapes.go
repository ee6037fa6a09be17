package scenarios

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Kinds of stages, as a scenario spells them.
const (
	kindHold   = "hold"
	kindRamp   = "ramp"
	kindStep   = "step"
	kindSpike  = "spike"
	kindSine   = "sine"
	kindReplay = "replay"
)

func kinds() []string {
	return []string{kindHold, kindRamp, kindStep, kindSpike, kindSine, kindReplay}
}

// Bounds of the shapes.
const (
	maxSteps = 1000
	// maxPeriods of one stage: beyond it a wave is neither seen in a chart nor felt by a system.
	maxPeriods = 10_000
)

// Shape is how the rate of a stage moves when it neither holds nor ramps: a [Step], [Spike], [Sine] or [Replay].
type Shape interface {
	// kind is the key of the shape in a scenario.
	kind() string
	// curve is the shape of a stage of this length.
	curve(length time.Duration) Curve
	// check files what makes no sense in the stage at a path.
	check(c *checker, at string, stage Stage)
}

// Step holds From, climbs (or descends) to To in Steps equal steps, and holds that. All its levels last equally long.
type Step struct {
	// From and To are rates per second.
	From, To float64
	// Steps is one at least; there is one level more.
	Steps int
}

// Decay shapes of a [Spike].
const (
	// Linear decay is a straight line.
	Linear = "linear"
	// Exponential decay loses the same share of what is left in every unit of time: interest that wanes.
	Exponential = "exponential"
)

// Spike rises from From to To, holds that, and comes back to From. It lasts as long as the three together.
type Spike struct {
	// From and To are rates per second.
	From, To float64
	// Rise, Hold and Decay are its three parts; any of them may be zero.
	Rise, Hold, Decay time.Duration
	// DecayShape is [Linear] or [Exponential].
	DecayShape string
}

// Sine swings between Low and High: a day, or many.
type Sine struct {
	// Low and High are rates per second.
	Low, High float64
	// Period is the time from one peak to the next, and PeakAt when the first peak is, since the stage began.
	Period, PeakAt time.Duration
	// Growth is by how many hits per second the whole curve has risen, evenly, when the stage ends.
	Growth float64
}

// Replay follows a recorded rate, in straight lines from point to point.
type Replay struct {
	// File is the name of the series.
	File string
	// Points begin at zero; their times increase and their rates are per second. Speed and Scale are worked in.
	Points []Point
	// Speed is how many times faster than recorded it is played, and Scale what the recorded rates were multiplied by.
	Speed, Scale float64
}

// Point is a rate per second at a time.
type Point struct {
	At   time.Duration
	Rate float64
}

func (s Stage) kind() string {
	switch {
	case s.Shape != nil:
		return s.Shape.kind()
	case s.From == s.To:
		return kindHold
	default:
		return kindRamp
	}
}

// curve is the rate of the stage.
func (s Stage) curve() Curve {
	if s.Shape != nil {
		return s.Shape.curve(s.Duration)
	}
	var c Curve
	c.straight(s.Duration, s.From, s.To)
	return c
}

// span is the key that gives the stage its length, and what to do when that is none.
func (s Stage) span() (key, do string) {
	switch kind := s.kind(); kind {
	case kindSpike:
		return kind, "give it rise:, hold: or decay:, such as decay: 20s"
	case kindReplay:
		return kind, "play it more slowly"
	default:
		return "for", "write a time above zero"
	}
}

func (Step) kind() string { return kindStep }

func (s Step) curve(length time.Duration) (c Curve) {
	levels := time.Duration(s.Steps + 1)
	for i := range levels {
		x := float64(i) / float64(s.Steps)
		rate := s.From*(1-x) + s.To*x
		c.straight(length*(i+1)/levels-length*i/levels, rate, rate)
	}
	return c
}

func (s Step) check(c *checker, at string, _ Stage) {
	c.rate(at+".step.from", s.From)
	c.rate(at+".step.to", s.To)
	c.must(s.Steps >= 1 && s.Steps <= maxSteps, at+".step.steps", fmt.Sprintf("write a number from 1 to %d", maxSteps), "%d steps are out of range", s.Steps)
}

func (Spike) kind() string { return kindSpike }

// length is that of the three parts, or one that is too long where they are.
func (s Spike) length() time.Duration {
	return min(s.Rise, MaxTrial+1) + min(s.Hold, MaxTrial+1) + min(s.Decay, MaxTrial+1)
}

func (s Spike) curve(time.Duration) (c Curve) {
	c.straight(s.Rise, s.From, s.To)
	c.straight(s.Hold, s.To, s.To)
	if s.DecayShape == Exponential {
		c.add(s.Decay, &fade{s.To, s.From, s.Decay.Seconds()})
	} else {
		c.straight(s.Decay, s.To, s.From)
	}
	return c
}

func (s Spike) check(c *checker, at string, _ Stage) {
	c.rate(at+".spike.from", s.From)
	c.rate(at+".spike.to", s.To)
	shapes := []string{Linear, Exponential}
	c.must(slices.Contains(shapes, s.DecayShape), at+".spike.decay_shape", oneOf(s.DecayShape, shapes), "decay shape %q is unknown", s.DecayShape)
}

func (Sine) kind() string { return kindSine }

func (s Sine) curve(length time.Duration) (c Curve) {
	c.add(length, &wave{
		mean: (s.Low + s.High) / 2, amplitude: (s.High - s.Low) / 2, frequency: 2 * math.Pi / s.Period.Seconds(),
		first: s.PeakAt.Seconds(), slope: s.Growth / length.Seconds(), length: length.Seconds(),
	})
	return c
}

func (s Sine) check(c *checker, at string, stage Stage) {
	at += ".sine"
	c.rate(at+".low", s.Low)
	c.rate(at+".high", s.High)
	c.must(!(s.Low > s.High), at+".high", "swap the two", "high is below low")
	if !c.must(s.Period > 0, at+".period", "write a time above zero", "%v is no time at all", s.Period) {
		return
	}
	c.must(s.PeakAt >= 0 && s.PeakAt <= s.Period, at+".peak_at", fmt.Sprintf("write a time up to %v", s.Period), "the first peak is at %v, after a whole period of %v", s.PeakAt, s.Period)
	c.must(stage.Duration/s.Period <= maxPeriods, at+".period", "write a longer one", "more than %d periods of %v fit into the stage", maxPeriods, s.Period)
	if s.Growth > 0 && stage.Duration > 0 && c.sound(at) {
		c.rate(at+".growth", math.Ceil(s.curve(stage.Duration).Peak()))
	}
}

func (Replay) kind() string { return kindReplay }

func (r Replay) length() time.Duration {
	if len(r.Points) == 0 {
		return 0
	}
	return r.Points[len(r.Points)-1].At
}

func (r Replay) curve(time.Duration) (c Curve) {
	for i := 1; i < len(r.Points); i++ {
		a, b := r.Points[i-1], r.Points[i]
		c.straight(b.At-a.At, a.Rate, b.Rate)
	}
	return c
}

func (r Replay) check(c *checker, at string, _ Stage) {
	at += ".replay"
	if !c.must(len(r.Points) > 1, at, "name a series of two points or more", "it has nothing to follow") {
		return
	}
	peak := 0.0
	for _, p := range r.Points {
		if !c.must(p.Rate >= 0, at+".scale", "write a scale that is not negative", "%s/s is no rate", trim(p.Rate)) {
			return
		}
		peak = max(peak, p.Rate)
	}
	if !(peak <= MaxRate) {
		do := fmt.Sprintf("write scale: %s to stay at or below %d/s", percentBelow(r.Scale*MaxRate/peak), MaxRate)
		c.must(false, at+".scale", do, "%s peaks at %s/s, which is beyond what one generator can pace", r.File, Plain(peak, 6))
	}
}

// percentBelow writes a share with three digits, never more than it is.
func percentBelow(share float64) string {
	percent := share * 100
	decimals := 2 - math.Floor(math.Log10(percent))
	unit := math.Pow(10, -decimals)
	return strconv.FormatFloat(math.Floor(percent/unit)*unit, 'f', int(max(decimals, 0)), 64) + "%"
}
