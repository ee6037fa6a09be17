package reports

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// declare puts into a header what the reference system says of itself, as every record does but early ones.
func declare(h *record.Header) {
	h.Checks = []record.Check{
		{
			Name: "wrong_user", Chances: "named", Says: "Answers that named the wrong user.", Promise: "answers name the right user",
			Broken: "answers named the wrong user", Short: "wrong user", Title: "wrong user", Tested: "answers that name a user",
		},
		{
			Name: "rejected_valid", Chances: "presented_valid", Says: "Acknowledged tokens that were rejected.", Promise: "acknowledged tokens are accepted",
			Broken: "acknowledged tokens were rejected", Short: "valid tokens rejected", Title: "valid rejected", Tested: "valid tokens",
		},
		{
			Name: "accepted_revoked", Chances: "presented_revoked", Says: "Revoked tokens that were accepted later than the bound.",
			Promise: "revoked tokens are rejected in time", Broken: "revoked tokens were accepted too late", Short: "revoked tokens accepted late",
			Title: "revoked accepted", Tested: "revoked tokens past their bound",
			Untested: "no revoked token was presented again, so whether one is accepted too late is not known; longer stages, or a mix with logouts, would tell",
		},
	}
	h.Aliases = []record.Alias{{Name: "primary_statements_per_verify", Metric: "primary_statements", Operation: "verify"}}
	h.Acknowledged = &record.Acknowledged{
		Says:   "Hits that tested a token issued or revoked earlier in the run.",
		Called: "tokens issued or revoked", None: "no token was issued or revoked",
	}
	h.Application = &record.Application{Roles: []string{"callers", "auth"}, Services: []string{"auth", "callers"}, Entrance: "callers"}
}

// open reads a record. One of an early build declares nothing, and is of the only system there was.
func open(t testing.TB, dir string) *record.Run {
	t.Helper()
	run, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if run.Header.Application == nil {
		declare(&run.Header)
	}
	return run
}

// declared is what the made-up run says of its system.
func (m *made) declared() reading.Declared { return reading.DeclaredIn(&m.header) }

// A run is judged by the checks that its system declares, whatever they are called: a breach fails it, or is only counted, as
// they say, and a budget knows them.
func TestChecksOfAnotherSystem(t *testing.T) {
	for _, c := range []struct {
		name    string
		counted bool
		budget  []scenarios.Budget
		want    model.Verdict
		said    string
	}{
		{"fails the run", false, nil, model.Fail, "7 answers misled"},
		{"is only counted", true, nil, model.Pass, ""},
		{"is counted for a budget", true, []scenarios.Budget{{Metric: "misled", Max: new(6.0)}}, model.Fail, "it is 7"},
		{"is counted for a budget that allows it", true, []scenarios.Budget{{Metric: "misled", Max: new(7.0)}}, model.Pass, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline", "extract-main")
			m.header.Checks, m.header.Acknowledged, m.header.Aliases = []record.Check{{
				Name: "misled", Chances: "asked", Promise: "answers lead", Broken: "answers misled", Short: "misled", Title: "misled", Tested: "questions", Counted: c.counted,
			}}, nil, nil
			for i := range m.windows {
				m.windows[i].Counts = record.Counts{{Name: "asked", N: m.windows[i].Completed}}
			}
			m.windows[len(m.windows)-1].Counts.Set("misled", 7)
			m.scenario.Budgets = c.budget
			_, s := m.summarized(t)
			if told := strings.Join(s.Reasons, "; "); s.Verdict != c.want || !strings.Contains(told, c.said) {
				t.Errorf("got %v: %s", s.Verdict, told)
			}
			if s.Correctness.Of("misled") != 7 || s.States[1].Correctness.Of("misled") != 7 || s.States[0].Correctness.Of("misled") != 0 {
				t.Errorf("got %+v in all and %+v in the last state", s.Correctness, s.States[1].Correctness)
			}
			if told := model.AnswersTold(s.Declared, s.Correctness); !strings.HasPrefix(told, "answers: 7 of ") || !strings.HasSuffix(told, " misled") {
				t.Error(told)
			}
		})
	}
}

// The counts of answers are members of the objects that they are of, and are read as such again, whatever else stands there.
func TestCountsAreMembersOfWhatWasJudged(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.header.Command = []string{`"wrong_user":5`, `{"answers":{"named":1}}`}
	_, s := m.summarized(t)
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		States []map[string]any
		Total  any
	}
	if err := json.Unmarshal(text, &said); err != nil || said.States[0]["named"] == nil || said.States[0]["answers"] != nil {
		t.Errorf("got %v, %v", said.States[0], err)
	}
	again := new(model.Summary)
	if err := json.Unmarshal(text, again); err != nil {
		t.Fatal(err)
	}
	once, err := json.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), string(once)); diff != "" {
		t.Error(diff)
	}
}
