package reports

import (
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Baseline's p95 is 12 ms in both rounds; with a drift of 1 and 4 it is 12 and 48 ms, and an interval of two rounds so
// far apart contains every limit.
func TestBudgets(t *testing.T) {
	b := func(metric string) scenarios.Budget { return scenarios.Budget{Metric: metric} }
	most := func(b scenarios.Budget, x float64) scenarios.Budget { b.Max = &x; return b }
	least := func(b scenarios.Budget, x float64) scenarios.Budget { b.Min = &x; return b }
	of := func(b scenarios.Budget, state string) scenarios.Budget { b.Of = state; return b }
	stage := func(b scenarios.Budget, name string) scenarios.Budget { b.Stage = name; return b }
	state := func(b scenarios.Budget, name string) scenarios.Budget { b.State = name; return b }
	for _, c := range []struct {
		name   string
		rounds int
		drift  []float64
		budget scenarios.Budget
		want   Verdict
	}{
		{"latency inside", 2, []float64{1, 1}, most(b("p95"), 0.011), Pass},
		{"latency outside", 2, []float64{1, 1}, most(b("p95"), 0.009), Fail},
		{"latency too uneven", 2, []float64{1, 4}, most(b("p95"), 0.03), Inconclusive},
		{"latency of one round", 1, []float64{1}, most(b("p95"), 9), Inconclusive},
		{"at least, inside", 2, []float64{1, 1}, least(b("p95"), 0.009), Pass},
		{"at least, outside", 2, []float64{1, 1}, least(b("p95"), 0.011), Fail},
		{"latency of another stage", 2, []float64{1, 1}, stage(most(b("p50"), 0.003), "calm"), Pass},
		{"200 hits have no p99", 2, []float64{1, 1}, stage(most(b("p99"), 1), "calm"), Inconclusive},
		{"latency ratio inside", 2, []float64{1, 4}, of(most(b("p95"), 0.84), "baseline"), Pass},
		{"latency ratio outside", 2, []float64{1, 4}, of(most(b("p95"), 0.82), "baseline"), Fail},
		{"count at the limit", 1, []float64{1}, most(b("primary_qps"), 1000), Pass},
		{"count over the limit", 1, []float64{1}, most(b("primary_qps"), 999), Fail},
		{"count below the least", 1, []float64{1}, least(b("replica_qps"), 251), Fail},
		{"count of a state", 1, []float64{1}, state(most(b("primary_reads_qps"), 1000), "baseline"), Pass},
		{"count ratio", 1, []float64{1}, of(most(b("primary_writes_qps"), 1), "baseline"), Pass},
		{"count ratio over", 1, []float64{1}, of(most(b("primary_qps"), 0.66), "baseline"), Fail},
		{"ratio to nothing", 1, []float64{1}, of(most(b("replica_qps"), 9), "baseline"), Inconclusive},
		{"no cache, no ratio", 1, []float64{1}, least(b("cache_hit_ratio"), 0), Inconclusive},
		{"errors", 1, []float64{1}, most(b("errors"), 0), Pass},
		{"achieved", 1, []float64{1}, least(b("achieved"), 1), Pass},
		{"statements", 1, []float64{1}, state(most(b("primary_statements_per_verify"), 3.34), "baseline"), Pass},
		{"statements over", 1, []float64{1}, state(most(b("primary_statements_per_verify"), 3.33), "baseline"), Fail},
		{"wrong answers", 1, []float64{1}, most(b("accepted_revoked"), 0), Pass},
		{"a stage nobody judges", 1, []float64{1}, stage(most(b("errors"), 1), "warm-up"), Inconclusive},
		{"a state nobody ran", 1, []float64{1}, state(most(b("errors"), 1), "cache"), Inconclusive},
		{"of a state nobody ran", 1, []float64{1}, of(most(b("errors"), 1), "cache"), Inconclusive},
		{"a metric nobody knows", 1, []float64{1}, most(b("joy"), 1), Inconclusive},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(c.rounds, func(round int, _ string) float64 { return c.drift[round] }, "baseline", "extract-main")
			m.scenario.Budgets = []scenarios.Budget{c.budget}
			_, s := m.summarized(t)
			if s.Budgets[0].Verdict != c.want || s.Verdict != c.want {
				t.Errorf("got %v (%s), run %v, want %v", s.Budgets[0].Verdict, s.Budgets[0].Reason, s.Verdict, c.want)
			}
			if s.Budgets[0].Reason == "" {
				t.Error("the verdict has no reason")
			}
		})
	}
}

// Every metric of the language has a number here: one that scenarios accept and reports do not know would never pass.
func TestEveryMetricIsJudged(t *testing.T) {
	m := makeRun(2, steady, "baseline", "cache")
	for _, metric := range scenarios.Metrics() {
		m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: metric.Name, Max: new(1e9)})
	}
	_, s := m.summarized(t)
	for _, b := range s.Budgets {
		if b.Verdict != Pass {
			t.Errorf("%s: %v, %s", b.Metric, b.Verdict, b.Reason)
		}
	}
}

func TestLostHitsBreachALatencyBudget(t *testing.T) {
	m := makeRun(2, steady, "baseline")
	lose := func(trial int) {
		m.windowsOf(trial, "peak", func(w *record.Window) {
			w.Failed, w.Completed, w.Response = w.Offered, 0, record.Histogram{}
		})
	}
	m.scenario.Budgets = []scenarios.Budget{{Metric: "p95", Max: new(60.0)}}
	lose(0)
	if _, s := m.summarized(t); s.Verdict != Inconclusive {
		t.Errorf("lost in one round of two: got %v, want inconclusive", s.Verdict)
	}
	lose(1)
	_, s := m.summarized(t)
	if s.Verdict != Fail || s.Budgets[0].Actual.Known() {
		t.Errorf("lost in every round: got %v with %v, want fail without a number", s.Verdict, s.Budgets[0].Actual)
	}
}
