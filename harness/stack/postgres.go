package stack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresLimit bounds the wait for a Postgres that starts or stops; after a crash it first replays its log, and before
// a clean stop it writes a checkpoint.
const postgresLimit = 2 * time.Minute

// lobby is a database that is always there to connect to.
const lobby = "template1"

// initdb makes an empty data directory. It leaves flushing to the one write-back at the end of the boot.
func (s *processes) initdb(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, postgresLimit)
	defer cancel()
	return s.launcher.run(ctx, command{
		name: "initdb", path: filepath.Join(s.tools.postgres, "initdb"),
		args: []string{"--no-sync", "--no-instructions", "--username=" + Owner, "--encoding=UTF8", "--locale=C", "--auth=trust", "-D", dir},
		env:  environ(), dir: s.run.data(), log: s.logPath("initdb"), death: syscall.SIGKILL,
	})
}

// postgres is a node over a data directory; configure it before it starts.
func (s *processes) postgres(name, dir string) *node {
	return &node{
		name: name, data: dir, limit: postgresLimit, stop: syscall.SIGINT, quit: syscall.SIGQUIT,
		command: command{
			name: name, path: filepath.Join(s.tools.postgres, "postgres"), args: []string{"-D", dir},
			env: environ(), dir: s.run.data(), log: s.logPath(name), death: syscall.SIGQUIT,
		},
	}
}

// configure writes a data directory's configuration; whatever initdb or a template left there is replaced.
func (s *processes) configure(dir string, port int, layers ...map[string]string) error {
	layers = append(slices.Clone(layers), privateSettings(s.run.data(), port))
	return errors.Join(
		s.home.as.write(filepath.Join(dir, "postgresql.conf"), configuration(layers...)),
		s.home.as.write(filepath.Join(dir, "pg_hba.conf"), hba))
}

// connect opens the owner's connection through the socket in the private directory.
func (s *processes) connect(ctx context.Context, port int, database string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig("sslmode=disable target_session_attrs=any application_name=rehearse connect_timeout=5")
	if err != nil {
		return nil, err
	}
	cfg.Host, cfg.Port, cfg.User, cfg.Database = s.run.data(), uint16(port), Owner, database
	cfg.Password, cfg.Fallbacks = "", nil
	return pgx.ConnectConfig(ctx, cfg)
}

// accepts is the readiness of a Postgres: it answers a query.
func (s *processes) accepts(port int) func(context.Context) error {
	return func(ctx context.Context) error {
		return s.query(ctx, port, lobby, func(conn *pgx.Conn) error {
			return conn.Ping(ctx)
		})
	}
}

// query runs do on a connection of its own.
func (s *processes) query(ctx context.Context, port int, database string, do func(*pgx.Conn) error) error {
	conn, err := s.connect(ctx, port, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return do(conn)
}

// provision makes sure of the database, the roles with this run's passwords, and the extension. Everything may exist
// already, from a template.
func (s *processes) provision(ctx context.Context, port int) error {
	if err := s.query(ctx, port, lobby, s.nameDatabase(ctx)); err != nil {
		return fmt.Errorf("stack: make the database %s: %w", s.cfg.Database, err)
	}
	err := s.query(ctx, port, s.cfg.Database, func(conn *pgx.Conn) error {
		script, err := s.roleScript(ctx, conn)
		if err != nil {
			return err
		}
		_, err = conn.PgConn().Exec(ctx, script).ReadAll()
		return err
	})
	if err != nil {
		return fmt.Errorf("stack: set up roles in %s: %w", s.cfg.Database, err)
	}
	return nil
}

// nameDatabase renames the database that initdb made. Another one would cost a boot some 300 files on either node.
func (s *processes) nameDatabase(ctx context.Context) func(*pgx.Conn) error {
	return func(conn *pgx.Conn) error {
		var exists bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", s.cfg.Database).Scan(&exists)
		if err != nil || exists {
			return err
		}
		_, err = conn.Exec(ctx, "ALTER DATABASE postgres RENAME TO "+quote(s.cfg.Database))
		return err
	}
}

// roleScript is one transaction. Passwords are hexadecimal and need no quoting.
func (s *processes) roleScript(ctx context.Context, conn *pgx.Conn) (string, error) {
	rows, err := conn.Query(ctx, "SELECT rolname FROM pg_roles")
	if err != nil {
		return "", err
	}
	present, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, role := range s.roles() {
		if !slices.Contains(present, role) {
			fmt.Fprintf(&b, "CREATE ROLE %s;\n", quote(role))
		}
		fmt.Fprintf(&b, "ALTER ROLE %s LOGIN PASSWORD '%s';\n", quote(role), s.endpoints.Passwords[role])
	}
	b.WriteString(`ALTER ROLE replicator REPLICATION;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT pg_monitor TO harness;
CREATE SCHEMA IF NOT EXISTS harness AUTHORIZATION harness;
`)
	return b.String(), nil
}

// roles lists every login role of the stack.
func (s *processes) roles() []string {
	return append([]string{Owner, Harness, Replicator}, s.cfg.Roles...)
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// makeSlot keeps the primary's log for the replica from the start.
func (s *processes) makeSlot(ctx context.Context, port int) error {
	return s.query(ctx, port, lobby, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SELECT pg_create_physical_replication_slot('replica', true)")
		return err
	})
}

// follow makes a copied data directory a standby of the primary.
func (s *processes) follow(dir string, primaryPort int) (map[string]string, error) {
	conninfo := fmt.Sprintf("host=%s port=%d user=%s password=%s application_name=%s sslmode=disable",
		loopback, primaryPort, Replicator, s.endpoints.Passwords[Replicator], Replica)
	settings := map[string]string{"primary_conninfo": conninfo, "primary_slot_name": Replica, "cluster_name": Replica}
	return settings, s.home.as.write(filepath.Join(dir, "standby.signal"), "")
}

// streams is the readiness of the replica: in recovery, and, as far as the primary runs, streaming and caught up with
// what the primary had written when first asked; until then the replica does not know the roles' passwords.
func (s *processes) streams(primary *node, primaryPort, replicaPort int) func(context.Context) error {
	var target string
	return func(ctx context.Context) error {
		if err := s.query(ctx, replicaPort, lobby, inRecovery(ctx)); err != nil {
			return err
		}
		if c := primary.child.Load(); c == nil || !c.running() || c.paused.Load() {
			return nil
		}
		return s.query(ctx, primaryPort, lobby, caughtUp(ctx, &target))
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
