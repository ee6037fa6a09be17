package reports

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// A revoked token that is accepted too late fails the run in every form, whatever the budgets on it allow, and even in a trial
// of which nothing else is believed, or that nobody planned.
func TestLateAcceptanceIsSaidEverywhere(t *testing.T) {
	const told = "12 revoked tokens were accepted too late"
	spoil := func(w *record.Window) {
		if w.Op == "verify" {
			w.Counts.Set("accepted_revoked", 12)
		}
	}
	for name, c := range map[string]struct {
		spoil   func(*made)
		budgets []scenarios.Budget
	}{
		"in the peak":             {func(m *made) { m.windowsOf(1, "peak", spoil) }, nil},
		"in the warm-up":          {func(m *made) { m.windowsOf(1, "warm-up", spoil) }, nil},
		"allowed by a budget":     {func(m *made) { m.windowsOf(1, "peak", spoil) }, []scenarios.Budget{{Metric: "accepted_revoked", Max: new(100.0)}}},
		"in a trial not believed": {func(m *made) { m.windowsOf(1, "peak", spoil); m.samplesOf(1, "callers", unread) }, nil},
		"in a trial not planned": {func(m *made) {
			m.unread = true
			m.windows = append(m.windows, record.Window{Trial: 9, Stage: "peak", Op: "verify", Offered: 12, Sent: 12, Completed: 12, Counts: record.Counts{{Name: "accepted_revoked", N: 12}}})
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline", "extract-main")
			m.scenario.Budgets = c.budgets
			c.spoil(m)
			run, s := m.summarized(t)
			if s.Verdict != model.Fail || !slices.Contains(s.Reasons, told) {
				t.Errorf("got %v: %q, want a fail: %s", s.Verdict, s.Reasons, told)
			}
			var xml, page bytes.Buffer
			if err := junit(&xml, &summary{s}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(xml.String(), `<failure type="fail" message="`+told) {
				t.Errorf("JUnit has no failure that says so:\n%s", xml.String())
			}
			if err := markdown(&page, &summary{s}); err != nil || !strings.Contains(page.String(), told) {
				t.Errorf("%v, the report does not say so:\n%s", err, page.String())
			}
			compared, err := judge.Compare([]judge.Candidate{{Source: "a", Run: run, Scenario: &m.scenario}, {Source: "b", Run: run, Scenario: &m.scenario}}, judge.CompareOptions{Anyway: true})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(compared.Notes, func(note string) bool { return strings.HasSuffix(note, told) }) {
				t.Errorf("compare does not say so: %q", compared.Notes)
			}
		})
	}
}

func unread(s *record.Sample) { s.Edge = "" }

// A budget on a check passes on answers that could have broken it alone, counted by operation, and so does its least; of an
// early record the tokens rechecked are all that is known.
func TestChecksPassOnEvidenceAlone(t *testing.T) {
	without := func(clear func(*record.Window)) func(*record.Window) {
		return func(w *record.Window) {
			if w.Op == "login" {
				clear(w)
			}
		}
	}
	early := func(rechecked uint64) func(*record.Window) {
		return without(func(w *record.Window) {
			w.Counts, w.Acknowledged, w.FirstRechecks, w.Rechecked = nil, 0, 0, rechecked
		})
	}
	for _, c := range []struct {
		name   string
		spoil  func(*record.Window)
		metric string
		least  uint64
		want   model.Verdict
		reason string
	}{
		{"seen", nil, "accepted_revoked", 0, model.Pass, "at the limit"},
		{"as many as asked for", nil, "accepted_revoked", 1, model.Pass, "at the limit"},
		{"fewer than asked for", nil, "accepted_revoked", 2, model.Inconclusive, "1 revoked tokens past their bound of login in extract-main at stage peak are fewer than 2"},
		{"hits are no evidence", nil, "wrong_user", 200, model.Inconclusive, "199 answers that name a user of login in extract-main at stage peak are fewer than 200"},
		{"no revoked token", without(func(w *record.Window) { w.Counts.Set("presented_revoked", 0) }), "accepted_revoked", 1, model.Inconclusive,
			"no answer of login in extract-main at stage peak could have broken it: there were no revoked tokens past their bound"},
		{"no valid token", without(func(w *record.Window) { w.Counts.Set("presented_valid", 0) }), "rejected_valid", 0, model.Inconclusive, "there were no valid tokens"},
		{"no user", without(func(w *record.Window) { w.Counts.Set("named", 0) }), "wrong_user", 0, model.Inconclusive, "there were no answers that name a user"},
		{"none, but one was accepted", without(func(w *record.Window) {
			w.Counts.Set("presented_revoked", 0)
			w.Counts.Set("accepted_revoked", 1)
		}), "accepted_revoked", 0, model.Fail, "outside the limit"},
		{"early, rechecked", early(3), "accepted_revoked", 1, model.Pass, "at the limit; early record: 3 rechecked"},
		{"early, not rechecked", early(0), "accepted_revoked", 1, model.Inconclusive, "there were no revoked tokens"},
		{"early, not rechecked, valid ones", early(0), "rejected_valid", 0, model.Inconclusive, "there were no valid tokens"},
		{"early, not rechecked, users", early(0), "wrong_user", 0, model.Inconclusive, "there were no answers that name a user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline", "extract-main")
			if c.spoil != nil {
				m.windowsOf(1, "peak", c.spoil)
			}
			m.scenario.Budgets = []scenarios.Budget{{Metric: c.metric, Operation: "login", Max: new(0.0), Least: c.least}}
			_, s := m.summarized(t)
			if b := s.Budgets[0]; b.Verdict != c.want || !strings.Contains(b.Reason, c.reason) {
				t.Errorf("got %v: %s, want %v: %s", b.Verdict, b.Reason, c.want, c.reason)
			}
		})
	}
}

// How much of what the system acknowledged was held against it is said, also that it was nothing.
func TestEvidenceIsTold(t *testing.T) {
	for want, c := range map[string]reading.Correctness{
		"answers: 1 of 90 wrong user, 2 of 80 valid tokens rejected, 0 of 12 revoked tokens accepted late; 12,973 of 18,360 tokens issued or revoked rechecked": {
			Counts:    record.Counts{{Name: "wrong_user", N: 1}, {Name: "rejected_valid", N: 2}, {Name: "named", N: 90}, {Name: "presented_valid", N: 80}, {Name: "presented_revoked", N: 12}},
			Rechecked: 15000, Acknowledged: 18360, FirstRechecks: 12973},
		"answers: 0 of 9 wrong user, 0 of 9 valid tokens rejected, 0 of 0 revoked tokens accepted late; no token was issued or revoked": {
			Counts: record.Counts{{Name: "named", N: 9}, {Name: "presented_valid", N: 9}}},
		"answers: 0 wrong user, 0 valid tokens rejected, 0 revoked tokens accepted late; 12 rechecked": {Rechecked: 12, Unsaid: 12},
	} {
		if got := model.AnswersTold(makeRun(1, steady, "baseline").declared(), c); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	m := makeRun(1, steady, "baseline", "extract-main")
	for i := range m.windows {
		m.windows[i].Counts.Set("presented_revoked", 0)
	}
	_, s := m.summarized(t)
	if s.Verdict != model.Pass || !strings.Contains(strings.Join(s.Warnings, "; "), "no revoked token was presented again") {
		t.Errorf("got %v with warnings %q, want a pass with a warning", s.Verdict, s.Warnings)
	}
	for _, c := range s.Checks {
		if revoked := strings.HasPrefix(c.Name, "revoked"); revoked != (c.Verdict == model.Inconclusive) {
			t.Errorf("%s: got %v: %s", c.Name, c.Verdict, c.Said)
		}
	}
}

// Hits that took a new connection are a note, and those sent twice a doubt, of their trial.
func TestConnectionsAreTold(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.windowsOf(0, "peak", func(w *record.Window) { w.Reconnected = 3 })
	m.windowsOf(1, "calm", func(w *record.Window) { w.Resent = 1 })
	_, s := m.summarized(t)
	var text bytes.Buffer
	if err := Print(&text, s, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"6 hits took a new connection, because the system had closed the one kept", "2 hits were sent more than once by the transport"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	if s.Validity[0].Generator.Reconnected != 6 || s.Validity[1].Generator.Resent != 2 {
		t.Errorf("got %+v and %+v", s.Validity[0].Generator, s.Validity[1].Generator)
	}
}
