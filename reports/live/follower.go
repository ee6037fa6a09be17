package live

import (
	"math"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
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

// openSeconds is how long a second of a trial may change; its last answers have come or timed out by then.
const openSeconds = 120

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
	lookUps  lookUps
	declared reading.Declared
}

// second is a point and what it is made of.
type second struct {
	Point
	hits    reading.Second
	lookUps lookUps
}

// lookUps are those in the cache that each service has counted between two readings.
type lookUps map[string]struct{ hits, all reading.Rise }

// ratio is that of all services together; not a number where the cache was asked nothing.
func (l lookUps) ratio() page.Value {
	hits, all := 0.0, 0.0
	for _, of := range l {
		hits, all = hits+of.hits.Grown, all+of.all.Grown
	}
	return page.Value(hits / all)
}

// NewFollower follows a run from its begin. TimeoutSeconds is how long a hit of it may take; zero is not known. Declared is
// what the system says of itself.
func NewFollower(timeoutSeconds float64, declared reading.Declared) *Follower {
	return &Follower{timeoutSeconds: timeoutSeconds, declared: declared, trial: -1, readings: map[string]record.Sample{}, now: noReadings(), lookUps: lookUps{}}
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
	f.trial, f.begun, f.now, f.lookUps = e.Trial, e.AtSeconds, noReadings(), lookUps{}
	f.seconds, f.latest = map[int]*second{}, 0
}

// second is the one with this number.
func (f *Follower) second(number int) *second {
	s := f.seconds[number]
	if s == nil {
		nan := page.Value(math.NaN())
		s = &second{lookUps: lookUps{}, Point: Point{Trial: f.trial, Second: number, AtSeconds: page.Value(f.begun + float64(number)),
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
	s.hits.Add(&w)
	s.Offered, s.Achieved = page.Value(s.hits.Offered), page.Value(s.hits.Answered)
	s.Failed = s.Offered - s.Achieved
	s.P50Seconds, _ = f.drawn(s.hits.Percentile(0.5))
	s.P95Seconds, s.P95Over = f.drawn(s.hits.Percentile(0.95))
	s.P99Seconds, _ = f.drawn(s.hits.Percentile(0.99))
	s.LagSeconds = page.Value(s.hits.LagP99())
	return []Point{s.Point}
}

// drawn is where a percentile of a second is drawn. Where it is one that has no answer it is over the timeout, and drawn there:
// a line that ends just when the system falls over would say that nothing happened.
func (f *Follower) drawn(n stat.Number) (value page.Value, over bool) {
	switch {
	case !math.IsInf(float64(n), 1):
		return page.Value(n), false
	case f.timeoutSeconds > 0:
		return page.Value(f.timeoutSeconds), true
	}
	return page.Value(math.NaN()), true
}

// sample spreads what grew between two readings of a source over the seconds whose middle lies between them.
func (f *Follower) sample(s record.Sample) []Point {
	before, known := f.readings[s.Source]
	gap := s.AtSeconds - before.AtSeconds
	switch {
	case !known || before.Trial != s.Trial:
		f.readings[s.Source] = s
		return nil
	case gap < reading.ShortestGapSeconds:
		return nil
	}
	f.readings[s.Source] = s
	if s.Trial != f.trial || gap > reading.LongestGapSeconds {
		return nil
	}
	return f.read(before, s)
}

// read enters what a source said between two readings.
func (f *Follower) read(before, after record.Sample) (changed []Point) {
	put := f.put(before, after)
	if put == nil {
		return nil
	}
	put(&f.now, f.lookUps)
	first, last := math.Floor(before.AtSeconds-f.begun+0.5), math.Floor(after.AtSeconds-f.begun-0.5)
	for number := max(int(first), 0); number <= int(last); number++ {
		s := f.second(number)
		put(&s.Readings, s.lookUps)
		changed = append(changed, s.Point)
	}
	return changed
}

// put is how two readings of a source change what the instruments say; nil is not at all.
func (f *Follower) put(before, after record.Sample) func(*Readings, lookUps) {
	statements := func() page.Value {
		return page.Value(reading.Between(before, after, f.declared.Statements("read", "write")).Rate())
	}
	switch after.Source {
	case "primary":
		lag, there := after.Values["replica_lag_seconds"]
		return func(r *Readings, _ lookUps) { r.PrimaryQPS, r.ReplicaLagSeconds = statements(), known(lag, there) }
	case "replica":
		return func(r *Readings, _ lookUps) { r.ReplicaQPS = statements() }
	case "cpu":
		steal, foreign := taken(before, after, "steal_seconds_total"), taken(before, after, record.ForeignKey)
		return func(r *Readings, _ lookUps) { r.StealRatio, r.ForeignRatio = steal, foreign }
	}
	if !f.declared.Counts(after.Source) {
		return nil
	}
	of := struct{ hits, all reading.Rise }{reading.Between(before, after, reading.LookUps("hit")), reading.Between(before, after, reading.LookUps("hit", "miss"))}
	return func(r *Readings, l lookUps) {
		l[after.Source] = of
		r.CacheHitRatio = l.ratio()
	}
}

// taken is the share of the processors that somebody had between two readings.
func taken(before, after record.Sample, key string) page.Value {
	_, since := before.Values[key]
	_, still := after.Values[key]
	processors := after.Values[record.ProcessorsKey]
	share := reading.Between(before, after, reading.Counters{Metric: key}).Rate() / processors
	return known(share, since && still && processors > 0)
}

func known(x float64, is bool) page.Value {
	if !is {
		x = math.NaN()
	}
	return page.Value(x)
}
