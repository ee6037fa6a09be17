package containers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/redis/go-redis/v9"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// docker is the engine tests use. Where none answers they are skipped; where one does, nothing else may keep them from
// running.
func docker(t testing.TB) *engine.Engine {
	t.Helper()
	if testing.Short() {
		t.Skip("-short asks no engine")
	}
	e, err := engine.Open(t.Context(), engine.Config{})
	if err != nil {
		t.Skipf("containers are not tested here: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// deaths collects what OnExit tells.
type deaths struct {
	mu    sync.Mutex
	nodes []string
}

func (d *deaths) add(node string, _ error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nodes = append(d.nodes, node)
}

func (d *deaths) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.nodes, " ")
}

func replicaFollows(t *testing.T, s stack.Stack) {
	e := s.Endpoints()
	must(t, execute(t.Context(), e.PrimaryURL("app"), "INSERT INTO token VALUES (2)"))
	eventually(t, "the row is on the replica", func() error {
		n, err := ask[int](t.Context(), e.ReplicaURL("app"), "SELECT count(*)::int FROM token")
		if err == nil && n != 2 {
			err = fmt.Errorf("%d rows", n)
		}
		return err
	})
	state, err := ask[string](t.Context(), e.PrimaryURL(stack.Harness), "SELECT state || ' ' || sync_state FROM pg_stat_replication WHERE application_name = 'replica'")
	if must(t, err); state != "streaming async" {
		t.Errorf("replication is %q", state)
	}
	slot, err := ask[string](t.Context(), e.PrimaryURL(stack.Harness), "SELECT slot_name::text || ' ' || active FROM pg_replication_slots")
	if must(t, err); slot != "replica true" {
		t.Errorf("slot is %q", slot)
	}
	if err := execute(t.Context(), e.ReplicaURL("app"), "INSERT INTO token VALUES (3)"); !hasCode(err, "25006") {
		t.Errorf("the replica takes writes: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually gives a condition 20 s; that is a bound for a broken build, not an expectation.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("%s: not within 20 s: %v", what, err)
}

func execute(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

func ask[T any](ctx context.Context, url, sql string) (answer T, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return answer, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return answer, conn.QueryRow(ctx, sql).Scan(&answer)
}

func hasCode(err error, code string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == code
}

func ping(ctx context.Context, e stack.Endpoints) error {
	c := redis.NewClient(&redis.Options{Addr: e.RedisAddr, Password: e.RedisPassword, MaxRetries: -1, ContextTimeoutEnabled: true})
	defer c.Close()
	return c.Ping(ctx).Err()
}

func homeBelow(t testing.TB, parent string) string {
	t.Helper()
	dir, err := os.MkdirTemp(parent, "stack-test-")
	if err != nil {
		t.Fatal(err)
	}
	reachable(t, dir)
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, "h")
}

// reachable lets the servers' account pass: temporary directories come closed to others.
func reachable(t testing.TB, dir string) {
	for ; !slices.Contains([]string{os.TempDir(), "/var/tmp", "/dev/shm", "/"}, dir); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// unique is a short name that nobody else has.
func unique() string { return strings.ToLower(rand.Text()[:12]) }

// bootOf tells how long a boot takes, in seconds.
func bootOf(b *testing.B) float64 {
	cfg := stack.Config{Home: homeBelow(b, "/var/tmp"), Database: "carshare", Roles: []string{"app"}}
	begin := time.Now()
	s, err := Open(b.Context(), cfg)
	took := time.Since(begin)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return took.Seconds()
}
