package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
	"github.com/rehearse-dev/rehearse/harness/stack/processes"
	"github.com/rehearse-dev/rehearse/harness/stack/stacktest"
)

// TestRehearseKilled kills a rehearse that holds a stack with a frozen replica, while another lives in the same home.
func TestRehearseKilled(t *testing.T) {
	t.Parallel()
	h := testHome(t)
	live, err := processes.Open(t.Context(), stack.Config{Home: h, Run: "alive", Database: "carshare"})
	must(t, err)
	defer live.Close()

	e := killRehearse(t, h)
	nothingLives(t, e)
	groups := groupsOfDead(t, h)
	left, err := clean(t.Context(), h)
	must(t, err)
	if len(existing(groups)) > 0 {
		t.Errorf("the control groups %q are left", existing(groups))
	}
	if len(left) != 1 || left[0].Kind != "directory" || !strings.HasPrefix(left[0].Run, "doomed-") {
		t.Errorf("cleaned %+v, want the directory of the run that died", left)
	}
	runs, err := os.ReadDir(filepath.Join(h, "runs"))
	if must(t, err); len(runs) != 1 || !strings.HasPrefix(runs[0].Name(), "alive-") {
		t.Errorf("runs left: %v, want the live one", runs)
	}
	must(t, stacktest.Execute(t.Context(), live.Endpoints().ReplicaURL(stack.Harness), "SELECT 1"))
	must(t, stacktest.Ping(t.Context(), live.Endpoints()))
	must(t, live.Close())
	noStrays(t, h)
}

// TestClean kills a rehearse whose primary was killed before, and plants a process the kernel did not end.
func TestClean(t *testing.T) {
	t.Parallel()
	h := testHome(t)
	nothingLives(t, killRehearse(t, h, "STACK_TEST_CRASH=1"))
	runs, err := os.ReadDir(filepath.Join(h, "runs"))
	if must(t, err); len(runs) != 1 {
		t.Fatalf("runs: %v", runs)
	}
	run := filepath.Join(h, "runs", runs[0].Name())
	segment := memoryOf(t, filepath.Join(run, "data", stack.Primary))
	if !segmentExists(t, segment) {
		t.Fatalf("the killed primary's segment %s is gone already: nothing to test", segment)
	}
	stray := plant(t, run, 0)
	reused := plant(t, run, 1)
	t.Cleanup(func() { reused.Wait() })

	left, err := clean(t.Context(), h)
	must(t, err)
	var kinds []string
	for _, l := range left {
		kinds = append(kinds, l.Kind)
	}
	if got := strings.Join(kinds, ", "); got != "process, shared memory, directory" {
		t.Errorf("cleaned %s: %+v", got, left)
	}
	if stray.Wait() == nil || reused.Process.Signal(syscall.Signal(0)) != nil {
		t.Error("Clean must end the stray and spare the process that only has a stray's old pid")
	}
	if segmentExists(t, segment) {
		t.Errorf("the shared memory segment %s is still there", segment)
	}
	isEmpty(t, filepath.Join(h, "runs"))
	noStrays(t, h)
	if left, err := clean(t.Context(), h); err != nil || len(left) != 0 {
		t.Errorf("a second time: %v, %v", left, err)
	}
}

// TestCloseAfterKill looks at the shared memory only a killed Postgres leaves.
func TestCloseAfterKill(t *testing.T) {
	t.Parallel()
	h := testHome(t)
	s, err := processes.Open(t.Context(), stack.Config{Home: h, Database: "carshare"})
	must(t, err)
	defer s.Close()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pidOf(s, stack.Primary)))
	must(t, err)
	files := regexp.MustCompile(`/dev/shm/PostgreSQL\.\d+`).FindAllString(string(maps), -1)
	if len(files) == 0 {
		t.Fatal("Postgres maps no shared memory file: nothing to test")
	}
	must(t, s.Fault(t.Context(), stack.Primary, stack.Kill))
	must(t, s.Close())
	for _, f := range files {
		if _, err := os.Stat(f); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", f, err)
		}
	}
}

// TestPostmasterKilled ends the postmaster alone, as the kernel does for want of memory: its backends go on with their
// queries, and nobody is their parent.
func TestPostmasterKilled(t *testing.T) {
	t.Parallel()
	h, told := testHome(t), make(chan string, 1)
	s, err := processes.Open(t.Context(), stack.Config{Home: h, Database: "carshare", OnExit: func(node string, _ error) { told <- node }})
	must(t, err)
	defer s.Close()
	busy := child.Descendants(pidOf(s, stack.Primary))
	go stacktest.Execute(context.WithoutCancel(t.Context()), s.Endpoints().PrimaryURL(stack.Owner), "SELECT count(*) FROM generate_series(1, 1000000000)")
	eventually(t, "the query runs", func() error {
		n, err := stacktest.Ask[int](t.Context(), s.Endpoints().PrimaryURL(stack.Harness), "SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%1000000000%' AND pid <> pg_backend_pid()")
		if err == nil && n != 1 {
			err = fmt.Errorf("%d of it", n)
		}
		return err
	})
	busy = append(busy, child.Descendants(pidOf(s, stack.Primary))...)
	segment := memoryOf(t, filepath.Join(runOf(t, h), "data", stack.Primary))
	must(t, syscall.Kill(pidOf(s, stack.Primary), syscall.SIGKILL))
	if node := <-told; node != stack.Primary {
		t.Errorf("told of the death of %s", node)
	}
	must(t, s.Close())
	for _, member := range busy {
		if member.Alive() {
			t.Errorf("process %d outlives the stack", member.PID)
		}
	}
	if segmentExists(t, segment) {
		t.Errorf("the shared memory segment %s is still there", segment)
	}
	noStrays(t, h)
}

// TestCancelledBoot cancels at several moments; whatever was going on, nothing is left.
func TestCancelledBoot(t *testing.T) {
	h := testHome(t)
	before := orphans()
	cfg := stack.Config{Home: h, Database: "carshare", Template: "x"}
	begin := time.Now()
	s, err := processes.Open(t.Context(), cfg)
	must(t, err)
	whole := time.Since(begin)
	must(t, s.Close())
	must(t, os.RemoveAll(filepath.Join(h, "templates")))
	for _, share := range []time.Duration{0, 20, 45, 70} {
		ctx, cancel := context.WithTimeout(t.Context(), whole*share/100)
		s, err := processes.Open(ctx, cfg)
		cancel()
		if err == nil { // it was faster this time
			must(t, s.Close())
		}
		isEmpty(t, filepath.Join(h, "runs"))
		noStrays(t, h)
		noOrphans(t, before)
	}
}

// TestFullDisk boots on file systems that are too small, from the start or later.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small file system")
	}
	for name, c := range map[string]struct {
		size, says string
		sql        string
	}{
		"from the start": {"64m", "a stack needs 256 MiB free", ""},
		"while preparing": {"300m", "the disk is full", `CREATE TABLE big (x text); ALTER TABLE big ALTER x SET STORAGE EXTERNAL;
			INSERT INTO big SELECT repeat(md5(n::text), 1000) FROM generate_series(1, 10000) n`},
	} {
		t.Run(name, func(t *testing.T) {
			h := filepath.Dir(testHome(t))
			if err := syscall.Mount("tmpfs", h, "tmpfs", 0, "mode=755,size="+c.size); err != nil {
				t.Skipf("cannot mount here: %v", err)
			}
			defer func() { must(t, syscall.Unmount(h, 0)) }()
			cfg := stack.Config{Home: filepath.Join(h, "h"), Database: "carshare", Template: "x", Prepare: executing(c.sql)}
			s, err := processes.Open(t.Context(), cfg)
			if err == nil {
				s.Close()
				t.Fatal("it boots")
			}
			if !errors.Is(err, stack.ErrNotReady) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "REHEARSE_HOME") {
				t.Errorf("%v", err)
			}
			isEmpty(t, filepath.Join(h, "h", "runs"))
			noStrays(t, h)
		})
	}
}

// killRehearse runs this binary as a rehearse, waits until its stack is up, and ends it in the hardest way.
func killRehearse(t *testing.T, home string, env ...string) (e stack.Endpoints) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(append(os.Environ(), "STACK_TEST_PART=rehearse", "STACK_TEST_HOME="+home), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	must(t, json.NewDecoder(out).Decode(&e))
	must(t, cmd.Process.Kill())
	cmd.Wait()
	return e
}

// plant starts a process and enters it into a dead run's ledger, as one that had started so many ticks earlier.
func plant(t *testing.T, run string, earlier uint64) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	must(t, cmd.Start())
	id := child.Identify("stray", cmd)
	// For a moment after it has started a process has no command line yet.
	eventually(t, "the stray is itself", func() error {
		if !id.Alive() {
			return errors.New("it is not yet")
		}
		return nil
	})
	id.Start -= earlier
	l, err := child.OpenList(filepath.Join(run, "processes.jsonl"))
	must(t, err)
	must(t, errors.Join(l.Add(id), l.Close()))
	return cmd
}

// noOrphans allows for other tests on this machine, which kill and tidy up in a moment.
func noOrphans(t *testing.T, before []string) {
	t.Helper()
	eventually(t, "no shared memory is left", func() error {
		if now := newOrphans(before); len(now) > 0 {
			return fmt.Errorf("segments %v", now)
		}
		return nil
	})
}

// executing is a preparation in SQL.
func executing(sql string) func(context.Context, string) error {
	return func(ctx context.Context, url string) error { return stacktest.Execute(ctx, url, sql) }
}

// memoryOf is the id of the System V segment that the postmaster of a data directory had made.
func memoryOf(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	must(t, err)
	return strings.Fields(strings.Split(string(b), "\n")[6])[1]
}

func segmentExists(t *testing.T, id string) bool {
	t.Helper()
	b, err := os.ReadFile("/proc/sysvipc/shm")
	must(t, err)
	return regexp.MustCompile(`(?m)^\s*-?\d+\s+` + id + `\s`).Match(b)
}

// runOf is the directory of the only run in a home.
func runOf(t *testing.T, dir string) string {
	t.Helper()
	runs, err := os.ReadDir(filepath.Join(dir, "runs"))
	if must(t, err); len(runs) != 1 {
		t.Fatalf("runs: %v, want one", runs)
	}
	return filepath.Join(dir, "runs", runs[0].Name())
}
