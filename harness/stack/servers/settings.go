// Package servers is what is said to Postgres and Redis, the same on every back end: settings, roles, readiness.
//
// Scope: [BaseSettings], [BuildSettings] and [RedisConfiguration] are the configuration; [Admin] provisions a Postgres
// through whatever connection its back end has; [Admin.Accepts], [Streams], [Redis.Pong] and [Dial] are the readiness of the
// nodes; [Describe] reads back what a report must state. How a server is started, and where, is the back ends' business.
//
// Opinion: the numbers of two back ends can be compared only if the servers are told the same. A user's settings win over
// ours, but not over the counters that the instruments read.
package servers

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Layout is the version of everything that shapes a data directory; raising it retires all kept templates.
const Layout = "1"

// BaseSettings are the same on both nodes. What they leave out keeps Postgres' default.
func BaseSettings() map[string]string {
	return map[string]string{
		// A commit that need not reach the disk is thirty times as fast; measured with it, no database is ever the
		// bottleneck.
		"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
		"wal_level": "replica", "max_wal_senders": "10", "max_replication_slots": "10",
		// A frozen replica must not fill the disk through its slot.
		"max_slot_wal_keep_size": "1GB",
		// No read on the replica is cancelled; the price is that the primary's vacuum waits for it.
		"hot_standby": "on", "hot_standby_feedback": "on", "wal_receiver_status_interval": "1s",
		"shared_preload_libraries": "pg_stat_statements",
		"pg_stat_statements.track": "top", "pg_stat_statements.track_planning": "off",
		"pg_stat_statements.save": "off", "pg_stat_statements.max": "5000",
		"track_io_timing": "on", "track_activity_query_size": "4096",
		"max_connections": "200", "shared_buffers": "256MB",
		// No checkpoint falls into one trial and not into its neighbour.
		"checkpoint_timeout": "30min", "max_wal_size": "4GB",
		"log_checkpoints": "on", "log_line_prefix": "%m [%p] %q%u@%d ", "log_timezone": "UTC", "timezone": "UTC",
		"lc_messages": "C", "lc_monetary": "C", "lc_numeric": "C", "lc_time": "C",
		"default_text_search_config": "pg_catalog.english", "datestyle": "iso, mdy",
	}
}

// BuildSettings speed up the filling of a database that is thrown away if anything goes wrong: nothing is logged that
// a load into a fresh table can do without, and old segments are removed, not kept, since every boot copies them.
func BuildSettings() map[string]string {
	return map[string]string{
		"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
		"wal_level": "minimal", "max_wal_senders": "0", "wal_recycle": "off",
		"maintenance_work_mem": "256MB", "hot_standby_feedback": "off",
	}
}

// Configuration writes postgresql.conf; later layers win.
func Configuration(layers ...map[string]string) string {
	merged := map[string]string{}
	for _, l := range layers {
		maps.Copy(merged, l)
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		fmt.Fprintf(&b, "%s = '%s'\n", name, strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(merged[name]))
	}
	return b.String()
}

// CheckSettings refuses what could not be a setting, before a server does so less clearly, and what would leave the
// instruments without their source.
func CheckSettings(settings map[string]string) error {
	name := regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_.]*$`)
	for _, k := range slices.Sorted(maps.Keys(settings)) {
		if !name.MatchString(k) || strings.ContainsAny(settings[k], "\n\x00") {
			return fmt.Errorf("stack: %q is not a Postgres setting; give a name such as work_mem, and its value on one line", k)
		}
		if k == "shared_preload_libraries" && !strings.Contains(settings[k], "pg_stat_statements") {
			return fmt.Errorf("stack: %s = %q leaves out pg_stat_statements, which counts the queries; add it", k, settings[k])
		}
	}
	return nil
}
