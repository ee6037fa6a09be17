package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// processes is the back end of installed servers run as children.
type processes struct {
	cfg      Config
	tools    tools
	home     home
	run      *rundir
	ledger   *ledger
	launcher *launcher
	ports    ports

	// life ends with Close and cuts short what Spawn and Fault are waiting for.
	life context.Context
	end  context.CancelCauseFunc
	// turn is held by the one of Spawn, Fault and Close that is at work.
	turn sync.Mutex
	// mu guards nodes and endpoints.
	mu        sync.Mutex
	nodes     []*node
	endpoints Endpoints

	closing  sync.Once
	closeErr error
}

// Processes boots a stack of child processes. ctx bounds the boot alone; what is up stays up until Close. A boot that
// fails or is cancelled leaves nothing behind.
func Processes(ctx context.Context, cfg Config) (Stack, error) {
	s, err := prepareRun(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := s.boot(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// prepareRun finds the servers and takes the private directory; nothing runs yet.
func prepareRun(ctx context.Context, cfg Config) (*processes, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	as, err := chooseAccount()
	if err != nil {
		return nil, err
	}
	s := &processes{cfg: cfg}
	if err := s.ports.reserve(map[string]int{Primary: cfg.PrimaryPort, Replica: cfg.ReplicaPort, Redis: cfg.RedisPort}); err != nil {
		return nil, err
	}
	if s.tools, err = findTools(ctx, cfg, as); err != nil {
		return nil, err
	}
	if s.home, err = openHome(cfg.Home, as); err != nil {
		return nil, err
	}
	if err := s.home.room(freshBytes, "a stack"); err != nil {
		return nil, err
	}
	if s.run, err = s.home.newRun(ctx, cfg.Run); err != nil {
		return nil, err
	}
	if s.ledger, err = openLedger(s.run.path); err != nil {
		return nil, errors.Join(err, s.run.remove())
	}
	if err := os.MkdirAll(filepath.Dir(s.logPath("")), 0o700); err != nil {
		return nil, errors.Join(err, s.ledger.close(), s.run.remove())
	}
	s.cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	s.launcher = newLauncher(as, s.ledger, cfg.OnExit)
	s.life, s.end = context.WithCancelCause(context.Background())
	s.endpoints = s.blankEndpoints()
	return s, nil
}

// check refuses what no server could be started with.
func (c Config) check() error {
	if c.Database == "" || c.Database == "postgres" || strings.HasPrefix(c.Database, "template") {
		return fmt.Errorf("stack: %q cannot be the database; give it a name of its own", c.Database)
	}
	for i, role := range c.Roles {
		if role == "" || strings.HasPrefix(role, "pg_") || slices.Contains([]string{Owner, Harness, Replicator, "public", "none"}, role) || slices.Contains(c.Roles[:i], role) {
			return fmt.Errorf("stack: %q cannot be an application's role; it is empty, reserved or named twice", role)
		}
	}
	return checkSettings(c.Settings)
}

func (s *processes) blankEndpoints() Endpoints {
	e := Endpoints{Database: s.cfg.Database, Passwords: map[string]string{}, RedisPassword: secret(), Template: Template{Key: s.cfg.Template}}
	for _, role := range s.roles() {
		e.Passwords[role] = secret()
	}
	return e
}

func (s *processes) logPath(name string) string {
	return filepath.Join(cmp.Or(s.cfg.Logs, s.run.data("logs")), name+".log")
}

// boot starts everything that does not wait for something else at the same time.
func (s *processes) boot(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.bootRedis(gctx) })
	g.Go(func() error { return s.bootPostgres(gctx) })
	if err := g.Wait(); err != nil {
		return err
	}
	return s.describe(ctx)
}

// bootPostgres has the copies written back while the servers start, and waits for that at the end.
func (s *processes) bootPostgres(ctx context.Context) error {
	if err := s.fill(ctx); err != nil {
		return err
	}
	written := make(chan error, 1)
	go func() { written <- writeBack(s.run.path) }()
	if err := s.bootPair(ctx); err != nil {
		return err
	}
	begin := time.Now()
	select {
	case err := <-written:
		s.update(func(e *Endpoints) { e.Template.SyncSeconds = time.Since(begin).Seconds() })
		return err
	case <-ctx.Done():
		return fmt.Errorf("stack: write the data back to disk: %w", context.Cause(ctx))
	}
}

func (s *processes) bootPair(ctx context.Context) error {
	primary, replica := s.postgres(Primary, s.run.data(Primary)), s.postgres(Replica, s.run.data(Replica))
	s.enter(primary)
	var primaryPort int
	err := s.ports.withPort(s.cfg.PrimaryPort, Primary, func(port int) error {
		primaryPort, primary.ready = port, s.accepts(port)
		s.update(func(e *Endpoints) { e.PrimaryAddr = address(port) })
		own := map[string]string{"cluster_name": Primary}
		return errors.Join(s.configure(primary.data, port, baseSettings(), own, s.cfg.Settings), s.launcher.bring(ctx, primary))
	})
	if err != nil {
		return err
	}
	if err := errors.Join(s.makeSlot(ctx, primaryPort), s.provision(ctx, primaryPort)); err != nil {
		return err
	}
	standby, err := s.follow(replica.data, primaryPort)
	if err != nil {
		return err
	}
	s.enter(replica)
	return s.ports.withPort(s.cfg.ReplicaPort, Replica, func(port int) error {
		replica.ready = s.streams(primary, primaryPort, port)
		s.update(func(e *Endpoints) { e.ReplicaAddr = address(port) })
		return errors.Join(s.configure(replica.data, port, baseSettings(), s.cfg.Settings, standby), s.launcher.bring(ctx, replica))
	})
}

const statedQuery = `SELECT name, current_setting(name, true) FROM unnest($1::text[]) AS name WHERE current_setting(name, true) IS NOT NULL`

// describe asks the servers for what a report must state of them.
func (s *processes) describe(ctx context.Context) error {
	redisVersion, err := s.describeRedis(ctx)
	if err != nil {
		return err
	}
	e := s.Endpoints()
	conn, err := pgx.Connect(ctx, e.PrimaryURL(Owner))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, statedQuery, stated(s.cfg.Settings))
	if err != nil {
		return err
	}
	settings := map[string]string{"redis.save": "", "redis.appendonly": "no", "data_in_memory": "off"}
	if inMemory(s.home.path) {
		settings["data_in_memory"] = "on"
		s.cfg.Log.Warn("the data is in memory, so commits cost less than on any disk; set REHEARSE_HOME to a directory on one", "home", s.home.path)
	}
	var name, value string
	if _, err := pgx.ForEachRow(rows, []any{&name, &value}, func() error { settings[name] = value; return nil }); err != nil {
		return err
	}
	version := conn.PgConn().ParameterStatus("server_version")
	s.update(func(e *Endpoints) {
		e.Settings = settings
		e.Versions = map[string]string{Primary: version, Replica: version, Redis: redisVersion}
	})
	return nil
}

// Endpoints implements [Stack].
func (s *processes) Endpoints() Endpoints {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.endpoints.clone()
	for _, n := range s.nodes {
		if c := n.child.Load(); c != nil && c.running() {
			e.Nodes = append(e.Nodes, Node{Name: n.name, PID: c.PID})
		}
	}
	return e
}

func (s *processes) update(change func(*Endpoints)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.endpoints)
}

// enter adds a node, in the order of [startOrder], so that Close can go backwards whatever the boot did at once.
func (s *processes) enter(n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nodes = append(s.nodes, n)
	slices.SortStableFunc(s.nodes, func(a, b *node) int { return cmp.Compare(startOrder(a.name), startOrder(b.name)) })
}

// startOrder is the place of a node in the stack's order; services follow as they come.
func startOrder(name string) int {
	if i := slices.Index([]string{Primary, Replica, Redis}, name); i >= 0 {
		return i
	}
	return 3
}

// node finds a node by name.
func (s *processes) node(name string) *node {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.nodes {
		if n.name == name {
			return n
		}
	}
	return nil
}
