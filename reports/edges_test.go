package reports

import (
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// stalled is a run of two states that cost the primary the same, 500 statements at peak, of which 50 came too late for the
// second state's count: 450 in four seconds are 112.5/s. The services count 600 statements for 2,160 hits of verify in the
// whole trial, so 200 hits in flight may have 55.6 on the other side, and it was at most 126/s.
func stalled(inFlight map[string]float64, late float64) *made {
	m := makeRun(1, steady, "extract-writes", "cache")
	end := trialEvery + 5 + 8.0
	m.samplesOf(1, "primary", func(s *record.Sample) {
		if s.AtSeconds == end {
			s.Values["statements_total{kind=write,role=auth}"] -= 50
			s.AtSeconds += late
		}
	})
	m.samples = append(m.samples,
		record.Sample{AtSeconds: end - 4, Trial: 1, Stage: "peak", Edge: "begin", Source: "load", Values: map[string]float64{}},
		record.Sample{AtSeconds: end, Trial: 1, Stage: "peak", Edge: "end", Source: "load", Values: inFlight})
	for _, trial := range []int{0, 1} {
		for _, edge := range []string{"begin", "end"} {
			m.samples = append(m.samples, record.Sample{AtSeconds: 5 + trialEvery*float64(trial), Trial: trial, Edge: edge, Source: "load"})
		}
	}
	return m
}

// What hits in flight at the end of a stage can explain is no effect: the same count is better without them, and with
// hits that cost the primary nothing.
func TestHitsInFlightAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		name     string
		inFlight map[string]float64
		late     float64
		effect   model.Effect
		doubt    string
	}{
		{"none in flight", map[string]float64{"in_flight{op=verify}": 0}, 0, model.Better, ""},
		{"an early record", map[string]float64{"in_flight": 200}, 0, model.Better, ""},
		{"some that cost nothing", map[string]float64{"in_flight{op=login}": 200}, 0, model.Better, ""},
		// 20 hits are 5.6 statements, so at the most it was 455.6/500 = 0.911.
		{"too few to explain it", map[string]float64{"in_flight{op=verify}": 20}, 0, model.Better, ""},
		{"all", map[string]float64{"in_flight{op=verify}": 200}, 0, model.Unclear,
			"primary QPS at peak is between 113 and 126: 0 and 200 hits were in flight at its begin and end, whose statements may have"},
		// 450 in 4.4 s are 102/s. Nobody knows whether any came in the last 0.4: 450/4.8 = 93.75, 450/4 = 112.5.
		{"read 0.4 s late", map[string]float64{}, 0.4, model.Better, "primary QPS at peak is between 93.8 and 113: the readings at its edges were 400 ms off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, s := stalled(c.inFlight, c.late).summarized(t)
			if got := s.Overall.PrimaryQPSRatio; got.Verdict != c.effect {
				t.Errorf("got %v for a ratio of %v, want %v", got.Verdict, got.Value, c.effect)
			}
			doubts := strings.Join(s.Validity[1].Doubts, "\n")
			if !strings.HasPrefix(doubts, c.doubt) || c.doubt == "" && doubts != "" || !s.Validity[1].Valid {
				t.Errorf("got doubts %q and reasons %q, want a valid trial and %q", doubts, s.Validity[1].Reasons, c.doubt)
			}
		})
	}
}

// A server that stalls at the begin of a stage is read when half of it is over, and then nobody knows when what was counted
// came. That decides nothing, in either direction, and is told as what it is.
func TestReadHalfAStageLate(t *testing.T) {
	for _, budget := range []spec{
		on("primary_qps").max(500),
		on("primary_qps").min(500),
		on("primary_qps").max(5).of("extract-writes"),
	} {
		m := stalled(nil, 0)
		begin := trialEvery + 5 + 4.0
		m.samples = slices.DeleteFunc(m.samples, func(s record.Sample) bool {
			return s.Source == "primary" && s.Edge == "" && s.AtSeconds >= begin && s.AtSeconds <= begin+2
		})
		m.samplesOf(1, "primary", func(s *record.Sample) {
			if s.AtSeconds == begin {
				s.AtSeconds += 2
			}
		})
		m.scenario.Budgets = []scenarios.Budget{scenarios.Budget(budget)}
		_, s := m.summarized(t)
		got, doubts := s.Budgets[0], strings.Join(s.Validity[1].Doubts, "\n")
		if got.Verdict != model.Inconclusive || !strings.Contains(got.Reason, "and any number, for the readings at the edges of peak were late") {
			t.Errorf("%s: got %v (%s), want inconclusive", got.Name(), got.Verdict, got.Reason)
		}
		if !strings.Contains(doubts, " and any number: the readings at its edges were 2.00 s off") {
			t.Errorf("got doubts %q", doubts)
		}
	}
}

// A limit that lies between what was counted and what may have been counted elsewhere is neither kept nor breached.
func TestBudgetsBetweenTheEdges(t *testing.T) {
	for _, c := range []struct {
		budget spec
		want   model.Verdict
	}{
		{on("primary_qps").max(130), model.Pass},
		{on("primary_qps").max(115), model.Inconclusive},
		{on("primary_qps").max(110), model.Fail},
		{on("primary_writes_qps").min(115), model.Inconclusive},
		{on("primary_writes_qps").min(110), model.Pass},
		{on("primary_reads_qps").max(0), model.Pass},
		{on("primary_qps").max(130).op("verify"), model.Inconclusive},
		{on("primary_qps").max(0.95).of("extract-writes"), model.Inconclusive},
		{on("primary_qps").max(1.05).of("extract-writes"), model.Pass},
		{on("primary_statements").max(0.26), model.Pass},
	} {
		m := stalled(map[string]float64{"in_flight{op=verify}": 200}, 0)
		m.scenario.Budgets = []scenarios.Budget{scenarios.Budget(c.budget)}
		_, s := m.summarized(t)
		if got := s.Budgets[0]; got.Verdict != c.want {
			t.Errorf("%s: got %v (%s), want %v", got.Name(), got.Verdict, got.Reason, c.want)
		}
	}
}
