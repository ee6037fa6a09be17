package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// recorded puts a copy of a recorded run where a test may write.
func recorded(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "reports", "testdata", "runs", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// unread is the writing end of a pipe of which nobody reads any more.
func unread(t *testing.T) *os.File {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	t.Cleanup(func() { writer.Close() })
	return writer
}

func full(t *testing.T) *os.File {
	t.Helper()
	file, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// Whoever takes what is printed, or does not, the verdict's exit code stands, and all files are written. Without a verdict
// it is an error that data did not arrive; talk is none, and who closes a pipe has read enough.
func TestOutputNobodyTakes(t *testing.T) {
	if testing.Short() {
		t.Skip("-short draws few reports")
	}
	t.Parallel()
	pipe, disk := unread(t), full(t)
	for _, tt := range []struct {
		name           string
		stdout, stderr *os.File
		args           []string
		code           int
		says           string
	}{
		{"a closed pipe and a breached budget", pipe, nil, []string{"report", "FAIL"}, exitBreached, "::error "},
		{"two closed pipes and a breached budget", pipe, pipe, []string{"report", "FAIL"}, exitBreached, ""},
		{"a full disk and a breached budget", disk, nil, []string{"report", "FAIL"}, exitBreached, "stdout: no space left on device"},
		{"a full disk for talk, too", disk, disk, []string{"report", "FAIL", "--json"}, exitBreached, ""},
		{"a full disk and a pass", disk, nil, []string{"report", "PASS"}, exitPass, "stdout: no space left on device"},
		{"a full disk and no-fail", disk, nil, []string{"report", "FAIL", "--no-fail"}, exitPass, "stdout: no space left on device"},
		{"a full disk", disk, nil, []string{"list"}, exitUnexpected, "stdout: no space left on device"},
		{"a full disk and a schema", disk, nil, []string{"schema"}, exitUnexpected, "stdout: no space left on device"},
		{"a full disk and a version", disk, nil, []string{"version"}, exitUnexpected, "stdout: no space left on device"},
		{"a full disk and help", disk, nil, []string{"--help"}, exitUnexpected, "stdout: no space left on device"},
		{"a full disk and a plan", disk, nil, []string{"plan", "ci-gate"}, exitUnexpected, "stdout: no space left on device"},
		{"a full disk and a valid scenario", disk, nil, []string{"validate", "ci-gate"}, exitUnexpected, "stdout: no space left on device"},
		{"a full disk and an invalid scenario", disk, nil, []string{"validate", "nothing.yaml", "--format", "json"}, exitUsage, "stdout: no space left on device"},
		{"a full disk and a comparison", disk, nil, []string{"compare", "FAIL", "PASS", "--anyway"}, exitUnexpected, "stdout: no space left on device"},
		{"a full disk for talk", nil, disk, []string{"list"}, exitPass, ""},
		{"a closed pipe", pipe, nil, []string{"list"}, exitPass, ""},
		{"a closed pipe and a plan", pipe, nil, []string{"plan", "ci-gate"}, exitPass, ""},
		{"a closed pipe and a valid scenario", pipe, nil, []string{"validate", "ci-gate"}, exitPass, ""},
		{"a closed pipe and an invalid scenario", pipe, nil, []string{"validate", "nothing.yaml", "--format", "gitlab"}, exitUsage, ""},
		{"a closed pipe and a comparison", pipe, nil, []string{"compare", "FAIL", "PASS", "--anyway"}, exitPass, ""},
		{"a closed pipe for talk", nil, pipe, []string{"validate", "nothing.yaml"}, exitUsage, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, args := recorded(t, "fail"), []string{}
			passed := recorded(t, "pass")
			for _, arg := range tt.args {
				args = append(args, strings.NewReplacer("FAIL", dir, "PASS", passed).Replace(arg))
			}
			cmd := newSite(t).command(t, args...)
			cmd.Env = append(cmd.Env, "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if tt.stdout != nil {
				cmd.Stdout = tt.stdout
			}
			if tt.stderr != nil {
				cmd.Stderr = tt.stderr
			}
			_ = cmd.Run() // the code says it
			if got := cmd.ProcessState; got.ExitCode() != tt.code || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("got %v, want exit %d and %q in:\n%s", got, tt.code, tt.says, stderr.String())
			}
			if tt.args[0] == "report" && tt.args[1] == "FAIL" {
				if _, err := os.Stat(filepath.Join(dir, "junit.xml")); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Reports that cannot be written are an error, and change no verdict.
func TestReportsNobodyCanWrite(t *testing.T) {
	if testing.Short() {
		t.Skip("-short draws few reports")
	}
	t.Parallel()
	for name, code := range map[string]int{"fail": exitBreached, "pass": exitUnexpected} {
		dir := recorded(t, name)
		// A directory in the place of a file is in the way of root, too.
		if err := os.MkdirAll(filepath.Join(dir, "junit.xml", "mine"), 0o755); err != nil {
			t.Fatal(err)
		}
		got := finished(t, newSite(t).command(t, "report", dir))
		if got.code != code || !strings.Contains(got.stderr, "junit.xml") || !strings.Contains(got.stdout, strings.ToUpper(name)) {
			t.Errorf("%s: got %+v, want exit %d", name, got, code)
		}
	}
}

// waiting is a verb that waits, as for an engine that never answers, and how it is known to wait.
func waiting(t *testing.T, words ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	s := newSite(t)
	socket := filepath.Join(s.dir, "docker.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	cmd := s.command(t, "doctor")
	cmd.Env = append(cmd.Env, "DOCKER_HOST=unix://"+socket)
	if len(words) > 0 {
		cmd.Path, cmd.Args = words[0], append(words, cmd.Args...)
		cmd.Args[len(words)] = filepath.Join(filepath.Dir(exec.Command("rehearse").Path), "rehearse")
	}
	stderr := &bytes.Buffer{}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if _, err := listener.Accept(); err != nil {
		t.Fatal(err)
	}
	return cmd, stderr
}

// A signal ends a verb that waits; one that was ignored when rehearse began, as by nohup, does not.
func TestSignals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, exitInterrupted}, {syscall.SIGTERM, exitTerminated}, {syscall.SIGHUP, exitHungUp}} {
		t.Run(tt.signal.String(), func(t *testing.T) {
			cmd, stderr := waiting(t)
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // the code says it
			if got := cmd.ProcessState; got.ExitCode() != tt.code || !strings.HasSuffix(stderr.String(), fmt.Sprintf("exit %d: interrupted\n", tt.code)) {
				t.Errorf("got %v, want exit %d:\n%s", got, tt.code, stderr.String())
			}
		})
	}
	t.Run("ignored", func(t *testing.T) {
		cmd, stderr := waiting(t, "/bin/sh", "-c", `trap "" HUP; exec "$@"`, "sh")
		for _, signal := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		_ = cmd.Wait() // the code says it
		if got := cmd.ProcessState.ExitCode(); got != exitTerminated {
			t.Errorf("got exit %d, want %d:\n%s", got, exitTerminated, stderr.String())
		}
	})
}

// Settings of Go's runtime, which has read them before any line of ours, do not act on the generator.
func TestRuntimeSettingsDoNotAct(t *testing.T) {
	for name, value := range map[string]string{"GOMAXPROCS": "1", "GOGC": "1", "GOMEMLIMIT": "1MiB", "GODEBUG": "asyncpreemptoff=1", "GOTRACEBACK": "crash", "GORACE": "x=1"} {
		// Each alone: any of them makes the program begin once more, and that takes the others away, too.
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			cmd, stderr := waiting(t)
			// What a process began with, not what it has made of it since.
			environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", cmd.Process.Pid))
			if err != nil || !strings.Contains(string(environment), "PATH=") {
				t.Fatalf("%v: %q", err, environment)
			}
			if strings.Contains("\x00"+string(environment), "\x00"+name+"=") {
				t.Errorf("%s=%s acts", name, value)
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // the code says it
			if got := cmd.ProcessState.ExitCode(); got != exitTerminated {
				t.Errorf("got exit %d, want %d:\n%s", got, exitTerminated, stderr.String())
			}
		})
	}
}

// A run whose reader goes away comes to its end: all trials, all files, the verdict's code, and nothing left.
func TestRunOutlivesItsReader(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cmd := s.command(t, "run", "peak.yaml", "--stack", "processes", "--only", "extract-main", "--no-repeat", "--budget", "baseline@plateau: primary_qps <= 1/s")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = unread(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(stderr).Scan() {
		t.Error("the run said nothing")
	}
	stderr.Close()
	_ = cmd.Wait() // the code says it
	if got := cmd.ProcessState; got.ExitCode() != exitBreached {
		t.Errorf("got %v, want exit %d", got, exitBreached)
	}
	if summary := s.summary(t); !summary.Complete {
		t.Error("the run did not come to its end")
	}
	for _, name := range []string{"report.md", "report.html", "junit.xml"} {
		if _, err := os.Stat(filepath.Join(s.latest(), name)); err != nil {
			t.Error(err)
		}
	}
	s.wantNothingLeft(t)
}

// A closed terminal hangs up twice, and takes nothing that is printed any more: the run stops in order and reports what it
// has.
func TestRunHungUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cmd := s.command(t, "run", "peak.yaml", "--stack", "processes")
	cmd.Stdout, cmd.Stderr = unread(t), unread(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.awaitLoad(t)
	for range 2 {
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	_ = cmd.Wait() // the code says it
	if got := cmd.ProcessState; got.ExitCode() != exitHungUp {
		t.Errorf("got %v, want exit %d", got, exitHungUp)
	}
	s.wantNothingLeft(t)
	s.wantPartialReport(t)
}
