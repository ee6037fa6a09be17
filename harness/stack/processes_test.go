package stack_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/processes"
	"github.com/rehearse-dev/rehearse/harness/stack/stacktest"
)

func TestProcessesContract(t *testing.T) {
	t.Parallel()
	h := homeBelow(t, "/var/tmp")
	murder := func(t *testing.T, s stack.Stack, node string) { must(t, syscall.Kill(pidOf(s, node), syscall.SIGKILL)) }
	contract(t, processes.Open, stack.Config{Home: h, Run: "2026-11-21T21:00:00Z stay/launch"}, murder)
	isEmpty(t, filepath.Join(h, "runs"))
	isEmpty(t, filepath.Join(h, "templates"))
}

// TestTemplate fails to build once, then builds for two runs at once, then reuses.
func TestTemplate(t *testing.T) {
	t.Parallel()
	var prepared atomic.Int32
	broken := errors.New("planted")
	cfg := stack.Config{Home: testHome(t), Database: "carshare", Roles: []string{"app"}, Template: "data v1/small"}
	cfg.Prepare = func(ctx context.Context, url string) error {
		if prepared.Add(1) == 1 {
			return broken
		}
		return stacktest.Execute(ctx, url, "CREATE TABLE token AS SELECT generate_series(1, 1000) AS n; GRANT SELECT ON token TO app")
	}
	if _, err := processes.Open(t.Context(), cfg); !errors.Is(err, broken) {
		t.Fatalf("a failed preparation is not told: %v", err)
	}
	isEmpty(t, filepath.Join(cfg.Home, "runs"))

	stacks := make([]stack.Stack, 2)
	var wg sync.WaitGroup
	for i := range stacks {
		wg.Go(func() {
			s, err := processes.Open(t.Context(), cfg)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { s.Close() })
			stacks[i] = s
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	if n := prepared.Load(); n != 2 {
		t.Errorf("prepared %d times, want a failure and one success", n)
	}
	a, b := stacks[0].Endpoints(), stacks[1].Endpoints()
	if a.Template.Reused == b.Template.Reused || (a.Template.BuildSeconds > 0) == (b.Template.BuildSeconds > 0) {
		t.Errorf("one builds, one reuses: %+v, %+v", a.Template, b.Template)
	}
	if a.Passwords["app"] == b.Passwords["app"] || a.RedisPassword == b.RedisPassword {
		t.Error("two runs share a password")
	}
	for _, e := range []stack.Endpoints{a, b} {
		for _, url := range []string{e.PrimaryURL("app"), e.ReplicaURL("app")} {
			n, err := stacktest.Ask[int](t.Context(), url, "SELECT count(*)::int FROM token")
			if must(t, err); n != 1000 {
				t.Errorf("%d rows of 1000", n)
			}
		}
	}
	for _, s := range stacks {
		must(t, s.Close())
	}
	entries, err := os.ReadDir(filepath.Join(cfg.Home, "templates"))
	if must(t, err); len(entries) != 2 {
		t.Errorf("a template and its lock are kept, not %v", entries)
	}
}

type notReadyCase struct {
	change func(*stack.Config)
	says   []string
}

// TestNotReady lists what the user can mend; each must say so, and how.
func TestNotReady(t *testing.T) {
	t.Parallel()
	old, empty := t.TempDir(), t.TempDir()
	must(t, stacktest.Reachable(old))
	for _, name := range []string{"postgres", "initdb"} {
		must(t, os.WriteFile(filepath.Join(old, name), []byte("#!/bin/sh\necho 'postgres (PostgreSQL) 13.9'\n"), 0o755))
	}
	busy, err := net.Listen("tcp4", backend.Loopback+":0")
	must(t, err)
	defer busy.Close()
	port := busy.Addr().(*net.TCPAddr).Port
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(t.TempDir(), link))
	open := t.TempDir()
	must(t, os.Chmod(open, 0o777))

	cases := map[string]notReadyCase{
		"no Postgres":         {func(c *stack.Config) { c.PostgresBin = empty }, []string{"no PostgreSQL server", empty, "--postgres-bin"}},
		"no Redis":            {func(c *stack.Config) { c.RedisBin = empty }, []string{"no Redis server", empty, "--redis-bin"}},
		"Postgres too old":    {func(c *stack.Config) { c.PostgresBin = old }, []string{"PostgreSQL 13", "too old", "14"}},
		"home not writable":   {func(c *stack.Config) { c.Home = "/proc/rehearse" }, []string{"/proc/rehearse", "REHEARSE_HOME"}},
		"home is a link":      {func(c *stack.Config) { c.Home = link }, []string{"symbolic link", link}},
		"home open to others": {func(c *stack.Config) { c.Home = open }, []string{"written by others", "chmod go-w " + open}},
		"home path too long":  {func(c *stack.Config) { c.Home = filepath.Join(c.Home, strings.Repeat("long", 20)) }, []string{"too long", "REHEARSE_HOME"}},
		"primary's port":      {func(c *stack.Config) { c.PrimaryPort = port }, []string{fmt.Sprintf("port %d", port), stack.Primary, "ss -ltnp"}},
		"replica's port":      {func(c *stack.Config) { c.ReplicaPort = port }, []string{fmt.Sprintf("port %d", port), stack.Replica, "ss -ltnp"}},
		"Redis' port":         {func(c *stack.Config) { c.RedisPort = port }, []string{fmt.Sprintf("port %d", port), stack.Redis, "ss -ltnp"}},
	}
	if os.Geteuid() == 0 {
		foreign, barred := t.TempDir(), filepath.Join(t.TempDir(), "barred")
		must(t, os.Chown(foreign, 1, -1))
		must(t, os.Mkdir(barred, 0o700))
		must(t, stacktest.Reachable(filepath.Dir(barred)))
		cases["home is somebody else's"] = notReadyCase{func(c *stack.Config) { c.Home = foreign }, []string{foreign, "belongs to user"}}
		cases["home is out of reach"] = notReadyCase{func(c *stack.Config) { c.Home = filepath.Join(barred, "h") }, []string{"cannot pass through " + barred, "chmod o+x"}}
	}
	home := testHome(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := stack.Config{Home: home, Database: "carshare"}
			c.change(&cfg)
			s, err := processes.Open(t.Context(), cfg)
			if err == nil {
				s.Close()
				t.Fatal("it boots")
			}
			if !errors.Is(err, stack.ErrNotReady) {
				t.Errorf("not stack.ErrNotReady: %v", err)
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
	isEmpty(t, filepath.Join(home, "runs"))
	noStrays(t, home)
}

// TestUsage lists what is the caller's mistake, not the machine's.
func TestUsage(t *testing.T) {
	for name, cfg := range map[string]stack.Config{
		"no database":    {},
		"their database": {Database: "postgres"},
		"empty role":     {Database: "carshare", Roles: []string{""}},
		"reserved role":  {Database: "carshare", Roles: []string{stack.Harness}},
		"twin roles":     {Database: "carshare", Roles: []string{"app", "app"}},
		"odd setting":    {Database: "carshare", Settings: map[string]string{"a b": "c"}},
		"no counters":    {Database: "carshare", Settings: map[string]string{"shared_preload_libraries": "auto_explain"}},
		"odd port":       {Database: "carshare", RedisPort: 70000},
		"two lines":      {Database: "carshare", Settings: map[string]string{"work_mem": "1MB\nfsync = off"}},
	} {
		if _, err := processes.Open(t.Context(), cfg); err == nil || errors.Is(err, stack.ErrNotReady) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// testHome is a directory with a short path, which sockets need, that the servers' account can reach. It is in memory
// where there is room: tests of what happens to files care little where they are, and making them costs less there.
func testHome(t testing.TB) string { return homeBelow(t, roomiest()) }

func roomiest() string {
	var fsys unix.Statfs_t
	if err := unix.Statfs("/dev/shm", &fsys); err == nil && int64(fsys.Bavail)*int64(fsys.Bsize) > 4<<30 {
		return "/dev/shm"
	}
	return "/var/tmp"
}

func homeBelow(t testing.TB, parent string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short boots no servers")
	}
	dir, err := stacktest.Home(parent)
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "h")
}

func isEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if !errors.Is(err, os.ErrNotExist) {
		must(t, err)
	}
	for _, e := range entries {
		t.Errorf("left behind: %s", filepath.Join(dir, e.Name()))
	}
}

// noStrays looks for processes that work in the home or were called with it.
func noStrays(t *testing.T, home string) {
	t.Helper()
	eventually(t, "no process is left in "+home, func() error {
		dirs, _ := filepath.Glob("/proc/[0-9]*")
		for _, d := range dirs {
			cwd, _ := os.Readlink(filepath.Join(d, "cwd"))
			args, _ := os.ReadFile(filepath.Join(d, "cmdline"))
			if strings.Contains(cwd, home) || strings.Contains(string(args), home) {
				return fmt.Errorf("%s: %s", d, args)
			}
		}
		return nil
	})
}
