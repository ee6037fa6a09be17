package load

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// reference is what scenarios may name, as far as the generator's tests have to know it.
func reference() scenarios.Vocabulary {
	return scenarios.Vocabulary{
		System: "carshare",
		Phases: []string{"extract-main", "extract-reads", "extract-writes", "cache", "archive"},
		Operations: []scenarios.Operation{
			{Name: "verify", Share: 0.80}, {Name: "profile", Share: 0.08}, {Name: "login", Share: 0.04},
			{Name: "refresh", Share: 0.05, Consumes: true}, {Name: "logout", Share: 0.03, Consumes: true},
		},
		Roles: scenarios.Roles{Login: "login", Refresh: "refresh", Logout: "logout"},
		Keys: []scenarios.Key{
			{Path: "data.users", Least: 1, Most: 1_000_000_000, Standard: "50000", Small: "2000", Says: "Accounts that can log in."},
			{Path: "data.dead_tokens", Most: 1_000_000_000, Standard: "2000000", Small: "20000", Says: "Tokens of past years."},
			{Path: "data.live_tokens", Least: 2, Most: 1_000_000_000, Standard: "200000", Small: "30000", Says: "Tokens that are valid."},
			{Path: "password_iterations", Least: 1, Most: 10_000_000, Standard: "1000", Says: "What a login costs."},
		},
		Checks: []scenarios.Check{
			{Name: "wrong_user", Chances: "named", Says: "Answers that named the wrong user."},
			{Name: "rejected_valid", Chances: "presented_valid", Says: "Acknowledged tokens that were rejected."},
			{Name: "accepted_revoked", Chances: "presented_revoked", Says: "Revoked tokens that were accepted later than the bound."},
		},
		Acknowledged: scenarios.Acknowledged{Says: "Hits that tested a token."},
		Aliases:      []scenarios.Alias{{Name: "primary_statements_per_verify", Metric: "primary_statements", Operation: "verify"}},
		Supply:       scenarios.Supply{Key: "data.live_tokens", Called: "live tokens", Kept: 0.5}, Records: "tokens",
	}
}

// Every shipped scenario at full length, on the fake clock: exactly the planned hits of each operation in each second.
func TestShipped(t *testing.T) {
	for _, name := range scenarios.Shipped() {
		t.Run(name, func(t *testing.T) {
			text, _ := scenarios.ReadShipped(name)
			s, err := scenarios.Parse(name, text, reference())
			if err != nil {
				t.Fatal(err)
			}
			plan := s.Plan()
			synctest.Test(t, func(t *testing.T) { runsAsPlanned(t, plan) })
		})
	}
}

func runsAsPlanned(t *testing.T, plan *scenarios.Plan) {
	var s sums
	begin := time.Now()
	totals, err := Run(t.Context(), Config{Plan: plan, Source: get{"http://system"}, Sleep: sleep, Emit: s.emit,
		Transport: transport(func(*http.Request) (*http.Response, error) { return answer(http.StatusOK), nil })})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > plan.Duration() || totals.Completed != plan.Total(0) {
		t.Errorf("%d hits in %v, want %d in %v", totals.Completed, took, plan.Total(0), plan.Duration())
	}
	balance(t, &s, totals)
	if diff := cmp.Diff(planned(plan, plan.Hits(0)), s.offered(t)); diff != "" {
		t.Errorf("offered (-plan +windows):\n%s", diff)
	}
	completed := map[string]uint64{}
	for _, w := range s.windows {
		completed[w.Op] += w.Completed
	}
	want := map[string]uint64{}
	for i, n := range plan.Count(0) {
		want[plan.Operations[i].Name] = n
	}
	if diff := cmp.Diff(want, completed); diff != "" {
		t.Errorf("completed of each operation (-plan +windows):\n%s", diff)
	}
}
