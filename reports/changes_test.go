package reports

import (
	"errors"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

func TestChangeOfACount(t *testing.T) {
	cached := func(value stat.Number) level { return level{bracket: bracket{value, value, value}, chance: true} }
	over := func(divisor, value stat.Number) level {
		l := exactly(value)
		l.over = divisor
		return l
	}
	for _, tt := range []struct {
		name          string
		metric        string
		before, after level
		ratio         stat.Number
		want          Effect
	}{
		{"within two per cent", "primary_qps", exactly(100), exactly(101), 1.01, Unclear},
		{"more", "primary_qps", exactly(100), exactly(103), 1.03, Worse},
		{"less", "primary_qps", exactly(100), exactly(97), 0.97, Better},
		{"less than hits in flight explain", "primary_qps", level{bracket: bracket{100, 90, 110}}, exactly(95), 0.95, Unclear},
		{"more than hits in flight explain", "primary_qps", level{bracket: bracket{100, 99, 101}}, level{bracket: bracket{110, 109, 111}}, 1.1, Worse},
		{"nothing, still", "primary_statements", exactly(0), exactly(0), 1, Unclear},
		{"something from nothing", "primary_statements", exactly(0), exactly(0.01), stat.Unknown(), Worse},
		{"nothing from something", "primary_statements", exactly(1), exactly(0), 0, Better},
		{"perhaps something from nothing", "primary_qps", exactly(0), level{bracket: bracket{1, 0, 2}}, stat.Unknown(), Unclear},
		{"more of what should be more", "cache_hit_ratio", exactly(0.5), exactly(0.6), 1.2, Better},
		{"less of what should be more", "cache_hit_ratio", exactly(0.5), exactly(0.4), 0.8, Worse},
		{"more of what is neither good nor bad", "replica_statements", exactly(1), exactly(1.08), 1.08, Differs},
		{"what the cache may leave", "replica_statements", cached(1), exactly(1.08), 1.08, Unclear},
		{"more than the cache may leave", "replica_statements", cached(1), exactly(1.2), 1.2, Differs},
		{"on the primary the cache leaves nothing to chance", "primary_statements", cached(1), cached(1.08), 1.08, Worse},
		{"93 statements and 104", "primary_statements", over(37, 2.51), over(37, 2.81), 2.81 / 2.51, Unclear},
		{"930 statements and 1,040", "primary_statements", over(370, 2.51), over(370, 2.81), 2.81 / 2.51, Worse},
		{"one statement more for each of a hundred hits", "primary_statements", over(100, 3), over(100, 4), 4.0 / 3, Worse},
		{"one statement less for each of a hundred hits", "primary_statements", over(100, 4), over(100, 3), 0.75, Better},
		{"few statements in three seconds", "primary_qps", over(3, 81), over(3, 78), 78.0 / 81, Unclear},
		{"four statements from nothing", "primary_statements", over(1000, 0), over(1000, 0.004), stat.Unknown(), Unclear},
		{"five statements from nothing", "primary_statements", over(1000, 0), over(1000, 0.005), stat.Unknown(), Worse},
		{"what is not known", "primary_qps", exactly(stat.Unknown()), exactly(1), stat.Unknown(), Unclear},
	} {
		got := tt.before.to(tt.after, Key{Metric: tt.metric}, metricOf(Key{Metric: tt.metric}))
		if got.Verdict != tt.want || !about(got.Ratio, tt.ratio) || got.Lo.Known() {
			t.Errorf("%s: got %+v, want %v and %v", tt.name, got, tt.ratio, tt.want)
		}
	}
}

// A change that so few statements may make by chance is no change, and says so, whether they are counted in a run or saved.
func TestChangeOfFewStatements(t *testing.T) {
	before := makeRun(1, steady, "extract-reads")
	for _, tt := range []struct {
		times float64
		want  Effect
	}{{1.07, Unclear}, {0.93, Unclear}, {1.2, Worse}, {0.8, Better}} {
		after := makeRun(1, steady, "extract-reads")
		after.costlier("extract-reads", tt.times)
		for _, old := range []Candidate{before.candidate(t, "before"), {Source: "before.json", Saved: saved(t, before)}} {
			c := compared(t, CompareOptions{}, old, after.candidate(t, "after"))
			for _, k := range []Key{{Metric: "primary_qps"}, {Metric: "primary_statements"}, {Metric: "primary_statements", Operation: "verify"}} {
				got := c.changeOf(t, "extract-reads", k.Metric, k.Operation, 0)
				if got.Verdict != tt.want || strings.HasSuffix(got.Why, " statements may differ by so much by chance") != (tt.want == Unclear) {
					t.Errorf("%v times %s(%s) of %s: got %+v, want %v", tt.times, k.Metric, k.Operation, old.Source, got, tt.want)
				}
			}
		}
	}
}

// p95Of is a group with these runs.
func p95Of(runs ...float64) level {
	l := exactly(stat.Number(stat.GeometricMean(runs).Value))
	l.runs = runs
	return l
}

// Percentiles that are the same in every run but for their last digit have no spread, and prove nothing.
func TestChangeBelowTheResolution(t *testing.T) {
	for after, want := range map[float64]Effect{0.01001: Unclear, 0.011: Worse} {
		if got := p95Of(0.01, 0.01).to(p95Of(after, after), Key{Metric: "p95"}, metricOf(Key{Metric: "p95"})); got.Verdict != want {
			t.Errorf("10 ms to %v s without any spread: got %+v, want %v", after, got, want)
		}
	}
}

// Failures are counted against chance over all hits of the group that has the fewer.
func TestChangeOfErrors(t *testing.T) {
	group := func(hits stat.Number, runs ...float64) level {
		l := exactly(stat.Number(stat.Mean(runs).Value))
		l.runs, l.hits = runs, hits
		return l
	}
	for _, tt := range []struct {
		name          string
		before, after level
		want          Effect
	}{
		{"five more of 2,000 in all", group(2000, 0, 0), group(2000, 0.0025, 0.0025), Unclear},
		{"six more of 2,000 in all", group(2000, 0, 0), group(2000, 0.003, 0.003), Worse},
		{"six fewer", group(2000, 0.003, 0.003), group(2000, 0, 0), Better},
		{"as many as six of 2,000, in more runs", group(2000, 0, 0), group(9000, 0.0025, 0.0025, 0.0025), Unclear},
		{"many in one run of two", group(2000, 0, 0), group(2000, 0, 0.2), Unclear},
		{"many in one run alone", group(1000, 0), group(1000, 0.5), Unclear},
	} {
		if got := tt.before.to(tt.after, Key{Metric: "errors"}, metricOf(Key{Metric: "errors"})); got.Verdict != tt.want {
			t.Errorf("%s: got %+v, want %v", tt.name, got, tt.want)
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
		c := compared(t, CompareOptions{}, turns(t, runs, before, lost)...)
		if got := c.changeOf(t, "baseline", "p95", "", 0); got.Ratio.Known() || got.Verdict != Unclear {
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
	c := compared(t, CompareOptions{}, makeRun(1, steady, "baseline").candidate(t, "once"), repeated)
	s, err := newSide(repeated)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.summary.find("baseline"); n.Trials != 1 || n.CountedTrials != 2 {
		t.Fatalf("got %d valid and %d counted trials, want 1 and 2", n.Trials, n.CountedTrials)
	}
	for _, n := range c.States[0].Numbers {
		k := Key{Metric: n.Metric, Operation: n.Operation, State: "baseline", Stage: "peak"}
		if got, want := n.Values[1], saved(t, m).Numbers[k.saved()].Value; want.Known() && want != 0 && approximately(got, float64(want), 1e-5) != nil {
			t.Errorf("%s: got %v, want %v as a saved baseline has", n.name(), got, want)
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
	_, err = Compare([]Candidate{a, b}, CompareOptions{})
	var refused Incomparable
	if !errors.As(err, &refused) || len(refused.Differences) != 2 || refused.Differences[0].Field != "seed" || refused.Differences[1].Field != "rounds" {
		t.Errorf("got %v, want seed and rounds, each once", err)
	}
}

// metricOf is the metric of a key that every run has.
func metricOf(k Key) scenarios.Metric {
	m, _ := scenarios.FindMetric(k.Metric)
	return m
}
