// Package stacktest looks at a running stack as whoever tests one does, the same for every back end.
//
// Scope: [Execute] and [Ask] speak SQL on a connection of their own, and [HasCode] knows its errors; [Ping] asks Redis; [ReplicaFollows] looks at the
// replication; [Deaths] keeps what a stack tells of its nodes; [BootSeconds] times a boot; [Home] makes a home that the servers' account reaches.
//
// Opinion: everything answers with an error, as it would anywhere else; what that means to a test is the test's business. Only
// tests import it.
package stacktest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/servers"
)

// patience bounds what Eventually waits for; it is for a broken build, and no expectation.
const patience = 20 * time.Second

// Eventually returns when check does without an error, and the last error when it never did.
func Eventually(what string, check func() error) (err error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = check(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s: not within %v: %w", what, patience, err)
}

// Execute runs statements in one batch.
func Execute(ctx context.Context, url, sql string) error {
	conn, err := alone.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// Ask reads one value.
func Ask[T any](ctx context.Context, url, sql string) (answer T, err error) {
	conn, err := alone.Connect(ctx, url)
	if err != nil {
		return answer, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return answer, conn.QueryRow(ctx, sql).Scan(&answer)
}

// HasCode tells whether the server answered with an SQLSTATE.
func HasCode(err error, code string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == code
}

// ReplicaFollows sees a row come to the replica, by asynchronous streaming through its slot, and the replica take no write. The
// table token has to be there with one row, and open to the role app.
func ReplicaFollows(ctx context.Context, e stack.Endpoints) error {
	if err := Execute(ctx, e.PrimaryURL("app"), "INSERT INTO token VALUES (2)"); err != nil {
		return err
	}
	err := Eventually("the row is on the replica", func() error {
		return expect(ctx, "rows", e.ReplicaURL("app"), "SELECT count(*)::text FROM token", "2")
	})
	watch := e.PrimaryURL(stack.Harness)
	err = errors.Join(err,
		expect(ctx, "replication", watch, "SELECT state || ' ' || sync_state FROM pg_stat_replication WHERE application_name = 'replica'", "streaming async"),
		expect(ctx, "slot", watch, "SELECT slot_name::text || ' ' || active FROM pg_replication_slots", "replica true"))
	switch written := Execute(ctx, e.ReplicaURL("app"), "INSERT INTO token VALUES (3)"); {
	case written == nil:
		err = errors.Join(err, errors.New("the replica takes writes"))
	case !HasCode(written, "25006"):
		err = errors.Join(err, fmt.Errorf("the replica refuses writes for another reason: %w", written))
	}
	return err
}

func expect(ctx context.Context, what, url, sql, want string) error {
	got, err := Ask[string](ctx, url, sql)
	if err == nil && got != want {
		err = fmt.Errorf("%s: %q, want %q", what, got, want)
	}
	return err
}

// Ping asks Redis, with its password.
func Ping(ctx context.Context, e stack.Endpoints) error {
	return servers.Redis{Addr: e.RedisAddr, Password: e.RedisPassword}.Pong(ctx)
}

// BootSeconds tells how long a back end takes to boot in a home.
func BootSeconds(ctx context.Context, open func(context.Context, stack.Config) (stack.Stack, error), home string) (float64, error) {
	begin := time.Now()
	s, err := open(ctx, stack.Config{Home: home, Database: "orders", Roles: []string{"app"}})
	took := time.Since(begin)
	if err != nil {
		return 0, err
	}
	return took.Seconds(), s.Close()
}

// Deaths collects what OnExit tells.
type Deaths struct {
	mu    sync.Mutex
	nodes []string
}

// Add is for [stack.Config].
func (d *Deaths) Add(node string, _ error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nodes = append(d.nodes, node)
}

// String names the nodes in the order in which they died.
func (d *Deaths) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.nodes, " ")
}

// Home makes a directory below parent in which a home can be. The caller removes it.
func Home(parent string) (dir string, err error) {
	if dir, err = os.MkdirTemp(parent, "stack-test-"); err != nil {
		return "", err
	}
	return dir, Reachable(dir)
}

// Reachable lets the servers' account pass: temporary directories come closed to others.
func Reachable(dir string) error {
	for ; !slices.Contains([]string{os.TempDir(), "/var/tmp", "/dev/shm", "/"}, dir); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}
