package reading

import (
	"math"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// Second is the hits due in one second, of all operations, as a line over time shows them. The zero value is one in which
// nothing was due.
type Second struct {
	Offered, Answered uint64
	bars              []stat.Bar
	lag               float64
	sent              bool
}

// Seconds sorts the windows by trial and second.
func Seconds(windows []record.Window) map[int]map[int][]*record.Window {
	trials := map[int]map[int][]*record.Window{}
	for i := range windows {
		w := &windows[i]
		if trials[w.Trial] == nil {
			trials[w.Trial] = map[int][]*record.Window{}
		}
		trials[w.Trial][w.Second] = append(trials[w.Trial][w.Second], w)
	}
	return trials
}

// SecondOf adds up the windows of one second. Unfolding a histogram costs more than all else here, so it is done once for
// each, and what is unfolded is merged in order and soon forgotten. Halves are joined, so that no bar is merged with each
// window behind it: a record may have hundreds of thousands of one second.
func SecondOf(windows []*record.Window) *Second {
	sum := &Second{}
	switch n := len(windows); n {
	case 0:
	case 1:
		sum.Add(windows[0])
	default:
		one, other := SecondOf(windows[:n/2]), SecondOf(windows[n/2:])
		sum.Offered, sum.Answered = one.Offered+other.Offered, one.Answered+other.Answered
		sum.bars = mergedBars(one.bars, other.bars)
		sum.lag, sum.sent = max(one.lag, other.lag), one.sent || other.sent
	}
	return sum
}

// Add counts a window of the second.
func (s *Second) Add(w *record.Window) {
	s.Offered += w.Offered
	s.Answered += w.Offered - min(w.Offered, w.Missed+w.Failed)
	s.bars = mergedBars(s.bars, Bars(w.Response))
	if w.Lag.Count() > 0 {
		s.lag, s.sent = max(s.lag, w.Lag.Quantile(0.99)), true
	}
}

// Percentile is over all hits due in the second, in seconds: unknown where none lies beyond it, and +Inf where it is one that
// was not answered. A point of a line is no claim by itself, as a number in a table is.
func (s *Second) Percentile(q float64) stat.Number {
	if stat.Tail(s.Offered, q) < leastBeyond {
		return stat.Unknown()
	}
	answered := uint64(0)
	for _, bar := range s.bars {
		answered += bar.Count
	}
	return stat.Number(stat.Quantile(s.bars, s.Offered-min(s.Offered, answered), q))
}

// LagP99 is the 99th percentile of sent minus due of the operation whose was longest; unknown where nothing was sent.
func (s *Second) LagP99() stat.Number {
	if !s.sent {
		return stat.Unknown()
	}
	return stat.Number(s.lag)
}

// mergedBars joins two ascending lists.
func mergedBars(a, b []stat.Bar) []stat.Bar {
	if len(a) == 0 {
		return b
	}
	merged := make([]stat.Bar, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Value < b[0].Value:
			merged, a = append(merged, a[0]), a[1:]
		case a[0].Value > b[0].Value:
			merged, b = append(merged, b[0]), b[1:]
		default:
			merged = append(merged, stat.Bar{Value: a[0].Value, Count: a[0].Count + b[0].Count})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(merged, a...), b...)
}

// LengthSeconds is for how many seconds of its clock a trial is known: all of its stages, or, where it was cut short, those
// up to the last one written.
func LengthSeconds(stages []record.Stage, ended bool, seconds map[int][]*record.Window, took float64) float64 {
	length := 0.0
	for _, stage := range stages {
		length = max(length, stage.EndSeconds)
	}
	if ended {
		return min(length, took)
	}
	last := -1
	for at := range seconds {
		last = max(last, at)
	}
	return min(length, took, float64(last+1))
}

// leastBeyond is how many hits must lie beyond a percentile of one second. A point of a line is no claim by itself, as a
// number in a table is: its neighbours tell what is level and what is noise.
const leastBeyond = 1

// Stretch is a part of a trial on the run's clock. A cutover is judged by stretches and not by stages: a switch takes
// as long as it takes, wherever the plan has the edge.
type Stretch struct{ From, To float64 }

// TrialSeconds is a trial second by second: the hits that were due in each.
type TrialSeconds struct {
	*Trial
	seconds map[int][]*record.Window
}

// SecondsOf sorts the windows of a trial by their seconds.
func SecondsOf(t *Trial) *TrialSeconds {
	r := &TrialSeconds{t, map[int][]*record.Window{}}
	for _, w := range t.Windows {
		r.seconds[w.Second] = append(r.seconds[w.Second], w)
	}
	return r
}

// Inside adds up the seconds that lie within a stretch with all their time.
func (r *TrialSeconds) Inside(s Stretch) *Hits {
	return r.Sum(int(math.Ceil(s.From-r.At)), int(math.Floor(s.To-r.At)))
}

// Around adds up the seconds that a stretch touches, and one more on either side: what was under way when it began, and
// what it leaves behind.
func (r *TrialSeconds) Around(s Stretch) *Hits {
	return r.Sum(int(math.Floor(s.From-r.At))-1, int(math.Floor(s.To-r.At))+2)
}

// Sum adds up the seconds from one up to and without another.
func (r *TrialSeconds) Sum(first, end int) *Hits {
	total := &Hits{}
	add := func(windows []*record.Window) {
		for _, w := range windows {
			total.Merge(r.Declared.Hits(w))
		}
	}
	// Stretches are short beside the trial, and some ends are as far away as can be.
	if end-first >= 0 && end-first < len(r.seconds) {
		for at := first; at < end; at++ {
			add(r.seconds[at])
		}
		return total
	}
	for at, windows := range r.seconds {
		if at >= first && at < end {
			add(windows)
		}
	}
	return total
}

// RateIn is how fast counters of a source grew within a stretch, between its first reading there and its last; unknown
// without two of them, half a second apart, and where a counter fell.
func (r *TrialSeconds) RateIn(s Stretch, source string, of Counters) stat.Number {
	counts, seconds := r.grownIn(s, source, of)
	if !(seconds >= ShortestGapSeconds) || counts < 0 {
		return stat.Unknown()
	}
	return stat.Number(counts / seconds)
}

func (r *TrialSeconds) grownIn(s Stretch, source string, of Counters) (counts, seconds float64) {
	readings := slices.DeleteFunc(slices.Clone(r.Samples[source]), func(a record.Sample) bool {
		return !(a.AtSeconds >= s.From && a.AtSeconds <= s.To)
	})
	if len(readings) < 2 {
		return math.NaN(), math.NaN()
	}
	return of.grown(readings[0], readings[len(readings)-1])
}

// HitRatioIn is that of the services' cache within a stretch; unknown when it was asked nothing.
func (r *TrialSeconds) HitRatioIn(s Stretch) stat.Number {
	return HitRatio(func(of Counters) stat.Number {
		return r.Declared.OverServices(func(service string) stat.Number {
			counts, _ := r.grownIn(s, service, of)
			return stat.Number(counts)
		})
	})
}
