package probe

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/rehearse-dev/rehearse/harness/stack"
	installed "github.com/rehearse-dev/rehearse/harness/stack/processes"
)

// schema keeps autovacuum from the table until a test wants it: how many series there are must not hang on when it comes by.
const schema = `
	CREATE TABLE item (id int PRIMARY KEY, n int NOT NULL) WITH (autovacuum_enabled = false);
	INSERT INTO item SELECT i, 0 FROM generate_series(1, 1000) i;
	CREATE FUNCTION twice() RETURNS int LANGUAGE plpgsql AS
		$$ DECLARE a int; BEGIN SELECT count(*) INTO a FROM item; PERFORM count(*) FROM item; RETURN a; END $$;
	GRANT SELECT, INSERT, UPDATE, DELETE ON item TO callers, auth;`

// servers is a running stack with one instrument for each server.
type servers struct {
	stack.Stack
	primary, replica, redis *Instrument
}

// roles whose statements count. The stack has one more, archiver, which the instruments are not told of.
func roles() []string { return []string{"callers", "auth"} }

// The parts share one stack; booting one takes longer than all of them.
func TestServers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("servers are started on Linux")
	}
	s := boot(t)
	t.Run("empty", func(t *testing.T) { seriesAreThereFromTheStart(t, s) })
	t.Run("exact", func(t *testing.T) { statementsAreCountedExactly(t, s) })
	t.Run("queries", func(t *testing.T) { queriesAreCountedOneByOne(t, s) })
	t.Run("kinds", func(t *testing.T) { kindsAreToldApart(t, s) })
	t.Run("others", func(t *testing.T) { othersNeverCount(t, s) })
	t.Run("replica", func(t *testing.T) { readsCountWhereTheyRan(t, s) })
	t.Run("privilege", func(t *testing.T) { strangersGetNoNumbers(t, s) })
	t.Run("frozen", func(t *testing.T) { frozenReplicaLags(t, s) })
	t.Run("redis", func(t *testing.T) { commandsAreCountedExactly(t, s) })
	t.Run("upkeep", func(t *testing.T) { upkeepIsSeen(t, s) })
	t.Run("forgotten", func(t *testing.T) { forgottenStatementsAreSeen(t, s) })
	t.Run("memory", func(t *testing.T) { sharedMemoryCountsOnce(t, s) })
	t.Run("restart", func(t *testing.T) { restartsAreSurvived(t, s) })
}

func boot(t *testing.T) *servers {
	t.Helper()
	if testing.Short() {
		t.Skip("-short boots no servers")
	}
	// Not t.TempDir: the servers run as another account and must be able to enter.
	home, err := os.MkdirTemp("", "probe")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	environment, err := installed.Open(t.Context(), stack.Config{
		Home: home, Database: "carshare", Roles: append(roles(), "archiver"),
		Prepare: func(ctx context.Context, url string) error { return execute(ctx, url, schema, "CREATE DATABASE other") },
		// What functions do inside is in the server's table too, so that leaving it out is the instrument's doing.
		Settings: map[string]string{"pg_stat_statements.track": "all", "pg_stat_statements.max": "100", "autovacuum_naptime": "1s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	e := environment.Endpoints()
	s := &servers{
		Stack:   environment,
		primary: Postgres("primary", e.PrimaryURL(stack.Harness), roles()),
		replica: Postgres("replica", e.ReplicaURL(stack.Harness), roles()),
		redis:   Redis("redis", e.RedisAddr, e.RedisPassword),
	}
	t.Cleanup(func() {
		for _, closer := range []interface{ Close() error }{s.primary, s.replica, s.redis, environment} {
			if err := closer.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

func execute(ctx context.Context, url string, statements ...string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// grown is how much the series called metric grew over do, those that did not left out.
func grown(t *testing.T, p Probe, metric string, do func()) map[string]float64 {
	t.Helper()
	before := reading1(t, p)
	do()
	growth := map[string]float64{}
	for key, after := range reading1(t, p) {
		if d := after - before[key]; strings.HasPrefix(key, metric+"{") && d != 0 {
			growth[strings.TrimPrefix(key, metric)] = d
		}
	}
	return growth
}

func wantGrowth(t *testing.T, got, want map[string]float64) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The queries one by one are those that are counted together, whichever role sends them, and each has its text.
func queriesAreCountedOneByOne(t *testing.T, s *servers) {
	e := s.Endpoints()
	queries := NewQueries("primary_by_query", e.PrimaryURL(stack.Harness), roles())
	defer func() { must(t, queries.Close()) }()
	calls := grown(t, queries, "calls_total", func() {
		for _, role := range roles() {
			must(t, execute(t.Context(), e.PrimaryURL(role), "BEGIN", "SELECT n FROM item WHERE id = 1", "SELECT n FROM item WHERE id = 2",
				"UPDATE item SET n = n WHERE id = 3", "COMMIT"))
		}
	})
	byText, texts := map[string]float64{}, queries.Texts()
	for key, n := range calls {
		byText[texts[strings.TrimSuffix(strings.TrimPrefix(key, "{query="), "}")]] = n
	}
	wantGrowth(t, byText, map[string]float64{"SELECT n FROM item WHERE id = $1": 4, "UPDATE item SET n = n WHERE id = $1": 2})
}

func seriesAreThereFromTheStart(t *testing.T, s *servers) {
	want := []string{
		"connections", "dealloc_total", "exec_seconds_total{role=auth}", "exec_seconds_total{role=callers}",
		"statements_total{kind=control,role=auth}", "statements_total{kind=control,role=callers}",
		"statements_total{kind=read,role=auth}", "statements_total{kind=read,role=callers}",
		"statements_total{kind=write,role=auth}", "statements_total{kind=write,role=callers}",
		"stats_reset_unix_seconds", "transactions_total", "wal_bytes",
	}
	replica := reading1(t, s.replica)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(replica))); diff != "" {
		t.Error(diff)
	}
	primary := reading1(t, s.primary)
	want = append(want, "autovacuum_workers", "checkpoints_total", "replica_lag_bytes", "replica_lag_seconds", "replicas_streaming")
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(primary))); diff != "" {
		t.Error(diff)
	}
	if primary["replicas_streaming"] != 1 || primary["connections"] != 0 || primary["wal_bytes"] < replica["wal_bytes"] {
		t.Errorf("got %v and %v, want one replica, no application connected, and no replica ahead of its primary", primary, replica)
	}
	if reset := primary["stats_reset_unix_seconds"]; reset > float64(time.Now().Unix()+1) || reset < float64(time.Now().Add(-time.Hour).Unix()) {
		t.Errorf("got a reset at %v, want one within this test", reset)
	}
}

// Whatever the protocol, a statement counts once, and transaction control apart.
func statementsAreCountedExactly(t *testing.T, s *servers) {
	const hundred = 100
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe,
		pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(mode.String(), func(t *testing.T) {
			conn := dial(t, s.Endpoints().PrimaryURL("callers"), mode)
			wantGrowth(t, grown(t, s.primary, "statements_total", func() {
				for i := range hundred {
					readItem(t, conn, i)
					if i%2 == 0 {
						writeItem(t, conn, i)
					}
				}
			}), map[string]float64{"{kind=read,role=callers}": hundred, "{kind=write,role=callers}": hundred / 2})
		})
	}
	conn := dial(t, s.Endpoints().PrimaryURL("auth"), pgx.QueryExecModeCacheStatement)
	t.Run("batch", func(t *testing.T) {
		wantGrowth(t, grown(t, s.primary, "statements_total", func() {
			var batch pgx.Batch
			for i := range hundred {
				batch.Queue("SELECT n FROM item WHERE id = $1", i)
			}
			must(t, conn.SendBatch(t.Context(), &batch).Close())
		}), map[string]float64{"{kind=read,role=auth}": hundred})
	})
	t.Run("transaction", func(t *testing.T) {
		wantGrowth(t, grown(t, s.primary, "statements_total", func() {
			for i := range hundred {
				must(t, pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error { readItem(t, conn, i); writeItem(t, conn, i); return nil }))
			}
		}), map[string]float64{"{kind=read,role=auth}": hundred, "{kind=write,role=auth}": hundred, "{kind=control,role=auth}": 2 * hundred})
	})
}

func dial(t *testing.T, url string, mode pgx.QueryExecMode) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	must(t, err)
	config.DefaultQueryExecMode = mode
	conn, err := pgx.ConnectConfig(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func readItem(t *testing.T, conn *pgx.Conn, id int) {
	t.Helper()
	var n int
	must(t, conn.QueryRow(t.Context(), "SELECT n FROM item WHERE id = $1", id+1).Scan(&n))
}

func writeItem(t *testing.T, conn *pgx.Conn, id int) {
	t.Helper()
	_, err := conn.Exec(t.Context(), "UPDATE item SET n = n + 1 WHERE id = $1", id+1)
	must(t, err)
}

func kindsAreToldApart(t *testing.T, s *servers) {
	for _, tt := range []struct{ sql, kind string }{
		{"WITH x AS (UPDATE item SET n = 1 WHERE id = 1 RETURNING id) SELECT id FROM x", "write"},
		{"/* checkout */ WITH x AS (SELECT 2000 AS id) INSERT INTO item SELECT id, 0 FROM x", "write"},
		{"WITH x AS (SELECT 1 AS update) SELECT update FROM x", "read"},
		{"SELECT n FROM item WHERE id = 1 FOR UPDATE", "read"},
		{"SET work_mem = '1MB'", "control"},
		{"SELECT twice()", "read"}, // what the function does inside is not top level
	} {
		t.Run(tt.sql, func(t *testing.T) {
			wantGrowth(t, grown(t, s.primary, "statements_total", func() {
				must(t, execute(t.Context(), s.Endpoints().PrimaryURL("callers"), tt.sql))
			}), map[string]float64{"{kind=" + tt.kind + ",role=callers}": 1})
		})
	}
	t.Run("failed", func(t *testing.T) {
		wantGrowth(t, grown(t, s.primary, "statements_total", func() {
			if err := execute(t.Context(), s.Endpoints().PrimaryURL("callers"), "INSERT INTO item VALUES (1, 1)"); err == nil {
				t.Error("got no error, want a duplicate key")
			}
		}), map[string]float64{})
	})
}

// Neither the instrument's own statements nor those of roles it was not told of are in any series; and a reading costs
// the server four statements, since texts are asked for once.
func othersNeverCount(t *testing.T, s *servers) {
	url := s.Endpoints().PrimaryURL
	own := Postgres("own", url(stack.Owner), []string{stack.Harness})
	defer own.Close()
	const readings = 20
	cost := grown(t, own, "statements_total", func() {
		wantGrowth(t, grown(t, s.primary, "statements_total", func() {
			for range readings {
				reading1(t, s.primary)
			}
			must(t, execute(t.Context(), url("archiver"), "SELECT 1"))
			must(t, execute(t.Context(), url(stack.Owner), "SELECT count(*) FROM item", "UPDATE item SET n = 0"))
			must(t, execute(t.Context(), strings.Replace(url(stack.Owner), "/carshare?", "/other?", 1), "SET ROLE callers", "SELECT 1"))
		}), map[string]float64{})
	})
	wantGrowth(t, cost, map[string]float64{"{kind=read,role=harness}": 4 * (readings + 2)})
}

func readsCountWhereTheyRan(t *testing.T, s *servers) {
	conn := dial(t, s.Endpoints().ReplicaURL("auth"), pgx.QueryExecModeCacheStatement)
	wantGrowth(t, grown(t, s.primary, "statements_total", func() {
		wantGrowth(t, grown(t, s.replica, "statements_total", func() {
			for i := range 100 {
				readItem(t, conn, i)
			}
		}), map[string]float64{"{kind=read,role=auth}": 100})
	}), map[string]float64{})
	if got := reading1(t, s.replica)["connections"]; got != 1 {
		t.Errorf("got %v connections of applications, want 1", got)
	}
	if got := reading1(t, s.replica)["exec_seconds_total{role=auth}"]; got <= 0 || got > 10 {
		t.Errorf("got %v s of execution, want some", got)
	}
}

func strangersGetNoNumbers(t *testing.T, s *servers) {
	must(t, execute(t.Context(), s.Endpoints().PrimaryURL("callers"), "SELECT n FROM item LIMIT 1"))
	p := Postgres("primary", s.Endpoints().PrimaryURL("archiver"), roles())
	defer p.Close()
	if values, err := p.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "pg_monitor") {
		t.Errorf("got %v and %v, want an error that names the privilege", values, err)
	}
}

// A replica that stops replaying falls behind by the clock, also when nothing more is written.
func frozenReplicaLags(t *testing.T, s *servers) {
	e := s.Endpoints()
	must(t, execute(t.Context(), e.ReplicaURL(stack.Owner), "SELECT pg_wal_replay_pause()"))
	must(t, execute(t.Context(), e.PrimaryURL("callers"), "UPDATE item SET n = n + 1"))
	first := reading1(t, s.primary)
	begin := time.Now()
	time.Sleep(300 * time.Millisecond)
	last := reading1(t, s.primary)
	passed := time.Since(begin).Seconds()
	if last["replica_lag_bytes"] < 10000 || last["replica_lag_seconds"] < 0.3 || first["replica_lag_seconds"] > last["replica_lag_seconds"] {
		t.Errorf("got %v and %v, want the lag to have grown by about %v s", first, last, passed)
	}
	must(t, execute(t.Context(), e.ReplicaURL(stack.Owner), "SELECT pg_wal_replay_resume()"))
	for deadline := time.Now().Add(10 * time.Second); reading1(t, s.primary)["replica_lag_bytes"] > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the replica did not catch up within 10 s")
		}
		time.Sleep(10 * time.Millisecond)
	}
	// The server's own estimate decays at its next report; ours is gone at once.
	if got := reading1(t, s.primary)["replicas_streaming"]; got != 1 {
		t.Errorf("got %v replicas, want 1", got)
	}
}

func commandsAreCountedExactly(t *testing.T, s *servers) {
	e := s.Endpoints()
	app := redis.NewClient(&redis.Options{Addr: e.RedisAddr, Password: e.RedisPassword})
	defer app.Close()
	before := reading1(t, s.redis)
	wantGrowth(t, grown(t, s.redis, "commands_total", func() {
		for i := range 50 {
			must(t, app.Set(t.Context(), fmt.Sprint(i), "x", time.Minute).Err())
		}
		must(t, app.ClientID(t.Context()).Err()) // looks after the connection, as do the commands that opened it
		pipeline := app.Pipeline()
		for i := range 100 {
			pipeline.Get(t.Context(), fmt.Sprint(i))
		}
		if _, err := pipeline.Exec(t.Context()); err != redis.Nil { //nolint:errorlint // half of the keys are not there
			t.Errorf("got %v, want a missing key", err)
		}
	}), map[string]float64{"{command=set}": 50, "{command=get}": 100})
	after := reading1(t, s.redis)
	for key, want := range map[string]float64{"keyspace_hits_total": 50, "keyspace_misses_total": 50, "keys": 50, "evicted_keys_total": 0} {
		if got := after[key] - before[key]; got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
	if after["memory_bytes"] < 1e5 {
		t.Errorf("got %v bytes of memory, want an empty server's at least", after["memory_bytes"])
	}
}

// Each backend maps all of the shared buffers; adding that up would show memory the machine does not have.
func sharedMemoryCountsOnce(t *testing.T, s *servers) {
	nodes := func() map[string]int {
		ids := map[string]int{}
		for _, node := range s.Endpoints().Nodes {
			ids[node.Name] = node.PID
		}
		return ids
	}
	alone := reading1(t, CPU(nodes))["memory_bytes{process=primary}"]
	for range 10 {
		conn := dial(t, s.Endpoints().PrimaryURL("callers"), pgx.QueryExecModeExec)
		_, err := conn.Exec(t.Context(), "SELECT sum(n) FROM item")
		must(t, err)
	}
	table, err := processTable("/proc", os.Getpid())
	must(t, err)
	root := table.byID[nodes()["primary"]]
	naive := 0.0
	for _, pid := range append(table.children[root.pid], root.pid) {
		private, shared := residentBytes(pid)
		naive += private + shared
	}
	values := reading1(t, CPU(nodes))
	got := values["memory_bytes{process=primary}"]
	if got <= alone || got > 0.7*naive {
		t.Errorf("got %.0f bytes with ten sessions more, want above %.0f and well below the naive sum %.0f", got, alone, naive)
	}
	for _, node := range []string{"primary", "replica", "redis", "generator"} {
		// Redis may have needed less than the kernel's unit of 10 ms so far.
		if used, found := values["cpu_seconds_total{process="+node+"}"]; !found || used <= 0 && node != "redis" {
			t.Errorf("got no time for %s: %v", node, values)
		}
	}
}

// A restart breaks the connection; the next reading is taken all the same, and the reset is to be seen.
func restartsAreSurvived(t *testing.T, s *servers) {
	before := reading1(t, s.primary)
	must(t, s.Fault(t.Context(), stack.Primary, stack.Restart))
	after := reading1(t, s.primary)
	if after["stats_reset_unix_seconds"] <= before["stats_reset_unix_seconds"] || after["wal_bytes"] < before["wal_bytes"] {
		t.Errorf("got %v before and %v after, want a later reset and no less WAL", before, after)
	}
	must(t, s.Fault(t.Context(), stack.Redis, stack.Restart))
	reading1(t, s.redis)
	must(t, s.Fault(t.Context(), stack.Primary, stack.Kill))
	if values, err := s.primary.Read(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "read primary: ") {
		t.Errorf("got %v and %v from a dead server, want an error", values, err)
	}
	must(t, s.Fault(t.Context(), stack.Primary, stack.Restart))
	conn := dial(t, s.Endpoints().PrimaryURL("callers"), pgx.QueryExecModeExec)
	wantGrowth(t, grown(t, s.primary, "statements_total", func() { readItem(t, conn, 0) }), map[string]float64{"{kind=read,role=callers}": 1})
}

// What the primary does on its own account is told: a checkpoint, and autovacuum with the name of the table.
func upkeepIsSeen(t *testing.T, s *servers) {
	before := reading1(t, s.primary)
	url := s.Endpoints().PrimaryURL(stack.Owner)
	must(t, execute(t.Context(), url, "UPDATE item SET n = n + 1", "CHECKPOINT",
		"ALTER TABLE item SET (autovacuum_enabled = true, autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0)"))
	const vacuums = "autovacuums_total{table=item}"
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		after := reading1(t, s.primary)
		if after["checkpoints_total"] > before["checkpoints_total"] && after[vacuums] > before[vacuums] {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s got %v, want a checkpoint more and an autovacuum of item", after)
		}
	}
}

// Statements that the server forgot, for want of room or because somebody had them reset, are to be seen in the reading,
// whatever the counts have grown to since.
func forgottenStatementsAreSeen(t *testing.T, s *servers) {
	before := reading1(t, s.primary)
	var many []string
	for i := range 150 {
		// Constants are all alike to the server, but not their number.
		many = append(many, "SELECT 1"+strings.Repeat(", 1", i))
	}
	url := s.Endpoints().PrimaryURL(stack.Owner)
	must(t, execute(t.Context(), url, many...))
	evicted := reading1(t, s.primary)
	if evicted["dealloc_total"] <= before["dealloc_total"] || evicted["stats_reset_unix_seconds"] != before["stats_reset_unix_seconds"] {
		t.Errorf("got %v before and %v after, want statements dropped and no reset", before, evicted)
	}
	must(t, execute(t.Context(), url, "SELECT pg_stat_statements_reset()"))
	if reset := reading1(t, s.primary); reset["stats_reset_unix_seconds"] <= before["stats_reset_unix_seconds"] {
		t.Errorf("got %v before and %v after, want a later reset", before, reset)
	}
}
