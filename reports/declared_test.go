package reports

import (
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
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
