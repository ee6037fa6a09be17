package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/presence"
	"github.com/rehearse-dev/rehearse/reports/model"
)

// crowded has a budget on counts and one on latency, both far from their limits.
const crowded = `version: 1
name: crowded
description: One phase, a moment of traffic.
rounds: 1
system: {name: carshare, data: {users: 500, dead_tokens: 5000, live_tokens: 20000}, password_iterations: 10}
traffic:
  timeout: 20s
  stages:
    - {name: warm-up, hold: 50/s, for: 200ms, measure: false}
    - {name: plateau, hold: 100/s, for: 2s}
phases: [extract-main]
budgets:
  - {metric: primary_statements, state: extract-main, of: baseline, max: 60%}
  - {metric: p95, state: extract-main, max: 30s}
`

// Beside a busy loop on every processor, at normal priority, the latencies of a run are void and its counts decide, and it
// says what it does not know and why.
func TestSharedMachine(t *testing.T) {
	for range runtime.NumCPU() {
		loop := exec.Command("sh", "-c", "while :; do :; done")
		if err := loop.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = loop.Process.Kill() // it runs until somebody ends it
			_ = loop.Wait()
		})
	}
	s := newSite(t)
	if err := os.WriteFile(filepath.Join(s.dir, "crowded.yaml"), []byte(crowded), 0o644); err != nil {
		t.Fatal(err)
	}
	got := finished(t, s.command(t, "run", "crowded.yaml", "--stack", "processes"))
	if got.code != exitInconclusive || !strings.Contains(got.stderr, "the machine is not quiet: ") {
		t.Errorf("got exit %d, want inconclusive for the latency:\n%s%s", got.code, got.stdout, got.stderr)
	}
	summary, repeated := s.summary(t), 0
	for i, want := range []model.Verdict{model.Pass, model.Inconclusive} {
		if b := summary.Budgets[i]; b.Verdict != want {
			t.Errorf("budget on %s: got %v, want %v", b.Metric, b.Verdict, want)
		}
	}
	for _, trial := range summary.Validity {
		if why := strings.Join(trial.Reasons, "; "); !slices.Equal(trial.Void, []string{"latencies"}) || !strings.Contains(why, "the machine was shared: other processes took") {
			t.Errorf("trial %d of %s: void %q, because %s", trial.Trial, trial.State, trial.Void, why)
		}
		if trial.Trial > 2 {
			repeated++
		}
	}
	if repeated == 0 {
		t.Error("no trial was run once more")
	}
	for _, state := range summary.States {
		if state.P95Seconds.Known() || !state.PrimaryQPS.Known() {
			t.Errorf("%s: got p95 %v and primary QPS %v, want the second alone", state.Name, state.P95Seconds, state.PrimaryQPS)
		}
	}
	if !told(summary, "the machine was not quiet before the run began: ") {
		t.Errorf("got warnings %q", summary.Warnings)
	}
	for _, name := range []string{"report.md", "report.html", "summary.json"} {
		if text, err := os.ReadFile(filepath.Join(s.latest(), name)); err != nil || !strings.Contains(string(text), "other processes took") {
			t.Errorf("%s does not say what others took: %v", name, err)
		}
	}
	s.wantNothingLeft(t)
}

// busyElsewhere tells whether a reason against a trial is that the machine had other things to do, which is told, makes a
// generator late, or starves it: tests that run beside others have to bear it.
func busyElsewhere(reason string) bool {
	return strings.Contains(reason, "the machine was shared: ") || strings.Contains(reason, "the generator was ")
}

func told(summary model.Summary, part string) bool {
	return slices.ContainsFunc(summary.Warnings, func(warning string) bool { return strings.Contains(warning, part) })
}

// Two runs at once, with homes of their own, each tell of the other, while they last and in their reports.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short rehearses nothing")
	}
	var sites [2]site
	var results [2]result
	var wg sync.WaitGroup
	for i := range sites {
		wg.Go(func() { sites[i], results[i] = gate(t, "", "--only", "extract-main") })
	}
	wg.Wait()
	for i := range sites {
		mine, other := sites[i].summary(t), sites[1-i].summary(t)
		if results[i].code != exitPass || !strings.Contains(results[i].stderr, "another run is on this machine: "+other.ID+" of user ") {
			t.Errorf("got exit %d, and not a word of %s:\n%s", results[i].code, other.ID, results[i].stderr)
		}
		if n := len(mine.Validity); n != 3 {
			t.Errorf("%d trials were measured, want each of 3 once", n)
		}
		if !told(mine, "another run was on this machine: "+other.ID+" of user ") {
			t.Errorf("got warnings %q, want one of %s", mine.Warnings, other.ID)
		}
		for _, name := range []string{"report.md", "report.html"} {
			if text, err := os.ReadFile(filepath.Join(sites[i].latest(), name)); err != nil || !strings.Contains(string(text), other.ID) {
				t.Errorf("%s does not tell of %s: %v", name, other.ID, err)
			}
		}
	}
}

// A run that wants to be alone is told who is there, starts nothing, and says what else can be done.
func TestIfBusy(t *testing.T) {
	t.Parallel()
	first, err := presence.Announce(presence.Config{Self: presence.Run{ID: "the-first", Dir: "/out/the-first"}})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	who := fmt.Sprintf("the-first of user .*, pid %d", os.Getpid())
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--if-busy", "refuse"}, "another run is on this machine: .*" + who + ".*--if-busy wait waits for its end"},
		{[]string{"--if-busy", "wait", "--max-wait", "10ms"}, "(?s)waiting for the end of .*" + who + ".*; 10ms at most.*another run is on this machine: .*" + who + ".*raise --max-wait"},
	} {
		s, got := gate(t, "", tt.args...)
		if matched, err := regexp.MatchString(tt.want, got.stderr); got.code != exitEnvironment || !matched || err != nil {
			t.Errorf("%q: got exit %d, %v: %s", tt.args, got.code, err, got.stderr)
		}
		s.wantNothingLeft(t)
	}
}
