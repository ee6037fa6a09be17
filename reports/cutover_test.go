package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

const (
	cutoverBegin = 5.0
	cutoverHold  = 8
	cutoverRate  = 100
)

// cutoverStages are two seconds of warm-up and eight of each state.
func cutoverStages(states ...string) (stages []record.Stage) {
	stage := func(name string, begin, end float64, measure bool) record.Stage {
		return record.Stage{Name: name, BeginSeconds: begin, EndSeconds: end, FromRate: cutoverRate, ToRate: cutoverRate,
			Hits: uint64(end-begin) * cutoverRate, Measure: measure}
	}
	stages = append(stages, stage("warm-up", 0, 2, false))
	seen := map[string]string{}
	for i, state := range states {
		stages = append(stages, stage(state+seen[state], 2+float64(i*cutoverHold), 2+float64((i+1)*cutoverHold), true))
		seen[state] = " again"
	}
	return stages
}

// makeCutover is a healthy cutover through these states. A switch takes 0.2 s, and before that into the cache a job is done
// for two seconds.
func makeCutover(back bool, states ...string) *made {
	all := append([]string{states[0]}, states...)
	m := makeRun(1, steady, states[0])
	m.header.Stages, m.header.Headline, m.header.States = cutoverStages(states...), states[0], states
	m.header.Cutover = &record.Cutover{States: all, AndBack: back}
	m.header.Trials = []record.Trial{{State: states[0], Hits: uint64(2+cutoverHold*len(states)) * cutoverRate}}
	m.windows, m.samples, m.events = nil, nil, nil
	event := func(at float64, kind, text string, values map[string]float64) {
		m.events = append(m.events, record.Event{AtSeconds: at, Kind: kind, Text: text, Values: values})
	}
	event(4.9, record.EventSwitch, states[0], map[string]float64{"seconds": 0.1})
	event(cutoverBegin, record.EventTrialBegin, states[0], nil)
	for i, stage := range m.header.Stages {
		begin := cutoverBegin + stage.BeginSeconds
		if i > 0 && all[i] == "cache" {
			event(begin-1, record.EventJob, "archive job: moved", map[string]float64{"seconds": 2})
		}
		if i > 1 {
			event(begin+0.2, record.EventSwitch, all[i-1]+" -> "+all[i], map[string]float64{"seconds": 0.2, "begin_seconds": begin, "late_seconds": 0.001})
		}
		for second := int(stage.BeginSeconds); second < int(stage.EndSeconds); second++ {
			m.addWindow(0, stage.Name, "verify", second, cutoverRate, behaviours()[all[i]].slow)
		}
	}
	end := m.header.Stages[len(states)].EndSeconds
	event(cutoverBegin+end+1, record.EventTrialEnd, states[0], nil)
	event(cutoverBegin+end+1, record.EventDone, "1 trials", nil)
	m.readCutover(all, end)
	return m
}

// readCutover has each instrument read every second, and at the edges of the trial.
func (m *made) readCutover(states []string, end float64) {
	sums := map[string]map[string]float64{}
	for second := 0; second <= int(end); second++ {
		var b behaviour
		for i, stage := range m.header.Stages {
			if float64(second) > stage.BeginSeconds && float64(second) <= stage.EndSeconds {
				b = behaviours()[states[i]]
			}
		}
		for source, values := range counters(b, cutoverRate) {
			if source == "cpu" {
				continue
			}
			if sums[source] == nil {
				sums[source] = map[string]float64{}
			}
			for key, value := range values {
				if strings.Contains(key, "_total{") && second > 0 {
					value += sums[source][key] - 1000
				}
				sums[source][key] = value
			}
			m.readSource(source, sums[source], second, second == 0, second == int(end))
		}
	}
}

func (m *made) readSource(source string, sums map[string]float64, second int, first, last bool) {
	labels := []string{""}
	if first {
		labels = append(labels, "begin")
	}
	if last {
		labels = append(labels, "end")
	}
	for _, edge := range labels {
		m.samples = append(m.samples, record.Sample{AtSeconds: cutoverBegin + float64(second), Edge: edge, Source: source,
			Values: maps.Clone(sums)})
	}
}

func (m *made) cutover(t *testing.T) (*record.Run, *model.Cutover) {
	t.Helper()
	run := m.written(t)
	c, err := judge.Examine(run).Cutover(&m.scenario)
	if err != nil {
		t.Fatal(err)
	}
	return run, c
}

func thereAndBack() *made {
	return makeCutover(true, "baseline", "extract-main", "cache", "extract-main", "baseline")
}

// A healthy cutover is a pass, and says of each state what it was like undisturbed and of each switch what went on around it.
func TestCutover(t *testing.T) {
	run, c := thereAndBack().cutover(t)
	if c.Verdict != model.Pass || len(c.Reasons)+len(c.Warnings) != 0 || !c.Validity.Valid {
		t.Fatalf("got %v for %q, %q; %q", c.Verdict, c.Reasons, c.Warnings, c.Validity.Reasons)
	}
	// The job begins five seconds into the first hold of extract-main.
	for i, want := range []struct {
		stage           string
		from, to        float64
		n               uint64
		primary, p95    float64
		replica, cached float64
	}{
		{"baseline", 7, 15, 800, 300, 0.012, 0, math.NaN()}, {"extract-main", 15.2, 20, 400, 200, 0.010, 50, math.NaN()},
		{"cache", 23.2, 31, 700, 25, 0.002, 25, 0.75}, {"extract-main again", 31.2, 39, 700, 200, 0.010, 50, math.NaN()},
		{"baseline again", 39.2, 47, 700, 300, 0.012, 0, math.NaN()},
	} {
		s := c.States[i]
		if s.Stage != want.stage || math.Abs(float64(s.FromSeconds)-want.from)+math.Abs(float64(s.ToSeconds)-want.to) > 1e-9 || s.N != want.n {
			t.Errorf("got %s from %v to %v with %d hits, want %+v", s.Stage, s.FromSeconds, s.ToSeconds, s.N, want)
		}
		for _, err := range []error{approximately(s.PrimaryQPS, want.primary, 1e-9), approximately(s.P95Seconds, want.p95, 0.001), approximately(s.ReplicaQPS, want.replica, 1e-9)} {
			if err != nil {
				t.Errorf("%s: %v", s.Stage, err)
			}
		}
		if cached := float64(s.CacheHitRatio); cached != want.cached && !(math.IsNaN(cached) && math.IsNaN(want.cached)) {
			t.Errorf("%s: got a hit ratio of %v", s.Stage, cached)
		}
	}
	for i, s := range c.Switches {
		if !s.Done || s.N != 3*cutoverRate || s.P95BeforeSeconds != c.States[i].P95Seconds || !s.P95AroundSeconds.Known() {
			t.Errorf("got %+v", s)
		}
	}
	var out bytes.Buffer
	if err := PrintCutover(&out, c, Options{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "cutover.txt", out.Bytes())
	out.Reset()
	if err := (&cutover{c}).markdown(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, "cutover.md", out.Bytes())
	out.Reset()
	if err := (&cutover{c}).html(&out, judge.Examine(run).Details(nil)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "its hits over the whole seconds in that") {
		t.Error("the page does not say over which seconds the hits of a state are")
	}
}

// second is the window that was due in a second of the trial.
func (m *made) second(at int, change func(*record.Window)) {
	for i := range m.windows {
		if m.windows[i].Second == at {
			change(&m.windows[i])
		}
	}
}

func fails(n uint64) func(*record.Window) {
	return func(w *record.Window) { w.Failed, w.Completed = n, w.Completed-n }
}

// What goes wrong is found, and where it goes wrong around a switch it is said of that.
func TestCutoverVerdict(t *testing.T) {
	one, most := 0.01, 0.9
	lenient := func(m *made) { m.scenario.Budgets = []scenarios.Budget{{Metric: "errors", Max: &most}} }
	for _, tt := range []struct {
		name   string
		spoil  func(*made)
		want   model.Verdict
		reason string
	}{
		{"an error around a switch", func(m *made) { m.second(10, fails(1)) }, model.Fail, "1 of 300 hits failed around baseline → extract-main (limit 0 %)"},
		{"an error elsewhere", func(m *made) { m.second(7, fails(1)) }, model.Fail, "1 of 4,200 hits failed (limit 0 %)"},
		{"an error that is allowed", func(m *made) {
			m.second(10, fails(1))
			m.scenario.Budgets = []scenarios.Budget{{Metric: "errors", Max: &one}}
		}, model.Pass, ""},
		{"more errors than allowed", func(m *made) {
			m.second(10, fails(4))
			m.scenario.Budgets = []scenarios.Budget{{Metric: "errors", Max: &one}}
		}, model.Fail, "4 of 300 hits failed around baseline → extract-main (limit 1 %)"},
		{"a state that collapsed", func(m *made) {
			lenient(m)
			for at := 12; at < 17; at++ {
				m.second(at, fails(40))
			}
		}, model.Fail, "extract-main collapsed while traffic flowed: under 90 % answered"},
		{"a state that answered a little less", func(m *made) { lenient(m); m.second(14, fails(20)) }, model.Pass, "extract-main answered 97."},
		{"a collapse around a switch", func(m *made) { lenient(m); m.second(10, fails(60)) }, model.Fail,
			"80.0 % of 300 hits were answered around baseline → extract-main: it collapsed (under 90 %)"},
		{"a warm-up that failed", func(m *made) { lenient(m); m.second(0, fails(50)) }, model.Pass, "hits due were answered before the first state was held"},
		{"a wrong user", func(m *made) { m.second(17, func(w *record.Window) { w.Counts.Set("wrong_user", 2) }) }, model.Fail, "2 wrong answers around extract-main → cache"},
		{"a valid token rejected", func(m *made) { m.second(18, func(w *record.Window) { w.Counts.Set("rejected_valid", 1) }) }, model.Fail, "1 acknowledged tokens were rejected"},
		{"a revoked one accepted", func(m *made) { m.second(22, func(w *record.Window) { w.Counts.Set("accepted_revoked", 3) }) }, model.Fail, "3 revoked tokens were accepted too late"},
		{"a switch that is missing", func(m *made) { m.dropEvent(record.EventSwitch, "extract-main -> baseline") }, model.Inconclusive, "extract-main again → baseline again did not take place before the traffic ended"},
		{"a switch after the traffic", func(m *made) {
			m.eventNamed("extract-main -> baseline").Values["begin_seconds"] = cutoverBegin + 60
		}, model.Inconclusive, "no hit was due around extract-main again → baseline again"},
		{"cut short", func(m *made) {
			m.dropEvent(record.EventDone, "1 trials")
			m.dropEvent(record.EventTrialEnd, "baseline")
		}, model.Inconclusive, "the run did not reach its end"},
		{"statistics reset", func(m *made) {
			m.samplesOf(0, "primary", func(s *record.Sample) {
				if s.Edge == "end" {
					s.Values["stats_reset_unix_seconds"] = 2
				}
			})
		}, model.Inconclusive, "primary: the statement statistics were reset during the trial"},
		{"a slow switch", func(m *made) { m.eventNamed("baseline -> extract-main").Values["seconds"] = 2.5 }, model.Pass, "took 2.50 s, over 2 s"},
		{"a late switch", func(m *made) { m.eventNamed("baseline -> extract-main").Values["late_seconds"] = 1 }, model.Pass, "came 1.00 s late"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := thereAndBack()
			tt.spoil(m)
			_, c := m.cutover(t)
			told := strings.Join(append(c.Reasons, c.Warnings...), "\n")
			if c.Verdict != tt.want || !strings.Contains(told, tt.reason) || tt.reason == "" && told != "" {
				t.Errorf("got %v and %q, want %v and %q", c.Verdict, told, tt.want, tt.reason)
			}
		})
	}
}

// A cutover in which states fell over has the sentence and the table of an ordinary run, and says what others took.
func TestCutoverTellsOfCollapses(t *testing.T) {
	m := thereAndBack()
	for at := 12; at < 17; at++ {
		m.second(at, fails(80))
	}
	run, c := m.cutover(t)
	var terminal, page, markdown bytes.Buffer
	if err := errors.Join(PrintCutover(&terminal, c, Options{}), (&cutover{c}).html(&page, judge.Examine(run).Details(nil)), (&cutover{c}).markdown(&markdown)); err != nil {
		t.Fatal(err)
	}
	for _, told := range []string{"extract-main collapsed while traffic flowed: of 100 hits/s it answered ", "it still answered 100/s (",
		"and fell over from second 17 (extract-main) to second 22.", "what the host (steal) and other processes took of the processors is not known"} {
		if !strings.Contains(terminal.String(), told) {
			t.Errorf("%q is not told in\n%s", told, terminal.String())
		}
		if !strings.Contains(page.String(), told) || !strings.Contains(markdown.String(), told) {
			t.Errorf("%q is not told in report.html, or not in report.md", told)
		}
	}
	if !strings.Contains(terminal.String(), " collapsed     trials  hits/s") || !strings.Contains(page.String(), "What collapsed") {
		t.Errorf("there is no table of what collapsed in\n%s", terminal.String())
	}
}

func (m *made) dropEvent(kind, text string) {
	for i, e := range m.events {
		if e.Kind == kind && e.Text == text {
			m.events = append(m.events[:i:i], m.events[i+1:]...)
			return
		}
	}
}

func (m *made) eventNamed(text string) *record.Event {
	for i := range m.events {
		if m.events[i].Text == text {
			return &m.events[i]
		}
	}
	return &record.Event{}
}

// Of a state that was never entered nothing is known, though readings went on.
func TestCutoverOfMissingState(t *testing.T) {
	m := thereAndBack()
	m.dropEvent(record.EventSwitch, "extract-main -> baseline")
	_, c := m.cutover(t)
	if s := c.States[4]; s.N != 0 || s.FromSeconds.Known() || s.PrimaryQPS.Known() || s.P95Seconds.Known() {
		t.Errorf("got %+v", s)
	}
	if s := c.States[3]; !s.PrimaryQPS.Known() || math.Abs(float64(s.ToSeconds)-39) > 1e-9 {
		t.Errorf("got %+v", s)
	}
}

// A job divides the time of a state; the longer part is told.
func TestCutoverBesideJob(t *testing.T) {
	for _, tt := range []struct{ begin, took, from, to float64 }{
		{20, 2, 15.2, 20}, {16, 2, 18, 23}, {15.1, 4, 19.1, 23}, {22, 3, 15.2, 22}, {14, 20, math.NaN(), math.NaN()}, {1, 1, 15.2, 23},
	} {
		m := thereAndBack()
		job := m.eventNamed("archive job: moved")
		job.AtSeconds, job.Values["seconds"] = tt.begin+tt.took, tt.took
		_, c := m.cutover(t)
		same := func(got stat.Number, want float64) bool {
			return math.Abs(float64(got)-want) < 1e-9 || !got.Known() && math.IsNaN(want)
		}
		if s := c.States[1]; !same(s.FromSeconds, tt.from) || !same(s.ToSeconds, tt.to) {
			t.Errorf("a job at %v for %v: told from %v to %v, want %v to %v", tt.begin, tt.took, s.FromSeconds, s.ToSeconds, tt.from, tt.to)
		}
	}
}

// A late generator spoils the latencies of what it sent late, and nothing else: the answers count.
func TestCutoverOfLateGenerator(t *testing.T) {
	m := thereAndBack()
	for second := 11; second < 18; second++ {
		m.second(second, func(w *record.Window) {
			w.Lag = record.Histogram{}
			for range w.Sent {
				w.Lag.Record(50 * time.Millisecond)
			}
		})
	}
	_, c := m.cutover(t)
	if c.Verdict != model.Pass || len(c.Warnings) == 0 || !strings.Contains(c.Warnings[0], "latencies are not to be relied on: the generator was late") {
		t.Errorf("got %v and %q", c.Verdict, c.Warnings)
	}
	if c.States[1].P95Seconds.Known() || !c.States[0].P95Seconds.Known() || !c.States[1].PrimaryQPS.Known() {
		t.Errorf("got p95 %v and %v, primary %v", c.States[0].P95Seconds, c.States[1].P95Seconds, c.States[1].PrimaryQPS)
	}
}

// Whatever is left of a run that was ended, it can be reported.
func TestCutoverCutShort(t *testing.T) {
	for events := range len(thereAndBack().events) {
		m := thereAndBack()
		m.events = m.events[:events]
		last := 0.0
		if events > 0 {
			last = m.events[events-1].AtSeconds
		}
		for len(m.windows) > 0 && cutoverBegin+float64(m.windows[len(m.windows)-1].Second) >= last {
			m.windows = m.windows[:len(m.windows)-1]
		}
		for len(m.samples) > 0 && m.samples[len(m.samples)-1].AtSeconds > last {
			m.samples = m.samples[:len(m.samples)-1]
		}
		run, c := m.cutover(t)
		if c.Verdict != model.Inconclusive || c.Complete {
			t.Errorf("after %d events: got %v for %q", events, c.Verdict, c.Reasons)
		}
		if err := errors.Join(WriteCutover(t.TempDir(), c, judge.Examine(run).Details(nil), judge.Examine(run).Windows), PrintCutover(&bytes.Buffer{}, c, Options{})); err != nil {
			t.Errorf("after %d events: %v", events, err)
		}
	}
}

// The files are there, and what a state is called is text in each of them.
func TestWriteCutover(t *testing.T) {
	m := makeCutover(false, "baseline", "extract-main")
	const hostile = `<script>alert(1)</script> 캐시`
	m.header.Stages[2].Name, m.header.Cutover.States[2] = hostile, hostile
	m.windowsOf(0, "extract-main", func(w *record.Window) { w.Stage = hostile })
	run, c := m.cutover(t)
	dir := t.TempDir()
	if err := WriteCutover(dir, c, judge.Examine(run).Details(nil), judge.Examine(run).Windows); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"cutover.json": hostile, "report.md": "&lt;script&gt;alert(1)&lt;/script&gt; 캐시",
		"report.html": "&lt;script&gt;alert(1)&lt;/script&gt; 캐시", "charts/timeline.svg": "&lt;script&gt;", "charts/timeline.png": "PNG"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, without %q", name, err, want)
		}
		if name != "cutover.json" && strings.Contains(string(text), "<script>alert") {
			t.Errorf("%s: the name became markup", name)
		}
	}
	var again model.Cutover
	text, err := os.ReadFile(filepath.Join(dir, CutoverFile))
	if err == nil {
		err = json.Unmarshal(text, &again)
	}
	if err != nil || again.Schema != model.CutoverSchema || again.Switches[0].To != hostile || again.States[0].PrimaryQPS != 300 {
		t.Errorf("got %+v, %v", again, err)
	}
}

// A cutover is no ordinary run, and the other way round; a header that contradicts itself is neither.
func TestCutoverOrNot(t *testing.T) {
	m := thereAndBack()
	run := m.written(t)
	if _, err := judge.Examine(run).Summarize(nil, &m.scenario); !errors.Is(err, judge.ErrCutover) {
		t.Errorf("got %v, want ErrCutover", err)
	}
	for name, spoil := range map[string]func(*record.Header){
		"no cutover":           func(h *record.Header) { h.Cutover = nil },
		"a state too few":      func(h *record.Header) { h.Cutover.States = h.Cutover.States[1:] },
		"the same state twice": func(h *record.Header) { h.Cutover.States[3] = h.Cutover.States[2] },
		"no trial":             func(h *record.Header) { h.Trials = nil },
	} {
		m := thereAndBack()
		if spoil(&m.header); m.header.Trials == nil {
			m.windows, m.samples, m.events = nil, nil, nil
		}
		if _, err := judge.Examine(m.written(t)).Cutover(&m.scenario); !errors.Is(err, judge.ErrNoCutover) {
			t.Errorf("%s: got %v, want ErrNoCutover", name, err)
		}
	}
}
