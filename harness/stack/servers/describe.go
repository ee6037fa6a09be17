package servers

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

const statedQuery = `SELECT name, current_setting(name, true) FROM unnest($1::text[]) AS name WHERE current_setting(name, true) IS NOT NULL`

// Describe asks the servers for what a report must state of them: the settings, and those named by extra, and the versions
// by node.
func Describe(ctx context.Context, primary Admin, database string, cache Redis, extra map[string]string) (settings, versions map[string]string, err error) {
	redisVersion, err := cache.version(ctx)
	if err != nil {
		return nil, nil, err
	}
	err = primary.query(ctx, database, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, statedQuery, stated(extra))
		if err != nil {
			return err
		}
		settings = map[string]string{"redis.save": "off", "redis.appendonly": "no", "data_in_memory": "off"}
		var name, value string
		if _, err := pgx.ForEachRow(rows, []any{&name, &value}, func() error { settings[name] = value; return nil }); err != nil {
			return err
		}
		version := conn.PgConn().ParameterStatus("server_version")
		versions = map[string]string{stack.Primary: version, stack.Replica: version, stack.Redis: redisVersion}
		return nil
	})
	return settings, versions, err
}

// stated are the settings a report should name.
func stated(extra map[string]string) []string {
	names := []string{
		"fsync", "full_page_writes", "synchronous_commit", "synchronous_standby_names", "wal_level", "shared_buffers",
		"max_connections", "checkpoint_timeout", "max_wal_size", "hot_standby_feedback", "autovacuum", "track_io_timing",
		"pg_stat_statements.track", "server_encoding",
	}
	return slices.Compact(slices.Sorted(slices.Values(append(names, slices.Collect(maps.Keys(extra))...))))
}
