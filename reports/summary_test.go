package reports

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Each trial offers 2000 hits in 4 s at peak, of which every tenth is slow: p50 is a quarter of the slow time, p95 and
// p99 the slow time. 3 statements a hit are 1500 QPS.
func TestNumbersAreTheArithmeticOfTheRecord(t *testing.T) {
	_, s := makeRun(1, steady, allStates()...).summarized(t)
	base, cache := s.Find("baseline"), s.Find("cache")
	for _, c := range []struct {
		what      string
		got       stat.Number
		want, tol float64
	}{
		{"n", stat.Number(base.N), 2000, 0},
		{"p50", base.P50Seconds, 0.003, 0.001},
		{"p95", base.P95Seconds, 0.012, 0.001},
		{"p99", base.P99Seconds, 0.012, 0.001},
		{"lag p99", base.LagP99Seconds, 0.0001, 0.01},
		{"primary QPS", base.PrimaryQPS, 1500, 1e-9},
		{"primary reads", base.PrimaryReadsQPS, 1000, 1e-9},
		{"primary writes", base.PrimaryWritesQPS, 500, 1e-9},
		{"replica QPS", base.ReplicaQPS, 0, 0},
		{"offered", base.OfferedRate, 500, 1e-9},
		{"achieved", base.AchievedRate, 500, 1e-9},
		{"errors", base.ErrorsRatio, 0, 0},
		{"statements per verify", base.PrimaryStatementsPer["verify"], 3.0 * 2400 / 2160, 1e-5},
		{"statements per login", base.PrimaryStatementsPer["login"], 0, 0},
		{"cpu", base.CPUSeconds["primary"], 2, 1e-9},
		{"verify n", stat.Number(base.Operations[1].N), 1800, 0},
		{"verify p95", base.Operations[1].P95Seconds, 0.012, 0.001},
		{"replica QPS of cache", cache.ReplicaQPS, 125, 1e-9},
		{"Redis of cache", cache.RedisOps, 500, 1e-9},
		{"hit ratio of cache", cache.CacheHitRatio, 0.75, 1e-9},
		{"calm n", stat.Number(base.Stages[0].N), 200, 0},
		{"calm QPS", base.Stages[0].PrimaryQPS, 300, 1e-9},
		{"calm rate", base.Stages[0].OfferedRate, 100, 1e-9},
	} {
		if err := approximately(c.got, c.want, c.tol); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if base.CacheHitRatio.Known() {
		t.Errorf("nobody asked the cache in the baseline, yet it has hit ratio %v", base.CacheHitRatio)
	}
	// 200 hits leave ten beyond p95 and two beyond p99.
	if calm := base.Stages[0]; !calm.P95Seconds.Known() || calm.P99Seconds.Known() {
		t.Errorf("calm: p95 %v, p99 %v; want the first known and the second not", calm.P95Seconds, calm.P99Seconds)
	}
	if len(base.Stages) != 2 {
		t.Errorf("got %d measured stages, want 2: the warm-up is never judged", len(base.Stages))
	}
}

func TestFailuresAreSlowerThanAnyLimit(t *testing.T) {
	fail := func(ratio float64) *model.Summary {
		m := makeRun(1, steady, "baseline")
		m.windowsOf(0, "peak", func(w *record.Window) {
			// The failed hits had been fast ones: dropping them would leave p95 as it was.
			lost := uint64(math.Round(ratio * float64(w.Offered)))
			w.Failed, w.Completed = lost, w.Offered-lost
			w.Response = record.Histogram{}
			for range w.Completed {
				w.Response.Record(time.Millisecond)
			}
		})
		_, s := m.summarized(t)
		return s
	}
	if p95 := fail(0.04).States[0].P95Seconds; approximately(p95, 0.001, 0.001) != nil {
		t.Errorf("4 %% failed: p95 %v, want 1 ms", p95)
	}
	s := fail(0.06)
	if p95 := s.States[0].P95Seconds; p95.Known() || !math.IsInf(float64(p95), 1) {
		t.Errorf("6 %% failed: p95 %v, want it beyond every limit", p95)
	}
	if err := approximately(s.States[0].ErrorsRatio, 0.06, 1e-5); err != nil {
		t.Errorf("errors: %v", err)
	}
	if err := approximately(s.States[0].AchievedRate, 470, 1e-5); err != nil {
		t.Errorf("achieved: %v", err)
	}
}

func TestPhases(t *testing.T) {
	_, s := makeRun(3, wobble, allStates()...).summarized(t)
	if len(s.Phases) != 5 {
		t.Fatalf("got %d phases, want 5", len(s.Phases))
	}
	for i, want := range []struct {
		name      string
		p95, qps  float64
		p95effect model.Effect
		qpsEffect model.Effect
	}{
		{"extract-main", 10. / 12, 2. / 3, model.Better, model.Better},
		{"extract-reads", 0.5, 0.25, model.Better, model.Better},
		{"extract-writes", 0.8, 0.5, model.Better, model.Better},
		{"cache", 0.5, 1, model.Better, model.Unclear},
		{"archive", 0.995, 0.8, model.Unclear, model.Better},
	} {
		p := s.Phases[i]
		if p.Name != want.name || p.After != want.name || p.P95Ratio.Verdict != want.p95effect || p.PrimaryQPSRatio.Verdict != want.qpsEffect {
			t.Errorf("got %+v, want %+v", p, want)
		}
		if err := approximately(p.P95Ratio.Value, want.p95, 0.03); err != nil {
			t.Errorf("%s p95: %v", p.Name, err)
		}
		if err := approximately(p.PrimaryQPSRatio.Value, want.qps, 1e-5); err != nil {
			t.Errorf("%s QPS: %v", p.Name, err)
		}
		if r := p.P95Ratio; r.Rounds != 3 || !(r.Lo < r.Value && r.Value < r.Hi) {
			t.Errorf("%s: interval %+v", p.Name, r)
		}
	}
	if len(s.NoiseFloor.Pairs) != 2 || s.NoiseFloor.Pairs[0].State != "archive" || s.NoiseFloor.Pairs[1].State != "baseline" {
		t.Errorf("A/A pairs: got %+v, want archive and baseline", s.NoiseFloor.Pairs)
	}
	if x := s.NoiseFloor.Spread; !(x >= 1 && x < 1.03) {
		t.Errorf("noise floor: got %v", x)
	}
}

// Before is 2 ms in both rounds, after 2 and 3.2 ms. Ratios 1 and 1.6 have logs 0 and 0.470004: mean 0.235002,
// s = 0.470004/√2 = 0.332343, half the interval tan(0.475π)·s/√2 = 12.7062047·0.332343/√2 = 2.985983.
func TestPhaseIntervalByHand(t *testing.T) {
	m := makeRun(2, func(round int, state string) float64 {
		if state == "cache" {
			return []float64{1, 1.6}[round]
		}
		return 0.5
	}, "extract-writes", "cache")
	m.scenario.Phases = []string{"cache"}
	_, s := m.summarized(t)
	r := s.Overall.P95Ratio
	for _, c := range []struct {
		what string
		got  stat.Number
		want float64
	}{{"value", r.Value, math.Exp(0.235002)}, {"lo", r.Lo, math.Exp(0.235002 - 2.985983)}, {"hi", r.Hi, math.Exp(0.235002 + 2.985983)}} {
		if err := approximately(c.got, c.want, 0.01); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if r.Verdict != model.Unclear {
		t.Errorf("an interval around one was called %v", r.Verdict)
	}
}

// Before is 2 ms in all three rounds, after 2, 3.2 and 2 ms: logs of the ratios 0, 0.470004 and 0. At the turns, after is
// measured twice in a row (log 0.470004), then before (log 0).
//
// Hodges and Lehmann: the averages of each two are 0, 0, 0, 0.235002, 0.235002, 0.470004, of which the median is 0.117501;
// the mean is 0.156668. A further pair: √(0.470004²/2) = 0.332343, times t of two degrees, 4.302653, is 1.429957. Pooled:
// the pairs have 0.220904 in two degrees, the phase 0.470004²·2/3 = 0.147269 in two, so s = √(0.368173/4) = 0.303386.
// Detectable in three rounds is 5.653489·s/√3 = 0.990265 (5.653489 is derived in the tests of package stat).
func TestNoiseFloorByHand(t *testing.T) {
	m := makeRun(3, func(round int, state string) float64 {
		if state == "cache" {
			return []float64{1, 1.6, 1}[round]
		}
		return 0.5
	}, "extract-writes", "cache")
	m.scenario.Phases = []string{"extract-writes", "cache"}
	_, s := m.summarized(t)
	floor := s.NoiseFloor
	for _, c := range []struct {
		what string
		got  stat.Number
		want float64
	}{
		{"value", s.Phases[0].P95Ratio.Value, math.Exp(0.156668)},
		{"robust centre", s.Phases[0].P95Ratio.HodgesLehmann, math.Exp(0.117501)},
		{"spread", floor.Spread, 1.6}, {"lo", floor.Lo, math.Exp(-1.429957)}, {"hi", floor.Hi, math.Exp(1.429957)},
		{"deviation", floor.LogDeviation, 0.303386}, {"detectable", floor.MinimumDetectableRatio, math.Exp(0.990265)},
		{"rounds", stat.Number(floor.Rounds), 3},
	} {
		if err := approximately(c.got, c.want, 0.01); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// Without a pair nothing is said of pairs, without a second round nothing of what could be found.
func TestNoiseFloorUnknown(t *testing.T) {
	one := makeRun(1, steady, "baseline", "extract-main")
	_, s := one.summarized(t)
	if f := s.NoiseFloor; f.Lo.Known() || f.Hi.Known() || f.Spread.Known() || f.LogDeviation.Known() || f.MinimumDetectableRatio.Known() || f.Rounds != 0 {
		t.Errorf("one round: got %+v, want nothing known", f)
	}
	// The turns of three rounds of three states are between trials 2 and 3, and 5 and 6. Without trial 5, the baseline of
	// the second round, extract-main rests on two rounds and extract-reads still on three.
	m := makeRun(3, wobble, "baseline", "extract-main", "extract-reads")
	m.windowsOf(5, "peak", func(w *record.Window) { w.Missed = w.Offered })
	_, s = m.summarized(t)
	if f := s.NoiseFloor; len(f.Pairs) != 1 || f.Rounds != 2 || !f.Hi.Known() || !f.MinimumDetectableRatio.Known() {
		t.Errorf("a trial lost: got %+v, want one pair, and the fewer rounds", f)
	}
}

func TestOneRoundClaimsNoLatency(t *testing.T) {
	_, s := makeRun(1, steady, allStates()...).summarized(t)
	for _, p := range s.Phases {
		if p.P95Ratio.Verdict != model.Unclear || p.P95Ratio.Lo.Known() || p.P95Ratio.Hi.Known() || !p.P95Ratio.Value.Known() {
			t.Errorf("%s: got %+v, want a value without an interval or a claim", p.Name, p.P95Ratio)
		}
	}
	if s.Phases[0].PrimaryQPSRatio.Verdict != model.Better {
		t.Errorf("a count needs one round, got %v", s.Phases[0].PrimaryQPSRatio.Verdict)
	}
}

// Passed through, not measured: the states beside the phases asked for are compared with nobody.
func TestOnlyTheAskedPhases(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-writes", "cache")
	m.header.Only = []string{"cache"}
	m.scenario.Phases = allStates()[1:]
	m.scenario.Budgets = []scenarios.Budget{
		{Metric: "errors", State: "archive", Max: new(0.0)}, {Metric: "errors", Max: new(0.0)},
	}
	_, s := m.summarized(t)
	if len(s.Phases) != 1 || s.Phases[0].Before != "extract-writes" {
		t.Errorf("phases: got %+v, want cache alone, after extract-writes", s.Phases)
	}
	if s.Verdict != model.Pass || len(s.Budgets) != 1 || s.Budgets[0].State != "cache" || len(s.Unjudged) != 1 {
		t.Errorf("got %v, %+v, unjudged %v; want the budget on archive put aside", s.Verdict, s.Budgets, s.Unjudged)
	}
}

// spoilt is a way to ruin the first trial of a run, the reason that has to be given, and the numbers that it voids.
type spoilt struct {
	name  string
	spoil func(*made)
	want  string
	void  []string
}

func ruins() []spoilt {
	primary := func(change func(*record.Sample)) func(*made) {
		return func(m *made) { m.samplesOf(0, "primary", change) }
	}
	return []spoilt{
		{"never began", func(m *made) { m.events = m.events[1:] }, "did not begin", []string{model.VoidLatencies, model.VoidCounts, model.VoidErrors}},
		{"never ended", func(m *made) { m.events = slices.Delete(m.events, 1, 2) }, "did not end", []string{model.VoidLatencies, model.VoidCounts}},
		{"an edge unread", func(m *made) {
			m.samplesOf(0, "replica", func(s *record.Sample) {
				if s.Stage == "" && s.Edge == "end" {
					s.Edge = ""
				}
			})
		}, "no reading of replica at the end", []string{model.VoidCounts}},
		{"hits missed", func(m *made) {
			m.windowsOf(0, "peak", func(w *record.Window) {
				if w.Op == "verify" {
					w.Missed, w.Sent, w.Completed = 36, w.Sent-36, w.Completed-36
				}
			})
		}, "36 of 2,400 hits were due and never sent", []string{model.VoidLatencies, model.VoidCounts}},
		{"windows lost", func(m *made) { m.windows = m.windows[1:] }, "2,380 hits recorded of 2,400 due", []string{model.VoidLatencies, model.VoidCounts}},
		{"late", func(m *made) {
			m.windowsOf(0, "peak", func(w *record.Window) {
				w.Lag = record.Histogram{}
				for range w.Sent {
					w.Lag.Record(6 * time.Millisecond)
				}
			})
		}, "the generator was late: lag p99 6", []string{model.VoidLatencies}},
		{"late, of too few hits to print a percentile", func(m *made) {
			m.header.Stages[2].Hits = 100
			m.windowsOf(0, "peak", func(w *record.Window) {
				*w = record.Window{Stage: w.Stage, Op: w.Op, Second: w.Second, Offered: 50, Sent: 50, Completed: 50}
				for range w.Sent {
					w.Lag.Record(60 * time.Millisecond)
					w.Response.Record(61 * time.Millisecond)
				}
			})
			m.windowsOf(1, "peak", func(w *record.Window) {
				w.Offered, w.Lag, w.Response = 50, record.Histogram{}, record.Histogram{}
				for range w.Offered {
					w.Response.Record(3 * time.Millisecond)
				}
			})
		}, "the generator was late: lag p99 6", []string{model.VoidLatencies}},
		{"counter reset", primary(func(s *record.Sample) {
			if s.AtSeconds > 5+6.5 {
				s.Values["statements_total{kind=read,role=callers}"] -= 3500
			}
		}), "primary: statements_total{kind=read,role=callers} went down from 3,800 to 1,300", []string{model.VoidCounts}},
		{"statistics reset", primary(func(s *record.Sample) {
			if s.Edge == "end" {
				s.Values["stats_reset_unix_seconds"] = 2
			}
		}), "primary: the statement statistics were reset", []string{model.VoidCounts}},
		{"statements dropped", primary(func(s *record.Sample) {
			if s.Edge == "end" && s.Stage == "" {
				s.Values["dealloc_total"] = 4
			}
		}), "dropped statements 4 times", []string{model.VoidCounts}},
		{"counts disagree", func(m *made) {
			m.samplesOf(0, "callers", func(s *record.Sample) {
				s.Values["statements_total{kind=read,node=primary,op=verify}"] *= 1.012
			})
		}, "the server counted 7,200 statements, the services 7,258: 0.794 % apart", []string{model.VoidCounts}},
	}
}

func TestTrialsThatCannotBeBelieved(t *testing.T) {
	for _, c := range ruins() {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline", "extract-main")
			c.spoil(m)
			_, s := m.summarized(t)
			check := s.Validity[0]
			if check.Valid || !strings.Contains(strings.Join(check.Reasons, "; "), c.want) {
				t.Errorf("got %+v, want invalid: %s", check, c.want)
			}
			if !s.Validity[1].Valid {
				t.Errorf("the other trial is spoilt too: %v", s.Validity[1].Reasons)
			}
			if got, want := strings.Join(check.Void, ", "), strings.Join(c.void, ", "); got != want {
				t.Errorf("void are %s, want %s", got, want)
			}
			believed := func(numbers string) bool { return !slices.Contains(c.void, numbers) }
			base, phase := s.Find("baseline"), s.Phases[0]
			if got := base.Trials > 0; got != believed(model.VoidLatencies) || base.N > 0 != got || phase.P95Ratio.Value.Known() != got {
				t.Errorf("latencies are believed: %v, want %v: %+v, %+v", got, believed(model.VoidLatencies), base, phase)
			}
			if got := base.CountedTrials > 0; got != believed(model.VoidCounts) || base.PrimaryQPS.Known() != got || phase.PrimaryQPSRatio.Value.Known() != got {
				t.Errorf("counts are believed: %v, want %v: %+v, %+v", got, believed(model.VoidCounts), base, phase)
			}
			if got := base.ErrorsRatio.Known(); got != believed(model.VoidErrors) {
				t.Errorf("what failed is believed: %v, want %v: %+v", got, believed(model.VoidErrors), base)
			}
			if s.Verdict != model.Inconclusive {
				t.Errorf("verdict %v, want inconclusive: a state has no trial to believe", s.Verdict)
			}
		})
	}
}

// What stays inside the tolerances leaves a trial valid.
func TestTrialsThatCan(t *testing.T) {
	for name, spoil := range map[string]func(*made){
		"one per cent missed": func(m *made) {
			m.windowsOf(0, "peak", func(w *record.Window) {
				if w.Op == "verify" {
					w.Missed, w.Sent, w.Completed = 24, w.Sent-24, w.Completed-24
				}
			})
		},
		"late, but far slower answers": func(m *made) {
			m.windowsOf(0, "peak", func(w *record.Window) {
				w.Lag, w.Response = record.Histogram{}, record.Histogram{}
				for range w.Sent {
					w.Lag.Record(6 * time.Millisecond)
					w.Response.Record(100 * time.Millisecond)
				}
			})
		},
		"counts almost agree": func(m *made) {
			m.samplesOf(0, "callers", func(s *record.Sample) {
				s.Values["statements_total{kind=read,node=primary,op=verify}"] *= 1.005
			})
		},
		"a gauge goes down": func(m *made) {
			m.samplesOf(0, "redis", func(s *record.Sample) { s.Values["memory_bytes"] = 1e6 - s.AtSeconds })
		},
	} {
		m := makeRun(1, steady, "baseline")
		spoil(m)
		if _, s := m.summarized(t); !s.Validity[0].Valid {
			t.Errorf("%s: invalid because %v", name, s.Validity[0].Reasons)
		}
	}
}

func TestWrongAnswersFailTheRun(t *testing.T) {
	for _, c := range []struct {
		name  string
		stage string
		spoil func(*record.Window)
		want  model.Verdict
	}{
		{"wrong user in the warm-up", "warm-up", func(w *record.Window) { w.Counts.Set("wrong_user", 1) }, model.Fail},
		{"valid token rejected", "calm", func(w *record.Window) { w.Counts.Set("rejected_valid", 1) }, model.Fail},
		{"revoked token accepted, no budget", "peak", func(w *record.Window) { w.Counts.Set("accepted_revoked", 1) }, model.Fail},
		{"revoked token accepted in the warm-up", "warm-up", func(w *record.Window) { w.Counts.Set("accepted_revoked", 1) }, model.Fail},
	} {
		m := makeRun(1, steady, "baseline", "extract-main")
		m.windowsOf(1, c.stage, c.spoil)
		_, s := m.summarized(t)
		if s.Verdict != c.want {
			t.Errorf("%s: got %v, want %v", c.name, s.Verdict, c.want)
		}
		state, other := s.Find("extract-main").Correctness, s.Find("baseline").Correctness
		if state.Of("wrong_user")+state.Of("rejected_valid")+state.Of("accepted_revoked") == 0 {
			t.Errorf("%s: not counted on its state", c.name)
		}
		if other.Of("wrong_user")+other.Of("rejected_valid")+other.Of("accepted_revoked") != 0 {
			t.Errorf("%s: counted on another state", c.name)
		}
	}
	// An invalid trial's wrong answers are wrong all the same.
	m := makeRun(1, steady, "baseline", "extract-main")
	m.windowsOf(1, "peak", func(w *record.Window) { w.Counts.Set("wrong_user", 1) })
	m.samplesOf(1, "callers", func(s *record.Sample) { s.Edge = "" })
	if _, s := m.summarized(t); s.Verdict != model.Fail || s.Validity[1].Valid {
		t.Errorf("got %v, want fail although the trial is invalid", s.Verdict)
	}
	m.windowsOf(1, "peak", func(w *record.Window) { w.Counts = record.Counts{{Name: "accepted_revoked", N: 1}} })
	m.scenario.Budgets = []scenarios.Budget{{Metric: "accepted_revoked", Max: new(0.0)}, {Metric: "wrong_user", Max: new(0.0)}}
	if _, s := m.summarized(t); s.Budgets[0].Verdict != model.Fail || s.Budgets[1].Verdict != model.Inconclusive {
		t.Errorf("got %+v; want the revoked tokens to fail and the absence of wrong users to prove nothing", s.Budgets)
	}
}

func TestIncompleteRunNeverPasses(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.events = m.events[:len(m.events)-1]
	m.events = append(m.events, record.Event{AtSeconds: 30, Trial: -1, Kind: record.EventInterrupted, Text: "SIGINT"})
	_, s := m.summarized(t)
	if s.Complete || s.Verdict != model.Inconclusive || !strings.Contains(strings.Join(s.Reasons, " "), "SIGINT") {
		t.Errorf("got complete %v, %v, %v", s.Complete, s.Verdict, s.Reasons)
	}
	m.scenario.Budgets = []scenarios.Budget{{Metric: "primary_qps", State: "baseline", Max: new(10.0)}}
	if _, s := m.summarized(t); s.Verdict != model.Fail {
		t.Errorf("a breached count of an incomplete run: got %v, want fail", s.Verdict)
	}
}

func TestNothingToReport(t *testing.T) {
	if _, err := judge.Examine(&record.Run{}).Summarize(nil, &scenarios.Scenario{}); err == nil {
		t.Error("a run without states was summarized")
	}
}

func TestZeroHitsInAStage(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.header.Stages[2].Hits = 0
	m.windows = slices.DeleteFunc(m.windows, func(w record.Window) bool { return w.Stage == "peak" })
	_, s := m.summarized(t)
	base := s.Find("baseline")
	if base.N != 0 || base.P95Seconds.Known() || base.ErrorsRatio.Known() || s.Verdict != model.Inconclusive {
		t.Errorf("got n %d, p95 %v, errors %v, verdict %v", base.N, base.P95Seconds, base.ErrorsRatio, s.Verdict)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"p95_seconds":null`) {
		t.Errorf("an unknown p95 is not null in %s", text)
	}
}

func TestSummaryReadsBack(t *testing.T) {
	_, s := makeRun(2, wobble, allStates()...).summarized(t)
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back model.Summary
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&back)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != string(again) {
		t.Errorf("summary.json changes when read and written again:\n%s\n%s", text, again)
	}
}

func BenchmarkSummarize(b *testing.B) {
	m := makeRun(3, wobble, allStates()...)
	run := m.written(b)
	for b.Loop() {
		if _, err := judge.Examine(run).Summarize(nil, &m.scenario); err != nil {
			b.Fatal(err)
		}
	}
}
