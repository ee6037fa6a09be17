package reports

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// at is the value of pieces at a time; NaN where there is a gap.
func at(pieces []plot.Piece, x float64) float64 {
	for _, piece := range pieces {
		for _, point := range piece {
			if math.Abs(point.X-x) < 1e-9 {
				return point.Y
			}
		}
	}
	return math.NaN()
}

// The made-up trial begins at 5, and its windows are in the seconds 0, 2 and 4: 200 hits, 200 and 2000.
func TestTimelineOfHits(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.windowsOf(0, "peak", func(w *record.Window) {
		w.Failed, w.Missed = w.Offered/100, w.Offered/100
	})
	run, s := m.summarized(t)
	got := runSecondsOf(run, s)
	for _, c := range []struct {
		name   string
		pieces []plot.Piece
		x      float64
		want   float64
	}{
		{"hits due", got.offered, 5.5, 200}, {"hits due", got.offered, 6.5, 0}, {"hits due", got.offered, 9.5, 2000},
		{"hits answered", got.achieved, 9.5, 1960}, {"hits answered", got.achieved, 5.5, 200},
		{"hits not answered", got.failed, 9.5, 40}, {"hits not answered", got.failed, 5.5, 0},
		{"p50", got.p50, 5.5, 0.003}, {"p95", got.p95, 5.5, 0.012}, {"p99", got.p99, 5.5, 0.012},
		{"p50 of a second without hits", got.p50, 6.5, math.NaN()},
		{"generator lag", got.generatorLag, 5.5, 0.0001}, {"generator lag without hits", got.generatorLag, 6.5, math.NaN()},
		{"primary QPS", got.primaryQPS, 9.5, 1500}, {"reads", pieces(detailsOf(run, s).Curves.PrimaryReadsQPS), 9.5, 1000}, {"writes", pieces(detailsOf(run, s).Curves.PrimaryWritesQPS), 9.5, 500},
		{"replica QPS", got.replicaQPS, 9.5, 0}, {"replica QPS", got.replicaQPS, 21.5, 250},
		{"hit ratio where none was asked", got.hitRatio, 9.5, math.NaN()},
	} {
		value := at(c.pieces, c.x)
		if math.IsNaN(c.want) != math.IsNaN(value) || math.Abs(value-c.want) > 0.01*math.Abs(c.want) {
			t.Errorf("%s at %v: got %v, want %v", c.name, c.x, value, c.want)
		}
	}
	if got.from != 5 || got.to != 26 || len(got.bands) != 2 || got.bands[1].Name != "extract-main" {
		t.Errorf("got %v to %v in bands %v", got.from, got.to, got.bands)
	}
	if want := []plot.Span{{From: 9, To: 13}, {From: 21, To: 25}}; !slices.Equal(got.highlights, want) {
		t.Errorf("got highlights %v, want %v", got.highlights, want)
	}
}

func TestTimelineOfTheCache(t *testing.T) {
	m := makeRun(1, steady, "baseline", "cache")
	m.from(1, "primary", "replica_lag_seconds", 0.25)
	run, s := m.summarized(t)
	got := runSecondsOf(run, s)
	if ratio := at(got.hitRatio, 21.5); math.Abs(ratio-0.75) > 0.01 {
		t.Errorf("got a hit ratio of %v, want three in four", ratio)
	}
	if lag := highest(got.replicaLag); lag != 0.25 {
		t.Errorf("got a replica lag of %v, want 0.25 s", lag)
	}
}

func TestMarks(t *testing.T) {
	m := makeRun(1, steady, "baseline", "archive")
	m.events = slices.Insert(m.events, 3, record.Event{AtSeconds: 15, Trial: -1, Kind: record.EventJob, Text: "archive job: 2 rows in 1 s"},
		record.Event{AtSeconds: 16, Trial: 1, Kind: record.EventFault, Text: "replica killed"}, record.Event{AtSeconds: 17, Trial: 1, Kind: record.EventLook})
	run, s := m.summarized(t)
	want := []plot.Mark{{At: 15, Name: "archive job"}, {At: 16, Name: "replica killed"}}
	if got := runSecondsOf(run, s).marks; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A state that is switched while hits are due begins a band of its own.
func TestBandsOfASwitchUnderLoad(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.events = slices.Insert(m.events, 1, record.Event{AtSeconds: 9, Trial: 0, Kind: record.EventSwitch, Text: "baseline -> cache"})
	run, s := m.summarized(t)
	want := []plot.Band{{Span: plot.Span{From: 5, To: 9}, Name: "baseline"}, {Span: plot.Span{From: 9, To: 14}, Name: "cache"}}
	if got := runSecondsOf(run, s).bands; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Of a run that was cut short nothing is claimed after its last second.
func TestTimelineOfARunCutShort(t *testing.T) {
	run, s := told()["truncated"]().summarized(t)
	got := runSecondsOf(run, s)
	for name, pieces := range map[string][]plot.Piece{"offered": got.offered, "failed": got.failed, "p95": got.p95} {
		for _, piece := range pieces {
			if last := piece[len(piece)-1].X; last > 20 {
				t.Errorf("%s: got a value at %v, want none after 20", name, last)
			}
		}
	}
}

func TestTimelineOfNothing(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.events, m.samples, m.windows = nil, nil, nil
	run, s := m.summarized(t)
	if got := runSecondsOf(run, s); got.from != 0 || got.to != 0 || got.p95 != nil || got.primaryQPS != nil || got.bands != nil {
		t.Errorf("got %+v, want nothing", got)
	}
}

// The distribution agrees with the numbers of the state, and ends where too few hits are left.
func TestDistributionOfAState(t *testing.T) {
	m := makeRun(2, steady, "baseline", "extract-main")
	run, s := m.summarized(t)
	got := detailsOf(run, s).Distributions[1].Quantiles
	for _, want := range []model.Quantile{{Q: 0.5, Seconds: float64(s.States[1].P50Seconds)}, {Q: 0.95, Seconds: float64(s.States[1].P95Seconds)}} {
		i := slices.IndexFunc(got, func(q model.Quantile) bool { return q.Q >= want.Q-1e-9 })
		if i < 0 || approximately(stat.Number(got[i].Seconds), want.Seconds, 1e-5) != nil {
			t.Errorf("got %v, want %v in it", got, want)
		}
	}
	// 2 trials of 2000 hits: ten lie beyond 99.75 %.
	if last := got[len(got)-1].Q; last > 0.9975 || last < 0.997 {
		t.Errorf("got %v as the last quantile, want it just below 99.75 %%", last)
	}
	m.windowsOf(1, "peak", func(w *record.Window) { w.Offered, w.Missed = 2*w.Offered, w.Offered })
	run, s = m.summarized(t)
	if len(detailsOf(run, s).Distributions[1].Quantiles) >= len(got) {
		t.Error("a trial that is not valid reached the distribution")
	}
}

// hourLong is one trial of 3,600 seconds with five operations.
func hourLong() *made {
	m := makeRun(1, steady, "baseline")
	operations := []string{"verify", "profile", "login", "refresh", "logout"}
	m.header.Operations, m.header.Stages = operations, []record.Stage{{Name: "peak", EndSeconds: 3600, FromRate: 500, ToRate: 500, Hits: 3600 * 500, Measure: true}}
	begin := m.events[0].AtSeconds
	m.windows, m.samples, m.events = nil, nil, []record.Event{m.events[0], {AtSeconds: begin + 3601, Trial: 0, Kind: record.EventTrialEnd},
		{AtSeconds: begin + 3602, Trial: -1, Kind: record.EventDone}}
	for second := range 3600 {
		for op, name := range operations {
			w := record.Window{Stage: "peak", Op: name, Second: second, Offered: 100, Sent: 100, Completed: 100}
			for hit := range 100 {
				w.Response.Record(time.Duration(500+(hit*hit*7+second*13+op*97)%9000) * time.Microsecond)
				w.Lag.Record(time.Duration(10+hit%30) * time.Microsecond)
			}
			m.windows = append(m.windows, w)
		}
		for source, values := range counters(behaviours()["cache"], float64(500*second)) {
			m.samples = append(m.samples, record.Sample{AtSeconds: begin + float64(second), Source: source, Values: values})
		}
	}
	return m
}

// An hour of five operations, second by second; and what it takes to draw all of it.
func BenchmarkTimelineOfAnHour(b *testing.B) {
	run, s := hourLong().summarized(b)
	for b.Loop() {
		if got := runSecondsOf(run, s); len(got.p95) == 0 {
			b.Fatal("got nothing")
		}
	}
}

func BenchmarkChartsOfAnHour(b *testing.B) {
	run, s := hourLong().summarized(b)
	dir := b.TempDir()
	for b.Loop() {
		for _, err := range charts(dir, &summary{s}, looksOf(run, s), &plot.Fonts{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
