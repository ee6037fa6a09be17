package reports

import (
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// paced puts windows of single seconds into the stage peak of a trial, which lasts from second 4 to 8: took says how long
// its hits take, of which there are 500 a second.
func (m *made) paced(trial int, took ...time.Duration) {
	kept := m.windows[:0:0]
	for _, w := range m.windows {
		if w.Trial != trial || w.Stage != "peak" {
			kept = append(kept, w)
		}
	}
	m.windows = kept
	for i, slow := range took {
		m.addWindow(trial, "peak", "login", 4+i, 50, slow)
		m.addWindow(trial, "peak", "verify", 4+i, 450, slow)
	}
}

const ms = time.Millisecond

func TestSustained(t *testing.T) {
	slow := func(b scenarios.Budget) scenarios.Budget { b.Metric, b.Max = "p95", new(0.02); return b }
	second := func(n int) scenarios.Budget { return slow(scenarios.Budget{For: time.Duration(n) * time.Second}) }
	for _, c := range []struct {
		name   string
		took   []time.Duration
		change func(*record.Window)
		budget scenarios.Budget
		want   model.Verdict
		says   string
	}{
		{"never", []time.Duration{5 * ms, 5 * ms, 5 * ms, 5 * ms}, nil, second(2), model.Pass, "never outside"},
		{"a moment", []time.Duration{5 * ms, 900 * ms, 5 * ms, 900 * ms}, nil, second(2), model.Pass, "never outside"},
		{"long enough", []time.Duration{5 * ms, 30 * ms, 25 * ms, 5 * ms}, nil, second(2), model.Fail, "from second 5 on"},
		{"not quite", []time.Duration{5 * ms, 30 * ms, 25 * ms, 5 * ms}, nil, second(3), model.Pass, "never outside"},
		{"all of it", []time.Duration{30 * ms, 30 * ms, 30 * ms, 30 * ms}, nil, second(4), model.Fail, "from second 4 on"},
		{"longer than the stage", []time.Duration{30 * ms, 30 * ms, 30 * ms, 30 * ms}, nil, second(5), model.Inconclusive, "no 5s with enough hits"},
		{"a late generator tells nothing of the system", []time.Duration{30 * ms, 30 * ms, 30 * ms, 30 * ms},
			func(w *record.Window) {
				w.Lag = record.Histogram{}
				for range w.Offered {
					w.Lag.Record(29 * ms)
				}
			}, second(1), model.Inconclusive, "latencies to believe"},
		{"what was never sent tells nothing of it either", []time.Duration{30 * ms, 30 * ms, 30 * ms, 30 * ms},
			func(w *record.Window) { w.Missed, w.Sent = w.Offered/10, w.Offered-w.Offered/10 }, second(1), model.Inconclusive, ""},
		{"an operation too rare for its percentile", []time.Duration{30 * ms, 30 * ms, 30 * ms, 30 * ms}, nil,
			slow(scenarios.Budget{For: 2 * time.Second, Operation: "login"}), model.Inconclusive, "enough hits"},
		{"an operation", []time.Duration{30 * ms, 30 * ms, 30 * ms, 30 * ms}, nil,
			slow(scenarios.Budget{For: 4 * time.Second, Operation: "login"}), model.Fail, "for 4s"},
		{"errors", []time.Duration{ms, ms, ms, ms},
			func(w *record.Window) { w.Failed, w.Completed = w.Offered/5, w.Offered-w.Offered/5 },
			scenarios.Budget{Metric: "errors", Max: new(0.19), For: 3 * time.Second}, model.Fail, ""},
		{"a rate", []time.Duration{ms, ms, ms, ms}, nil,
			scenarios.Budget{Metric: "achieved_rate", Min: new(500.0), For: time.Second}, model.Pass, ""},
		{"a rate too low", []time.Duration{ms, ms, ms, ms}, nil,
			scenarios.Budget{Metric: "achieved_rate", Above: new(500.0), For: 4 * time.Second}, model.Fail, ""},
		{"failed hits are slower than any limit", []time.Duration{ms, ms, ms, ms},
			func(w *record.Window) { w.Failed, w.Completed, w.Response = w.Offered, 0, record.Histogram{} }, second(4), model.Fail, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline")
			m.paced(0, c.took...)
			if c.change != nil {
				m.windowsOf(0, "peak", c.change)
			}
			m.scenario.Budgets = []scenarios.Budget{c.budget}
			_, s := m.summarized(t)
			judged := s.Budgets
			if judged[0].Verdict != c.want || !strings.Contains(judged[0].Reason, c.says) {
				t.Errorf("got %v (%s), want %v (%s)", judged[0].Verdict, judged[0].Reason, c.want, c.says)
			}
		})
	}
}
