package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
)

func (s site) cutover(t *testing.T) model.Cutover {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.latest(), reports.CutoverFile))
	if err != nil {
		t.Fatal(err)
	}
	var c model.Cutover
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Five switches forward and five back while traffic flows: no error, no wrong answer, the primary's line steps down and up
// again, and the run is reported again from the record alone.
func TestCutover(t *testing.T) {
	s := newSite(t)
	first := finished(t, s.command(t, "run", "peak.yaml", "--stack", "processes", "--cutover", "--and-back", "--hold", "2500ms"))
	t.Log(first.stdout, first.stderr)
	c := s.cutover(t)
	if len(c.Switches) != 10 || len(c.States) != 11 || !c.Complete || len(c.Jobs) != 1 {
		t.Fatalf("got %d switches, %d states, %d jobs, complete %v", len(c.Switches), len(c.States), len(c.Jobs), c.Complete)
	}
	for _, w := range c.Switches {
		if !w.Done || w.N == 0 || w.Errors != 0 || w.Correctness.Of("wrong_user")+w.Correctness.Of("rejected_valid")+w.Correctness.Of("accepted_revoked") != 0 {
			t.Errorf("got %+v", w)
		}
	}
	if total := c.Total; total.Errors != 0 || total.Correctness.Of("wrong_user")+total.Correctness.Of("rejected_valid")+total.Correctness.Of("accepted_revoked") != 0 || total.Correctness.Rechecked == 0 {
		t.Errorf("got %+v", total)
	}
	// Each phase takes at least a tenth of the statements from the primary but the last two, which are about reads.
	for i, before := range c.States[:3] {
		if after := c.States[i+1]; !(after.PrimaryQPS < 0.9*before.PrimaryQPS) {
			t.Errorf("%s: %v statements a second on the primary after %v", after.Stage, after.PrimaryQPS, before.PrimaryQPS)
		}
	}
	// A machine that stands still for a moment answers some hits before these seconds or after them.
	if there, back := c.States[0].PrimaryQPS, c.States[10].PrimaryQPS; !(back > 0.6*there && back < 1.6*there) {
		t.Errorf("back at the baseline: %v statements a second, %v before", back, there)
	}
	for _, reason := range c.Validity.Reasons {
		// Anything else is our mistake.
		if !busyElsewhere(reason) {
			t.Error(reason)
		}
	}
	if c.Verdict != model.Pass || first.code != exitPass || !strings.HasPrefix(first.stdout, "PASS  short-peak: baseline → archive at 150/s") {
		t.Errorf("%v, exit %d: %q", c.Verdict, first.code, c.Reasons)
	}
	for _, name := range []string{"report.md", "report.html", "charts/timeline.svg", "charts/timeline.png"} {
		if info, err := os.Stat(filepath.Join(s.latest(), name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	again := finished(t, s.command(t, "report"))
	if again.stdout != first.stdout || again.code != first.code {
		t.Errorf("reported again it ends with %d and says\n%s%s", again.code, again.stdout, again.stderr)
	}
	s.wantNothingLeft(t)
	s.wantNoOrdinaryRun(t)
}

// wantNoOrdinaryRun sees a cutover refused where rounds are wanted.
func (s site) wantNoOrdinaryRun(t *testing.T) {
	t.Helper()
	saved := finished(t, s.command(t, "baseline", "save", "out/latest"))
	if saved.code != exitUsage || !strings.Contains(saved.stderr, judge.ErrCutover.Error()) {
		t.Errorf("a baseline of it ends with %d: %s", saved.code, saved.stderr)
	}
}

// A cutover that is interrupted leaves what it has.
func TestCutoverInterrupted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cmd := s.command(t, "run", "peak.yaml", "--stack", "processes", "--cutover", "--hold", "20s")
	var out strings.Builder
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.awaitLoad(t)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	// The exit code says it all; Wait's error only repeats it.
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != exitInterrupted {
		t.Errorf("got exit %d, want %d:\n%s", got, exitInterrupted, out.String())
	}
	c := s.cutover(t)
	if c.Complete || c.Verdict != model.Inconclusive || len(c.States) != 6 || c.Switches[4].Done {
		t.Errorf("got %+v", c)
	}
	again := finished(t, s.command(t, "report"))
	if again.code != exitInconclusive {
		t.Errorf("reported again it ends with %d: %s", again.code, again.stderr)
	}
	if run, err := record.Open(s.latest()); err != nil || run.Header.Cutover == nil || run.Header.Cutover.AndBack {
		t.Errorf("the record says %+v, %v", run.Header.Cutover, err)
	}
	s.wantNothingLeft(t)
}
