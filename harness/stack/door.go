package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// lobby is a database that is always there to connect to.
const lobby = "template1"

// door opens the owner's connection to a database of one Postgres node.
type door func(ctx context.Context, database string) (*pgx.Conn, error)

// query runs do on a connection of its own.
func (d door) query(ctx context.Context, database string, do func(*pgx.Conn) error) error {
	conn, err := d(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return do(conn)
}

// accepts is the readiness of a Postgres: it answers a query.
func (d door) accepts(ctx context.Context) error {
	return d.query(ctx, lobby, func(conn *pgx.Conn) error { return conn.Ping(ctx) })
}

// provision makes sure of the database, the roles with their passwords, and the extension. Everything may exist
// already, from a template.
func (d door) provision(ctx context.Context, database string, roles []string, passwords map[string]string) error {
	if err := d.query(ctx, lobby, nameDatabase(ctx, database)); err != nil {
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

// makeSlot keeps the primary's log for the replica from the start.
func (d door) makeSlot(ctx context.Context) error {
	return d.query(ctx, lobby, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SELECT pg_create_physical_replication_slot('replica', true)")
		return err
	})
}

// standbySettings make a copied data directory a standby of the primary at host and port, once its standby.signal is
// there.
func standbySettings(host string, port int, password string) map[string]string {
	conninfo := fmt.Sprintf("host=%s port=%d user=%s password=%s application_name=%s sslmode=disable", host, port, Replicator, password, Replica)
	return map[string]string{"primary_conninfo": conninfo, "primary_slot_name": Replica, "cluster_name": Replica}
}

// streams is the readiness of the replica: in recovery, and, as far as the primary serves, streaming and caught up with
// what the primary had written when first asked; until then the replica does not know the roles' passwords.
func streams(primary, replica door, serves func() bool) func(context.Context) error {
	var target string
	return func(ctx context.Context) error {
		if err := replica.query(ctx, lobby, inRecovery(ctx)); err != nil {
			return err
		}
		if !serves() {
			return nil
		}
		return primary.query(ctx, lobby, caughtUp(ctx, &target))
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
		err := conn.QueryRow(ctx, question, *target, Replica).Scan(&state, &done)
		if err == nil && (state != "streaming" || !done) {
			err = fmt.Errorf("the replica's state is %s, caught up: %t", state, done)
		}
		return err
	}
}
