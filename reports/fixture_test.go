package reports

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// behaviour is how a made-up state answers: seconds of the slow tenth of its hits, and what one hit costs.
type behaviour struct {
	slow                                 time.Duration
	reads, writes, replica, redis, cache float64
}

// made is a run before it is written, so that a test can spoil it.
type made struct {
	header   record.Header
	windows  []record.Window
	apis     []record.APIWindow
	samples  []record.Sample
	events   []record.Event
	scenario scenarios.Scenario
	// unread tells that the run has what no reader of a record lets in, and whoever writes a report must survive as well.
	unread bool
}

func behaviours() map[string]behaviour {
	return map[string]behaviour{
		"baseline":       {slow: 12 * time.Millisecond, reads: 2, writes: 1},
		"extract-main":   {slow: 10 * time.Millisecond, reads: 1, writes: 1, replica: 0.5},
		"extract-reads":  {slow: 5 * time.Millisecond, writes: 0.5, replica: 1},
		"extract-writes": {slow: 4 * time.Millisecond, writes: 0.25, replica: 1},
		"cache":          {slow: 2 * time.Millisecond, writes: 0.25, replica: 0.25, redis: 1, cache: 0.75},
		"archive":        {slow: 1990 * time.Microsecond, writes: 0.2, replica: 0.25, redis: 1, cache: 0.75},
	}
}

// stages of every made-up trial: 200 hits, 200 hits and 2000 hits.
func stages() []record.Stage {
	return []record.Stage{
		{Name: "warm-up", BeginSeconds: 0, EndSeconds: 2, FromRate: 100, ToRate: 100, Hits: 200},
		{Name: "calm", BeginSeconds: 2, EndSeconds: 4, FromRate: 100, ToRate: 100, Hits: 200, Measure: true},
		{Name: "peak", BeginSeconds: 4, EndSeconds: 8, FromRate: 500, ToRate: 500, Hits: 2000, Measure: true},
	}
}

const (
	trialEvery = 12.0 // seconds from one trial's begin to the next
	trialTakes = 9.0  // seconds until everything late is written
)

// makeRun is a healthy run of the states in rounds of alternating direction. Each round is slower than the first by the
// factor drift gives it.
func makeRun(rounds int, drift func(round int, state string) float64, states ...string) *made {
	m := &made{
		header: record.Header{ID: "20260701T090000Z-test-00ff", Scenario: "test",
			Started: time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC), Command: []string{"rehearse", "run", "test"},
			Version: "v0", Commit: "abc", Seed: 7, Rounds: rounds, Stack: "processes",
			Host:     record.Host{OS: "linux", Kernel: "6", CPU: "made up", CPUs: 2, MemoryBytes: 8 << 30},
			Versions: map[string]string{"primary": "15.1", "redis": "7.0"}, Settings: map[string]string{"fsync": "on"},
			States: states, Operations: []string{"login", "verify"}, Stages: stages(), Headline: "peak", TimeoutSeconds: 5},
		scenario: scenarios.Scenario{Name: "test", Phases: states[1:]},
	}
	declare(&m.header)
	for round := range rounds {
		for i := range states {
			if round%2 == 1 {
				i = len(states) - 1 - i
			}
			m.addTrial(round, states[i], drift(round, states[i]))
		}
	}
	m.events = append(m.events, record.Event{AtSeconds: 1000, Trial: -1, Kind: record.EventDone, Text: "done"})
	return m
}

func steady(int, string) float64 { return 1 }

func (m *made) addTrial(round int, state string, factor float64) {
	index, begin := len(m.header.Trials), trialEvery*float64(len(m.header.Trials))+5
	m.header.Trials = append(m.header.Trials, record.Trial{Index: index, Round: round, State: state})
	b := behaviours()[state]
	b.slow = time.Duration(float64(b.slow) * factor)
	event := func(at float64, kind string) {
		m.events = append(m.events, record.Event{AtSeconds: at, Trial: index, Kind: kind, Text: kind})
	}
	event(begin, record.EventTrialBegin)
	m.addReadings(index, begin, b)
	for _, s := range m.header.Stages {
		// One window a stage, not one a second: the arithmetic is the same and the tests are faster.
		hits := int(s.Hits)
		m.addWindow(index, s.Name, "login", int(s.BeginSeconds), hits/10, b.slow)
		m.addWindow(index, s.Name, "verify", int(s.BeginSeconds), hits-hits/10, b.slow)
	}
	event(begin+trialTakes, record.EventTrialEnd)
}

// addWindow records hits of which the slowest tenth takes slow, the others a quarter of that.
func (m *made) addWindow(trial int, stage, op string, second, hits int, slow time.Duration) {
	w := record.Window{Trial: trial, Stage: stage, Op: op, Second: second,
		Offered: uint64(hits), Sent: uint64(hits), Completed: uint64(hits), Rechecked: 1,
		Acknowledged: 2, FirstRechecks: 1,
		Counts: record.Counts{{Name: "named", N: uint64(hits) - 1}, {Name: "presented_valid", N: uint64(hits) - 1}, {Name: "presented_revoked", N: 1}}}
	for i := range hits {
		took := slow / 4
		if i%10 == 9 {
			took = slow
		}
		w.Response.Record(took)
		w.Lag.Record(100 * time.Microsecond)
	}
	m.windows = append(m.windows, w)
}

// addReadings has each instrument read at the edges of the trial, of its stages, and every second in between.
func (m *made) addReadings(trial int, begin float64, b behaviour) {
	read := func(at float64, stage, edge string) {
		hits := due(at)
		for source, values := range counters(b, hits) {
			m.samples = append(m.samples, record.Sample{AtSeconds: begin + at, Trial: trial, Stage: stage, Edge: edge,
				Source: source, Values: values})
		}
	}
	read(0, "", "begin")
	for second := range int(trialTakes) {
		read(float64(second), "", "")
		for _, s := range m.header.Stages {
			if s.BeginSeconds == float64(second) {
				read(s.BeginSeconds, s.Name, "begin")
			}
			if s.EndSeconds == float64(second) {
				read(s.EndSeconds, s.Name, "end")
			}
		}
	}
	read(trialTakes, "", "end")
}

// due is how many hits were due in the first seconds of a trial.
func due(at float64) (hits float64) {
	for _, s := range stages() {
		hits += float64(s.Hits) * min(max(at-s.BeginSeconds, 0)/(s.EndSeconds-s.BeginSeconds), 1)
	}
	return hits
}

// counters after hits hits; every count starts at 1000, as if the state had been warmed up.
func counters(b behaviour, hits float64) map[string]map[string]float64 {
	n := func(per float64) float64 { return 1000 + math.Round(per*hits) }
	node := func(reads, writes float64) map[string]float64 {
		return map[string]float64{
			"statements_total{kind=read,role=callers}": n(reads), "statements_total{kind=write,role=auth}": n(writes),
			"statements_total{kind=control,role=auth}": n(5), "statements_total{kind=write,role=archiver}": n(7),
			"dealloc_total": 0, "stats_reset_unix_seconds": 1,
		}
	}
	return map[string]map[string]float64{
		"primary": node(b.reads, b.writes),
		"replica": node(b.replica, 0),
		"redis":   {"commands_total{command=get}": n(b.redis), "memory_bytes": 1e6},
		"callers": {"statements_total{kind=read,node=primary,op=verify}": n(b.reads)},
		"auth": {
			"statements_total{kind=write,node=primary,op=verify}": n(b.writes),
			"statements_total{kind=read,node=replica,op=verify}":  n(b.replica),
			"cache_requests_total{result=hit}":                    n(b.cache),
			"cache_requests_total{result=miss}":                   n(b.redis - b.cache),
		},
		"cpu": {"cpu_seconds_total{process=primary}": hits / 1000, "memory_bytes{process=primary}": 1e8},
	}
}

// written puts the run on disk and reads it back, as the report command does.
func (m *made) written(t testing.TB) *record.Run {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	w, err := record.Create(dir, m.header, []byte("version: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, window := range m.windows {
		if err := w.AddWindow(window); err != nil {
			t.Fatal(err)
		}
	}
	for _, window := range m.apis {
		if err := w.AddAPIWindow(window); err != nil {
			t.Fatal(err)
		}
	}
	for _, sample := range m.samples {
		if err := w.AddSample(sample); err != nil {
			t.Fatal(err)
		}
	}
	for _, event := range m.events {
		if err := w.AddEvent(event); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if m.unread {
		m.header.Schema = record.Schema
		return &record.Run{Dir: dir, Header: m.header, Windows: m.windows, APIs: m.apis, Samples: m.samples, Events: m.events}
	}
	run, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func (m *made) summarized(t testing.TB) (*record.Run, *model.Summary) {
	t.Helper()
	run := m.written(t)
	s, err := judge.Examine(run).Summarize(nil, &m.scenario)
	if err != nil {
		t.Fatal(err)
	}
	return run, s
}

// samplesOf calls change for each sample of a source in a trial.
func (m *made) samplesOf(trial int, source string, change func(*record.Sample)) {
	for i := range m.samples {
		if s := &m.samples[i]; s.Trial == trial && s.Source == source {
			change(s)
		}
	}
}

func (m *made) windowsOf(trial int, stage string, change func(*record.Window)) {
	for i := range m.windows {
		if w := &m.windows[i]; w.Trial == trial && w.Stage == stage {
			change(w)
			// As the generator has it; what a test changes are the hits that go wrong.
			w.Sent = w.Offered - w.Missed
			w.Completed = w.Sent - w.Failed
		}
	}
}

// twiceAsMany hits were due as were sent.
func (m *made) twiceAsMany() {
	for i := range m.header.Stages {
		m.header.Stages[i].Hits *= 2
	}
	for i := range m.windows {
		m.windows[i].Offered, m.windows[i].Missed = m.windows[i].Offered*2, m.windows[i].Offered
	}
}

func allStates() []string {
	return []string{"baseline", "extract-main", "extract-reads", "extract-writes", "cache", "archive"}
}

// wobble makes rounds differ by a per cent or two, the same way each time.
func wobble(round int, state string) float64 {
	return 1 + 0.01*math.Sin(float64(3*round)+float64(len(state)))
}

func approximately(got stat.Number, want, tolerance float64) error {
	if !got.Known() || math.Abs(float64(got)-want) > tolerance*math.Abs(want) {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return nil
}
