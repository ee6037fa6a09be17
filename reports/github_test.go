package reports

import (
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// doubted is a run judged with a doubt about some of the numbers of every trial.
func doubted(m *made, t *testing.T, about voids) *Summary {
	l := Examine(m.written(t))
	for _, t := range l.trials {
		t.doubts = []reason{{about, Reason{FlushedCache, "odd"}}}
	}
	return l.summarize(&m.scenario)
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
		about            voids
		warnings, notice int
	}{
		{"no budget", nil, voidsMeasures, 0, 1},
		{"doubts about latencies, budgets on counts", []scenarios.Budget{counts}, voidsLatencies, 0, 1},
		{"doubts about counts, budgets on latencies", []scenarios.Budget{latency}, voidsCounts, 0, 1},
		{"doubts about what a budget rests on", []scenarios.Budget{latency}, voidsLatencies, 1, 1},
		{"a breach that is only told", []scenarios.Budget{counts, told}, voidsLatencies, 1, 1},
		{"no doubt", []scenarios.Budget{counts, latency}, 0, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := makeRun(3, steady, allStates()...)
			m.scenario.Budgets = tt.budgets
			_, s := m.summarized(t)
			if tt.about != 0 {
				s = doubted(m, t, tt.about)
			}
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
	list := Annotations(doubted(m, t, voidsLatencies))
	if len(list) != mostDoubts+1 || !strings.Contains(list[0].Message, "and in 2 other trials of baseline") || !strings.HasPrefix(list[mostDoubts].Message, "3 further doubts") {
		t.Errorf("got %q", list)
	}
}

// What a reading says is of the numbers that it touches.
func TestDoubtsAreAboutNumbers(t *testing.T) {
	m := makeRun(2, steady, "baseline", "extract-main")
	m.samplesOf(1, "primary", func(s *record.Sample) { s.Values["replica_lag_seconds"] = 3 })
	l := Examine(m.written(t))
	for _, d := range l.trials[1].doubts {
		if d.voids != voidsCounts || d.Kind == BlurredRate {
			t.Errorf("got %+v", d)
		}
	}
	if len(l.trials[1].doubts) != 1 {
		t.Errorf("got %+v, want one doubt", l.trials[1].doubts)
	}
}
