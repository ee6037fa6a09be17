package stack

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rehearse-dev/rehearse/harness/alone"
)

// postgresLimit bounds the wait for a Postgres that starts or stops; after a crash it first replays its log, and before
// a clean stop it writes a checkpoint.
const postgresLimit = 2 * time.Minute

// initdb makes an empty data directory. It leaves flushing to the one write-back at the end of the boot.
func (s *processes) initdb(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, postgresLimit)
	defer cancel()
	return s.launcher.run(ctx, command{
		name: "initdb", path: filepath.Join(s.tools.postgres, "initdb"),
		args: []string{"--no-sync", "--no-instructions", "--username=" + Owner, "--encoding=UTF8", "--locale=C", "--auth=trust", "-D", dir},
		env:  alone.Server(s.run.data()), dir: s.run.data(), log: s.logPath("initdb"), death: syscall.SIGKILL,
	})
}

// postgres is a node over a data directory; configure it before it starts.
func (s *processes) postgres(name, dir string) *node {
	return &node{
		name: name, data: dir, limit: postgresLimit, stop: syscall.SIGINT, quit: syscall.SIGQUIT,
		command: command{
			name: name, path: filepath.Join(s.tools.postgres, "postgres"), args: []string{"-D", dir},
			env: alone.Server(s.run.data()), dir: s.run.data(), log: s.logPath(name), death: syscall.SIGQUIT,
		},
	}
}

// configure writes a data directory's configuration; whatever initdb or a template left there is replaced.
func (s *processes) configure(dir string, port int, layers ...map[string]string) error {
	layers = append(slices.Clone(layers), privateSettings(s.run.data(), port))
	return errors.Join(
		s.home.as.write(s.run.path, filepath.Join(dir, "postgresql.conf"), configuration(layers...)),
		s.home.as.write(s.run.path, filepath.Join(dir, "pg_hba.conf"), hba))
}

// door opens the owner's connections through the socket in the private directory.
func (s *processes) door(port int) door {
	return func(ctx context.Context, database string) (*pgx.Conn, error) {
		cfg, err := alone.Conn("postgres:///?sslmode=disable&application_name=rehearse&connect_timeout=5")
		if err != nil {
			return nil, err
		}
		cfg.Host, cfg.Port, cfg.User, cfg.Database = s.run.data(), uint16(port), Owner, database
		cfg.Fallbacks = nil
		return pgx.ConnectConfig(ctx, cfg)
	}
}

// follow makes a copied data directory a standby of the primary.
func (s *processes) follow(dir string, primaryPort int) (map[string]string, error) {
	return standbySettings(loopback, primaryPort, s.endpoints.Passwords[Replicator]), s.home.as.write(s.run.path, filepath.Join(dir, "standby.signal"), "")
}

// serves tells whether a node runs and is not paused.
func serves(n *node) func() bool {
	return func() bool {
		c := n.child.Load()
		return c != nil && c.running() && !c.paused.Load()
	}
}
