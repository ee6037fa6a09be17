package probe

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/record"
)

// errNoPrivilege is what a role without pg_read_all_stats sees of others' statements: that they exist.
var errNoPrivilege = errors.New("the role may not see other roles' statements; grant it pg_monitor")

// Columns are taken by name, so an extension older or newer than its server is no trouble. The statements of one role
// are one row for each text. pg_stat_statements(false) does not touch the file of texts.
const statementsSQL = `
	SELECT s.queryid, r.rolname::text, sum(s.calls)::float8, sum(s.total_exec_time)::float8 / 1000
	FROM pg_stat_statements(false) s
	JOIN pg_roles r ON r.oid = s.userid
	JOIN pg_database d ON d.oid = s.dbid
	WHERE s.toplevel AND d.datname = current_database() AND r.rolname = ANY($1::text[])
	GROUP BY s.queryid, r.rolname`

const textsSQL = `
	SELECT DISTINCT ON (s.queryid) s.queryid, s.query
	FROM pg_stat_statements(true) s
	JOIN pg_database d ON d.oid = s.dbid
	WHERE d.datname = current_database() AND s.toplevel AND s.queryid = ANY($1::bigint[])
	ORDER BY s.queryid, s.query NULLS LAST`

const serverSQL = `
	SELECT extract(epoch FROM clock_timestamp())::float8, pg_is_in_recovery(),
		pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0')::float8,
		i.dealloc::float8, extract(epoch FROM i.stats_reset)::float8,
		(SELECT (xact_commit + xact_rollback)::float8 FROM pg_stat_database WHERE datname = current_database()),
		(SELECT count(*)::float8 FROM pg_stat_activity WHERE datname = current_database() AND usename = ANY($1::text[])),
		(SELECT count(*)::float8 FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'),
		(%s)
	FROM pg_stat_statements_info i`

// Only who streams counts: a base backup under way is in the view too.
const replicasSQL = `
	SELECT count(*)::float8, min(pg_wal_lsn_diff(replay_lsn, '0/0'))::float8, max(extract(epoch FROM replay_lag))::float8
	FROM pg_stat_replication WHERE state = 'streaming'`

// Only the primary has either. Names go into series keys, which have no quotes.
const tablesSQL = `
	SELECT regexp_replace(relname::text, '\W', '_', 'g'), pg_stat_get_autovacuum_count(oid)::float8, pg_stat_get_autoanalyze_count(oid)::float8
	FROM pg_class
	WHERE relkind IN ('r', 'm') AND NOT relisshared AND NOT pg_is_in_recovery()
		AND pg_stat_get_autovacuum_count(oid) + pg_stat_get_autoanalyze_count(oid) > 0`

// checkpointsSQL is the number of checkpoints begun, as a part of serverSQL; PostgreSQL 17 moved it to a view of its own.
func checkpointsSQL(version int) string {
	if version >= 17 {
		return "SELECT (num_timed + num_requested)::float8 FROM pg_stat_checkpointer"
	}
	return "SELECT (checkpoints_timed + checkpoints_req)::float8 FROM pg_stat_bgwriter"
}

// Postgres makes the instrument of one Postgres node, primary or replica, 14 or newer. url is a connection URL of a role
// with pg_monitor; roles are the application roles whose statements count: top level, in the URL's database. All roles
// and kinds have a series from the first reading on, so that a difference always has two ends.
//
// A failed statement is in no series: the server does not count it. transactions_total counts the whole database, the
// instrument's own transactions included, and lags by up to a second. wal_bytes is the position written on a primary
// and the one replayed on a replica. replica_lag_seconds is at least the age of the oldest WAL known to be waiting.
// Without a streaming replica there are no lag series. Checkpoints begun and the work of autovacuum are a primary's; a
// table has no series before autovacuum has been there.
func Postgres(name, url string, roles []string) *Instrument {
	p := newPostgres(url, roles)
	return newInstrument(name, p.read, p.close)
}

func newPostgres(url string, roles []string) *postgres {
	return &postgres{url: url, roles: roles, kinds: map[int64]string{}, texts: map[int64]string{}}
}

// postgres keeps one connection and what it has learnt of statements and positions.
type postgres struct {
	url   string
	roles []string
	conn  *pgx.Conn
	// kinds and texts by query id. An id is a hash of the parsed statement, so neither changes.
	kinds map[int64]string
	texts map[int64]string
	lag   lagLine
}

// read takes one reading. A connection that turns out to be dead is replaced once: the server may have been restarted.
func (p *postgres) read(ctx context.Context) (map[string]float64, error) {
	r, err := p.reading(ctx)
	if err != nil {
		return nil, err
	}
	return p.series(r), nil
}

func (p *postgres) reading(ctx context.Context) (reading, error) {
	reused := p.conn != nil && !p.conn.IsClosed()
	r, err := p.readOnce(ctx)
	if err != nil && reused && p.conn.IsClosed() && ctx.Err() == nil {
		return p.readOnce(ctx)
	}
	return r, err
}

func (p *postgres) readOnce(ctx context.Context) (reading, error) {
	if err := p.connect(ctx); err != nil {
		return reading{}, err
	}
	r, err := p.ask(ctx)
	if err != nil {
		return reading{}, err
	}
	return r, p.classify(ctx, r.statements)
}

func (p *postgres) connect(ctx context.Context) error {
	if p.conn != nil && !p.conn.IsClosed() {
		return nil
	}
	config, err := alone.Conn(p.url)
	if err != nil {
		return fmt.Errorf("connection URL: %w", err)
	}
	config.RuntimeParams["application_name"] = "rehearse probe"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err // it names the host, the user and the database
	}
	p.conn = conn
	return nil
}

func (p *postgres) close() error {
	if p.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return p.conn.Close(ctx)
}

// statement is what one role did with one statement.
type statement struct {
	id             *int64
	role           string
	calls, seconds float64
}

// vacuumed is how often autovacuum has finished with a table.
type vacuumed struct {
	table              string
	vacuumed, analyzed float64
}

// reading is the server's answer.
type reading struct {
	statements                    []statement
	now, wal                      float64
	standby                       bool
	dealloc, reset                float64
	transactions, connections     float64
	checkpoints, vacuuming        float64
	vacuumed                      []vacuumed
	streaming                     float64
	oldestReplayed, reportedDelay *float64
}

// ask sends all questions at once and waits once.
func (p *postgres) ask(ctx context.Context) (reading, error) {
	var (
		r     reading
		batch pgx.Batch
	)
	batch.Queue(statementsSQL, p.roles).Query(func(rows pgx.Rows) (err error) {
		r.statements, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s statement, err error) {
			return s, row.Scan(&s.id, &s.role, &s.calls, &s.seconds)
		})
		return err
	})
	batch.Queue(fmt.Sprintf(serverSQL, checkpointsSQL(p.version())), p.roles).QueryRow(func(row pgx.Row) error {
		return row.Scan(&r.now, &r.standby, &r.wal, &r.dealloc, &r.reset, &r.transactions, &r.connections, &r.vacuuming, &r.checkpoints)
	})
	batch.Queue(tablesSQL).Query(func(rows pgx.Rows) (err error) {
		r.vacuumed, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (v vacuumed, err error) {
			return v, row.Scan(&v.table, &v.vacuumed, &v.analyzed)
		})
		return err
	})
	batch.Queue(replicasSQL).QueryRow(func(row pgx.Row) error {
		return row.Scan(&r.streaming, &r.oldestReplayed, &r.reportedDelay)
	})
	if err := p.conn.SendBatch(ctx, &batch).Close(); err != nil {
		return reading{}, fmt.Errorf("counters (needs extension pg_stat_statements, preloaded and created): %w", err)
	}
	return r, nil
}

// version is the server's major version.
func (p *postgres) version() (major int) {
	// It says 15.18, or 19beta1; every server says it, so there is nothing to fail.
	_, _ = fmt.Sscanf(p.conn.PgConn().ParameterStatus("server_version"), "%d", &major)
	return major
}

// classify learns the kinds of statements not seen before. Texts are asked for once each: reading them means reading a
// file on the server.
func (p *postgres) classify(ctx context.Context, statements []statement) error {
	var unknown []int64
	for _, s := range statements {
		if s.id == nil {
			return errNoPrivilege
		}
		if p.kinds[*s.id] == "" {
			unknown = append(unknown, *s.id)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	rows, err := p.conn.Query(ctx, textsSQL, unknown)
	if err != nil {
		return fmt.Errorf("texts of statements: %w", err)
	}
	var (
		id   int64
		text *string
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &text}, func() error {
		if text == nil {
			return fmt.Errorf("statement %d has lost its text; restart the server, or call pg_stat_statements_reset()", id)
		}
		p.kinds[id], p.texts[id] = kindOf(*text), *text
		return nil
	})
	return err
}

// series turns an answer into series. A statement evicted between the two questions has no kind; it is left out, and
// dealloc_total tells of it.
func (p *postgres) series(r reading) map[string]float64 {
	values := map[string]float64{
		"dealloc_total":            r.dealloc,
		"stats_reset_unix_seconds": r.reset,
		"transactions_total":       r.transactions,
		"wal_bytes":                r.wal,
		"connections":              r.connections,
	}
	for _, role := range p.roles {
		values[record.Key("exec_seconds_total", map[string]string{"role": role})] = 0
		for _, kind := range kinds() {
			values[statementsKey(kind, role)] = 0
		}
	}
	for _, s := range r.statements {
		if kind := p.kinds[*s.id]; kind != "" {
			values[statementsKey(kind, s.role)] += s.calls
			values[record.Key("exec_seconds_total", map[string]string{"role": s.role})] += s.seconds
		}
	}
	if !r.standby {
		p.addReplicas(values, r)
		addUpkeep(values, r)
	}
	return values
}

// addUpkeep adds what a primary does on its own account.
func addUpkeep(values map[string]float64, r reading) {
	values["checkpoints_total"], values["autovacuum_workers"] = r.checkpoints, r.vacuuming
	for _, v := range r.vacuumed {
		labels := map[string]string{"table": v.table}
		// Two schemas may have tables of one name.
		values[record.Key("autovacuums_total", labels)] += v.vacuumed
		values[record.Key("autoanalyzes_total", labels)] += v.analyzed
	}
}

func statementsKey(kind, role string) string {
	return record.Key("statements_total", map[string]string{"kind": kind, "role": role})
}

// addReplicas adds how the replicas of a primary do; the one furthest behind speaks for all.
func (p *postgres) addReplicas(values map[string]float64, r reading) {
	values["replicas_streaming"] = r.streaming
	if r.oldestReplayed == nil {
		return
	}
	values["replica_lag_bytes"] = max(r.wal-*r.oldestReplayed, 0)
	seconds := p.lag.seconds(r.now, r.wal, *r.oldestReplayed)
	if r.reportedDelay != nil {
		seconds = max(seconds, *r.reportedDelay)
	}
	values["replica_lag_seconds"] = seconds
}
