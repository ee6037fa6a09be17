package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// saved is the baseline of a run, written and read back.
func saved(t *testing.T, m *made) *model.Baseline {
	t.Helper()
	b, err := judge.NewBaseline(m.written(t), &m.scenario, false)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "saved.json")
	if err := WriteBaseline(b, path); err != nil {
		t.Fatal(err)
	}
	read, err := judge.ReadBaseline(path)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func (m *made) against(t *testing.T, b *model.Baseline) *model.Summary {
	t.Helper()
	s, err := judge.Examine(m.written(t)).Summarize(b, &m.scenario)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What is saved is what the summary says, to six digits, and the file is the same each time.
func TestBaselineIsTheSummary(t *testing.T) {
	m := makeRun(3, wobble, "baseline", "extract-main", "cache")
	b := saved(t, m)
	_, s := m.summarized(t)
	state := s.Find("cache")
	for name, want := range map[string]stat.Number{
		"cache@peak: primary_qps": state.PrimaryQPS, "cache@peak: cache_hit_ratio": state.CacheHitRatio,
		"cache@calm: offered_rate": state.Stages[0].OfferedRate, "cache@peak: rechecked": 6,
		"cache@peak: primary_statements(verify)": state.PrimaryStatementsPer["verify"],
	} {
		got, known := b.Numbers[name]
		if !known || approximately(got.Value, float64(want), 1e-5) != nil || got.Lo.Known() {
			t.Errorf("%s: got %v %v, want %v without an interval", name, got, known, want)
		}
	}
	p95 := b.Numbers["cache@peak: p95(verify)"]
	if approximately(p95.Value, 0.002, 0.02) != nil || !(p95.Lo < p95.Value && p95.Value < p95.Hi) {
		t.Errorf("p95 of verify: got %+v, want 2 ms inside of its interval", p95)
	}
	for name := range b.Numbers {
		if strings.Contains(name, "warm-up") || strings.Contains(name, "calm: p99") {
			t.Errorf("%s is saved: a stage that is not measured, or a percentile of too few hits", name)
		}
	}
	if b.Stages["peak"] != (model.SavedStage{Seconds: 4, Hits: 2000}) || b.Run != m.header.ID || b.Host.CPU != "made up" || b.Rounds != 3 {
		t.Errorf("got %+v", b)
	}
	again := saved(t, m)
	if diff := cmp.Diff(b, again, cmp.Comparer(same)); diff != "" {
		t.Error(diff)
	}
}

// The file is for people and their diffs: a number to a line, in the order of their names.
func TestBaselineFile(t *testing.T) {
	m := makeRun(2, steady, "baseline")
	m.header.Stages = m.header.Stages[2:]
	m.header.Trials[0].Hits, m.header.Trials[1].Hits = 2000, 2000
	kept := m.windows[:0:0]
	for _, w := range m.windows {
		if w.Stage == "peak" {
			kept = append(kept, w)
		}
	}
	m.windows = kept
	m.samples = slices.DeleteFunc(m.samples, func(s record.Sample) bool { return s.Stage != "" && s.Stage != "peak" })
	b, err := judge.NewBaseline(m.written(t), &m.scenario, false)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "saved.json")
	if err := WriteBaseline(b, path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "saved.json", text)
}

func TestAgainstSaved(t *testing.T) {
	budget := func(b scenarios.Budget, most float64) scenarios.Budget {
		b.Of, b.Max = scenarios.Saved, &most
		return b
	}
	of := func(metric string) scenarios.Budget { return scenarios.Budget{Metric: metric} }
	double := func(m *made) {
		for trial := range m.header.Trials {
			for _, source := range []string{"primary", "callers"} {
				m.samplesOf(trial, source, func(s *record.Sample) {
					for key := range s.Values {
						if strings.Contains(key, "kind=read") {
							// 1000 were there before; see counters.
							s.Values[key] = 1000 + 2*(s.Values[key]-1000)
						}
					}
				})
			}
		}
	}
	slower := func(m *made) {
		*m = *makeRun(3, func(round int, state string) float64 { return 1.2 * wobble(round, state) }, "baseline", "extract-main")
	}
	for _, c := range []struct {
		name   string
		budget scenarios.Budget
		change func(*made)
		want   model.Verdict
	}{
		{"the same count", budget(of("primary_qps"), 1), nil, model.Pass},
		{"more statements", budget(of("primary_qps"), 1.4), double, model.Fail},
		{"more statements of an operation", budget(scenarios.Budget{Metric: "primary_statements", Operation: "verify"}, 1.4), double, model.Fail},
		{"as many as are allowed", budget(scenarios.Budget{Metric: "primary_statements", Operation: "verify"}, 1.5), double, model.Pass},
		{"nothing of nothing", budget(scenarios.Budget{Metric: "errors"}, 1), nil, model.Pass},
		{"something of nothing", budget(scenarios.Budget{Metric: "errors"}, 5), func(m *made) {
			m.windowsOf(1, "peak", func(w *record.Window) { w.Failed, w.Completed = 1, w.Offered-1 })
		}, model.Fail},
		{"the same latency is inside a limit that leaves room for both intervals", budget(of("p95"), 1.1), nil, model.Pass},
		{"and not to be told from one as high as it", budget(of("p95"), 1), nil, model.Inconclusive},
		{"a slower one", budget(of("p95"), 1.1), slower, model.Fail},
		{"of an operation", budget(scenarios.Budget{Metric: "p50", Operation: "verify"}, 1.1), slower, model.Fail},
		{"a state that was not saved", budget(scenarios.Budget{Metric: "p95", State: "cache"}, 9), func(m *made) {
			*m = *makeRun(3, wobble, "baseline", "cache")
		}, model.Inconclusive},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := saved(t, makeRun(3, wobble, "baseline", "extract-main"))
			m := makeRun(3, wobble, "baseline", "extract-main")
			if c.change != nil {
				c.change(m)
			}
			m.scenario.Budgets = []scenarios.Budget{c.budget}
			s := m.against(t, b)
			if s.Verdict != c.want || len(s.Warnings) > 0 {
				t.Errorf("got %v: %q, warnings %q; want %v", s.Verdict, s.Reasons, s.Warnings, c.want)
			}
		})
	}
}

// On another machine budgets on latency only warn, whatever they compare with, and counts stay strict.
func TestSavedElsewhere(t *testing.T) {
	for name, change := range map[string]func(*model.Baseline){
		"CPU": func(b *model.Baseline) { b.Host.CPU = "faster" }, "CPUs": func(b *model.Baseline) { b.Host.CPUs = 64 },
		"stack": func(b *model.Baseline) { b.Stack = "containers" },
	} {
		t.Run(name, func(t *testing.T) {
			m := makeRun(2, wobble, "baseline", "extract-main")
			b := saved(t, m)
			change(b)
			low := 1e-4
			m.scenario.Budgets = []scenarios.Budget{
				{Metric: "p95", Max: &low}, {Metric: "p95", Of: scenarios.Saved, Max: &low}, {Metric: "p95", Of: "baseline", Max: &low},
			}
			s := m.against(t, b)
			if s.Verdict != model.Pass || len(s.Warnings) != 4 || !strings.Contains(s.Warnings[0], "another machine ("+name) && !strings.Contains(s.Warnings[0], name) {
				t.Errorf("got %v (%q) with warnings %q, want a pass with four", s.Verdict, s.Reasons, s.Warnings)
			}
			m.scenario.Budgets = []scenarios.Budget{{Metric: "primary_qps", Of: scenarios.Saved, Max: &low}}
			if s := m.against(t, b); s.Verdict != model.Fail {
				t.Errorf("a count: got %v (%q), want a fail", s.Verdict, s.Reasons)
			}
			b.Host, b.Stack = model.Host(m.header.Host), m.header.Stack
			m.scenario.Budgets = []scenarios.Budget{{Metric: "p95", Of: scenarios.Saved, Max: &low}}
			if s := m.against(t, b); s.Verdict != model.Fail {
				t.Errorf("on the machine itself: got %v (%q), want a fail", s.Verdict, s.Reasons)
			}
		})
	}
}

// Other traffic is told, and another scenario's numbers are compared with nothing.
func TestSavedOfOtherTraffic(t *testing.T) {
	m := makeRun(2, wobble, "baseline")
	b := saved(t, m)
	m.scenario.Budgets = []scenarios.Budget{{Metric: "primary_qps", Of: scenarios.Saved, Max: new(1.0)}}
	b.Seed, b.Stages["peak"] = 8, model.SavedStage{Seconds: 4, Hits: 1000}
	s := m.against(t, b)
	if want := "seed 8 there, 7 here, 1,000 hits in 4 s at peak there, 2,000 in 4 s here"; s.Verdict != model.Pass || len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], want) {
		t.Errorf("got %v with %q, want a pass that says %q", s.Verdict, s.Warnings, want)
	}
	b.Scenario = "other"
	if s := m.against(t, b); s.Verdict != model.Inconclusive || !strings.Contains(s.Reasons[0], "of scenario other") {
		t.Errorf("got %v with %q", s.Verdict, s.Reasons)
	}
}

// One round has no interval, so nothing is said of its latencies.
func TestSavedOfOneRound(t *testing.T) {
	b := saved(t, makeRun(1, steady, "baseline"))
	m := makeRun(2, steady, "baseline")
	m.scenario.Budgets = []scenarios.Budget{{Metric: "p95", Of: scenarios.Saved, Max: new(9.0)}}
	if s := m.against(t, b); s.Verdict != model.Inconclusive || !strings.Contains(s.Budgets[0].Reason, "at least two rounds") {
		t.Errorf("got %v: %q", s.Verdict, s.Reasons)
	}
}

// What is no whole run is saved for nobody.
func TestNotSaved(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.events = m.events[:2]
	if _, err := judge.NewBaseline(m.written(t), &m.scenario, false); err == nil || !strings.Contains(err.Error(), "did not reach its end") {
		t.Errorf("got %v", err)
	}
	m = makeRun(1, steady, "baseline", "cache")
	m.windowsOf(1, "peak", func(w *record.Window) { w.Missed, w.Sent, w.Completed = w.Offered, 0, 0 })
	if _, err := judge.NewBaseline(m.written(t), &m.scenario, false); err == nil || !strings.Contains(err.Error(), "no valid trial of cache") {
		t.Errorf("got %v", err)
	}
}

// Counts are what a baseline is for: where a state's latencies alone are void they are saved, and what is missing is told.
func TestBaselineOfCountsAlone(t *testing.T) {
	for _, tt := range []struct {
		rounds int
		want   []string
	}{
		{2, []string{"no latency of cache is believed, so none is saved: budgets on them stay undecided"}},
		{1, []string{"no latency of cache is believed, so none is saved: budgets on them stay undecided", "latencies of baseline are of one round and have no interval"}},
	} {
		m := makeRun(tt.rounds, steady, "baseline", "cache")
		if told := judge.Wanting(saved(t, m)); tt.rounds > 1 && len(told) > 0 {
			t.Errorf("a whole run: got %q, want nothing to be told", told)
		}
		for _, trial := range m.header.Trials {
			if trial.State == "cache" {
				m.sentLate(trial.Index)
			}
		}
		b, err := judge.NewBaseline(m.written(t), &m.scenario, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, timed := b.Numbers["cache@peak: p95"]; timed || !b.Numbers["cache@peak: primary_qps"].Value.Known() || b.Numbers["cache@peak: primary_qps"].Value == 0 {
			t.Errorf("got %v, want counts of cache and no p95", b.Numbers)
		}
		told := judge.Wanting(b)
		if len(told) != len(tt.want) {
			t.Fatalf("%d rounds: got %q, want %q", tt.rounds, told, tt.want)
		}
		for i, want := range tt.want {
			if !strings.HasPrefix(told[i], want) {
				t.Errorf("%d rounds: got %q, want %q", tt.rounds, told[i], want)
			}
		}
	}
	m := makeRun(1, steady, "baseline")
	m.header.SelfTest = &record.SelfTest{State: "baseline"}
	if _, err := judge.NewBaseline(m.written(t), &m.scenario, true); !errors.Is(err, judge.ErrSelfTestRun) {
		t.Errorf("a self-test: got %v", err)
	}
}

// sentLate voids the latencies of a trial, and nothing else of it.
func (m *made) sentLate(trial int) {
	m.windowsOf(trial, "peak", func(w *record.Window) {
		w.Lag = record.Histogram{}
		for range w.Sent {
			w.Lag.Record(2 * time.Second)
		}
	})
}

func TestReadBaselineMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "is not a saved baseline",
		"version: 1":                        "is not a saved baseline",
		"{}":                                `has schema ""`,
		`{"schema": "rehearse.baseline/2"}`: "save it anew",
		`{"numbers": {"a@b: p95": [1, 2]}}`: "three parts",
		`{"numbers": {"a@b: p95": "fast"}}`: "is not a saved baseline",
		`{"numbers": {"a@b: p95": [1, 2, true]}}`: "is not a saved baseline",
	} {
		path := filepath.Join(t.TempDir(), "saved.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := judge.ReadBaseline(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	if _, err := judge.ReadBaseline(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "rehearse baseline save") {
		t.Errorf("got %v", err)
	}
}

func TestSavedNumber(t *testing.T) {
	nan := stat.Unknown()
	for _, n := range []model.SavedNumber{{Value: 1, Lo: nan, Hi: nan}, {Value: 0, Lo: nan, Hi: nan}, {Value: 0.002, Lo: 0.001, Hi: 0.003}} {
		text, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		var got model.SavedNumber
		if err := json.Unmarshal(text, &got); err != nil || !same(got, n) {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, n)
		}
		if n.Lo.Known() != bytes.ContainsRune(text, '[') {
			t.Errorf("%v is written as %s", n, text)
		}
	}
}

func same(a, b model.SavedNumber) bool {
	equal := func(a, b stat.Number) bool { return a == b || math.IsNaN(float64(a)) && math.IsNaN(float64(b)) }
	return equal(a.Value, b.Value) && equal(a.Lo, b.Lo) && equal(a.Hi, b.Hi)
}

// A run that failed is nothing to hold others against, unless told.
func TestBaselineOfAFailedRun(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.scenario.Budgets = []scenarios.Budget{{Metric: "primary_qps", Max: new(1.0)}}
	if _, err := judge.NewBaseline(m.written(t), &m.scenario, false); err == nil || !strings.Contains(err.Error(), "it failed: budget primary_qps") {
		t.Errorf("got %v, want it refused for the breach", err)
	}
	if _, err := judge.NewBaseline(m.written(t), &m.scenario, true); err != nil {
		t.Errorf("got %v, want it saved when told to", err)
	}
}

// Each number of a saved baseline has its bounds, but the seed: one that is added without fails here. None is below zero,
// since a ratio to it would keep every limit.
func TestSavedNumbersHaveBounds(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "saved.json"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "saved.json")
	for at, n := range regexp.MustCompile(`[ \[]-?[0-9][0-9.e+-]*[,\n\]]`).FindAllIndex(text, -1) {
		if bytes.HasSuffix(text[:n[0]], []byte(`"seed":`)) {
			continue
		}
		for _, absurd := range []string{"1000000000000000000000", "-1"} {
			changed := slices.Concat(text[:n[0]+1], []byte(absurd), text[n[1]-1:])
			if err := os.WriteFile(path, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := judge.ReadBaseline(path); err == nil {
				t.Errorf("number %d is read as %s: …%s", at, absurd, changed[max(n[0]-40, 0):n[1]])
			}
		}
	}
}

// A baseline of more states or operations than a run has is refused: each of them would be compared.
func TestSavedStatesHaveBounds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "saved.json")
	for _, tt := range []struct {
		states, operations int
		want               string
	}{
		{6, 100, ""},
		{1001, 1, "1001 states and 1 operations are too many: 1000 states at the most"},
		{200, 101, "200 states and 101 operations are too many"},
	} {
		b := &model.Baseline{Schema: model.BaselineSchema, Scenario: "tiny", Numbers: map[string]model.SavedNumber{}}
		for i := range tt.states {
			k := model.Key{Metric: "p95", State: fmt.Sprint("s", i), Stage: "peak", Operation: fmt.Sprint("o", i%tt.operations)}
			b.Numbers[k.Saved()] = model.SavedNumber{Value: 1, Lo: stat.Unknown(), Hi: stat.Unknown()}
		}
		if err := WriteBaseline(b, path); err != nil {
			t.Fatal(err)
		}
		_, err := judge.ReadBaseline(path)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%d states, %d operations: got %v, want %q", tt.states, tt.operations, err, tt.want)
		}
	}
}
