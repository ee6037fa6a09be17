package reports

import (
	"errors"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// A change that so few statements may make by chance is no change, and says so, whether they are counted in a run or saved.
func TestChangeOfFewStatements(t *testing.T) {
	before := makeRun(1, steady, "extract-reads")
	for _, tt := range []struct {
		times float64
		want  model.Effect
	}{{1.07, model.Unclear}, {0.93, model.Unclear}, {1.2, model.Worse}, {0.8, model.Better}} {
		after := makeRun(1, steady, "extract-reads")
		after.costlier("extract-reads", tt.times)
		for _, old := range []judge.Candidate{before.candidate(t, "before"), {Source: "before.json", Saved: saved(t, before)}} {
			c := compared(t, judge.CompareOptions{}, old, after.candidate(t, "after"))
			for _, k := range []model.Key{{Metric: "primary_qps"}, {Metric: "primary_statements"}, {Metric: "primary_statements", Operation: "verify"}} {
				got := changeOf(t, c, "extract-reads", k.Metric, k.Operation, 0)
				if got.Verdict != tt.want || strings.HasSuffix(got.Why, " statements may differ by so much by chance") != (tt.want == model.Unclear) {
					t.Errorf("%v times %s(%s) of %s: got %+v, want %v", tt.times, k.Metric, k.Operation, old.Source, got, tt.want)
				}
			}
		}
	}
}

// A percentile that never came back in one trial is not told by the others alone, nor by the other runs.
func TestChangeOfALostPercentile(t *testing.T) {
	lost := func(hour float64) *made {
		m := makeRun(3, slower(0.5*hour), "baseline")
		if hour < 1.02 {
			m.windowsOf(1, "peak", func(w *record.Window) {
				// A tenth is lost, so the p95 of all hits due is one of them; what is left of the latencies is fast.
				w.Failed, w.Completed, w.Response = w.Offered/10, w.Offered-w.Offered/10, record.Histogram{}
				for range w.Completed {
					w.Response.Record(1e6)
				}
			})
		}
		return m
	}
	before := func(hour float64) *made { return makeRun(3, slower(hour), "baseline") }
	for runs := 1; runs < 3; runs++ {
		c := compared(t, judge.CompareOptions{}, turns(t, runs, before, lost)...)
		if got := changeOf(t, c, "baseline", "p95", "", 0); got.Ratio.Known() || got.Verdict != model.Unclear {
			t.Errorf("%d runs: got %+v, want nothing to be known", runs, got)
		}
	}
}

// A run has one value of each number: of a trial that was run again because its latencies were void the counts are believed all
// the same, in the comparison as in the reports and in a saved baseline.
func TestCountsOfARepeatedTrial(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.events = m.events[:len(m.events)-1]
	m.addTrial(0, "baseline", 1)
	m.events = append(m.events, record.Event{AtSeconds: 1000, Trial: -1, Kind: record.EventDone})
	m.sentLate(0)
	m.samplesOf(0, "primary", moreReads)
	m.samplesOf(0, "callers", moreReads)
	repeated := m.candidate(t, "repeated")
	c := compared(t, judge.CompareOptions{}, makeRun(1, steady, "baseline").candidate(t, "once"), repeated)
	s, err := judge.Examine(repeated.Run).Summarize(nil, repeated.Scenario)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.Find("baseline"); n.Trials != 1 || n.CountedTrials != 2 {
		t.Fatalf("got %d valid and %d counted trials, want 1 and 2", n.Trials, n.CountedTrials)
	}
	for _, n := range c.States[0].Numbers {
		k := model.Key{Metric: n.Metric, Operation: n.Operation, State: "baseline", Stage: "peak"}
		if got, want := n.Values[1], saved(t, m).Numbers[k.Saved()].Value; want.Known() && want != 0 && approximately(got, float64(want), 1e-5) != nil {
			t.Errorf("%s: got %v, want %v as a saved baseline has", comparedName(n), got, want)
		}
	}
}

// moreReads makes each read be asked half as often again.
func moreReads(s *record.Sample) {
	for key := range s.Values {
		if strings.Contains(key, "kind=read") && !strings.Contains(key, "node=replica") {
			s.Values[key] = 1000 + 1.5*(s.Values[key]-1000)
		}
	}
}

// The seed is told once, though header and scenario both say it, and so is what else they share.
func TestDifferencesAreToldOnce(t *testing.T) {
	a, b := recordedRun(t, "pass"), recordedRun(t, "pass")
	text := strings.NewReplacer("seed: 1", "seed: 2", "rounds: 2", "rounds: 3").Replace(string(b.Run.Scenario))
	var err error
	if b.Scenario, err = scenarios.Open("other.yaml", []byte(text), carshare()).Read(); err != nil {
		t.Fatal(err)
	}
	b.Source, b.Run.Header.Seed, b.Run.Header.Rounds = "other", 2, 3
	_, err = judge.Compare([]judge.Candidate{a, b}, judge.CompareOptions{})
	var refused judge.Incomparable
	if !errors.As(err, &refused) || len(refused.Differences) != 2 || refused.Differences[0].Field != "seed" || refused.Differences[1].Field != "rounds" {
		t.Errorf("got %v, want seed and rounds, each once", err)
	}
}
