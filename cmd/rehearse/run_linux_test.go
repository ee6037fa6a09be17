package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// shortPeak is the smallest scenario that goes through every state.
const shortPeak = `version: 1
name: short-peak
description: Every state, a moment of traffic each.
rounds: 1
system: {name: carshare, data: {users: 500, dead_tokens: 5000, live_tokens: 8000}, password_iterations: 10}
nodes: {redis: {cpus: 1}}
traffic:
  timeout: 5s
  stages:
    - {name: warm-up, hold: 50/s, for: 200ms, measure: false}
    - {name: plateau, hold: 150/s, for: 3s}
phases: [extract-main, extract-reads, extract-writes, cache, archive]
budgets:
  - {metric: primary_qps, stage: plateau, state: archive, of: baseline, max: 20%}
  - {metric: wrong_user, max: 0}
  - {metric: rejected_valid, max: 0}
`

// site is a working directory with the scenario in it and a home for servers, apart from the user's own.
type site struct{ dir, home string }

// newSite is a site whose home has the seeded data in common with others, so that it is seeded once for all of them.
func newSite(t testing.TB) site {
	t.Helper()
	s := newBareSite(t)
	const mark = "rehearse keeps runs and templates here, and removes them when asked to clean\n"
	for _, err := range []error{
		os.WriteFile(filepath.Join(s.home, "made-by-rehearse"), []byte(mark), 0o600),
		os.Symlink(os.Getenv(sharedData), filepath.Join(s.home, "templates")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// newBareSite is a site whose home has nothing in it.
func newBareSite(t testing.TB) site {
	t.Helper()
	dir, err := os.MkdirTemp("", "rehearse-run-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := site{dir: dir, home: filepath.Join(dir, "home")}
	// The servers' account must be able to pass through.
	for _, err := range []error{os.Chmod(dir, 0o711), os.Mkdir(s.home, 0o711), os.WriteFile(filepath.Join(dir, "peak.yaml"), []byte(shortPeak), 0o644)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// command is rehearse in a process of its own, as from a shell in the site.
func (s site) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	if testing.Short() && args[0] == "run" {
		t.Skip("-short rehearses nothing")
	}
	path, err := exec.LookPath("rehearse")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	// In a workflow of GitHub the run of a test is nothing to show.
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), "REHEARSE_HOME="+s.home, "GITHUB_ACTIONS=")
	return cmd
}

// result is what a finished command left.
type result struct {
	code           int
	stdout, stderr string
}

func finished(t testing.TB, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func (s site) latest() string { return filepath.Join(s.dir, "out", "latest") }

func (s site) summary(t testing.TB) model.Summary {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.latest(), "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	var summary model.Summary
	if err := json.Unmarshal(text, &summary); err != nil {
		t.Fatal(err)
	}
	return summary
}

// processes lists the processes that work below the site's home.
func (s site) processes(t *testing.T) []string {
	t.Helper()
	var found []string
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		// Processes end while this looks at them; those have nothing to read.
		command, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		environ, _ := os.ReadFile(filepath.Join(dir, "environ"))
		// Redis overwrites both with its title.
		cwd, _ := os.Readlink(filepath.Join(dir, "cwd"))
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if pid != os.Getpid() && strings.Contains(string(command)+string(environ)+cwd, s.home) {
			found = append(found, fmt.Sprintf("%d %s", pid, strings.ReplaceAll(string(command), "\x00", " ")))
		}
	}
	return found
}

// wantNothingLeft waits a moment for the last processes to end and checks that none is left.
func (s site) wantNothingLeft(t *testing.T) {
	t.Helper()
	var left []string
	for range 100 {
		if left = s.processes(t); len(left) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
}

// A run through all states: every answer right, the counts as the code sends them, the reports there; and a second run
// that seeds nothing.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, backend := range []string{stack.BackendProcesses, stack.BackendContainers} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			runOn(t, backend)
		})
	}
}

func runOn(t *testing.T, backend string) {
	s := newBareSite(t)
	if backend == stack.BackendContainers {
		s.needsDocker(t)
	}
	first := finished(t, s.command(t, "run", "peak.yaml", "--stack", backend, "--no-repeat"))
	t.Log(first.stdout, first.stderr)
	if !regexp.MustCompile(`(?m)^00:00/\d\d:\d\d  [a-z]`).MatchString(first.stderr) {
		t.Error("nothing was told at once of the boot")
	}
	summary := s.summary(t)
	if len(summary.Phases) != 5 || len(summary.States) != 6 || !summary.Complete {
		t.Fatalf("got %d phases, %d states, complete %v", len(summary.Phases), len(summary.States), summary.Complete)
	}
	if c := summary.Correctness; c.Of("wrong_user")+c.Of("rejected_valid")+c.Of("accepted_revoked") != 0 || c.Rechecked == 0 {
		t.Errorf("correctness: got %+v", c)
	}
	// Pinned, where no control group can be written.
	if told := summary.Limits["redis"]; !strings.HasSuffix(told, "1 CPU") || !strings.Contains(first.stdout, "limits: redis "+told+"\n") {
		t.Errorf("of the limit is told %q", told)
	}
	for _, trial := range summary.Validity {
		for _, reason := range trial.Reasons {
			// Anything else is our mistake.
			if !busyElsewhere(reason) {
				t.Errorf("trial %d (%s): %s", trial.Trial, trial.State, reason)
			}
		}
	}
	for _, name := range []string{"report.md", "charts/phases.svg", "charts/phases.png", "charts/timeline.svg", "charts/timeline.png"} {
		if info, err := os.Stat(filepath.Join(s.latest(), name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	checkStatements(t, s)
	checkPlanned(t, s)
	s.wantNothingLeft(t)

	second := finished(t, s.command(t, "run", "peak.yaml", "--stack", backend, "--only", "cache", "--no-repeat", "--set", "traffic.stages[plateau].for=500ms"))
	if !strings.Contains(second.stderr, "seeded data reused") {
		t.Errorf("the second run seeds again:\n%s", second.stderr)
	}
	cleaned := finished(t, s.command(t, "clean", "--data"))
	if cleaned.code != exitPass || !strings.Contains(cleaned.stdout, "removed kept data: ") {
		t.Errorf("clean ends with %d and says %s%s", cleaned.code, cleaned.stdout, cleaned.stderr)
	}
	again := finished(t, s.command(t, "clean", "--data"))
	if again.code != exitPass || again.stdout != "nothing to clean\n" {
		t.Errorf("a second time clean ends with %d and says %s%s", again.code, again.stdout, again.stderr)
	}
}

// oneState has no phase, so nothing about it is ever unclear but its budget, which no machine can make so.
const oneState = `version: 1
name: one-state
system: {name: carshare, data: {users: 200, dead_tokens: 1000, live_tokens: 4000}, password_iterations: 10}
traffic:
  timeout: 5s
  stages:
    - {name: plateau, hold: 100/s, for: 1s}
phases: []
budgets:
  - {metric: primary_statements_per_verify, max: 4}
`

// Where nothing is open, the first look ends the run.
func TestClearAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if err := os.WriteFile(filepath.Join(s.dir, "one-state.yaml"), []byte(oneState), 0o644); err != nil {
		t.Fatal(err)
	}
	got := finished(t, s.command(t, "run", "one-state.yaml", "--stack", "processes", "--until-clear", "--no-repeat"))
	if want := fmt.Sprintf("after %d rounds: all is clear\n", stat.FirstLook); got.code != exitPass || !strings.Contains(got.stderr, want) {
		t.Errorf("exit %d, without %q:\n%s%s", got.code, want, got.stdout, got.stderr)
	}
}

// Rounds are added until all is clear or time is over. Which of the two comes first is the machine's doing, for no precision
// may be so coarse that any interval will do.
func TestUntilClear(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := finished(t, s.command(t, "run", "peak.yaml", "--stack", "processes", "--only", "extract-main", "--until-clear",
		"--precision", "1", "--max-time", "20s", "--no-repeat", "--set", "traffic.stages[plateau].for=1s"))
	summary := s.summary(t)
	clear, late := fmt.Sprintf("after %d rounds: all is clear\n", summary.Rounds), fmt.Sprintf("after %d rounds: not clear yet, and one more round", summary.Rounds)
	if !strings.Contains(got.stderr, clear) && !strings.Contains(got.stderr, late) {
		t.Errorf("exit %d, with neither %q nor %q:\n%s%s", got.code, clear, late, got.stdout, got.stderr)
	}
	if summary.Rounds < 3 || !summary.UntilClear || len(summary.Validity) < 2*summary.Rounds {
		t.Errorf("%d rounds and %d trials are recorded, until clear %v", summary.Rounds, len(summary.Validity), summary.UntilClear)
	}
}

// needsDocker skips the test where no Docker answers. Where one does, the test sees that nothing of the site's stays there.
func (s site) needsDocker(t *testing.T) {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{})
	if err != nil {
		t.Skipf("containers are not tested here: %v", err)
	}
	t.Cleanup(func() {
		defer e.Close()
		objects, err := e.Labelled(context.Background(), "dev.rehearse.run")
		if err != nil {
			t.Error(err)
		}
		for _, o := range objects {
			if strings.HasPrefix(o.Labels["dev.rehearse.lock"], s.home) {
				t.Errorf("the %s %s is left on the engine", o.Kind, o.Name)
			}
		}
	})
}

// What ends a run early, at a moment when it is under load, leaves a record that can be read and reported, the right
// exit code, and no process.
func TestCutShort(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		// victim is the node to kill; empty is rehearse itself.
		victim string
		signal syscall.Signal
		code   int
		says   string
	}{
		{"replica dies", "replica", syscall.SIGKILL, exitInconclusive, "replica died during the run"},
		{"redis dies", "redis", syscall.SIGKILL, exitInconclusive, "redis died during the run"},
		{"interrupted", "", syscall.SIGINT, exitInterrupted, "interrupted"},
		{"the terminal is closed", "", syscall.SIGHUP, exitHungUp, "interrupted by SIGHUP"},
		{"killed", "", syscall.SIGKILL, -1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			cmd := s.command(t, "run", "peak.yaml", "--stack", "processes")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			s.awaitLoad(t)
			pid := cmd.Process.Pid
			if tt.victim != "" {
				pid = s.nodePID(t, tt.victim)
			}
			if err := syscall.Kill(pid, tt.signal); err != nil {
				t.Fatal(err)
			}
			// The exit code says it all; Wait's error only repeats it.
			_ = cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != tt.code || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("got exit %d, want %d and %q in:\n%s", got, tt.code, tt.says, stderr.String())
			}
			s.wantNothingLeft(t)
			s.wantPartialReport(t)
			if cleaned := finished(t, s.command(t, "clean")); cleaned.code != 0 {
				t.Errorf("clean: %+v", cleaned)
			}
			if left, err := os.ReadDir(filepath.Join(s.home, "runs")); err != nil || len(left) != 0 {
				t.Errorf("after clean: %v, %v", left, err)
			}
		})
	}
}

// awaitLoad waits until windows are being recorded.
func (s site) awaitLoad(t *testing.T) {
	t.Helper()
	for range 1800 {
		if info, err := os.Stat(filepath.Join(s.latest(), record.WindowsFile)); err == nil && info.Size() > 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("no load within three minutes")
}

// nodePID finds a server of the site by its log file or configuration in the command line.
func (s site) nodePID(t *testing.T, node string) int {
	t.Helper()
	for _, line := range s.processes(t) {
		number, command, _ := strings.Cut(line, " ")
		server := strings.Contains(command, "postgres ") && strings.Contains(command, "/"+node)
		if server || node == "redis" && strings.Contains(command, "redis-server") {
			pid, err := strconv.Atoi(number)
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatalf("no process of %s among:\n%s", node, strings.Join(s.processes(t), "\n"))
	return 0
}

func (s site) wantPartialReport(t *testing.T) {
	t.Helper()
	again := finished(t, s.command(t, "report"))
	if again.code != exitInconclusive {
		t.Errorf("report: got exit %d, want %d:\n%s%s", again.code, exitInconclusive, again.stdout, again.stderr)
	}
	if summary := s.summary(t); summary.Complete || len(summary.States) != 6 {
		t.Errorf("got complete %v and %d states, want a partial run of 6", summary.Complete, len(summary.States))
	}
}

// An environment that is not ready ends the run with exit 3, a reason and a remedy, and leaves nothing but reports of that.
func TestNotReady(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() }) // not before the last of them has ended
	port := taken.Addr().(*net.TCPAddr).Port
	for _, tt := range []struct {
		name    string
		prepare func(*testing.T, site)
		args    []string
		says    string
	}{
		{"port in use", nil, []string{"--primary-port", strconv.Itoa(port)}, strconv.Itoa(port)},
		{"no Postgres", nil, []string{"--postgres-bin", "."}, "leave it out to have one found"},
		{"Postgres too old", oldPostgres, []string{"--postgres-bin", "old"}, "13"},
		{"home is a file", func(t *testing.T, s site) { replaceByFile(t, s.home) }, nil, "home"},
		{"out is a file", func(t *testing.T, s site) { replaceByFile(t, filepath.Join(s.dir, "out")) }, nil, "--out"},
		{"disk full", smallDisk, nil, "larger disk"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if tt.prepare != nil {
				tt.prepare(t, s)
			}
			for i, arg := range tt.args {
				if arg == "old" {
					tt.args[i] = filepath.Join(s.dir, "old")
				}
			}
			got := finished(t, s.command(t, append([]string{"run", "peak.yaml", "--stack", "processes"}, tt.args...)...))
			if got.code != exitEnvironment || !strings.Contains(got.stderr, tt.says) {
				t.Errorf("got exit %d, want %d and %q in:\n%s", got.code, exitEnvironment, tt.says, got.stderr)
			}
			// Build servers find why in the file they read, wherever there is a run directory.
			if text, err := os.ReadFile(filepath.Join(s.latest(), reports.JUnitFile)); tt.name != "out is a file" &&
				(err != nil || !strings.Contains(string(text), `<error type="inconclusive" message="the run did not reach its end: `)) {
				t.Errorf("%s: %v, %.2000s", reports.JUnitFile, err, text)
			}
			s.wantNothingLeft(t)
		})
	}
}

// oldPostgres installs a server that says it is from 2020.
func oldPostgres(t *testing.T, s site) {
	t.Helper()
	dir := filepath.Join(s.dir, "old")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postgres", "initdb", "pg_basebackup", "pg_ctl"} {
		script := "#!/bin/sh\necho \"" + name + " (PostgreSQL) 13.4\"\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func replaceByFile(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

// smallDisk puts the home on a file system of 32 MiB.
func smallDisk(t *testing.T, s site) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system takes root")
	}
	if err := unix.Mount("tmpfs", s.home, "tmpfs", 0, "size=32m,mode=0711"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(s.home, 0); err != nil {
			t.Error(err)
		}
	})
}
