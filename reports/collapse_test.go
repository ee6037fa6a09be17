package reports

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// fail makes a share of the hits of a trial in a stage time out, one in so many, and takes their answers away.
func (m *made) fail(trial int, stage string, share float64) {
	m.windowsOf(trial, stage, func(w *record.Window) {
		w.Failed = uint64(math.Round(share * float64(w.Offered)))
		w.Completed = w.Offered - w.Failed
		w.Errors = map[string]uint64{"timeout": w.Failed}
		w.Response = record.Histogram{}
		for range w.Completed {
			w.Response.Record(10 * time.Millisecond)
		}
	})
}

// apart makes the servers and the services of a trial differ, as statements cut off by a timeout do.
func (m *made) apart(trial int) {
	m.samplesOf(trial, "callers", func(s *record.Sample) {
		s.Values["statements_total{kind=read,node=primary,op=verify}"] *= 1.012
	})
}

// mustSay fails unless every part is told somewhere in the terminal's report.
func mustSay(t *testing.T, run *record.Run, s *model.Summary, parts ...string) {
	t.Helper()
	var out bytes.Buffer
	if err := Print(&out, s, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q is not told in\n%s", part, out.String())
		}
	}
}

// A state that fell over is a result: its headline is what was answered and until when, whatever is void.
func TestCollapseIsTold(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.fail(0, "peak", 0.9)
	m.apart(0)
	run, s := m.summarized(t)
	if s.Verdict != model.Fail || s.States[0].Collapse == nil || s.States[1].Collapse != nil {
		t.Fatalf("got %v and %+v, want a fail for the state that collapsed alone", s.Verdict, s.States)
	}
	// All hits of a stage are in its first second here.
	c := s.States[0].Collapse
	if math.Abs(float64(c.AnsweredRatio)-0.1) > 1e-9 || c.OfferedRate != 500 || c.AnsweredRate != 50 || c.HeldRate != 200 || c.HeldStage != "warm-up" ||
		c.FromSeconds != 4 || c.FromStage != "peak" || !c.ToEnd {
		t.Errorf("got %+v", c)
	}
	sentence := (&summary{s}).sentence()
	for _, part := range []string{"baseline collapsed at peak: of 500 hits/s it answered 10.0 % (p95 of those 10.0 ms), the p95 of all is over 5 s; " +
		"it still answered 200/s (warm-up), and fell over from second 4 (peak) to the end. extract-main at peak: p95 10.0 ms"} {
		if !strings.Contains(sentence, part) {
			t.Errorf("got %q, want %q in it", sentence, part)
		}
	}
	if strings.Contains(sentence, "Nothing to compare") {
		t.Errorf("got %q", sentence)
	}
	mustSay(t, run, s, "over 5 s", "90.0 %", "void")
}

// No rate held is said as well, and so is a state that came back.
func TestCollapseWithoutAndWithAnEnd(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	for _, stage := range []string{"warm-up", "calm", "peak"} {
		m.fail(0, stage, 1)
	}
	if _, s := m.summarized(t); !strings.Contains((&summary{s}).sentence(), "of 500 hits/s it answered nothing, the p95 of all is over 5 s; it still answered no rate that was offered") {
		t.Errorf("got %q", (&summary{s}).sentence())
	}
	m = makeRun(1, steady, "baseline")
	m.header.Headline = "calm"
	m.fail(0, "calm", 0.5)
	if _, s := m.summarized(t); !strings.Contains((&summary{s}).sentence(), "fell over from second 2 (calm) to second 3") {
		t.Errorf("got %q", (&summary{s}).sentence())
	}
}

// What voids a trial correlates with what breaks the system: what failed in it counts against budgets on errors.
func TestFailuresOfVoidTrials(t *testing.T) {
	errors := []scenarios.Budget{{Metric: "errors", State: "baseline", Max: new(0.001)}}
	for _, c := range []struct {
		name  string
		spoil func(*made)
		want  model.Verdict
		told  string
	}{
		{"nothing", func(*made) {}, model.Pass, "0 %"},
		{"a stalled primary in one of two rounds", func(m *made) { m.fail(0, "peak", 0.208); m.apart(0) }, model.Fail,
			"counts rest on 1 of 2 trials; the others are not believed, but what failed in them counts"},
		{"every hit failed", func(m *made) { m.fail(0, "peak", 1); m.apart(0) }, model.Fail, "50.0 %"},
		{"few failed, and the counts are void", func(m *made) { m.fail(0, "peak", 0.02); m.apart(0) }, model.Fail, "1.00 %"},
		{"a trial that never ended", func(m *made) { m.drop(0, record.EventTrialEnd) }, model.Inconclusive, "1 of 2 trials of baseline did not reach their end"},
		{"a trial that never began", func(m *made) { m.drop(0, record.EventTrialBegin); m.drop(0, record.EventTrialEnd) }, model.Inconclusive,
			"1 of 2 trials of baseline did not reach their end"},
		{"hits that were never sent", func(m *made) {
			m.windowsOf(0, "peak", func(w *record.Window) { w.Missed, w.Sent, w.Completed = w.Offered, 0, 0 })
		}, model.Fail, "50.0 %"},
		{"few failed, beside good hits that were not due", func(m *made) { m.fail(0, "peak", 0.02); m.surplus(0, "peak", 1_000_000) }, model.Fail, "1.00 %"},
		{"nothing failed of more hits than were due", func(m *made) { m.surplus(0, "peak", 1) }, model.Inconclusive,
			"trial 1 of baseline has 2,001 hits at peak, where 2,000 were due, so what share of them failed is not known"},
		{"good hits of another stage", func(m *made) {
			m.windowsOf(0, "calm", func(w *record.Window) { w.Offered -= 5; w.Response, w.Lag = record.Histogram{}, record.Histogram{} })
			m.surplus(0, "peak", 10)
		}, model.Inconclusive, "trial 1 of baseline has 2,010 hits at peak, where 2,000 were due"},
		{"hits that are not on record", func(m *made) {
			m.windows = slices.DeleteFunc(m.windows, func(w record.Window) bool { return w.Trial == 0 && w.Stage == "peak" && w.Op == "login" })
		}, model.Inconclusive, "of 2,400 hits due in trial 1 of baseline only 2,200 are on record"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(2, steady, "baseline", "extract-main")
			m.scenario.Budgets = errors
			c.spoil(m)
			run, s := m.summarized(t)
			if s.Budgets[0].Verdict != c.want {
				t.Errorf("got %v because of %q, want %v", s.Budgets[0].Verdict, s.Budgets[0].Reason, c.want)
			}
			mustSay(t, run, s, c.told)
		})
	}
}

// A trial for the noise floor alone is one more trial of its state: what failed in it failed, though its latencies enter
// nothing else, and its hits are not counted twice.
func TestFailuresOfTheControl(t *testing.T) {
	for _, c := range []struct {
		name   string
		failed float64
		want   model.Verdict
		told   string
	}{
		{"nothing", 0, model.Pass, "0 %"},
		{"few", 0.04, model.Fail, "2.00 %"},
		{"all", 1, model.Fail, "extract-main (in 1 of 2 trials) collapsed at peak"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline", "extract-main")
			m.control("extract-main")
			if c.failed > 0 {
				m.fail(2, "peak", c.failed)
			}
			second := scenarios.Budget{Metric: "errors", Stage: "peak", Max: new(0.01), For: time.Second}
			m.scenario.Budgets = []scenarios.Budget{{Metric: "errors", Max: new(0.01)}, second, {Metric: "hits", Min: new(2000.0), Max: new(2000.0)}}
			run, s := m.summarized(t)
			for i, want := range []model.Verdict{c.want, c.want, model.Pass} {
				if s.Budgets[i].Verdict != want {
					t.Errorf("got %v because of %q of %s, want %v", s.Budgets[i].Verdict, s.Budgets[i].Reason, s.Budgets[i].Name(), want)
				}
			}
			if s.Verdict != c.want || s.States[1].N != 2000 {
				t.Errorf("got %v because of %v and %d hits, want %v and 2000", s.Verdict, s.Reasons, s.States[1].N, c.want)
			}
			mustSay(t, run, s, c.told)
		})
	}
	m := makeRun(1, steady, "baseline", "extract-main")
	m.control("extract-main")
	m.windowsOf(2, "peak", func(w *record.Window) { w.Counts.Set("wrong_user", 1) })
	m.scenario.Budgets = []scenarios.Budget{{Metric: "wrong_user", Max: new(0.0)}}
	if _, s := m.summarized(t); s.Verdict != model.Fail || s.Budgets[0].Verdict != model.Fail || s.States[1].Correctness.Of("wrong_user") == 0 || s.States[1].Numbers.Correctness.Of("wrong_user") == 0 {
		t.Errorf("got %v because of %v, and %v for the budget, of a wrong answer", s.Verdict, s.Reasons, s.Budgets[0].Verdict)
	}
	m = makeRun(1, steady, "baseline", "extract-main")
	m.control("extract-main")
	m.fail(2, "peak", 1)
	if _, s := m.summarized(t); s.Verdict != model.Fail {
		t.Errorf("got %v without a budget", s.Verdict)
	}
}

// An operation that fell over alone may be so rare that all is well on the whole: it is told.
func TestFallenOperations(t *testing.T) {
	for _, c := range []struct {
		failed float64
		stage  string
		want   bool
	}{{0, "peak", false}, {0.09, "peak", false}, {0.2, "peak", true}, {1, "peak", true}, {1, "warm-up", false}} {
		m := makeRun(1, steady, "baseline", "extract-main")
		m.windowsOf(0, c.stage, func(w *record.Window) {
			if w.Op == "login" {
				w.Failed = uint64(math.Round(c.failed * float64(w.Offered)))
				w.Completed, w.Response = w.Offered-w.Failed, record.Histogram{}
			}
		})
		_, s := m.summarized(t)
		told := slices.ContainsFunc(s.Warnings, func(w string) bool {
			return strings.Contains(w, " login hits due at peak (trial 1): of that operation under 90 %")
		})
		if told != c.want {
			t.Errorf("%v of logins failed at %s: got %q", c.failed, c.stage, s.Warnings)
		}
	}
}

// control adds a trial for the noise floor alone before the run is done.
func (m *made) control(state string) {
	done := m.events[len(m.events)-1]
	m.events = m.events[:len(m.events)-1]
	m.addTrial(1, state, 1)
	m.header.Trials[len(m.header.Trials)-1].Control = true
	m.events = append(m.events, done)
}

// surplus adds answered hits to a stage of a trial that nobody asked for.
func (m *made) surplus(trial int, stage string, hits uint64) {
	m.windowsOf(trial, stage, func(w *record.Window) {
		if w.Op == "verify" {
			w.Offered += hits
		}
	})
}

// Good hits that were not due keep no budget on errors by the second, nor one of an operation, and make no collapse smaller.
func TestSurplusOfGoodHits(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.fail(0, "peak", 0.02)
	m.surplus(0, "peak", 1_000_000)
	m.scenario.Budgets = []scenarios.Budget{
		{Metric: "errors", Operation: "verify", Max: new(0.01)}, {Metric: "errors", For: 2 * time.Second, Max: new(0.01)}, {Metric: "achieved", Min: new(0.99)},
	}
	_, s := m.summarized(t)
	for i, want := range []model.Verdict{model.Inconclusive, model.Inconclusive, model.Fail} {
		if b := s.Budgets[i]; b.Verdict != want {
			t.Errorf("%s: got %v because %s, want %v", b.Name(), b.Verdict, b.Reason, want)
		}
	}
	m = makeRun(1, steady, "baseline")
	m.fail(0, "peak", 0.5)
	m.surplus(0, "peak", 1_000_000)
	if _, s := m.summarized(t); s.States[0].Collapse == nil {
		t.Errorf("got no collapse of a state that failed half of its hits: %q", s.Reasons)
	}
}

// drop takes an event of a trial out of the record.
func (m *made) drop(trial int, kind string) {
	for i, e := range m.events {
		if e.Trial == trial && e.Kind == kind {
			m.events = append(m.events[:i:i], m.events[i+1:]...)
			return
		}
	}
}

// No count is better because work was not done, and no run in which a state fell over passes for want of a budget.
func TestWorkThatWasNotDone(t *testing.T) {
	for _, c := range []struct {
		name    string
		failing float64
		verdict model.Verdict
		effect  model.Effect
		ratio   model.Verdict
		told    string
	}{
		{"all answered", 0, model.Pass, model.Better, model.Pass, ""},
		{"half a per cent failed", 0.005, model.Pass, model.Better, model.Pass, ""},
		{"two per cent failed", 0.02, model.Inconclusive, model.Unclear, model.Inconclusive, "extract-main answered 98.0 % of 2,000 hits due at peak (trial 2): under 99 %"},
		{"a fifth failed", 0.2, model.Fail, model.Unclear, model.Inconclusive, "extract-main collapsed at peak: under 90 % answered"},
		{"all failed", 1, model.Fail, model.Unclear, model.Inconclusive, "extract-main collapsed at peak: under 90 % answered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline", "extract-main")
			m.fail(1, "peak", c.failing)
			m.scenario.Budgets = []scenarios.Budget{{Metric: "primary_qps", Of: "baseline", Max: new(0.8)}}
			run, s := m.summarized(t)
			if s.Verdict != c.verdict || s.Budgets[0].Verdict != c.ratio || s.Phases[0].PrimaryQPSRatio.Verdict != c.effect {
				t.Errorf("got %v (%q), the budget %v (%s), the phase %v (%s)", s.Verdict, s.Reasons, s.Budgets[0].Verdict, s.Budgets[0].Reason,
					s.Phases[0].PrimaryQPSRatio.Verdict, s.Phases[0].PrimaryQPSRatio.Why)
			}
			mustSay(t, run, s, c.told)
			if c.effect == model.Unclear {
				mustSay(t, run, s, "work that was not done costs nothing")
			}
		})
	}
}

// A limit on what a state does in all is not kept by doing less, and a hit that failed makes none of the others cheaper.
func TestLimitsOnWorkThatWasNotDone(t *testing.T) {
	for _, c := range []struct {
		budget  spec
		failing float64
		want    model.Verdict
	}{
		{on("primary_qps").max(1100), 0, model.Pass},
		{on("primary_qps").max(1100), 0.005, model.Pass},
		{on("primary_qps").max(1100), 0.05, model.Pass}, // 1,000 of 95 % are 1,053 of all
		{on("primary_qps").max(1020), 0.05, model.Inconclusive},
		{on("primary_qps").max(1100), 1, model.Inconclusive},
		{on("primary_qps").max(900), 0.5, model.Fail},
		{on("primary_statements").op("verify").max(2.3), 0, model.Pass},
		{on("primary_statements").op("verify").max(2.3), 0.05, model.Inconclusive}, // 2.22 of those sent, 2.32 of those answered
		{on("primary_statements").op("verify").max(2.2), 0.05, model.Fail},
		{on("primary_statements").op("verify").max(2.3), 0.001, model.Pass},
		{on("primary_statements").op("verify").max(20.0 / 9), 0.001, model.Pass}, // what it costs, and two hits that failed
		{on("primary_statements").op("verify").max(2.2), 0.001, model.Fail},
	} {
		m := makeRun(1, steady, "baseline", "extract-main")
		m.fail(1, "peak", c.failing)
		m.scenario.Budgets = []scenarios.Budget{scenarios.Budget(c.budget)}
		if _, s := m.summarized(t); s.Budgets[0].Verdict != c.want {
			t.Errorf("%s with %v failed: got %v (%v: %s), want %v", s.Budgets[0].Name(), c.failing, s.Budgets[0].Verdict, s.Budgets[0].Actual, s.Budgets[0].Reason, c.want)
		}
	}
}

// Where one of two rounds of a state fell over, the other one alone says nothing of a phase.
func TestPhasesDoNotLeaveOutTheWorstRound(t *testing.T) {
	m := makeRun(2, steady, "baseline", "extract-main")
	m.fail(0, "peak", 0.5)
	run, s := m.summarized(t)
	if e := s.Phases[0].P95Ratio; e.Verdict != model.Unclear {
		t.Errorf("got %+v, want no claim", e)
	}
	mustSay(t, run, s, "in 1 of 2 trials of baseline more than 5 % of the hits failed")
}

// Where a round of three failed, the levels are of all three rounds, and there is no change: over the others it would be one
// of what went well.
func TestLevelsAndChangeAreOfTheSameRounds(t *testing.T) {
	m := makeRun(3, steady, "baseline", "extract-main")
	m.fail(2, "peak", 1) // the second trial of extract-main
	run, s := m.summarized(t)
	p := s.Phases[0]
	if e := p.P95Ratio; e.Value.Known() || e.Lo.Known() || e.Verdict != model.Unclear || e.Why == "" || p.P95Levels.After.Known() || !p.P95Levels.Before.Known() {
		t.Errorf("got %+v and levels %+v, want no change, and a level after that is over the timeout", e, p.P95Levels)
	}
	mustSay(t, run, s, " extract-main  12.0 ms → over 5 s       ~              -  ~ ", "in 1 of 3 trials of extract-main more than 5 % of the hits failed")
}

// Of two states that fell over alike it is said once, and the reasons do not say it again.
func TestCollapsesAreToldTogether(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	for trial := range m.header.Trials {
		m.fail(trial, "peak", 0.9)
	}
	m.fail(1, "calm", 0.8)
	_, s := m.summarized(t)
	if got, want := (&summary{s}).sentence(), "baseline and extract-main collapsed at peak: of 500 hits/s they answered 10.0 % (p95 of those 10.0 ms), "+
		"the p95 of all is over 5 s; baseline still answered 200/s (warm-up), and fell over from second 4 (peak) to the end; "+
		"extract-main still answered 200/s (warm-up), and fell over from second 2 (calm) to the end."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := []string{"baseline collapsed at peak: under 90 % answered", "extract-main collapsed at peak and calm: under 90 % answered"}; !slices.Equal(s.Reasons, want) {
		t.Errorf("got the reasons %q, want %q", s.Reasons, want)
	}
	m.fail(0, "calm", 0.8)
	_, s = m.summarized(t)
	if got, want := (&summary{s}).sentence(), "the p95 of all is over 5 s; both still answered 200/s (warm-up), and fell over from second 2 (calm) to the end."; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want it to end with %q", got, want)
	}
	if want := []string{"baseline and extract-main collapsed at peak and calm: under 90 % answered"}; !slices.Equal(s.Reasons, want) {
		t.Errorf("got the reasons %q, want %q", s.Reasons, want)
	}
}

// A warm-up is not measured, but a state that failed in it alone is told by name.
func TestWarmUpThatFailed(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.fail(1, "warm-up", 0.6)
	run, s := m.summarized(t)
	if s.Verdict != model.Pass {
		t.Errorf("got %v (%q), want a pass with a warning", s.Verdict, s.Reasons)
	}
	mustSay(t, run, s, "warning: extract-main answered 40.0 % of 200 hits due at warm-up (trial 2): what is not measured was not served")
}

// Titles and headlines say what is known, and no bracket around nothing.
func TestTitlesOfWhatIsVoid(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	for trial := range m.header.Trials {
		m.windowsOf(trial, "peak", func(w *record.Window) {
			w.Lag = record.Histogram{}
			for range w.Sent {
				w.Lag.Record(200 * time.Millisecond)
			}
		})
	}
	_, s := m.summarized(t)
	if got, want := (&summary{s}).sentence(), "baseline → extract-main at peak: primary (master DB) 1,500 → 1,000 QPS (−33.3 %); no latency is believed."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for name, title := range map[string]string{"phases": phaseChart(&summary{s}).Title, "latency": (&summary{s}).latencyTitle(), "percentiles": (&summary{s}).percentilesTitle(), "shares": (&summary{s}).sharesTitle()} {
		if !strings.Contains(title, "1,500 → 1,000 QPS") || strings.Contains(title, numeral.Void) {
			t.Errorf("%s: got the title %q", name, title)
		}
	}
	m = makeRun(1, steady, "baseline", "extract-main")
	for trial := range m.header.Trials {
		m.fail(trial, "peak", 0.9)
	}
	run, s := m.summarized(t)
	pair := phaseChart(&summary{s}).Panels[0].Pairs[0]
	if pair.Before != 5000 || pair.After != 5000 || pair.AfterText != "over 5 s" || pair.Change != "~" {
		t.Errorf("got %+v, want bars at the timeout", pair)
	}
	if got, want := (&summary{s}).latencyTitle(), "p95 at peak: over 5 s → over 5 s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	line := runSecondsOf(run, s)
	chart := latencyChart(&summary{s}, line)
	if highest(line.p95) != 5 || len(chart.Limits) != 1 || chart.Limits[0] != (plot.Limit{Name: "over 5 s", Y: 5000}) {
		t.Errorf("got a p95 up to %v and the limits %v, want it drawn at the timeout", highest(line.p95), chart.Limits)
	}
	if card := (&summary{s}).keyFigures()[0]; card.Change.Word != "~" || !strings.Contains(card.Note, "more than 5 % of the hits failed") {
		t.Errorf("got %+v, want the reason why there is no change", card)
	}
}

// A noise floor beyond any number is told as that.
func TestNoiseFloorOfLostTrials(t *testing.T) {
	m := makeRun(2, steady, "baseline", "extract-main")
	m.fail(1, "peak", 0.5)
	run, s := m.summarized(t)
	if len(s.NoiseFloor.Lost) != 1 || len(s.NoiseFloor.Pairs) != 0 || s.NoiseFloor.MinimumDetectableRatio.Known() {
		t.Errorf("got %+v", s.NoiseFloor)
	}
	mustSay(t, run, s, "noise floor: beyond any number; extract-main, measured twice in a row, failed more than 5 % of its hits")
}

// What a run that was ended never sent failed nobody.
func TestHitsCutOffByTheEndOfTheRun(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.scenario.Budgets = []scenarios.Budget{{Metric: "errors", Max: new(0.0)}}
	m.windowsOf(0, "peak", func(w *record.Window) { w.Missed, w.Sent, w.Completed = w.Offered/2, w.Offered/2, w.Offered/2 })
	m.drop(0, record.EventTrialEnd)
	if _, s := m.summarized(t); s.Verdict != model.Inconclusive || s.States[0].ErrorsRatio != 0 {
		t.Errorf("got %v with %v of errors (%q), want inconclusive with none", s.Verdict, s.States[0].ErrorsRatio, s.Reasons)
	}
}

// A comparison knows of a collapse, and calls no count of it better.
func TestCompareKnowsCollapses(t *testing.T) {
	sound, broken := makeRun(1, steady, "baseline"), makeRun(1, steady, "baseline")
	broken.header.ID, broken.header.Commit = "20260701T100000Z-test-00fe", "def"
	broken.fail(0, "peak", 1)
	broken.samplesOf(0, "primary", func(s *record.Sample) { s.Values["statements_total{kind=read,role=callers}"] /= 2 })
	broken.samplesOf(0, "callers", func(s *record.Sample) { s.Values["statements_total{kind=read,node=primary,op=verify}"] /= 2 })
	var sides []judge.Candidate
	for _, m := range []*made{sound, broken} {
		sides = append(sides, judge.Candidate{Source: m.header.ID, Run: m.written(t), Scenario: &m.scenario})
	}
	c, err := judge.Compare(sides, judge.CompareOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const told = "B collapsed: baseline answered none of 2,000 hits due at peak (trial 1)"
	var terminal bytes.Buffer
	if err := PrintComparison(&terminal, c, Options{}); err != nil || !strings.HasPrefix(terminal.String(), told) || c.Verdict() != model.Fail {
		t.Errorf("got %v, %v and %s, want it to begin with %q", err, c.Verdict(), terminal.String(), told)
	}
	slices.Reverse(sides)
	other, err := judge.Compare(sides, judge.CompareOptions{})
	if err != nil || other.Verdict() != model.Inconclusive || !strings.Contains(strings.Join((&comparison{other}).sentences(), "\n"), "A collapsed: baseline answered none") {
		t.Errorf("the other way round: got %v, %v and %q", err, other.Verdict(), (&comparison{other}).sentences())
	}
	for _, n := range c.States[0].Numbers {
		if change := n.Changes[0]; change.Verdict == model.Better || n.Metric == "primary_qps" && change.Why == "" {
			t.Errorf("%s: got %+v, want nothing better, and why", comparedName(n), change)
		}
	}
}
