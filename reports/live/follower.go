package live

import (
	"math"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/page"
)

// Point is one second of a trial. What was not measured is not a number.
type Point struct {
	Trial  int `json:"trial"`
	Second int `json:"second"`
	// AtSeconds is when the second began, on the run's clock.
	AtSeconds page.Value `json:"at_seconds"`
	// Offered, Achieved and Failed are hits of this second: due; answered; and failed or never sent.
	Offered  page.Value `json:"offered"`
	Achieved page.Value `json:"achieved"`
	Failed   page.Value `json:"failed"`
	// The percentiles are of the response to the hits due in this second. One without an answer is slower than any limit: a
	// percentile that is one of those is told as the timeout, and P95Over says so of the p95.
	P50Seconds page.Value `json:"p50_seconds"`
	P95Seconds page.Value `json:"p95_seconds"`
	P95Over    bool       `json:"p95_over,omitempty"`
	P99Seconds page.Value `json:"p99_seconds"`
	// LagSeconds is the 99th percentile of sent minus due.
	LagSeconds page.Value `json:"lag_seconds"`
	Readings
}

// Readings are what the instruments say. What they did not say is not a number.
type Readings struct {
	// QPS are statements of the application per second, as the servers count them.
	PrimaryQPS    page.Value `json:"primary_qps"`
	ReplicaQPS    page.Value `json:"replica_qps"`
	CacheHitRatio page.Value `json:"cache_hit_ratio"`
	// ReplicaLagSeconds is how far the replica is behind.
	ReplicaLagSeconds page.Value `json:"replica_lag_seconds"`
	// StealRatio and ForeignRatio are the shares of the processors that the host gave to others, and that other processes
	// of this machine had.
	StealRatio   page.Value `json:"steal_ratio"`
	ForeignRatio page.Value `json:"foreign_ratio"`
}

func noReadings() Readings {
	nan := page.Value(math.NaN())
	return Readings{nan, nan, nan, nan, nan, nan}
}

// leastHits are the hits below which a percentile of a single second is not shown: one would have to be beyond it.
func leastHits(q float64) uint64 { return uint64(math.Round(1 / (1 - q))) }

const (
	// openSeconds is how long a second of a trial may change; its last answers have come or timed out by then.
	openSeconds = 120
	// Two readings closer than this say more about themselves than about a rate; between two further apart than the other
	// nobody looked.
	leastGapSeconds = 0.5
	mostGapSeconds  = 5
)

// Follower places what is recorded in the seconds of the trial under way. One goroutine at a time uses it.
type Follower struct {
	// timeoutSeconds is how long a hit may take.
	timeoutSeconds float64
	// trial under way began at begun; -1 is none.
	trial   int
	begun   float64
	seconds map[int]*second
	// latest is the highest number of a second.
	latest int
	// readings are the latest by source.
	readings map[string]record.Sample
	now      Readings
}

// second is a point and what it is made of.
type second struct {
	Point
	offered, completed, failed uint64
	response, lag              record.Histogram
}

// NewFollower follows a run from its begin. TimeoutSeconds is how long a hit of it may take; zero is not known.
func NewFollower(timeoutSeconds float64) *Follower {
	return &Follower{timeoutSeconds: timeoutSeconds, trial: -1, readings: map[string]record.Sample{}, now: noReadings()}
}

// Now is what the instruments said last in the trial under way.
func (f *Follower) Now() Readings { return f.now }

// Observe takes the next entry of the record and returns the points that changed by it.
func (f *Follower) Observe(e record.Entry) []Point {
	switch e := e.(type) {
	case record.Event:
		if e.Kind == record.EventTrialBegin {
			f.begin(e)
		}
	case record.Window:
		if e.Trial == f.trial {
			return f.window(e)
		}
	case record.Sample:
		return f.sample(e)
	}
	return nil
}

// begin forgets the trial before.
func (f *Follower) begin(e record.Event) {
	f.trial, f.begun, f.now = e.Trial, e.AtSeconds, noReadings()
	f.seconds, f.latest = map[int]*second{}, 0
}

// second is the one with this number.
func (f *Follower) second(number int) *second {
	s := f.seconds[number]
	if s == nil {
		nan := page.Value(math.NaN())
		s = &second{Point: Point{Trial: f.trial, Second: number, AtSeconds: page.Value(f.begun + float64(number)),
			Offered: nan, Achieved: nan, Failed: nan, P50Seconds: nan, P95Seconds: nan, P99Seconds: nan, LagSeconds: nan,
			Readings: noReadings()}}
		f.seconds[number], f.latest = s, max(f.latest, number)
		delete(f.seconds, number-openSeconds)
	}
	return s
}

// window adds the hits of one operation to their second.
func (f *Follower) window(w record.Window) []Point {
	if w.Second <= f.latest-openSeconds {
		return nil
	}
	s := f.second(w.Second)
	s.offered += w.Offered
	s.completed += w.Completed
	s.failed += w.Failed + w.Missed
	s.response.Merge(w.Response)
	s.lag.Merge(w.Lag)
	s.Offered, s.Achieved, s.Failed = page.Value(s.offered), page.Value(s.completed), page.Value(s.failed)
	s.P50Seconds, _ = s.percentile(0.5, f.timeoutSeconds)
	s.P95Seconds, s.P95Over = s.percentile(0.95, f.timeoutSeconds)
	s.P99Seconds, _ = s.percentile(0.99, f.timeoutSeconds)
	if s.lag.Count() > 0 {
		s.LagSeconds = page.Value(s.lag.Quantile(0.99))
	}
	return []Point{s.Point}
}

// percentile is over all hits due in the second. It is unknown for too few of them. Where it is one that has no answer it is
// over the timeout, and drawn there: a line that ends just when the system falls over would say that nothing happened.
func (s *second) percentile(q, timeoutSeconds float64) (value page.Value, over bool) {
	rank, answered := math.Ceil(q*float64(s.offered)), float64(s.response.Count())
	switch {
	case s.offered < leastHits(q):
		return page.Value(math.NaN()), false
	case rank > answered && timeoutSeconds > 0:
		return page.Value(timeoutSeconds), true
	case rank > answered:
		return page.Value(math.NaN()), true
	}
	// Half a rank less, so that no rounding makes it the next one.
	return page.Value(s.response.Quantile((rank - 0.5) / answered)), false
}

// sample spreads what grew between two readings of a source over the seconds whose middle lies between them.
func (f *Follower) sample(s record.Sample) []Point {
	before, known := f.readings[s.Source]
	gap := s.AtSeconds - before.AtSeconds
	switch {
	case !known || before.Trial != s.Trial:
		f.readings[s.Source] = s
		return nil
	case gap < leastGapSeconds:
		return nil
	}
	f.readings[s.Source] = s
	if s.Trial != f.trial || gap > mostGapSeconds {
		return nil
	}
	return f.read(before, s)
}

// read enters what a source said between two readings.
func (f *Follower) read(before, after record.Sample) (changed []Point) {
	put := reading(before, after)
	if put == nil {
		return nil
	}
	put(&f.now)
	first, last := math.Floor(before.AtSeconds-f.begun+0.5), math.Floor(after.AtSeconds-f.begun-0.5)
	for number := max(int(first), 0); number <= int(last); number++ {
		s := f.second(number)
		put(&s.Readings)
		changed = append(changed, s.Point)
	}
	return changed
}

// reading is how two readings of a source change what the instruments say; nil is not at all.
func reading(before, after record.Sample) func(*Readings) {
	seconds := after.AtSeconds - before.AtSeconds
	statements := func() page.Value {
		grown := total(after.Statements()) - total(before.Statements())
		return known(grown/seconds, grown >= 0)
	}
	switch after.Source {
	case "primary":
		lag, there := after.Values["replica_lag_seconds"]
		return func(r *Readings) { r.PrimaryQPS, r.ReplicaLagSeconds = statements(), known(lag, there) }
	case "replica":
		return func(r *Readings) { r.ReplicaQPS = statements() }
	case "auth":
		a, b := after.CacheRequests(), before.CacheRequests()
		hits, all := a["hit"]-b["hit"], total(a)-total(b)
		return func(r *Readings) { r.CacheHitRatio = known(hits/all, hits >= 0 && all > 0) }
	case "cpu":
		room := seconds * after.Values[record.ProcessorsKey]
		share := func(key string) page.Value {
			a, since := after.Values[key]
			b, before := before.Values[key]
			return known((a-b)/room, since && before && a >= b && room > 0)
		}
		steal, foreign := share("steal_seconds_total"), share(record.ForeignKey)
		return func(r *Readings) { r.StealRatio, r.ForeignRatio = steal, foreign }
	}
	return nil
}

func known(x float64, is bool) page.Value {
	if !is {
		x = math.NaN()
	}
	return page.Value(x)
}

func total(counts map[string]float64) (sum float64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}
