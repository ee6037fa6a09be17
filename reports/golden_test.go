package reports

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/scenarios"
)

var update = flag.Bool("update", false, "write what the reports say now into testdata")

// told are the runs whose reports are kept word for word.
func told() map[string]func() *made {
	return map[string]func() *made{
		"pass": func() *made {
			m := makeRun(3, wobble, allStates()...)
			m.scenario.Budgets = []scenarios.Budget{
				{Metric: "p95", Stage: "peak", State: "archive", Max: new(0.05), Line: 30},
				{Metric: "primary_qps", State: "archive", Of: "baseline", Max: new(0.2), Line: 31},
				{Metric: "wrong_user", Max: new(0.0), Line: 32},
			}
			m.watchGenerator(20*time.Microsecond, 0.02)
			m.from(5, "primary", "checkpoints_total", 1)
			m.from(6, "primary", "replica_lag_seconds", 2.5)
			m.events = append([]record.Event{{AtSeconds: 3, Trial: 5, Kind: record.EventJob,
				Text: "archive moved 2,000,000 dead tokens in 41 s", Values: map[string]float64{"rows": 2e6, "seconds": 41}}}, m.events...)
			return m
		},
		"fail": func() *made {
			m := makeRun(2, steady, "baseline", "extract-main")
			m.header.Limits = map[string]string{
				"primary": "1 CPU, 1 GiB memory", "auth": "0.25 CPUs asked, not applied: no writable cgroup",
			}
			m.scenario.Budgets = []scenarios.Budget{
				{Metric: "p95", State: "extract-main", Max: new(0.005), Line: 30},
				{Metric: "primary_qps", Max: new(1200.0), Min: new(1100.0), Line: 31},
				{Metric: "cache_hit_ratio", Min: new(0.9), Line: 33},
			}
			m.windowsOf(2, "peak", func(w *record.Window) { w.Counts.Set("wrong_user", 2) })
			return m
		},
		"inconclusive": func() *made {
			m := makeRun(1, steady, allStates()...)
			m.scenario.Budgets = []scenarios.Budget{{Metric: "p95", Max: new(0.003), Line: 30}}
			m.windowsOf(4, "peak", func(w *record.Window) {
				w.Missed, w.Sent, w.Completed = w.Offered/10, w.Offered-w.Offered/10, w.Offered-w.Offered/10
			})
			return m
		},
		"truncated": func() *made {
			m := makeRun(1, steady, "baseline", "extract-main", "extract-reads")
			m.events = append(m.events[:3:3], record.Event{AtSeconds: 20, Trial: 1, Kind: record.EventInterrupted, Text: "interrupt"})
			m.windows = m.windows[:9]
			return m
		},
		"hopeless": func() *made {
			m := makeRun(3, steady, allStates()...)
			for i := range 6 {
				m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: "p95", State: allStates()[i], Max: new(1e-4), Line: 30 + i})
			}
			m.twiceAsMany()
			return m
		},
		"gates": func() *made {
			m := makeRun(2, steady, "baseline", "extract-main")
			for trial := range m.header.Trials {
				m.paced(trial, 10*ms, 30*ms, 40*ms, 10*ms)
			}
			m.scenario.Budgets = []scenarios.Budget{
				{Metric: "p95", Operation: "verify", Of: scenarios.Before, Below: new(0.95), Level: scenarios.LevelWarn, Line: 30},
				{Metric: "p95", Stage: "peak", Max: new(0.02), For: 2 * time.Second, Abort: true, Line: 31},
				{Metric: "primary_statements", Operation: "verify", Max: new(2.3), Line: 32},
				{Metric: "errors", Operation: "login", Max: new(0.001), Least: 1000, Line: 33},
				{Metric: "primary_qps", Of: scenarios.Saved, Max: new(1.05), Line: 34},
			}
			return m
		},
		"one-state": func() *made { return makeRun(1, steady, "baseline") },
	}
}

func TestTold(t *testing.T) {
	for name, make := range told() {
		t.Run(name, func(t *testing.T) {
			_, s := make().summarized(t)
			var terminal bytes.Buffer
			if err := Print(&terminal, s, Options{}); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", terminal.Bytes())
			var numbers, page bytes.Buffer
			if err := errors.Join(JSON(&numbers, s), markdown(&page, &summary{s})); err != nil {
				t.Fatal(err)
			}
			if lines := bytes.Count(page.Bytes(), []byte("\n")); lines >= 60 {
				t.Errorf("report.md has %d lines, want fewer than 60", lines)
			}
			golden(t, name+".json", numbers.Bytes())
			golden(t, name+".md", page.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (run with -update to accept):\n%s", path, diff)
	}
}

func TestColourIsTheCallersChoice(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	_, s := told()["pass"]().summarized(t)
	for _, colour := range []bool{false, true} {
		var b strings.Builder
		if err := Print(&b, s, Options{Color: colour}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "\x1b["); got != colour {
			t.Errorf("colour %v: escape sequences %v", colour, got)
		}
	}
}

func TestWriteIsWholeOrNothing(t *testing.T) {
	run, s := told()["one-state"]().summarized(t)
	dir := t.TempDir()
	if err := writeAll(dir, run, s, &plot.Fonts{}); err != nil {
		t.Fatal(err)
	}
	if err := writeAll(dir, run, s, &plot.Fonts{}); err != nil {
		t.Fatalf("a second time: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v %v", left, err)
	}
	// A directory in the place of a file cannot be replaced: the others are written all the same.
	broken := t.TempDir()
	if err := os.MkdirAll(filepath.Join(broken, SummaryFile, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeAll(broken, run, s, &plot.Fonts{}); err == nil || !strings.Contains(err.Error(), SummaryFile) {
		t.Errorf("got %v, want an error that names %s", err, SummaryFile)
	}
	if _, err := os.Stat(filepath.Join(broken, MarkdownFile)); err != nil {
		t.Errorf("report.md was not written: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(broken, ".*")); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}
