package reports

import (
	"math"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// stretch is a part of a trial on the run's clock. A cutover is judged by stretches and not by stages: a switch takes
// as long as it takes, wherever the plan has the edge.
type stretch struct{ from, to float64 }

// reel is a trial second by second: the hits that were due in each.
type reel struct {
	*trial
	seconds map[int][]*record.Window
}

func newReel(t *trial, windows []record.Window) *reel {
	r := &reel{t, map[int][]*record.Window{}}
	for i := range windows {
		if w := &windows[i]; w.Trial == t.Index {
			r.seconds[w.Second] = append(r.seconds[w.Second], w)
		}
	}
	return r
}

// inside adds up the seconds that lie within a stretch with all their time.
func (r *reel) inside(s stretch) *hits {
	return r.sum(int(math.Ceil(s.from-r.at)), int(math.Floor(s.to-r.at)))
}

// around adds up the seconds that a stretch touches, and one more on either side: what was under way when it began, and
// what it leaves behind.
func (r *reel) around(s stretch) *hits {
	return r.sum(int(math.Floor(s.from-r.at))-1, int(math.Floor(s.to-r.at))+2)
}

// sum adds up the seconds from one up to and without another.
func (r *reel) sum(first, end int) *hits {
	total := &hits{}
	add := func(windows []*record.Window) {
		for _, w := range windows {
			h := windowHits(*w)
			h.lag = w.Lag
			total.merge(h)
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

// believed is a percentile of hits that were sent in time; what a late generator sent tells of the generator.
func (h *hits) believed(q float64) Number {
	if h.late() {
		return unknown()
	}
	return h.percentile(q)
}

// late tells whether the generator was, for as many hits as it takes to say so.
func (h *hits) late() bool {
	return h.lag.Count() > 0 && record.Late(float64(h.lagAt(0.99)), float64(h.responseAt(0.95)))
}

// leastApart is how many seconds have to lie between two readings that make a rate. They come every second, a little early
// or late.
const leastApart = 0.5

// rateIn is how fast counters of a source grew within a stretch, between its first reading there and its last; unknown
// without two of them, half a second apart, and where a counter fell.
func (r *reel) rateIn(s stretch, source string, of series) Number {
	counts, seconds := r.grownIn(s, source, of)
	if !(seconds >= leastApart) || counts < 0 {
		return unknown()
	}
	return Number(counts / seconds)
}

func (r *reel) grownIn(s stretch, source string, of series) (counts, seconds float64) {
	readings := slices.DeleteFunc(slices.Clone(r.samples[source]), func(a record.Sample) bool {
		return !(a.AtSeconds >= s.from && a.AtSeconds <= s.to)
	})
	if len(readings) < 2 {
		return math.NaN(), math.NaN()
	}
	first, last := readings[0], readings[len(readings)-1]
	for key, value := range last.Values {
		if of.matches(key) {
			counts += value - first.Values[key]
		}
	}
	return counts, last.AtSeconds - first.AtSeconds
}

// hitRatioIn is that of the services' cache within a stretch; unknown when it was asked nothing.
func (r *reel) hitRatioIn(s stretch) Number {
	of := func(results ...string) Number {
		counts, _ := r.grownIn(s, "auth", series{"cache_requests_total", map[string][]string{"result": results}})
		return Number(counts)
	}
	return of("hit") / of("hit", "miss")
}
