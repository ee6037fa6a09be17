package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/fixtures/echo"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// echoSite is a site with the scenario of the smallest system in it.
func echoSite(t *testing.T) site {
	t.Helper()
	s := newSite(t)
	text, err := os.ReadFile(filepath.Join("..", "..", "fixtures", "echo", "echo.yaml"))
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dir, "echo.yaml"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The smallest system is rehearsed like any other: two states, its budgets judged by what its own services and role count, its
// check put to the test by each answer, and reported again from the record alone.
func TestEcho(t *testing.T) {
	t.Parallel()
	s := echoSite(t)
	first := finished(t, s.command(t, "run", "echo.yaml", "--quick", "--stack", "processes", "--no-repeat"))
	for _, want := range []string{"of 3,600 wrong words", "primary_statements(hear) of replica at talk max 0", "primary statements per say: baseline 1.00, replica 1.00"} {
		if !strings.Contains(first.stdout, want) {
			t.Errorf("want %q in it", want)
		}
	}
	if first.code != exitPass || t.Failed() {
		t.Fatalf("exit %d:\n%s%s", first.code, first.stdout, first.stderr)
	}
	summary := s.summary(t)
	if len(summary.States) != 2 || len(summary.Budgets) != 5 {
		t.Errorf("got %d states and %d budgets", len(summary.States), len(summary.Budgets))
	}
	run, err := record.Open(s.latest())
	if err != nil {
		t.Fatal(err)
	}
	wantInEchoStates(t, run)
	if again := finished(t, s.command(t, "report")); again.stdout != first.stdout || again.code != first.code {
		t.Errorf("reported again it ends with %d and says\n%s%s", again.code, again.stdout, again.stderr)
	}
	s.wantNothingLeft(t)
}

// wantInEchoStates: each trial was in its state at both of its edges, as the service itself says.
func wantInEchoStates(t *testing.T, run *record.Run) {
	t.Helper()
	states, read := map[string]bool{}, 0
	for _, sample := range run.Samples {
		if sample.Source != "system" {
			continue
		}
		read++
		state := run.Header.Trials[sample.Trial].State
		states[state] = true
		if sample.Values[record.Key("state", map[string]string{"state": state})] != 1 {
			t.Errorf("trial %d is of %s: %v", sample.Trial, state, sample.Values)
		}
	}
	if !states[scenarios.Baseline] || !states[echo.Replica] || read != 2*len(run.Header.Trials) {
		t.Errorf("read back %d times in %v", read, states)
	}
}

// And it is switched while people talk, there and back.
func TestEchoCutover(t *testing.T) {
	t.Parallel()
	s := echoSite(t)
	got := finished(t, s.command(t, "run", "echo.yaml", "--stack", "processes", "--cutover", "--and-back", "--hold", "3s"))
	c := s.cutover(t)
	if got.code != exitPass || len(c.Switches) != 2 || len(c.States) != 3 || !c.Complete {
		t.Fatalf("exit %d, %d switches, %d states, complete %v:\n%s%s", got.code, len(c.Switches), len(c.States), c.Complete, got.stdout, got.stderr)
	}
	there, away, back := c.States[0].PrimaryQPS, c.States[1].PrimaryQPS, c.States[2].PrimaryQPS
	if !(away < 0.3*there && back > 2*away) {
		t.Errorf("got %v, %v and %v statements a second on the primary", there, away, back)
	}
	s.wantNothingLeft(t)
}

// A service that answers with the words of another message breaks the check, in either state, and the run fails by it.
func TestEchoDefect(t *testing.T) {
	t.Parallel()
	s := echoSite(t)
	cmd := s.command(t, "run", "echo.yaml", "--quick", "--stack", "processes", "--no-repeat")
	cmd.Env = append(cmd.Env, sabotageVariable+"="+echo.MixedUp)
	got := finished(t, cmd)
	if got.code != exitBreached || !strings.Contains(got.stdout, " answers had other words than those stored") {
		t.Errorf("got exit %d, want %d:\n%s%s", got.code, exitBreached, got.stdout, got.stderr)
	}
	run, err := record.Open(s.latest())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]uint64{}
	for _, w := range run.Windows {
		broken := w.Counts.Of("wrong_words")
		found[run.Header.Trials[w.Trial].State] += broken
	}
	if found[scenarios.Baseline] == 0 || found[echo.Replica] == 0 {
		t.Errorf("found in %v", found)
	}
}
