package reports

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// doubted gives every trial doubts about these of its numbers.
func doubted(m *made, about ...string) {
	if slices.Contains(about, model.VoidLatencies) {
		m.watchGenerator(10*time.Microsecond, 0.2)
	}
	if slices.Contains(about, model.VoidCounts) {
		for i := range m.header.Trials {
			m.samplesOf(i, "primary", func(s *record.Sample) { s.Values["replica_lag_seconds"] = 3 })
		}
	}
}

// Annotations are for what there is to do: a gate that passes has no warning about numbers that no budget limits, and few
// about those that one does.
func TestAnnotationsAreForWhatIsToBeDone(t *testing.T) {
	counts := scenarios.Budget{Metric: "primary_statements", State: "archive", Max: new(5.0)}
	latency := scenarios.Budget{Metric: "p95", State: "archive", Max: new(0.05)}
	told := scenarios.Budget{Metric: "primary_qps", State: "archive", Max: new(1.0), Level: scenarios.LevelWarn}
	for _, tt := range []struct {
		name             string
		budgets          []scenarios.Budget
		about            []string
		warnings, notice int
	}{
		{"no budget", nil, []string{model.VoidLatencies, model.VoidCounts}, 0, 1},
		{"doubts about latencies, budgets on counts", []scenarios.Budget{counts}, []string{model.VoidLatencies}, 0, 1},
		{"doubts about counts, budgets on latencies", []scenarios.Budget{latency}, []string{model.VoidCounts}, 0, 1},
		{"doubts about what a budget rests on", []scenarios.Budget{latency}, []string{model.VoidLatencies}, 1, 1},
		{"a breach that is only told", []scenarios.Budget{counts, told}, []string{model.VoidLatencies}, 1, 1},
		{"no doubt", []scenarios.Budget{counts, latency}, nil, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := makeRun(3, steady, allStates()...)
			m.scenario.Budgets = tt.budgets
			doubted(m, tt.about...)
			_, s := m.summarized(t)
			got := map[string]int{}
			for _, a := range Annotations(s) {
				got[a.Level]++
			}
			if got[levelError] != 0 || got[levelWarning] != tt.warnings || got[levelNotice] != tt.notice {
				t.Errorf("got %v, want %d warnings and %d notices", got, tt.warnings, tt.notice)
			}
		})
	}
}

// Doubts about many states that budgets rest on are few remarks.
func TestDoubtsAreFew(t *testing.T) {
	m := makeRun(3, steady, allStates()...)
	for _, state := range allStates() {
		m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: "p95", State: state, Max: new(0.05)})
	}
	doubted(m, model.VoidLatencies)
	_, s := m.summarized(t)
	list := Annotations(s)
	if len(list) != mostDoubts+1 || !strings.Contains(list[0].Message, "and in 2 other trials of baseline") || !strings.HasPrefix(list[mostDoubts].Message, "3 further doubts") {
		t.Errorf("got %q", list)
	}
}

// What a reading says is of the numbers that it touches: a lag of the replica is a doubt about counts alone.
func TestDoubtsAreAboutNumbers(t *testing.T) {
	for metric, pressing := range map[string]int{"p95": 0, "primary_statements": 1} {
		m := makeRun(2, steady, "baseline", "extract-main")
		m.scenario.Budgets = []scenarios.Budget{{Metric: metric, State: "extract-main", Max: new(5.0)}}
		m.samplesOf(1, "primary", func(s *record.Sample) { s.Values["replica_lag_seconds"] = 3 })
		if _, s := m.summarized(t); len(s.Pressing) != pressing || len(s.Validity[1].Doubts) != 1 {
			t.Errorf("%s: got %q of %q", metric, s.Pressing, s.Validity[1].Doubts)
		}
	}
}
