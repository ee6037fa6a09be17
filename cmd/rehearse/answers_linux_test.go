package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/fixtures/auth"
	"github.com/rehearse-dev/rehearse/fixtures/carshare"
	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// defect is one of answers: what the run says of it, how many of it there were, and the states in which it shows.
type defect struct {
	name, told string
	count      func(reading.Correctness) uint64
	states     []string
}

func defects() []defect {
	late := func(c reading.Correctness) uint64 { return c.AcceptedRevoked }
	return []defect{
		{auth.CacheRemembers, " revoked tokens were accepted too late", late, []string{carshare.Cache, carshare.Archive}},
		{auth.IgnoreRevocations, " revoked tokens were accepted too late", late, carshare.States()},
		{auth.LoseTokens, " acknowledged tokens were rejected", func(c reading.Correctness) uint64 { return c.RejectedValid }, carshare.States()},
		{auth.MisnameUsers, " answers named the wrong user", func(c reading.Correctness) uint64 { return c.WrongUser }, carshare.States()},
	}
}

// half of the gate's traffic is enough to find a defect once, and leaves room for the tests beside. In each state by itself it
// takes all of it: of the tokens of a state one in a few is lost, by chance.
const half = "--scale=0.5"

// answering runs the shipped gate, with a defect planted if one is named.
func answering(t *testing.T, sabotage string, args ...string) (site, result) {
	t.Helper()
	s := newSite(t)
	cmd := s.command(t, append([]string{"run", "ci-gate", "--stack", "processes"}, args...)...)
	cmd.Env = append(cmd.Env, sabotageVariable+"="+sabotage)
	return s, finished(t, cmd)
}

// A system that answers wrongly fails the shipped gate, in every state in which it does so.
func TestWrongAnswersAreFound(t *testing.T) {
	t.Parallel()
	for _, d := range defects() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s, got := answering(t, d.name, "--no-repeat")
			if got.code != exitBreached || !strings.Contains(got.stdout, d.told) {
				t.Errorf("got exit %d, want %d and %q in:\n%s%s", got.code, exitBreached, d.told, got.stdout, got.stderr)
			}
			summary := s.summary(t)
			for _, name := range d.states {
				for _, state := range summary.States {
					if state.Name == name && d.count(state.Correctness) == 0 {
						t.Errorf("it is not found in %s: %+v", name, state.Correctness)
					}
				}
			}
			s.wantNothingLeft(t)
		})
	}
}

// And so it does where the phases are applied while the traffic flows.
func TestWrongAnswersAreFoundInACutover(t *testing.T) {
	t.Parallel()
	for _, d := range defects() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s, got := answering(t, d.name, "--cutover", half)
			if got.code != exitBreached || !strings.Contains(got.stdout, d.told) {
				t.Errorf("got exit %d, want %d and %q in:\n%s%s", got.code, exitBreached, d.told, got.stdout, got.stderr)
			}
			s.wantNothingLeft(t)
		})
	}
}

// The system as it is keeps its word, and is held to it: by each operation that can, in the last state, revoked and valid
// tokens are presented, and nearly all that it acknowledged is.
func TestRightAnswersAreEvidence(t *testing.T) {
	t.Parallel()
	args := []string{"--no-repeat", half}
	for _, operation := range []string{carshare.Verify, carshare.Profile, carshare.Refresh, carshare.Logout} {
		args = append(args, "--budget", "gate: accepted_revoked("+operation+") <= 0", "--budget", "gate: rejected_valid("+operation+") <= 0")
	}
	s, got := answering(t, "", args...)
	if got.code != exitPass {
		t.Errorf("got exit %d:\n%s%s", got.code, got.stdout, got.stderr)
	}
	text, err := os.ReadFile(filepath.Join(s.latest(), "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	var summary reports.Summary
	if err := json.Unmarshal(text, &summary); err != nil {
		t.Fatal(err)
	}
	// A third of what is revoked in six seconds is not due before they are over.
	if c := summary.Correctness; c.FirstRechecks*2 < c.Acknowledged || c.FirstRechecks > c.Acknowledged {
		t.Errorf("%d of %d tokens were rechecked, want over half", c.FirstRechecks, c.Acknowledged)
	}
	s.wantNothingLeft(t)
}
