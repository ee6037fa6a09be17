package stat

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// What is assumed of repetitions before any was compared with another: that the logarithms of their percentiles vary by
// PriorDeviation, as sixteen trials of one server under one load did on a shared machine of two processors (their p95 lay
// within a factor of 1.86, and the range of sixteen normal values is 3.53 deviations). The assumption counts as much as
// PriorFreedom differences that were seen. So few are soon outvoted, and where it is wrong the other way, it is outvoted
// as well: TestModeratedErrors measures what is left.
const (
	PriorDeviation = 0.18
	PriorFreedom   = 2.0
)

// Inside is how far a percentile of one repetition may be off for what happened inside of it: standard deviations of its
// logarithm, to either side, for a percentile has more room above than below. Up is +Inf where too much never came back to
// say. Freedom is how many values the two were estimated with, less one.
type Inside struct{ Up, Down, Freedom float64 }

// Sample is what is known of one number: the logarithms of its repetitions, of each how far off it may be, and how far
// apart two repetitions were that should not differ.
type Sample struct {
	Logs   []float64
	Inside []Inside
	// Apart are differences of the logarithms of two repetitions of one thing, other than between Logs; and Within, of
	// each, the variance that the insides of the two explain. They are looked at where Logs is one value.
	Apart, Within []float64
	// Steps is how many repetitions make one of Logs: 1, or 2 for ratios.
	Steps float64
}

// Moderated is the mean of a sample with an interval that is known from one repetition on.
type Moderated struct {
	Interval
	// Deviation is that of one more repetition, towards the side where it is larger.
	Deviation float64
	// Freedom is how many differences the deviation rests on, and Assumed how many of them were assumed.
	Freedom, Assumed float64
	// Alone tells that nothing was assumed: the repetitions alone made the narrower interval.
	Alone bool
}

// Moderate is the mean of the logarithms with the interval of a moderated t:
//
//	mean ± t(d₀+d) √(s²/n),  s² = (d₀s₀² + Σ(x-mean)²) / (d₀+d)
//
// where d = n-1, and s₀² with d₀ degrees of freedom is known beforehand: the prior variance of a repetition, a scaled
// inverse chi-squared law, plus what the repetitions' insides explain, whose degrees of freedom add up as Satterthwaite's
// do (Biometrics Bulletin 2, 1946). It is the posterior of a normal mean under that law (Gelman et al., Bayesian Data
// Analysis, 3rd ed., 2013, section 3.3), and what Smyth (Statistical Applications in Genetics and Molecular Biology 3,
// 2004) calls moderated. One repetition has no difference of its own; then those between others stand in: d²/2 each.
//
// From two repetitions on the interval of Student is as right and needs no assumption; the narrower of the two is taken.
// What that costs is in TestModeratedErrors.
func Moderate(s Sample, confidence float64) Moderated {
	n := len(s.Logs)
	m := Moderated{Interval: MeanAt(s.Logs, confidence), Assumed: PriorFreedom}
	if n == 0 || confidence >= 1 {
		return m
	}
	up, down := s.side(func(i Inside) float64 { return i.Up }), s.side(func(i Inside) float64 { return i.Down })
	high, low := m.Value+up.half(n, confidence), m.Value-down.half(n, confidence)
	m.Deviation, m.Freedom, m.Assumed = math.Sqrt(max(up.variance, down.variance)), up.freedom, up.assumed
	if down.variance > up.variance {
		m.Freedom, m.Assumed = down.freedom, down.assumed
	}
	if s.Steps == 1 {
		// By luck repetitions may agree better than each of them is known; that is not theirs to claim. The two of a ratio saw
		// the same traffic, so what happened inside of them has much in common, and nobody knows how much.
		m.Hi, m.Lo = max(m.Hi, m.Value+s.least(func(i Inside) float64 { return i.Up })), min(m.Lo, m.Value-s.least(func(i Inside) float64 { return i.Down }))
	}
	if m.Hi-m.Lo < high-low {
		m.Alone = true
		m.Deviation, m.Freedom, m.Assumed = math.Sqrt(s.squares()/float64(n-1)), float64(n-1), 0
		return m
	}
	m.Lo, m.Hi = low, high
	return m
}

// spread is a variance with how many differences it rests on.
type spread struct{ variance, freedom, assumed float64 }

func (s spread) half(n int, confidence float64) float64 {
	if math.IsInf(s.variance, 1) {
		return s.variance
	}
	return student(s.freedom, confidence) * math.Sqrt(s.variance/float64(n))
}

// side joins what was assumed, what the insides explain, and what was seen.
func (s Sample) side(of func(Inside) float64) spread {
	between, inside, freedom := s.Steps*PriorDeviation*PriorDeviation, 0.0, 0.0
	for _, i := range s.Inside {
		inside += of(i) * of(i) / float64(len(s.Inside))
		freedom += i.Freedom
	}
	known, assumed := between+inside, PriorFreedom
	if math.IsInf(inside, 1) {
		return spread{variance: inside, freedom: assumed, assumed: assumed}
	}
	if inside > 0 {
		assumed = known * known / (between*between/PriorFreedom + inside*inside/max(freedom, 1))
	}
	weight := assumed * between / known
	squares, seen := s.squares(), float64(len(s.Logs)-1)
	if seen == 0 {
		for i, d := range s.Apart {
			// What these repetitions knew better than those are is no proof of quiet.
			squares += s.Steps / 2 * (d*d + max(2/s.Steps*inside-s.Within[i], 0))
		}
		seen = float64(len(s.Apart))
	}
	return spread{(assumed*known + squares) / (assumed + seen), assumed + seen, weight}
}

// least is how far off the mean is at the least, for what happened inside of the repetitions.
func (s Sample) least(of func(Inside) float64) float64 {
	inside, n := 0.0, float64(len(s.Logs))
	for _, i := range s.Inside {
		inside += of(i) * of(i) / n
	}
	return quantileEnds * math.Sqrt(inside/n)
}

// squares are those of the deviations of the logarithms from their mean.
func (s Sample) squares() (sum float64) {
	mean := stat.Mean(s.Logs, nil)
	for _, x := range s.Logs {
		sum += (x - mean) * (x - mean)
	}
	return sum
}

// Block is what a second, or a few, saw: N values, of which Over lay above some limit.
type Block struct{ N, Over uint64 }

// mostBlocks is how many batches seconds are joined to: enough to know their spread, and as long as that allows, so that
// what depends on what was a moment ago is mostly in one batch.
const mostBlocks = 10

// lonely is by how much more than by chance a share is taken to vary where a single block cannot show it.
const lonely = 2

// ShareDeviation is the standard deviation of the share of values over a limit, by batches of consecutive blocks (Conway,
// Management Science 9, 1963): values that depend on their neighbours make the batches differ by more than chance would.
// Chance alone, p(1-p)/N, is the least it can be. Freedom is the number of batches less one, at least one.
func ShareDeviation(blocks []Block) (deviation, freedom float64) {
	var n, over float64
	for _, b := range blocks {
		n, over = n+float64(b.N), over+float64(b.Over)
	}
	if n == 0 {
		return math.NaN(), 1
	}
	p := over / n
	chance := math.Sqrt(p * (1 - p) / n)
	size := max(1, (len(blocks)+mostBlocks-1)/mostBlocks)
	squares, batches := 0.0, 0.0
	for rest := blocks; len(rest) > 0; rest = rest[min(size, len(rest)):] {
		off := 0.0
		for _, b := range rest[:min(size, len(rest))] {
			off += float64(b.Over) - p*float64(b.N)
		}
		squares, batches = squares+off*off, batches+1
	}
	if batches < 2 {
		return lonely * chance, 1
	}
	return max(chance, math.Sqrt(batches/(batches-1)*squares)/n), batches - 1
}

// quantileEnds is how many deviations the ends of a quantile are looked for away from it: those of 95 %.
const quantileEnds = 1.96

// QuantileInside is how far the q-quantile of the bars, and of over values beyond all of them, may be off when the share
// of values below it has that deviation: the quantiles at the ends of the share's interval are the ends of its own
// (Woodruff, Journal of the American Statistical Association 47, 1952), whatever the values are distributed like. The
// interval of the share is one of its log odds, so that it stays between nothing and all.
func QuantileInside(bars []Bar, over uint64, q, deviation, freedom float64) Inside {
	at, high := Quantile(bars, over, q), Quantile(bars, over, shareEnd(q, quantileEnds*deviation))
	return Inside{
		Up: math.Log(high/at) / quantileEnds, Down: math.Log(at/QuantileLeast(bars, over, q, deviation)) / quantileEnds, Freedom: freedom,
	}
}

// QuantileLeast is the low end of the interval of a quantile as in [QuantileInside]; it is +Inf where even that is beyond
// all bars.
func QuantileLeast(bars []Bar, over uint64, q, deviation float64) float64 {
	return Quantile(bars, over, shareEnd(q, -quantileEnds*deviation))
}

// shareEnd is the share q moved by so much, on the scale of log odds.
func shareEnd(q, by float64) float64 {
	odds := math.Log(q/(1-q)) + by/(q*(1-q))
	return 1 / (1 + math.Exp(-odds))
}
