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

// spec is a budget in the words of a table.
type spec scenarios.Budget

func on(metric string) spec           { return spec{Metric: metric} }
func (s spec) max(x float64) spec     { s.Max = &x; return s }
func (s spec) min(x float64) spec     { s.Min = &x; return s }
func (s spec) below(x float64) spec   { s.Below = &x; return s }
func (s spec) above(x float64) spec   { s.Above = &x; return s }
func (s spec) of(state string) spec   { s.Of = state; return s }
func (s spec) stage(name string) spec { s.Stage = name; return s }
func (s spec) state(name string) spec { s.State = name; return s }
func (s spec) op(name string) spec    { s.Operation = name; return s }
func (s spec) least(hits uint64) spec { s.Least = hits; return s }

// budgetCase is a run of some rounds, each slower by its drift, and what a budget comes to in it.
type budgetCase struct {
	name   string
	rounds int
	drift  []float64
	budget spec
	want   model.Verdict
}

func wholeCases() []budgetCase {
	return []budgetCase{
		{"latency inside", 2, []float64{1, 1}, on("p95").max(0.011), model.Pass},
		{"latency outside", 2, []float64{1, 1}, on("p95").max(0.009), model.Fail},
		{"latency too uneven", 2, []float64{1, 4}, on("p95").max(0.03), model.Inconclusive},
		{"latency of one round", 1, []float64{1}, on("p95").max(9), model.Pass},
		{"latency of one round, hopeless", 1, []float64{1}, on("p95").max(0.000001), model.Fail},
		{"latency of one round, near the limit", 1, []float64{1}, on("p95").max(0.011), model.Inconclusive},
		{"latency of one round, near from above", 1, []float64{1}, on("p95").max(0.009), model.Inconclusive},
		{"latency of one round, at least", 1, []float64{1}, on("p95").min(0.000001), model.Pass},
		{"latency ratio of one round, near", 1, []float64{1}, on("p95").max(1).of("baseline"), model.Inconclusive},
		{"latency ratio of one round, far inside", 1, []float64{1}, on("p95").max(100).of("baseline"), model.Pass},
		{"latency ratio of one round, far outside", 1, []float64{1}, on("p95").max(0.01).of("baseline"), model.Fail},
		{"at least, inside", 2, []float64{1, 1}, on("p95").min(0.009), model.Pass},
		{"at least, outside", 2, []float64{1, 1}, on("p95").min(0.011), model.Fail},
		{"latency of another stage", 2, []float64{1, 1}, on("p50").max(0.003).stage("calm"), model.Pass},
		{"200 hits have no p99", 2, []float64{1, 1}, on("p99").max(1).stage("calm"), model.Inconclusive},
		{"latency ratio inside", 2, []float64{1, 4}, on("p95").max(0.84).of("baseline"), model.Pass},
		{"latency ratio outside", 2, []float64{1, 4}, on("p95").max(0.82).of("baseline"), model.Fail},
		{"count at the limit", 1, []float64{1}, on("primary_qps").max(1000), model.Pass},
		{"count over the limit", 1, []float64{1}, on("primary_qps").max(999), model.Fail},
		{"count below the least", 1, []float64{1}, on("replica_qps").min(251), model.Fail},
		{"count of a state", 1, []float64{1}, on("primary_reads_qps").max(1000).state("baseline"), model.Pass},
		{"count ratio", 1, []float64{1}, on("primary_writes_qps").max(1).of("baseline"), model.Pass},
		{"no errors of no errors are as many", 1, []float64{1}, on("errors").max(1).of("baseline"), model.Pass},
		{"no errors of no errors are not fewer", 1, []float64{1}, on("errors").below(1).of("baseline"), model.Fail},
		{"anything of nothing is too much", 1, []float64{1}, on("replica_qps").max(100).of("baseline"), model.Fail},
		{"anything of nothing is enough", 1, []float64{1}, on("replica_qps").min(2).of("baseline"), model.Pass},
		{"count ratio over", 1, []float64{1}, on("primary_qps").max(0.66).of("baseline"), model.Fail},
		{"ratio to nothing", 1, []float64{1}, on("replica_qps").max(9).of("baseline"), model.Fail},
		{"no cache, no ratio", 1, []float64{1}, on("cache_hit_ratio").min(0), model.Inconclusive},
		{"errors", 1, []float64{1}, on("errors").max(0), model.Pass},
		{"achieved", 1, []float64{1}, on("achieved").min(1), model.Pass},
		{"hits", 1, []float64{1}, on("hits").min(2000), model.Pass},
		{"hits outside", 1, []float64{1}, on("hits").min(2001), model.Fail},
		{"hits of two rounds", 2, []float64{1, 1}, on("hits").min(4000), model.Pass},
		{"statements on no hit's account", 1, []float64{1}, on("primary_beside_qps").max(0), model.Pass},
		{"processor time", 1, []float64{1}, on("cpu_seconds").max(2), model.Pass},
		{"processor time outside", 1, []float64{1}, on("cpu_seconds").max(1.9), model.Fail},
		{"statements", 1, []float64{1}, on("primary_statements_per_verify").max(3.34).state("baseline"), model.Pass},
		{"statements over", 1, []float64{1}, on("primary_statements_per_verify").max(3.33).state("baseline"), model.Fail},
		{"wrong answers", 1, []float64{1}, on("accepted_revoked").max(0), model.Pass},
		{"a stage nobody judges", 1, []float64{1}, on("errors").max(1).stage("warm-up"), model.Inconclusive},
		{"a state nobody ran", 1, []float64{1}, on("errors").max(1).state("cache"), model.Inconclusive},
		{"of a state nobody ran", 1, []float64{1}, on("errors").max(1).of("cache"), model.Inconclusive},
		{"a metric nobody knows", 1, []float64{1}, on("joy").max(1), model.Inconclusive},
	}
}

func partCases() []budgetCase {
	return []budgetCase{
		{"latency of an operation", 2, []float64{1, 1}, on("p95").max(0.011).op("login"), model.Pass},
		{"latency of an operation, outside", 2, []float64{1, 1}, on("p50").max(0.002).op("verify"), model.Fail},
		{"200 hits of an operation have no p99", 2, []float64{1, 1}, on("p99").max(1).op("login"), model.Inconclusive},
		{"latency ratio of an operation", 2, []float64{1, 4}, on("p95").max(0.84).op("verify").of("baseline"), model.Pass},
		{"ratio to the state before", 2, []float64{1, 4}, on("p95").max(0.84).of("before"), model.Pass},
		{"ratio to what nobody saved", 1, []float64{1}, on("primary_qps").max(1).of("saved"), model.Inconclusive},
		{"lag", 2, []float64{1, 1}, on("lag_p99").max(0.0002), model.Pass},
		{"lag outside", 2, []float64{1, 1}, on("lag_p99").max(0.00005), model.Fail},
		{"hits of an operation", 1, []float64{1}, on("hits").max(200).op("login"), model.Pass},
		{"errors of an operation", 1, []float64{1}, on("errors").max(0).op("login"), model.Pass},
		{"rate of an operation", 1, []float64{1}, on("achieved_rate").min(450).op("verify"), model.Pass},
		{"rate of an operation, too low", 1, []float64{1}, on("achieved_rate").min(451).op("verify"), model.Fail},
		{"offered rate", 1, []float64{1}, on("offered_rate").max(500), model.Pass},
		{"statements of an operation", 1, []float64{1}, on("primary_qps").max(1000).op("verify"), model.Pass},
		{"statements of an operation, outside", 1, []float64{1}, on("primary_reads_qps").max(499).op("verify"), model.Fail},
		{"replica statements of an operation", 1, []float64{1}, on("replica_qps").min(250).op("verify"), model.Pass},
		{"statements of an operation that sends none", 1, []float64{1}, on("primary_writes_qps").max(0).op("login"), model.Pass},
		{"statements for each hit", 1, []float64{1}, on("primary_statements").max(2), model.Pass},
		{"statements for each hit, outside", 1, []float64{1}, on("primary_statements").below(2), model.Fail},
		{"statements for each verify", 1, []float64{1}, on("primary_statements").max(2.23).op("verify"), model.Pass},
		{"replica statements for each verify", 1, []float64{1}, on("replica_statements").above(0.55).op("verify"), model.Pass},
		{"wrong answers of an operation", 1, []float64{1}, on("wrong_user").max(0).op("verify"), model.Pass},
		{"evidence", 1, []float64{1}, on("rechecked").min(2), model.Pass},
		{"evidence of an operation", 1, []float64{1}, on("rechecked").min(2).op("verify"), model.Fail},
		{"below and there", 1, []float64{1}, on("primary_qps").below(1000), model.Fail},
		{"below", 1, []float64{1}, on("primary_qps").below(1001), model.Pass},
		{"above and there", 1, []float64{1}, on("replica_qps").above(250), model.Fail},
		{"above", 1, []float64{1}, on("replica_qps").above(249), model.Pass},
		{"latency below", 2, []float64{1, 1}, on("p95").below(0.011), model.Pass},
		{"hits enough", 1, []float64{1}, on("errors").max(1).least(2000), model.Pass},
		{"too few hits", 1, []float64{1}, on("errors").max(1).least(2001), model.Inconclusive},
		{"too few hits of an operation", 1, []float64{1}, on("errors").max(1).least(201).op("login"), model.Inconclusive},
		{"too few hits of the other state are too few", 1, []float64{1}, on("primary_qps").max(9).least(2001).of("baseline"), model.Inconclusive},
		{"no hits of an operation", 1, []float64{1}, on("primary_qps").max(9).op("logout"), model.Inconclusive},
	}
}

// Baseline's p95 is 12 ms in both rounds; with a drift of 1 and 4 it is 12 and 48 ms, and an interval of two rounds so
// far apart contains every limit.
func TestBudgets(t *testing.T) {
	for _, c := range slices.Concat(wholeCases(), partCases()) {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(c.rounds, func(round int, _ string) float64 { return c.drift[round] }, "baseline", "extract-main")
			m.scenario.Budgets = []scenarios.Budget{scenarios.Budget(c.budget)}
			_, s := m.summarized(t)
			if len(s.Budgets) != 1 {
				t.Fatalf("got %+v", s.Budgets)
			}
			if s.Budgets[0].Verdict != c.want || s.Verdict != c.want {
				t.Errorf("got %v (%s), run %v, want %v", s.Budgets[0].Verdict, s.Budgets[0].Reason, s.Verdict, c.want)
			}
			if s.Budgets[0].Reason == "" {
				t.Error("the verdict has no reason")
			}
		})
	}
}

// What is only a warning is told and changes no verdict, breached or undecided.
func TestWarnings(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.scenario.Budgets = []scenarios.Budget{
		{Metric: "primary_qps", Max: new(1.0), Level: scenarios.LevelWarn},
		{Metric: "p95", Max: new(0.011), Level: scenarios.LevelWarn},
		{Metric: "errors", Max: new(1.0), Level: scenarios.LevelWarn},
	}
	_, s := m.summarized(t)
	if s.Verdict != model.Pass || len(s.Reasons) != 0 || len(s.Warnings) != 2 {
		t.Errorf("got %v because of %q with warnings %q, want a pass with two", s.Verdict, s.Reasons, s.Warnings)
	}
	if s.Budgets[0].Verdict != model.Fail || s.Budgets[1].Verdict != model.Inconclusive || s.Budgets[2].Verdict != model.Pass {
		t.Errorf("got %+v, want the verdicts of the budgets themselves as they are", s.Budgets)
	}
	m.scenario.Budgets[0].Level = scenarios.LevelFail
	if _, s := m.summarized(t); s.Verdict != model.Fail {
		t.Errorf("got %v, want a fail", s.Verdict)
	}
}

// What is to be proven fails the run like any other budget, and only warns where nobody can tell: of a latency near its
// limit, and of one that nobody believes.
func TestProven(t *testing.T) {
	late := func(m *made) {
		m.windowsOf(0, "peak", func(w *record.Window) {
			w.Lag = record.Histogram{}
			for range w.Sent {
				w.Lag.Record(30 * time.Millisecond)
			}
		})
	}
	for _, c := range []struct {
		name     string
		spoil    func(*made)
		max      float64
		want     model.Verdict
		warnings int
	}{
		{"inside", func(*made) {}, 9, model.Pass, 0},
		{"outside", func(*made) {}, 1e-6, model.Fail, 0},
		{"near", func(*made) {}, 0.013, model.Pass, 1},
		{"not believed", late, 9, model.Pass, 2},
		{"not believed, outside", late, 1e-6, model.Pass, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline")
			c.spoil(m)
			m.scenario.Budgets = []scenarios.Budget{{Metric: "errors", Max: new(0.1)}, {Metric: "p95", Max: &c.max, Level: scenarios.LevelProven}}
			if _, s := m.summarized(t); s.Verdict != c.want || len(s.Warnings) != c.warnings {
				t.Errorf("got %v because of %q, with %q, want %v with %d warnings", s.Verdict, s.Reasons, s.Warnings, c.want, c.warnings)
			}
		})
	}
}

// Every metric of the language has a number here: one that scenarios accept and reports do not know would never pass.
func TestEveryMetricIsJudged(t *testing.T) {
	m := makeRun(2, steady, "baseline", "cache")
	// A stage of one second, which its one window fills.
	m.header.Stages = append(m.header.Stages, record.Stage{Name: "second", BeginSeconds: 8, EndSeconds: 9, Hits: 2000, Measure: true})
	for trial := range m.header.Trials {
		m.addWindow(trial, "second", "verify", 8, 2000, 10*time.Millisecond)
	}
	for _, metric := range m.declared().Metrics() {
		m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: metric.Name, Max: new(1e9)})
		if metric.ByOperation {
			m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: metric.Name, Operation: "verify", Max: new(1e9)})
		}
		if metric.BySecond {
			m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: metric.Name, Max: new(1e9), For: time.Second, Stage: "second"})
		}
	}
	_, s := m.summarized(t)
	for _, b := range s.Budgets {
		if b.Verdict != model.Pass {
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
	if _, s := m.summarized(t); s.Verdict != model.Fail || s.Budgets[0].Verdict != model.Inconclusive || s.Budgets[0].Actual.Known() {
		t.Errorf("lost in one round of two: got %v with %+v, want a run that fails and a budget nobody can tell", s.Verdict, s.Budgets[0])
	}
	lose(1)
	_, s := m.summarized(t)
	few := makeRun(1, steady, "baseline")
	few.scenario.Budgets = m.scenario.Budgets
	for _, c := range []struct {
		failed uint64
		want   model.Verdict
	}{{20, model.Pass}, {70, model.Inconclusive}, {110, model.Inconclusive}, {400, model.Fail}} {
		few.windowsOf(0, "peak", func(w *record.Window) {
			if w.Op == "verify" {
				// Of 2,000 hits of the stage.
				w.Failed, w.Completed = c.failed, w.Offered-c.failed
				w.Response = record.Histogram{}
				for range w.Completed {
					w.Response.Record(10 * time.Millisecond)
				}
			}
		})
		if _, s := few.summarized(t); s.Budgets[0].Verdict != c.want {
			t.Errorf("%d of 2,000 failed: got %v (%s), want %v", c.failed, s.Budgets[0].Verdict, s.Budgets[0].Reason, c.want)
		}
	}
	if s.Verdict != model.Fail || s.Budgets[0].Actual.Known() {
		t.Errorf("lost in every round: got %v with %v, want fail without a number", s.Verdict, s.Budgets[0].Actual)
	}
}

// A late generator makes latencies worthless and leaves counts what they are: budgets on those are judged all the same. What
// spoils counts spoils them.
func TestCountsOfALateGenerator(t *testing.T) {
	late := func(m *made) {
		for trial := range m.header.Trials {
			m.windowsOf(trial, "peak", func(w *record.Window) {
				w.Lag = record.Histogram{}
				for range w.Sent {
					w.Lag.Record(30 * time.Millisecond)
				}
			})
		}
	}
	lost := func(m *made) {
		m.windowsOf(1, "peak", func(w *record.Window) { w.Missed, w.Sent, w.Completed = w.Offered, 0, 0 })
	}
	reset := func(m *made) {
		m.samplesOf(1, "primary", func(s *record.Sample) {
			if s.Edge == "end" && s.Stage == "" {
				s.Values["stats_reset_unix_seconds"] = 2
			}
		})
	}
	count := on("primary_statements").op("verify")
	for _, c := range []struct {
		name    string
		spoil   []func(*made)
		budgets []spec
		want    model.Verdict
	}{
		{"nothing to compare with", []func(*made){late}, []spec{count.max(2.3), on("primary_qps").max(1000), on("cache_hit_ratio").of("baseline").min(0.1), on("errors").max(0)}, model.Inconclusive},
		{"counts alone", []func(*made){late}, []spec{count.max(2.3), on("primary_qps").max(1000), on("errors").max(0)}, model.Pass},
		{"outside", []func(*made){late}, []spec{count.max(2.2)}, model.Fail},
		{"of the state before", []func(*made){late}, []spec{on("primary_qps").of("before").max(0.67)}, model.Pass},
		{"a latency as well", []func(*made){late}, []spec{count.max(2.3), on("p95").max(9)}, model.Inconclusive},
		{"no budget at all", []func(*made){late}, nil, model.Inconclusive},
		{"hits that were never sent", []func(*made){late, lost}, []spec{count.max(2.3)}, model.Inconclusive},
		{"statistics that were reset", []func(*made){reset}, []spec{count.max(2.3)}, model.Inconclusive},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline", "extract-main")
			for _, spoil := range c.spoil {
				spoil(m)
			}
			for _, b := range c.budgets {
				m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget(b))
			}
			_, s := m.summarized(t)
			if state := s.States[1]; s.Verdict != c.want || state.Trials*state.CountedTrials != 0 {
				t.Errorf("got %v because of %q with %d and %d trials to believe, want %v with none", s.Verdict, s.Reasons, state.Trials, state.CountedTrials, c.want)
			}
			if c.want == model.Pass && !strings.Contains(strings.Join(s.Warnings, "\n"), "no trial of extract-main with latencies to believe") {
				t.Errorf("the warnings do not say it: %q", s.Warnings)
			}
		})
	}
	// A budget that is only a warning needs no latency either.
	m := makeRun(1, steady, "baseline")
	late(m)
	m.scenario.Budgets = []scenarios.Budget{scenarios.Budget(count.max(3.4)), {Metric: "p95", Max: new(1.0), Level: scenarios.LevelWarn}}
	if _, s := m.summarized(t); s.Verdict != model.Pass {
		t.Errorf("got %v: %q", s.Verdict, s.Reasons)
	}
}
