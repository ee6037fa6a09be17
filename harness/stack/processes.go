package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// processes is the back end of installed servers run as children.
type processes struct {
	base
	roster[*node]
	tools    tools
	home     home
	run      *rundir
	ledger   *ledger
	launcher *launcher
	ports    ports
	// primaryPort is where the primary was put.
	primaryPort int
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
	s := &processes{}
	s.begin(cfg)
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
	s.launcher = newLauncher(as, s.ledger, cfg.OnExit)
	if s.launcher.limits, err = newLimiter(s.run, cfg.Limits, s.cfg.Log); err != nil {
		return nil, errors.Join(err, s.Close())
	}
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
	return errors.Join(checkSettings(c.Settings), checkLimits(c.Limits))
}

func (s *processes) logPath(name string) string {
	return filepath.Join(cmp.Or(s.cfg.Logs, filepath.Join(s.run.path, "logs")), name+".log")
}

// boot starts everything that does not wait for something else at the same time.
func (s *processes) boot(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.bootRedis(gctx) })
	g.Go(func() error { return s.bootPostgres(gctx) })
	if err := g.Wait(); err != nil {
		return err
	}
	if err := s.describe(ctx, s.door(s.primaryPort)); err != nil {
		return err
	}
	if inMemory(s.home.path) {
		s.update(func(e *Endpoints) { e.Settings["data_in_memory"] = "on" })
		s.cfg.Log.Warn("the data is in memory, so commits cost less than on any disk; set REHEARSE_HOME to a directory on one", "home", s.home.path)
	}
	return nil
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
	s.cfg.tell("writing the data back to disk")
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
	s.cfg.tell("starting the primary")
	s.enter(primary)
	err := s.ports.withPort(s.cfg.PrimaryPort, Primary, func(port int) error {
		s.primaryPort, primary.ready = port, s.door(port).accepts
		s.update(func(e *Endpoints) { e.PrimaryAddr = address(port) })
		own := map[string]string{"cluster_name": Primary}
		return errors.Join(s.configure(primary.data, port, baseSettings(), own, s.cfg.Settings), s.launcher.bring(ctx, primary))
	})
	if err != nil {
		return err
	}
	owner := s.door(s.primaryPort)
	if err := errors.Join(owner.makeSlot(ctx), owner.provision(ctx, s.cfg.Database, s.roles(), s.endpoints.Passwords)); err != nil {
		return err
	}
	standby, err := s.follow(replica.data, s.primaryPort)
	if err != nil {
		return err
	}
	s.cfg.tell("starting the replica")
	s.enter(replica)
	return s.ports.withPort(s.cfg.ReplicaPort, Replica, func(port int) error {
		replica.ready = streams(owner, s.door(port), serves(primary))
		s.update(func(e *Endpoints) { e.ReplicaAddr = address(port) })
		return errors.Join(s.configure(replica.data, port, baseSettings(), s.cfg.Settings, standby), s.launcher.bring(ctx, replica))
	})
}

// Endpoints implements [Stack].
func (s *processes) Endpoints() Endpoints {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.endpoints.clone()
	e.Limits = s.launcher.limits.inForce()
	for _, n := range s.nodes() {
		if c := n.child.Load(); c != nil && c.running() {
			e.Nodes = append(e.Nodes, Node{Name: n.name, PID: c.PID})
		}
	}
	return e
}
