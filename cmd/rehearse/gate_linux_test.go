package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
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

// The shipped gate catches what it is there for, by counts: each planted regression fails it, however busy the machine is,
// and the system as it is passes. The runs go side by side, so none of them has the machine to itself.
func TestGateCatchesRegressions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, sabotage string
		args           []string
		code           int
		// breached are budgets that have to say so.
		breached []string
	}{
		{"as it is", "", nil, exitPass, nil},
		{"reads sent back to the primary", "reads-on-primary", []string{"--only", "archive"}, exitBreached, []string{
			"primary_statements(verify) of archive at gate max 0"}},
		{"cache switched off", "no-cache", []string{"--only", "cache"}, exitBreached, []string{
			"replica_statements of cache / extract-writes at gate max 70 %"}},
		{"one query more in the callers", "one-more-query", []string{"--only", "extract-reads"}, exitBreached, []string{
			"primary_statements(verify) of extract-reads at gate max 0", "primary_statements of extract-reads / baseline at gate max 12 %"}},
		{"one query more in the service", "look-twice", []string{"--only", "extract-reads"}, exitBreached, []string{
			"replica_statements(verify) of extract-reads at gate max 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, got := gate(t, tt.sabotage, tt.args...)
			if got.code != tt.code {
				t.Errorf("got exit %d, want %d:\n%s%s", got.code, tt.code, got.stdout, got.stderr)
			}
			for _, budget := range tt.breached {
				told := regexp.MustCompile("budget " + regexp.QuoteMeta(budget) + ": it is .*; outside the limit")
				if !told.MatchString(got.stdout) {
					t.Errorf("%s is not breached in\n%s", budget, got.stdout)
				}
			}
			if text, err := os.ReadFile(filepath.Join(s.latest(), "run.json")); err != nil || strings.Contains(string(text), `"sabotage"`) != (tt.sabotage != "") {
				t.Errorf("the record does not tell of the defect: %v, %s", err, text)
			}
			s.wantNothingLeft(t)
		})
	}
}

// A defect that nobody knows is not one that is not there.
func TestUnknownSabotage(t *testing.T) {
	t.Parallel()
	if _, got := gate(t, "no-cash"); got.code != exitUsage || !strings.Contains(got.stderr, "no-cache") {
		t.Errorf("got exit %d: %s", got.code, got.stderr)
	}
}
