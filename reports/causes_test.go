package reports

import (
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// gated is a run of all states with budgets on each of them.
func gated(rounds int) *made {
	m := makeRun(rounds, steady, allStates()...)
	for _, state := range allStates() {
		for _, metric := range []string{"p95", "primary_qps", "errors"} {
			m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: metric, State: state, Max: new(1e6)})
		}
	}
	return m
}

// never takes away what was recorded of a state, as if its trials had not begun.
func (m *made) never(state string) {
	for _, t := range m.header.Trials {
		if t.State == state {
			for i := range m.events {
				if m.events[i].Trial == t.Index {
					m.events[i].Kind = "lost"
				}
			}
		}
	}
}

// trouble is one cause from which much follows.
type trouble struct {
	name, cause string
	spoil       func(*made)
}

func troubles() []trouble {
	return []trouble{
		{"the boot failed", model.ReachesEnd, func(m *made) {
			m.windows, m.samples = nil, nil
			m.events = []record.Event{{AtSeconds: 2, Trial: -1, Kind: record.EventInterrupted, Text: "Docker does not answer"}}
		}},
		{"interrupted in the third trial", model.ReachesEnd, func(m *made) {
			m.events = append(m.events[:5:5], record.Event{AtSeconds: 35, Trial: 2, Kind: record.EventInterrupted, Text: "interrupt"})
		}},
		{"killed before anything began", model.ReachesEnd, func(m *made) { m.windows, m.samples, m.events = nil, nil, nil }},
		{"one state is missing", "a trial of cache is valid", func(m *made) { m.never("cache") }},
		{"more hits on record than were due", "a trial of baseline is valid", func(m *made) {
			for trial := range m.header.Trials {
				m.surplus(trial, "peak", 5)
			}
		}},
		{"all hits of all states were lost", "a trial of baseline is valid", (*made).twiceAsMany},
	}
}

// However much follows from a trouble, it is one: one error for build servers, one reason, one annotation; all that follows
// from it is skipped and points to it.
func TestOneCauseIsOneError(t *testing.T) {
	for _, tt := range troubles() {
		t.Run(tt.name, func(t *testing.T) {
			m := gated(2)
			tt.spoil(m)
			_, s := m.summarized(t)
			if s.Verdict != model.Inconclusive || len(s.Reasons) != 1 {
				t.Errorf("got %v for %q, want one reason", s.Verdict, s.Reasons)
			}
			errors := 0
			for _, a := range Annotations(s) {
				if a.Level == levelError {
					errors++
				}
			}
			if errors != 1 {
				t.Errorf("got %d annotations of errors, want one", errors)
			}
			for _, c := range s.Checks {
				switch {
				case c.Name == tt.cause && (c.Verdict != model.Inconclusive || c.Skipped):
					t.Errorf("%s: got %v, skipped %v", c.Name, c.Verdict, c.Skipped)
				case c.Name != tt.cause && c.Troubled() && !c.Lenient:
					t.Errorf("%s is a trouble of its own: %s", c.Name, c.Said)
				case c.Skipped && !strings.Contains(c.Said, "see "+tt.cause):
					t.Errorf("%s is skipped and does not point to %s: %s", c.Name, tt.cause, c.Said)
				}
			}
		})
	}
}

// Two causes are two errors, and a breach is never hidden behind one.
func TestTwoCausesAreTwoErrors(t *testing.T) {
	m := gated(2)
	m.never("cache")
	m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: "primary_qps", State: "baseline", Max: new(1.0)})
	m.samplesOf(0, "primary", func(s *record.Sample) { s.Values["dealloc_total"] = s.AtSeconds })
	m.samplesOf(11, "primary", func(s *record.Sample) { s.Values["dealloc_total"] = s.AtSeconds })
	_, s := m.summarized(t)
	var own []string
	for _, c := range s.Checks {
		if c.Troubled() && !c.Lenient {
			own = append(own, c.Name)
		}
	}
	if want := []string{"a trial of baseline is valid", "a trial of cache is valid"}; strings.Join(own, "|") != strings.Join(want, "|") || len(s.Reasons) != 2 {
		t.Errorf("got %q and %q, want %q", own, s.Reasons, want)
	}
	m = gated(2)
	m.never("cache")
	m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: "primary_qps", State: "baseline", Max: new(1.0)})
	if _, s := m.summarized(t); s.Verdict != model.Fail || len(s.Reasons) != 2 {
		t.Errorf("got %v for %q, want the breach and the missing state", s.Verdict, s.Reasons)
	}
}

// A run that was ended for the breach of a budget failed for it, and for nothing else.
func TestAbortIsOneFailure(t *testing.T) {
	m := gated(2)
	m.paced(0, 10*ms, 30*ms, 40*ms, 40*ms)
	m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: "p95", State: "baseline", Stage: "peak", Max: new(0.02), For: 2e9, Abort: true})
	m.events = append(m.events[:1:1], record.Event{AtSeconds: 12, Trial: 0, Kind: record.EventAbort, Text: "breached"},
		record.Event{AtSeconds: 12, Trial: 0, Kind: record.EventInterrupted, Text: "breached"})
	_, s := m.summarized(t)
	if s.Verdict != model.Fail || len(s.Reasons) != 1 || !strings.Contains(s.Reasons[0], "the run was ended for it") {
		t.Errorf("got %v for %q", s.Verdict, s.Reasons)
	}
	for _, c := range s.Checks {
		if c.Troubled() && !c.Lenient && c.Verdict != model.Fail {
			t.Errorf("%s is a trouble of its own: %s", c.Name, c.Said)
		}
	}
}
