package processes

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
	"github.com/rehearse-dev/rehearse/harness/stack/servers"
)

// initdb makes an empty data directory. It leaves flushing to the one write-back at the end of the boot.
func (s *processes) initdb(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, servers.PostgresLimit)
	defer cancel()
	return s.runCommand(ctx, child.Command{
		Name: "initdb", Path: filepath.Join(s.tools.postgres, "initdb"),
		Args: []string{"--no-sync", "--no-instructions", "--username=" + stack.Owner, "--encoding=UTF8", "--locale=C", "--auth=trust", "-D", dir},
		Env:  alone.Server(s.run.Data()), Dir: s.run.Data(), Log: s.logPath("initdb"), Death: syscall.SIGKILL,
	})
}

// postgres is a node over a data directory; configure it before it starts.
func (s *processes) postgres(name, dir string) *node {
	return &node{
		name: name, data: dir, limit: servers.PostgresLimit, stop: syscall.SIGINT, quit: syscall.SIGQUIT,
		command: child.Command{
			Name: name, Path: filepath.Join(s.tools.postgres, "postgres"), Args: []string{"-D", dir},
			Env: alone.Server(s.run.Data()), Dir: s.run.Data(), Log: s.logPath(name), Death: syscall.SIGQUIT,
		},
	}
}

// configure writes a data directory's configuration; whatever initdb or a template left there is replaced.
func (s *processes) configure(dir string, port int, layers ...map[string]string) error {
	layers = append(slices.Clone(layers), privateSettings(s.run.Data(), port))
	return errors.Join(
		s.home.Account.Write(s.run.Path, filepath.Join(dir, "postgresql.conf"), servers.Configuration(layers...)),
		s.home.Account.Write(s.run.Path, filepath.Join(dir, "pg_hba.conf"), hba))
}

// door opens the owner's connections through the socket in the private directory.
func (s *processes) door(port int) servers.Admin {
	return func(ctx context.Context, database string) (*pgx.Conn, error) {
		cfg, err := alone.Conn("postgres:///?sslmode=disable&application_name=rehearse&connect_timeout=5")
		if err != nil {
			return nil, err
		}
		cfg.Host, cfg.Port, cfg.User, cfg.Database = s.run.Data(), uint16(port), stack.Owner, database
		cfg.Fallbacks = nil
		return pgx.ConnectConfig(ctx, cfg)
	}
}

// follow makes a copied data directory a standby of the primary.
func (s *processes) follow(dir string, primaryPort int) (map[string]string, error) {
	return servers.StandbySettings(backend.Loopback, primaryPort, s.Password(stack.Replicator)), s.home.Account.Write(s.run.Path, filepath.Join(dir, "standby.signal"), "")
}

// serves tells whether a node runs and is not paused.
func serves(n *node) func() bool {
	return func() bool {
		c := n.child.Load()
		return c != nil && c.Running() && !c.IsPaused()
	}
}

// privateSettings cannot be overruled: they keep strangers out.
func privateSettings(socketDir string, port int) map[string]string {
	return map[string]string{
		"listen_addresses": backend.Loopback, "port": fmt.Sprint(port), "unix_socket_directories": quotePath(socketDir),
		"unix_socket_permissions": "0700", "password_encryption": "scram-sha-256", "ssl": "off",
		"logging_collector": "off", "log_destination": "stderr",
	}
}

// quotePath protects a path that would read as a list of them.
func quotePath(path string) string {
	return `"` + strings.ReplaceAll(path, `"`, `""`) + `"`
}

// hba is who may log in how: the owner through the socket in the private directory, everybody else by password.
const hba = `local all         owner                    trust
host  replication replicator 127.0.0.1/32 scram-sha-256
host  all         replicator 127.0.0.1/32 reject
host  all         all        127.0.0.1/32 scram-sha-256
`
