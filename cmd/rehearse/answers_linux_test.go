package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/fixtures/auth"
	"github.com/rehearse-dev/rehearse/fixtures/carshare"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// defect is one of answers: what the run says of it, how many of it there were, and the states in which it shows.
type defect struct {
	name, told string
	count      func(reading.Correctness) uint64
	states     []string
}

// planting is a run with defects of which each shows by itself, and the arguments that leave out states in which none does.
type planting struct {
	name    string
	defects []defect
	only    []string
}

func plantings() []planting {
	const tooLate = " revoked tokens were accepted too late"
	late := func(c reading.Correctness) uint64 { return c.Of("accepted_revoked") }
	return []planting{
		{"in every state", []defect{
			{auth.IgnoreRevocations, tooLate, late, carshare.States()},
			{auth.LoseTokens, " acknowledged tokens were rejected", func(c reading.Correctness) uint64 { return c.Of("rejected_valid") }, carshare.States()},
			{auth.MisnameUsers, " answers named the wrong user", func(c reading.Correctness) uint64 { return c.Of("wrong_user") }, carshare.States()},
		}, nil},
		{"in the cache", []defect{{auth.CacheRemembers, tooLate, late, []string{carshare.Cache, carshare.Archive}}}, []string{"--only", carshare.Archive}},
	}
}

// sabotage is how the defects are asked for.
func (p planting) sabotage() string {
	var names []string
	for _, d := range p.defects {
		names = append(names, d.name)
	}
	return strings.Join(names, ",")
}

// wantFound: each defect is a reason of the verdict, beside the others.
func (p planting) wantFound(t *testing.T, got result, reasons []string) {
	t.Helper()
	if got.code != exitBreached {
		t.Errorf("got exit %d, want %d:\n%s%s", got.code, exitBreached, got.stdout, got.stderr)
	}
	for _, d := range p.defects {
		if !strings.Contains(got.stdout, d.told) || !strings.Contains(strings.Join(reasons, "\n"), d.told) {
			t.Errorf("%s: want %q among the reasons %q and in:\n%s%s", d.name, d.told, reasons, got.stdout, got.stderr)
		}
	}
}

// half of the gate's traffic is enough to find a defect once, and leaves room for the tests beside. In each state by itself it
// takes all of it: of the tokens of a state one in a few is lost, by chance.
const half = "--scale=0.5"

// answering runs the shipped gate, with defects planted if any are named.
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
	for _, p := range plantings() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s, got := answering(t, p.sabotage(), append(p.only, "--no-repeat")...)
			summary := s.summary(t)
			p.wantFound(t, got, summary.Reasons)
			found := map[string]int{}
			for _, state := range summary.States {
				for _, d := range p.defects {
					switch n := d.count(state.Correctness); {
					case !slices.Contains(d.states, state.Name):
					case n == 0:
						t.Errorf("%s is not found in %s: %+v", d.name, state.Name, state.Correctness)
					default:
						found[d.name]++
					}
				}
			}
			for _, d := range p.defects {
				if found[d.name] != len(d.states) {
					t.Errorf("%s: found in %d states, want %q", d.name, found[d.name], d.states)
				}
			}
			s.wantNothingLeft(t)
		})
	}
}

// And so it does where the phases are applied while the traffic flows.
func TestWrongAnswersAreFoundInACutover(t *testing.T) {
	t.Parallel()
	for _, p := range plantings() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s, got := answering(t, p.sabotage(), "--cutover", half)
			p.wantFound(t, got, s.cutover(t).Reasons)
			s.wantNothingLeft(t)
		})
	}
}

// The system as it is passes the shipped gate. It keeps its word, and is held to it: by each operation that can, in the last state, revoked and valid
// tokens are presented, and nearly all that it acknowledged is.
func TestRightAnswersAreEvidence(t *testing.T) {
	t.Parallel()
	args := []string{"--no-repeat", half}
	for _, operation := range []string{carshare.Verify, carshare.Profile, carshare.Refresh, carshare.Logout} {
		args = append(args, "--budget", "gate: accepted_revoked("+operation+") <= 0", "--budget", "gate: rejected_valid("+operation+") <= 0")
	}
	s, got := answering(t, "", args...)
	s.wantSabotageTold(t, "")
	if got.code != exitPass {
		t.Errorf("got exit %d:\n%s%s", got.code, got.stdout, got.stderr)
	}
	text, err := os.ReadFile(filepath.Join(s.latest(), "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	var summary model.Summary
	if err := json.Unmarshal(text, &summary); err != nil {
		t.Fatal(err)
	}
	// A third of what is revoked in six seconds is not due before they are over.
	if c := summary.Correctness; c.FirstRechecks*2 < c.Acknowledged || c.FirstRechecks > c.Acknowledged {
		t.Errorf("%d of %d tokens were rechecked, want over half", c.FirstRechecks, c.Acknowledged)
	}
	s.wantNothingLeft(t)
}
