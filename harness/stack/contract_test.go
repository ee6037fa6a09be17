package stack_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/servers"
	"github.com/rehearse-dev/rehearse/harness/stack/stacktest"
)

// constructor is what every back end offers.
type constructor func(context.Context, stack.Config) (stack.Stack, error)

// oddValue would break a configuration file that quotes carelessly.
const oddValue = `it's a "test" \ 'of' = # quoting`

// murderer ends the process of a node behind the stack's back.
type murderer func(t *testing.T, s stack.Stack, node string)

// contract is what every back end keeps. The parts share one stack and run in this order.
func contract(t *testing.T, open constructor, cfg stack.Config, murder murderer) {
	var d stacktest.Deaths
	cfg.Database, cfg.Roles, cfg.OnExit = "carshare", []string{"app", "other-app"}, d.Add
	cfg.Settings = map[string]string{"work_mem": "5MB", "rehearse.odd": oddValue}
	cfg.Prepare = func(ctx context.Context, url string) error {
		return stacktest.Execute(ctx, url, `CREATE TABLE token (n int PRIMARY KEY); INSERT INTO token VALUES (1); GRANT SELECT, INSERT ON token TO app`)
	}
	s, err := open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	t.Run("endpoints", func(t *testing.T) { endpointsAreComplete(t, s) })
	t.Run("replication", func(t *testing.T) { replicaFollows(t, s) })
	t.Run("passwords", func(t *testing.T) { strangersAreRefused(t, s) })
	t.Run("roles", func(t *testing.T) { rolesAreEnforced(t, s) })
	t.Run("harness", func(t *testing.T) { harnessSeesStatements(t, s) })
	t.Run("pause", func(t *testing.T) { pausedNodesAreSilent(t, s) })
	t.Run("kill", func(t *testing.T) { killedNodesComeBack(t, s) })
	t.Run("spawn", func(t *testing.T) { servicesRun(t, s) })
	t.Run("mistakes", func(t *testing.T) { mistakesAreTold(t, s) })
	if d.String() != "" {
		t.Errorf("OnExit told of %q, but all these deaths were asked for", &d)
	}
	t.Run("death", func(t *testing.T) { deathIsTold(t, s, &d, murder) })
	t.Run("close", func(t *testing.T) { closeLeavesNothing(t, s) })
}

func endpointsAreComplete(t *testing.T, s stack.Stack) {
	e := s.Endpoints()
	var names []string
	for _, n := range e.Nodes {
		names = append(names, n.Name)
		if n.PID <= 0 {
			t.Errorf("node %s has pid %d", n.Name, n.PID)
		}
	}
	if got := strings.Join(names, " "); got != "primary replica redis" {
		t.Errorf("nodes are %q", got)
	}
	for _, name := range names {
		if e.Versions[name] == "" {
			t.Errorf("no version for %s", name)
		}
	}
	want := map[string]string{"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "work_mem": "5MB", "rehearse.odd": oddValue, "server_encoding": "UTF8", "redis.appendonly": "no"}
	for k, v := range want {
		if e.Settings[k] != v {
			t.Errorf("setting %s is %q, want %q", k, e.Settings[k], v)
		}
	}
}

func replicaFollows(t *testing.T, s stack.Stack) {
	must(t, stacktest.ReplicaFollows(t.Context(), s.Endpoints()))
}

func strangersAreRefused(t *testing.T, s stack.Stack) {
	e := s.Endpoints()
	for _, addr := range []string{e.PrimaryAddr, e.ReplicaAddr} {
		for _, role := range []string{stack.Owner, stack.Harness, "app", "other-app"} {
			for _, password := range []string{"", ":", ":wrong", ":" + e.RedisPassword} {
				url := fmt.Sprintf("postgres://%s%s@%s/carshare?sslmode=disable", role, password, addr)
				if err := stacktest.Execute(t.Context(), url, "SELECT 1"); !stacktest.HasCode(err, "28P01") && !strings.Contains(fmt.Sprint(err), "password") {
					t.Errorf("%s: %v", url, err)
				}
			}
		}
	}
	if err := stacktest.Execute(t.Context(), e.PrimaryURL(stack.Replicator), "SELECT 1"); !stacktest.HasCode(err, "28000") {
		t.Errorf("the replicator may log in to the database: %v", err)
	}
	for _, password := range []string{"", "wrong"} {
		c := redis.NewClient(&redis.Options{Addr: e.RedisAddr, Password: password, MaxRetries: -1})
		if err := c.Ping(t.Context()).Err(); err == nil {
			t.Errorf("Redis serves password %q", password)
		}
		c.Close()
	}
	if err := stacktest.Ping(t.Context(), e); err != nil {
		t.Errorf("Redis refuses its own password: %v", err)
	}
}

func rolesAreEnforced(t *testing.T, s stack.Stack) {
	e := s.Endpoints()
	forbidden := map[string]string{
		"CREATE TABLE mine (n int)":          "app",
		"DROP TABLE token":                   "app",
		"SELECT pg_reload_conf()":            "app",
		"SELECT n FROM token":                "other-app",
		"INSERT INTO token VALUES (9)":       stack.Harness,
		"CREATE ROLE x":                      stack.Harness,
		"SELECT pg_stat_statements_reset()":  "app",
		"CREATE TABLE public.thing (n int) ": stack.Harness,
	}
	for sql, role := range forbidden {
		if err := stacktest.Execute(t.Context(), e.PrimaryURL(role), sql); !stacktest.HasCode(err, "42501") {
			t.Errorf("%s may %s: %v", role, sql, err)
		}
	}
	must(t, stacktest.Execute(t.Context(), e.PrimaryURL(stack.Harness), "CREATE TABLE heartbeat (at timestamptz)"))
	super, err := stacktest.Ask[bool](t.Context(), e.PrimaryURL(stack.Owner), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
	if must(t, err); !super {
		t.Error("the owner is no superuser")
	}
}

func harnessSeesStatements(t *testing.T, s stack.Stack) {
	e := s.Endpoints()
	const marker = "SELECT n + 4711 FROM token"
	const question = `SELECT coalesce(sum(calls), 0)::int FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
		WHERE r.rolname = 'app' AND s.query LIKE 'SELECT n + $1 FROM token'`
	for _, url := range []func(string) string{e.PrimaryURL, e.ReplicaURL} {
		before, err := stacktest.Ask[int](t.Context(), url(stack.Harness), question)
		must(t, err)
		for range 3 {
			must(t, stacktest.Execute(t.Context(), url("app"), marker))
		}
		after, err := stacktest.Ask[int](t.Context(), url(stack.Harness), question)
		if must(t, err); after-before != 3 {
			t.Errorf("the harness counts %d of 3 statements of the application's", after-before)
		}
	}
}

func pausedNodesAreSilent(t *testing.T, s stack.Stack) {
	e := s.Endpoints()
	probes := map[string]func(context.Context) error{
		stack.Replica: func(ctx context.Context) error { return stacktest.Execute(ctx, e.ReplicaURL("app"), "SELECT 1") },
		stack.Redis:   func(ctx context.Context) error { return stacktest.Ping(ctx, e) },
	}
	for name, probe := range probes {
		must(t, s.Fault(t.Context(), name, stack.Pause))
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if err := probe(ctx); err == nil {
			t.Errorf("%s answers while paused", name)
		}
		cancel()
		must(t, s.Fault(t.Context(), name, stack.Resume))
		eventually(t, name+" answers again", func() error { return probe(t.Context()) })
	}
}

func killedNodesComeBack(t *testing.T, s stack.Stack) {
	e := s.Endpoints()
	must(t, stacktest.Execute(t.Context(), e.PrimaryURL("app"), "INSERT INTO token VALUES (5)"))
	for _, name := range []string{stack.Redis, stack.Replica, stack.Primary} {
		must(t, s.Fault(t.Context(), name, stack.Kill))
		if pidOf(s, name) != 0 {
			t.Errorf("%s is listed after it was killed", name)
		}
		if err := s.Fault(t.Context(), name, stack.Pause); err == nil {
			t.Errorf("a dead %s can be paused", name)
		}
		must(t, s.Fault(t.Context(), name, stack.Restart))
	}
	now := s.Endpoints()
	if now.PrimaryAddr != e.PrimaryAddr || now.ReplicaAddr != e.ReplicaAddr || now.RedisAddr != e.RedisAddr {
		t.Errorf("addresses changed: %v, %v", e, now)
	}
	must(t, stacktest.Ping(t.Context(), e))
	n, err := stacktest.Ask[int](t.Context(), e.PrimaryURL("app"), "SELECT count(*)::int FROM token WHERE n = 5")
	if must(t, err); n != 1 {
		t.Error("an acknowledged row is lost")
	}
	before := pidOf(s, stack.Replica)
	must(t, s.Fault(t.Context(), stack.Replica, stack.Restart)) // one that runs
	if pidOf(s, stack.Replica) == before {
		t.Error("the restart of a running replica changed nothing")
	}
	must(t, stacktest.Execute(t.Context(), e.ReplicaURL("app"), "SELECT n FROM token"))
}

func servicesRun(t *testing.T, s stack.Stack) {
	addrs, err := s.Spawn(t.Context(), service("svc"))
	must(t, err)
	for range 2 {
		for name, variable := range map[string]string{"http": "REHEARSE_PORT_HTTP", "admin-api": "REHEARSE_PORT_ADMIN_API"} {
			body, err := get(t.Context(), "http://"+addrs.Outside[name])
			if must(t, err); !strings.HasPrefix(body, variable+" arg-of-svc uid ") || strings.HasSuffix(body, "uid 0") {
				t.Errorf("port %s answers %q", name, body)
			}
		}
		must(t, s.Fault(t.Context(), "svc", stack.Restart))
	}
	if pidOf(s, "svc") == 0 {
		t.Error("the service is no node")
	}
	if _, err := s.Spawn(t.Context(), service("svc")); err == nil {
		t.Error("two services of one name")
	}
	broken := stack.Service{Name: "broken", Env: []string{"STACK_TEST_PART=broken"}, Ports: []string{"http"}}
	if _, err := s.Spawn(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "no such flag") {
		t.Errorf("a service that fails does not say why: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	mute := stack.Service{Name: "mute", Env: []string{"STACK_TEST_PART=mute"}, Ports: []string{"http"}}
	if _, err := s.Spawn(ctx, mute); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a service that never listens: %v", err)
	}
	if pidOf(s, "broken") != 0 || pidOf(s, "mute") != 0 {
		t.Error("a service that failed is still a node")
	}
}

func mistakesAreTold(t *testing.T, s stack.Stack) {
	if err := s.Fault(t.Context(), "nobody", stack.Kill); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("fault to an unknown node: %v", err)
	}
	if err := s.Fault(t.Context(), stack.Redis, stack.Fault(99)); err == nil {
		t.Error("an unknown fault is done")
	}
	if _, err := s.Spawn(t.Context(), stack.Service{Name: "../up"}); err == nil {
		t.Error("a service may be named like a path")
	}
}

func deathIsTold(t *testing.T, s stack.Stack, d *stacktest.Deaths, murder murderer) {
	murder(t, s, stack.Redis)
	eventually(t, "OnExit tells of Redis", func() error {
		if d.String() != stack.Redis {
			return fmt.Errorf("it told %q", d)
		}
		return nil
	})
	must(t, s.Fault(t.Context(), stack.Redis, stack.Restart))
}

func closeLeavesNothing(t *testing.T, s stack.Stack) {
	must(t, s.Fault(t.Context(), "svc", stack.Pause)) // a paused node is no obstacle
	must(t, s.Fault(t.Context(), stack.Replica, stack.Kill))
	e := s.Endpoints()
	must(t, s.Close())
	must(t, s.Close())
	nothingLives(t, e)
	if n := s.Endpoints().Nodes; len(n) != 0 {
		t.Errorf("nodes after Close: %v", n)
	}
	if err := s.Fault(t.Context(), stack.Redis, stack.Restart); err == nil {
		t.Error("a closed stack restarts a node")
	}
	if _, err := s.Spawn(t.Context(), service("late")); err == nil {
		t.Error("a closed stack starts a service")
	}
}

// nothingLives checks processes and ports.
func nothingLives(t *testing.T, e stack.Endpoints) {
	t.Helper()
	eventually(t, "all processes and ports are gone", func() error {
		for _, n := range e.Nodes {
			if syscall.Kill(n.PID, 0) == nil {
				return fmt.Errorf("%s lives, pid %d", n.Name, n.PID)
			}
		}
		for _, addr := range []string{e.PrimaryAddr, e.ReplicaAddr, e.RedisAddr} {
			if !strings.HasPrefix(addr, backend.Loopback) {
				continue // it went with its network, and who answers for it now is the next router's business
			}
			if servers.Dial(context.Background(), addr) == nil {
				return fmt.Errorf("somebody listens on %s", addr)
			}
		}
		return nil
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	must(t, stacktest.Eventually(what, check))
}

func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func pidOf(s stack.Stack, name string) int {
	for _, n := range s.Endpoints().Nodes {
		if n.Name == name {
			return n.PID
		}
	}
	return 0
}
