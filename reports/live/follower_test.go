package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// follow shows entries to a follower and keeps what it says of each second last.
func follow(entries ...record.Entry) (points map[int]Point, now Readings) {
	f := NewFollower(5, reading.Declared{Application: record.Application{Roles: []string{"callers", "auth"}, Services: []string{"auth", "callers"}, Entrance: "callers"}})
	points = map[int]Point{}
	for _, e := range entries {
		for _, p := range f.Observe(e) {
			points[p.Second] = p
		}
	}
	return points, f.Now()
}

func begin(trial int, at float64) record.Event {
	return record.Event{AtSeconds: at, Trial: trial, Kind: record.EventTrialBegin, Text: "baseline"}
}

// hits is a window of so many answers, each a millisecond slower than the one before, and some that failed.
func hits(second int, op string, answered, failed uint64) record.Window {
	w := record.Window{Second: second, Op: op, Offered: answered + failed, Sent: answered + failed, Completed: answered, Failed: failed}
	for i := range answered {
		w.Response.Record(time.Duration(i+1) * time.Millisecond)
		w.Lag.Record(2 * time.Millisecond)
	}
	return w
}

// statements is a reading of a database that has answered so many reads of the services, and as many statements that are none
// of theirs.
func statements(at float64, source string, n float64) record.Sample {
	return record.Sample{AtSeconds: at, Source: source, Values: map[string]float64{
		"statements_total{kind=read,role=callers}": n / 2, "statements_total{kind=write,role=auth}": n / 2,
		"statements_total{kind=control,role=auth}": n, "statements_total{kind=write,role=archiver}": n, "replica_lag_seconds": 0.25,
	}}
}

func cacheReading(at, hit, miss float64) record.Sample {
	return record.Sample{AtSeconds: at, Source: "auth", Values: map[string]float64{
		"cache_requests_total{result=hit}": hit, "cache_requests_total{result=miss}": miss}}
}

// near tells whether a value is what it should be, to the three digits of a histogram; both may be unknown.
func near(got page.Value, want float64) error {
	x := float64(got)
	if math.IsNaN(x) != math.IsNaN(want) || math.Abs(x-want) > 0.001*want {
		return fmt.Errorf("got %v, want %v", x, want)
	}
	return nil
}

// A second is made of all its operations, also of one whose answers came late, and belongs to its place on the run's clock.
func TestHitsOfASecond(t *testing.T) {
	points, _ := follow(begin(0, 5.25), hits(0, "verify", 100, 0), hits(1, "verify", 10, 0), hits(0, "login", 100, 20))
	for name, err := range map[string]error{
		"at":       near(points[0].AtSeconds, 5.25),
		"offered":  near(points[0].Offered, 220),
		"achieved": near(points[0].Achieved, 200),
		"failed":   near(points[0].Failed, 20),
		// Rank 110 of 220 hits, of which 200 have an answer: the 55th millisecond, which two of them took.
		"p50": near(points[0].P50Seconds, 0.055),
		// Rank 209 is one of those that failed, so it is over the timeout, and drawn there.
		"p95":           near(points[0].P95Seconds, 5),
		"lag":           near(points[0].LagSeconds, 0.002),
		"next second":   near(points[1].AtSeconds, 6.25),
		"ten hits: p50": near(points[1].P50Seconds, 0.005),
		"ten hits: p95": near(points[1].P95Seconds, math.NaN()),
		"primary":       near(points[0].PrimaryQPS, math.NaN()),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !points[0].P95Over || points[1].P95Over {
		t.Errorf("over the timeout: got %v and %v, want the first alone", points[0].P95Over, points[1].P95Over)
	}
}

// What grew between two readings is the rate of the seconds whose middle lies between them: none is left out, none is
// counted twice.
func TestReadings(t *testing.T) {
	points, now := follow(statements(4.9, "primary", 1000), begin(0, 5),
		statements(6.1, "primary", 1120), statements(6.1, "primary", 1120), statements(6.3, "primary", 9999),
		statements(7.1, "primary", 1320), statements(9.1, "primary", 1320),
		cacheReading(5, 10, 10), cacheReading(6, 40, 20))
	for name, err := range map[string]error{
		"second 0": near(points[0].PrimaryQPS, 100),
		"second 1": near(points[1].PrimaryQPS, 200),
		"second 2": near(points[2].PrimaryQPS, 0),
		"second 3": near(points[3].PrimaryQPS, 0),
		"lag":      near(points[0].ReplicaLagSeconds, 0.25),
		"hits":     near(points[0].CacheHitRatio, 0.75),
		"no hits":  near(points[1].CacheHitRatio, math.NaN()),
		"replica":  near(points[0].ReplicaQPS, math.NaN()),
		"now":      near(now.PrimaryQPS, 0),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(points) != 4 {
		t.Errorf("got %d seconds, want 4", len(points))
	}
}

// What others had of two processors in a second is a share of both, as far as it was told.
func TestTakenProcessors(t *testing.T) {
	reading := func(at float64, values map[string]float64) record.Sample {
		return record.Sample{AtSeconds: at, Source: "cpu", Values: values}
	}
	for _, c := range []struct {
		name           string
		before, after  map[string]float64
		steal, foreign float64
	}{
		{"both", map[string]float64{record.ForeignKey: 3, record.ProcessorsKey: 2, "steal_seconds_total": 7},
			map[string]float64{record.ForeignKey: 4.5, record.ProcessorsKey: 2, "steal_seconds_total": 7.2}, 0.1, 0.75},
		{"steal alone", map[string]float64{record.ProcessorsKey: 2, "steal_seconds_total": 7},
			map[string]float64{record.ForeignKey: 4.5, record.ProcessorsKey: 2, "steal_seconds_total": 7.2}, 0.1, math.NaN()},
		{"an early record", map[string]float64{"steal_seconds_total": 7}, map[string]float64{"steal_seconds_total": 7.2}, math.NaN(), math.NaN()},
	} {
		_, now := follow(begin(0, 5), reading(5, c.before), reading(6, c.after))
		if err := errors.Join(near(now.StealRatio, c.steal), near(now.ForeignRatio, c.foreign)); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// What nobody knows is unknown: a counter that fell, a time in which nobody looked, and what another trial said.
func TestUnknownReadings(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries []record.Entry
	}{
		{"counter reset", []record.Entry{begin(0, 5), statements(5, "primary", 1000), statements(6, "primary", 10)}},
		{"nobody looked", []record.Entry{begin(0, 5), statements(5, "primary", 1000), statements(11, "primary", 2000)}},
		{"trial not begun", []record.Entry{statements(5, "primary", 1000), statements(6, "primary", 2000)}},
		{"trial before", []record.Entry{begin(0, 5), statements(5, "primary", 1000), statements(6, "primary", 2000), begin(1, 7)}},
		{"overtaken", []record.Entry{begin(0, 5), statements(6, "primary", 1000), statements(5, "primary", 10)}},
	} {
		if _, now := follow(c.entries...); !math.IsNaN(float64(now.PrimaryQPS)) {
			t.Errorf("%s: got %v per second, want unknown", c.name, now.PrimaryQPS)
		}
	}
	other := hits(0, "verify", 10, 0)
	other.Trial = 3
	if points, _ := follow(begin(0, 5), other); len(points) != 0 {
		t.Errorf("got %v from hits of a trial that has not begun", points)
	}
}

// In the message what is unknown is null, and never zero.
func TestUnknownIsNull(t *testing.T) {
	points, _ := follow(begin(0, 5), hits(0, "verify", 1, 0))
	got, err := json.Marshal(points[0])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"trial":0,"second":0,"at_seconds":5,"offered":1,"achieved":1,"failed":0,"p50_seconds":null,"p95_seconds":null,` +
		`"p99_seconds":null,"lag_seconds":0.00200089,"primary_qps":null,"replica_qps":null,"cache_hit_ratio":null,"replica_lag_seconds":null,` +
		`"steal_ratio":null,"foreign_ratio":null}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Memory is that of the last seconds, however long the trial.
func TestOldSecondsAreForgotten(t *testing.T) {
	f := NewFollower(5, reading.Declared{Application: record.Application{Roles: []string{"callers", "auth"}, Services: []string{"auth", "callers"}, Entrance: "callers"}})
	f.Observe(begin(0, 5))
	for second := range 3600 {
		f.Observe(hits(second, "verify", 1, 0))
	}
	if len(f.seconds) > openSeconds {
		t.Errorf("got %d seconds in memory, want at most %d", len(f.seconds), openSeconds)
	}
	if changed := f.Observe(hits(0, "verify", 1, 0)); changed != nil {
		t.Errorf("got %v, want a hit that comes an hour late to change nothing", changed)
	}
}
