package reports

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

const home, search = "GET main/v1/home", "GET stay/v1/search"

// detailed is a run of two states in which home is called 1,500 times at peak and 500 times before, and search 500 times
// at peak, of which 100 fail. A call of home costs the primary two statements, one of search none.
func detailed() *made {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.header.Statements = map[string]string{"a": "SELECT $1", "b": "UPDATE token SET used = $1"}
	for trial := range 2 {
		m.callAPI(trial, "calm", home, 500, 0)
		m.callAPI(trial, "peak", home, 1500, 0)
		m.callAPI(trial, "peak", search, 500, 100)
		for edge, at := range map[string]float64{"begin": 0, "end": trialTakes} {
			m.details(trial, edge, at+5+trialEvery*float64(trial))
		}
	}
	return m
}

func (m *made) callAPI(trial int, stage, api string, hits, failed uint64) {
	w := record.APIWindow{API: api, Window: record.Window{Trial: trial, Stage: stage, Op: "verify", Offered: hits, Sent: hits,
		Completed: hits - failed, Failed: failed,
		Counts: record.Counts{{Name: "named", N: hits - failed}, {Name: "presented_valid", N: hits - failed}}}}
	for range hits - failed {
		w.Response.Record(7 * time.Millisecond)
	}
	m.apis = append(m.apis, w)
}

// details are the readings at an edge of a trial: 2400 hits cause 4,800 of one query, 1,200 of another, and none of a third.
func (m *made) details(trial int, edge string, at float64) {
	grown := map[string]float64{"begin": 0, "end": 1}[edge]
	add := func(source string, values map[string]float64) {
		m.samples = append(m.samples, record.Sample{AtSeconds: at, Trial: trial, Edge: edge, Source: source, Values: values})
	}
	add("primary_by_query", map[string]float64{"calls_total{query=a}": 100 + 1200*grown, "calls_total{query=b}": 7 + 4800*grown, "calls_total{query=c}": 3})
	add("auth_by_api", map[string]float64{"statements_by_api_total{api=" + home + ",node=primary}": 50 + 1000*grown})
	add("callers_by_api", map[string]float64{"statements_by_api_total{api=" + home + ",node=primary}": 10 + 3000*grown})
}

func TestDetails(t *testing.T) {
	_, s := detailed().summarized(t)
	state := s.Find("extract-main")
	want := []model.API{
		{API: home, Operation: model.Operation{Op: "verify", N: 1500, P95Seconds: 0.007, ErrorsRatio: 0}, PrimaryStatements: 2, ReplicaStatements: 0},
		// With a fifth of them failed, p95 is one of those.
		{API: search, Operation: model.Operation{Op: "verify", N: 500, P95Seconds: stat.Number(math.Inf(1)), ErrorsRatio: 0.2}, PrimaryStatements: 0, ReplicaStatements: 0},
	}
	near := cmp.Comparer(func(a, b stat.Number) bool {
		return a == b || math.Abs(float64(a-b)) <= 0.001*math.Abs(float64(a))
	})
	if diff := cmp.Diff(want, state.APIs, near); diff != "" {
		t.Errorf("APIs (-want +got):\n%s", diff)
	}
	// 4800 of 2400 hits in 9 s.
	queries := []model.Query{
		{Node: "primary", Text: "UPDATE token SET used = $1", PerHit: 2, QPS: 4800 / trialTakes}, {Node: "primary", Text: "SELECT $1", PerHit: 0.5, QPS: 1200 / trialTakes},
	}
	if diff := cmp.Diff(queries, state.Queries, near); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
}

// A run whose details could not be read loses them and nothing else.
func TestDetailsAreNotMissed(t *testing.T) {
	m := detailed()
	m.samplesOf(1, "auth_by_api", func(s *record.Sample) { s.Edge, s.Stage = "", "" })
	_, s := m.summarized(t)
	if !s.Validity[1].Valid {
		t.Errorf("got %q, want a valid trial", s.Validity[1].Reasons)
	}
}

func TestBudgetsOfAPIs(t *testing.T) {
	of := func(s spec, api string) spec { s.API = api; return s }
	for _, c := range []struct {
		budget spec
		want   model.Verdict
	}{
		{of(on("errors").max(0.2), search), model.Pass},
		{of(on("errors").max(0.19), search), model.Fail},
		{of(on("achieved").min(0.8), search), model.Pass},
		{of(on("offered_rate").max(375), home), model.Pass},
		{of(on("offered_rate").max(374), home), model.Fail},
		{of(on("primary_statements").max(2), home), model.Pass},
		{of(on("primary_statements").below(2), home), model.Fail},
		{of(on("primary_statements").max(0), search), model.Pass},
		{of(on("wrong_user").max(0), search), model.Pass},
		{of(on("p95").max(0.001), search), model.Fail},
		{of(on("p95").max(0.1), home), model.Pass},
		{of(on("p95").max(0.011), home), model.Inconclusive},
		{of(on("errors").max(0), "GET main/v1/nobody"), model.Inconclusive},
		{of(on("errors").max(0).stage("calm"), search), model.Inconclusive},
		{of(on("errors").max(0.3).least(501), search), model.Inconclusive},
	} {
		m := detailed()
		m.scenario.Budgets = []scenarios.Budget{scenarios.Budget(c.budget)}
		_, s := m.summarized(t)
		if got := s.Budgets[0]; got.Verdict != c.want {
			t.Errorf("%s: got %v (%s), want %v", got.Name(), got.Verdict, got.Reason, c.want)
		}
	}
}
