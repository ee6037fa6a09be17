package reports

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// aborted plays the windows of a run through a watch, and cuts the run short where that says so.
func aborted(m *made) (*made, *judge.Breach) {
	watch := judge.NewWatch(nil, m.header, &m.scenario)
	cut := *m
	for i, w := range m.windows {
		err := watch.Add(m.header.Trials[w.Trial].State, w)
		if breach, ok := errors.AsType[judge.Breach](err); ok {
			cut.windows, cut.events = m.windows[:i+1], nil
			for _, e := range m.events {
				if e.Trial >= 0 && (e.Trial < w.Trial || e.Trial == w.Trial && e.Kind == record.EventTrialBegin) {
					cut.events = append(cut.events, e)
				}
			}
			cut.events = append(cut.events, record.Event{AtSeconds: 900, Trial: w.Trial, Kind: record.EventAbort, Text: breach.Error()},
				record.Event{AtSeconds: 901, Trial: w.Trial, Kind: record.EventInterrupted, Text: breach.Error()})
			return &cut, &breach
		}
	}
	return &cut, nil
}

// What ends a run fails it, by the record as far as it goes; and a run that is not ended would not have been failed by it,
// but for what its last second decides.
func TestWatchAgreesWithTheJudge(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := makeRun(1, steady, "baseline", "extract-main")
		for trial := range m.header.Trials {
			var took []time.Duration
			for range 4 {
				took = append(took, time.Duration(rapid.IntRange(1, 4).Draw(rt, "took"))*10*ms)
			}
			m.paced(trial, took...)
			wrong := rapid.SampledFrom([]uint64{0, 0, 0, 1}).Draw(rt, "wrong")
			m.windowsOf(trial, "peak", func(w *record.Window) { w.Counts.Set("rejected_valid", wrong*uint64(w.Second%2)) })
		}
		// In the order of time, as they are written.
		var ordered []record.Window
		for trial := range m.header.Trials {
			for _, w := range m.windows {
				if w.Trial == trial {
					ordered = append(ordered, w)
				}
			}
		}
		m.windows = ordered
		m.scenario.Budgets = []scenarios.Budget{
			{Metric: "p95", Max: new(0.021), Abort: true, State: rapid.SampledFrom([]string{"baseline", "extract-main"}).Draw(rt, "state"),
				For: time.Duration(rapid.IntRange(1, 4).Draw(rt, "seconds")) * time.Second},
			{Metric: "rejected_valid", Below: new(float64(rapid.IntRange(1, 9).Draw(rt, "limit"))), Abort: true},
		}
		cut, breach := aborted(m)
		_, s := cut.summarized(t)
		failed := func(s *model.Summary) (names []string) {
			for _, b := range s.Budgets {
				if b.Verdict == model.Fail {
					names = append(names, b.Name())
				}
			}
			return names
		}
		if breach != nil && (s.Verdict != model.Fail || !strings.Contains(fmt.Sprint(failed(s)), breach.Budget)) {
			rt.Fatalf("ended for %v, and judged %v: %q, budgets %+v", breach, s.Verdict, s.Reasons, s.Budgets)
		}
		for _, name := range failed(s) {
			// The last second of a run is closed by its end.
			if breach == nil && !strings.HasPrefix(name, "p95 of extract-main") {
				rt.Fatalf("not ended, and yet %s failed", name)
			}
		}
	})
}

// Without a word of the watch a trial that did not end is judged by nothing in it.
func TestOnlyTheWatchAborts(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.paced(0, 30*ms, 30*ms, 30*ms, 30*ms)
	m.scenario.Budgets = []scenarios.Budget{{Metric: "p95", Max: new(0.02), For: 2 * time.Second, Abort: true}}
	m.events = m.events[:1]
	if _, s := m.summarized(t); s.Verdict != model.Inconclusive {
		t.Errorf("got %v (%q), want inconclusive: the run was interrupted by its user", s.Verdict, s.Reasons)
	}
}
