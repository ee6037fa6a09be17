package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// abortive is shortPeak with a budget that the first state under it breaches at once and for good.
func abortive(t *testing.T, s site) string {
	t.Helper()
	text := shortPeak + "  - {metric: achieved_rate, state: extract-main, max: 10/s, for: 2s, abort: true}\n"
	if err := os.WriteFile(filepath.Join(s.dir, "abort.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return "abort.yaml"
}

// A budget that ends the run does so in the trial that breaches it; the verdict is a fail, and the record can be read.
func TestAbort(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := finished(t, s.command(t, "run", abortive(t, s), "--stack", "processes", "--no-repeat"))
	const budget, breach = "budget achieved_rate of extract-main at plateau max 10/s for 2s: ", "outside the limit for 2s"
	_, reason, told := strings.Cut(got.stdout, budget)
	if got.code != exitBreached || !strings.Contains(got.stderr, "ended early: "+budget) || !strings.Contains(got.stderr, breach) ||
		!told || !strings.Contains(reason, breach) {
		t.Errorf("got exit %d:\n%s%s", got.code, got.stdout, got.stderr)
	}
	summary := s.summary(t)
	if summary.Complete {
		t.Error("the run came to its end")
	}
	// Trials that were late are run again, so which one it ended in is not known beforehand, but in which state.
	for _, trial := range summary.Validity {
		begun := !slices.Contains(trial.Reasons, "the trial did not begin")
		if until := trial.State == "baseline" || trial.State == "extract-main"; begun != until {
			t.Errorf("trial %d of %s: begun %v, %q", trial.Trial, trial.State, begun, trial.Reasons)
		}
	}
	again := finished(t, s.command(t, "report"))
	if again.code != exitBreached || again.stdout != got.stdout {
		t.Errorf("judged again: exit %d, %s%s", again.code, again.stdout, again.stderr)
	}
	s.wantNothingLeft(t)
}

// gate runs ci-gate with a stage of a second, and with a defect planted in the services if one is named.
func gate(t *testing.T, sabotage string, args ...string) (site, result) {
	t.Helper()
	s := newSite(t)
	cmd := s.command(t, append([]string{"run", "ci-gate", "--stack", "processes", "--set", "traffic.stages[gate].for=1s", "--set", "traffic.stages[warm-up].for=100ms", "--no-repeat"}, args...)...)
	cmd.Env = append(cmd.Env, "REHEARSE_SABOTAGE="+sabotage)
	return s, finished(t, cmd)
}

// The shipped gate catches what it is there for, by counts: each planted regression fails it, however busy the machine is;
// that the system as it is passes is seen in [TestRightAnswersAreEvidence]. The runs go side by side, so none of them has the
// machine to itself. Regressions that no budget has in common are planted together.
func TestGateCatchesRegressions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, sabotage, only string
		// breached are budgets that have to say so.
		breached []string
	}{
		{"reads sent back to the primary", "reads-on-primary", "archive", []string{
			"primary_statements(verify) of archive at gate max 0"}},
		{"cache switched off, one query more in the callers and in the service", "no-cache,one-more-query,look-twice", "extract-reads,cache", []string{
			"replica_statements of cache / extract-writes at gate max 70 %",
			"primary_statements(verify) of extract-reads at gate max 0", "primary_statements of extract-reads / baseline at gate max 12 %",
			"replica_statements(verify) of extract-reads at gate max 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, got := gate(t, tt.sabotage, "--only", tt.only)
			if got.code != exitBreached {
				t.Errorf("got exit %d, want %d:\n%s%s", got.code, exitBreached, got.stdout, got.stderr)
			}
			for _, budget := range tt.breached {
				told := regexp.MustCompile("budget " + regexp.QuoteMeta(budget) + ": it is .*; outside the limit")
				if !told.MatchString(got.stdout) {
					t.Errorf("%s is not breached in\n%s", budget, got.stdout)
				}
			}
			s.wantSabotageTold(t, tt.sabotage)
			s.wantNothingLeft(t)
		})
	}
}

// wantSabotageTold: the record says what was planted, and says nothing where nothing was.
func (s site) wantSabotageTold(t *testing.T, sabotage string) {
	t.Helper()
	run, err := record.Open(s.latest())
	if err != nil {
		t.Fatal(err)
	}
	if told, is := run.Header.Settings["sabotage"]; told != sabotage || is != (sabotage != "") {
		t.Errorf("the record tells of the defect %q, %v; want %q", told, is, sabotage)
	}
}

// A defect that nobody knows is not one that is not there.
func TestUnknownSabotage(t *testing.T) {
	t.Parallel()
	if _, got := gate(t, "look-twice,no-cash"); got.code != exitUsage || !strings.Contains(got.stderr, `"no-cash" is unknown; use some of `) || !strings.Contains(got.stderr, "no-cache") {
		t.Errorf("got exit %d: %s", got.code, got.stderr)
	}
}
