package reports

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// A revoked token that is accepted too late fails the run in every form, whatever the budgets on it allow, and even in a trial
// of which nothing else is believed, or that nobody planned.
func TestLateAcceptanceIsSaidEverywhere(t *testing.T) {
	const told = "12 revoked tokens were accepted too late"
	spoil := func(w *record.Window) {
		if w.Op == "verify" {
			w.AcceptedRevoked = 12
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
			m.windows = append(m.windows, record.Window{Trial: 9, Stage: "peak", Op: "verify", Offered: 12, Sent: 12, Completed: 12, AcceptedRevoked: 12})
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline", "extract-main")
			m.scenario.Budgets = c.budgets
			c.spoil(m)
			run, s := m.summarized(t)
			if s.Verdict != Fail || !slices.Contains(s.Reasons, told) {
				t.Errorf("got %v: %q, want a fail: %s", s.Verdict, s.Reasons, told)
			}
			var xml, page bytes.Buffer
			if err := junit(&xml, run, s); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(xml.String(), `<failure type="fail" message="`+told) {
				t.Errorf("JUnit has no failure that says so:\n%s", xml.String())
			}
			if err := markdown(&page, run, s); err != nil || !strings.Contains(page.String(), told) {
				t.Errorf("%v, the report does not say so:\n%s", err, page.String())
			}
			compared, err := Compare([]Candidate{{Source: "a", Run: run, Scenario: &m.scenario}, {Source: "b", Run: run, Scenario: &m.scenario}}, CompareOptions{Anyway: true})
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
