package servers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// maintenance is the database that is always there to connect to.
const maintenance = "template1"

// Admin opens the owner's connection to a database of one Postgres node.
type Admin func(ctx context.Context, database string) (*pgx.Conn, error)

// query runs do on a connection of its own.
func (d Admin) query(ctx context.Context, database string, do func(*pgx.Conn) error) error {
	conn, err := d(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return do(conn)
}

// Accepts is the readiness of a Postgres: it answers a query.
func (d Admin) Accepts(ctx context.Context) error {
	return d.query(ctx, maintenance, func(conn *pgx.Conn) error { return conn.Ping(ctx) })
}

// Provision makes sure of the database, the roles with their passwords, and the extension. Everything may exist
// already, from a template.
func (d Admin) Provision(ctx context.Context, database string, roles []string, passwords map[string]string) error {
	if err := d.query(ctx, maintenance, nameDatabase(ctx, database)); err != nil {
		return fmt.Errorf("stack: make the database %s: %w", database, err)
	}
	err := d.query(ctx, database, func(conn *pgx.Conn) error {
		script, err := roleScript(ctx, conn, roles, passwords)
		if err != nil {
			return err
		}
		_, err = conn.PgConn().Exec(ctx, script).ReadAll()
		return err
	})
	if err != nil {
		return fmt.Errorf("stack: set up roles in %s: %w", database, err)
	}
	return nil
}

// nameDatabase renames the database that initdb made. Another one would cost a boot some 300 files on either node.
func nameDatabase(ctx context.Context, name string) func(*pgx.Conn) error {
	return func(conn *pgx.Conn) error {
		var exists bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists)
		if err != nil || exists {
			return err
		}
		_, err = conn.Exec(ctx, "ALTER DATABASE postgres RENAME TO "+quote(name))
		return err
	}
}

// roleScript is one transaction. Passwords are hexadecimal and need no quoting.
func roleScript(ctx context.Context, conn *pgx.Conn, roles []string, passwords map[string]string) (string, error) {
	rows, err := conn.Query(ctx, "SELECT rolname FROM pg_roles")
	if err != nil {
		return "", err
	}
	present, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, role := range roles {
		if !slices.Contains(present, role) {
			fmt.Fprintf(&b, "CREATE ROLE %s;\n", quote(role))
		}
		fmt.Fprintf(&b, "ALTER ROLE %s LOGIN PASSWORD '%s';\n", quote(role), passwords[role])
	}
	b.WriteString(`ALTER ROLE replicator REPLICATION;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT pg_monitor TO harness;
CREATE SCHEMA IF NOT EXISTS harness AUTHORIZATION harness;
`)
	return b.String(), nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// MakeSlot keeps the primary's log for the replica from the start.
func (d Admin) MakeSlot(ctx context.Context) error {
	return d.query(ctx, maintenance, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SELECT pg_create_physical_replication_slot('replica', true)")
		return err
	})
}

// StandbySettings make a copied data directory a standby of the primary at host and port, once its standby.signal is
// there.
func StandbySettings(host string, port int, password string) map[string]string {
	conninfo := fmt.Sprintf("host=%s port=%d user=%s password=%s application_name=%s sslmode=disable", host, port, stack.Replicator, password, stack.Replica)
	return map[string]string{"primary_conninfo": conninfo, "primary_slot_name": stack.Replica, "cluster_name": stack.Replica}
}

// Streams is the readiness of the replica: in recovery, and, as far as the primary serves, streaming and caught up with
// what the primary had written when first asked; until then the replica does not know the roles' passwords.
func Streams(primary, replica Admin, serves func() bool) func(context.Context) error {
	var target string
	return func(ctx context.Context) error {
		if err := replica.query(ctx, maintenance, inRecovery(ctx)); err != nil {
			return err
		}
		if !serves() {
			return nil
		}
		return primary.query(ctx, maintenance, caughtUp(ctx, &target))
	}
}

func inRecovery(ctx context.Context) func(*pgx.Conn) error {
	return func(conn *pgx.Conn) error {
		var recovering bool
		err := conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&recovering)
		if err == nil && !recovering {
			err = errors.New("the replica is not in recovery")
		}
		return err
	}
}

func caughtUp(ctx context.Context, target *string) func(*pgx.Conn) error {
	return func(conn *pgx.Conn) error {
		if *target == "" {
			if err := conn.QueryRow(ctx, "SELECT pg_current_wal_lsn()::text").Scan(target); err != nil {
				return err
			}
		}
		const question = `SELECT state, coalesce(replay_lsn >= $1::pg_lsn, false) FROM pg_stat_replication WHERE application_name = $2`
		var state string
		var done bool
		err := conn.QueryRow(ctx, question, *target, stack.Replica).Scan(&state, &done)
		if err == nil && (state != "streaming" || !done) {
			err = fmt.Errorf("the replica's state is %s, caught up: %t", state, done)
		}
		return err
	}
}

// PostgresLimit bounds the wait for a Postgres that starts or stops; after a crash it first replays its log, and before
// a clean stop it writes a checkpoint.
const PostgresLimit = 2 * time.Minute
