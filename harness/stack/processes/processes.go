// Package processes is the back end of installed servers that run as children of rehearse.
//
// Scope: [Open] boots a stack, [Examine] and [Clean] find and remove what runs that crashed left in a home,
// [InstalledPostgres] and [InstalledRedis] say which servers would be started.
//
// Opinion: servers never run as root, listen on 127.0.0.1 alone, and write nowhere but into the private directory of the run.
// Postgres is always given the chance to release its shared memory, by starting it once more if it was killed.
//
// Steps: find the servers; take the directory, the list of processes and the limits; initdb and prepare, or copy the
// template; start the primary and, from the same data, the replica; meanwhile Redis; have everything written back.
package processes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/limits"
	"github.com/rehearse-dev/rehearse/harness/stack/servers"
)

// processes is the back end of installed servers run as children.
type processes struct {
	backend.Base
	backend.Roster[*node]
	tools    tools
	home     home.Home
	run      *home.Run
	list     *child.List
	limits   limits.Limiter
	launcher *child.Launcher
	ports    backend.Ports
	// primaryPort is where the primary was put.
	primaryPort int
}

// Open boots a stack of child processes. ctx bounds the boot alone; what is up stays up until Close. A boot that
// fails or is cancelled leaves nothing behind.
func Open(ctx context.Context, cfg stack.Config) (stack.Stack, error) {
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
func prepareRun(ctx context.Context, cfg stack.Config) (*processes, error) {
	if err := errors.Join(cfg.Check(), servers.CheckSettings(cfg.Settings)); err != nil {
		return nil, err
	}
	as, err := home.ChooseAccount()
	if err != nil {
		return nil, err
	}
	s := &processes{}
	s.Begin(cfg)
	if err := s.ports.Reserve(map[string]int{stack.Primary: cfg.PrimaryPort, stack.Replica: cfg.ReplicaPort, stack.Redis: cfg.RedisPort}); err != nil {
		return nil, err
	}
	if s.tools, err = findTools(ctx, cfg, as); err != nil {
		return nil, err
	}
	if s.home, err = home.Open(cfg.Home, as); err != nil {
		return nil, err
	}
	if err := s.home.EnsureFree(freshBytes, "a stack"); err != nil {
		return nil, err
	}
	if s.run, err = s.home.NewRun(ctx, cfg.Run); err != nil {
		return nil, err
	}
	if s.list, err = child.OpenList(s.run.ProcessList()); err != nil {
		return nil, errors.Join(err, s.run.Remove())
	}
	if err := os.MkdirAll(filepath.Dir(s.logPath("")), 0o700); err != nil {
		return nil, errors.Join(err, s.list.Close(), s.run.Remove())
	}
	s.launcher = child.NewLauncher(as.Credential(), s.list, cfg.OnExit)
	if s.limits, err = limits.New(s.run.Name(), s.run.GroupList(), cfg.Limits, s.Config.Log); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *processes) logPath(name string) string {
	return filepath.Join(cmp.Or(s.Config.Logs, filepath.Join(s.run.Path, "logs")), name+".log")
}

// boot starts everything that does not wait for something else at the same time.
func (s *processes) boot(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.bootRedis(gctx) })
	g.Go(func() error { return s.bootPostgres(gctx) })
	if err := g.Wait(); err != nil {
		return err
	}
	cache := servers.Redis{Addr: s.Snapshot().RedisAddr, Password: s.RedisPassword()}
	settings, versions, err := servers.Describe(ctx, s.door(s.primaryPort), s.Config.Database, cache, s.Config.Settings)
	if err != nil {
		return err
	}
	s.Update(func(e *stack.Endpoints) { e.Settings, e.Versions = settings, versions })
	if home.InMemory(s.home.Path) {
		s.Update(func(e *stack.Endpoints) { e.Settings["data_in_memory"] = "on" })
		s.Config.Log.Warn("the data is in memory, so commits cost less than on any disk; set REHEARSE_HOME to a directory on one", "home", s.home.Path)
	}
	return nil
}

// bootPostgres has the copies written back while the servers start, and waits for that at the end.
func (s *processes) bootPostgres(ctx context.Context) error {
	if err := s.fill(ctx); err != nil {
		return err
	}
	written := make(chan error, 1)
	go func() { written <- writeBack(s.run.Path) }()
	if err := s.bootPair(ctx); err != nil {
		return err
	}
	s.Config.Tell("writing the data back to disk")
	begin := time.Now()
	select {
	case err := <-written:
		s.Update(func(e *stack.Endpoints) { e.Template.SyncSeconds = time.Since(begin).Seconds() })
		return err
	case <-ctx.Done():
		return fmt.Errorf("stack: write the data back to disk: %w", context.Cause(ctx))
	}
}

func (s *processes) bootPair(ctx context.Context) error {
	primary, replica := s.postgres(stack.Primary, s.run.Data(stack.Primary)), s.postgres(stack.Replica, s.run.Data(stack.Replica))
	s.Config.Tell("starting the primary")
	s.Enter(primary)
	err := s.ports.WithPort(s.Config.PrimaryPort, stack.Primary, func(port int) error {
		s.primaryPort, primary.ready = port, s.door(port).Accepts
		s.Update(func(e *stack.Endpoints) { e.PrimaryAddr = backend.Address(port) })
		own := map[string]string{"cluster_name": stack.Primary}
		return errors.Join(s.configure(primary.data, port, servers.BaseSettings(), own, s.Config.Settings), s.bring(ctx, primary))
	})
	if err != nil {
		return err
	}
	owner := s.door(s.primaryPort)
	if err := errors.Join(owner.MakeSlot(ctx), owner.Provision(ctx, s.Config.Database, s.Roles(), s.Passwords())); err != nil {
		return err
	}
	standby, err := s.follow(replica.data, s.primaryPort)
	if err != nil {
		return err
	}
	s.Config.Tell("starting the replica")
	s.Enter(replica)
	return s.ports.WithPort(s.Config.ReplicaPort, stack.Replica, func(port int) error {
		replica.ready = servers.Streams(owner, s.door(port), serves(primary))
		s.Update(func(e *stack.Endpoints) { e.ReplicaAddr = backend.Address(port) })
		return errors.Join(s.configure(replica.data, port, servers.BaseSettings(), s.Config.Settings, standby), s.bring(ctx, replica))
	})
}

// Endpoints implements [stack.Stack].
func (s *processes) Endpoints() stack.Endpoints {
	e := s.Snapshot()
	e.Limits = s.limits.InForce()
	for _, n := range s.Nodes() {
		if c := n.child.Load(); c != nil && c.Running() {
			e.Nodes = append(e.Nodes, stack.Node{Name: n.name, PID: c.PID})
		}
	}
	return e
}
