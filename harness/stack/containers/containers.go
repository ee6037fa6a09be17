// Package containers is the back end of a Docker engine.
//
// Scope: [Open] boots a stack, [Ready] tells whether it could, [ChooseImage] from which images, [Examine] and [Clean] find
// and remove what runs that crashed left on an engine.
//
// Opinion: an image that is here is used without a pull. Everything carries the label of its run, so what a boot that was
// cut short had made is found as well. Ports are published on 127.0.0.1 alone.
//
// Steps: sweep what dead runs left; find the images; take the run's directory and network; make the data in one container
// of the servers' own image, in which every job is a command, while the servers' containers start and wait for it; release
// the primary, then the replica; meanwhile Redis; have everything written back.
//
// Addresses: services dial each other by the containers' own addresses. The harness does so too wherever it can, which is on
// Linux with an engine that runs as root, and else by ports published on 127.0.0.1: those pass through a proxy process, and
// a prepared SELECT takes two to three times as long there (published/direct of BenchmarkRoute: 2.2 on a busy machine, 3.4 on
// a quiet one; a process takes 0.4 to 0.9 times as long as a container dialled directly). The choice is made once, when the
// network is there, holds for the whole run and so for every state alike, and stands in the settings of the endpoints.
// Servers are published in either case, so that people can look in.
package containers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/servers"
)

// containers is the back end of a Docker engine.
type containers struct {
	backend.Base
	backend.Roster[*node]
	engine *engine.Engine
	home   home.Home
	run    *home.Run
	images images
	labels map[string]string

	network engine.Network
	// direct is true when the harness dials the containers' own addresses, false when ports published on 127.0.0.1.
	direct bool
	// addresses hands out addresses in the network, ports numbers on 127.0.0.1.
	addresses addresses
	ports     backend.Ports

	// gone is true when the engine's end was told.
	gone atomic.Bool
	// binaries are the images of services, by the path of the program; only who has the turn uses them.
	binaries map[string]string
}

// Open boots a stack on a Docker engine. ctx bounds the boot alone; what is up stays up until Close. A boot that
// fails or is cancelled leaves nothing behind. What a run that crashed had left on the engine is removed first: it would
// take its share of the machine.
func Open(ctx context.Context, cfg stack.Config) (stack.Stack, error) {
	s, err := prepareEngine(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := s.boot(ctx); err != nil {
		return nil, errors.Join(s.diagnose(err), s.Close())
	}
	return s, nil
}

// prepareEngine finds the engine and the images and takes the private directory; nothing runs yet.
func prepareEngine(ctx context.Context, cfg stack.Config) (_ *containers, err error) {
	if err := errors.Join(cfg.Check(), servers.CheckSettings(cfg.Settings)); err != nil {
		return nil, err
	}
	s := &containers{binaries: map[string]string{}}
	s.Begin(cfg)
	if s.engine, err = openEngine(ctx, s.Config); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.engine.Close())
		}
	}()
	if err := s.ports.Reserve(map[string]int{stack.Primary: cfg.PrimaryPort, stack.Replica: cfg.ReplicaPort, stack.Redis: cfg.RedisPort}); err != nil {
		return nil, err
	}
	path, err := home.Path(cfg.Home)
	if err != nil {
		return nil, err
	}
	if _, err := sweepEngine(ctx, s.engine, path); err != nil {
		return nil, err
	}
	s.Config.Tell("finding the images")
	if s.images, err = obtainImages(ctx, s.engine, s.Config); err != nil {
		return nil, err
	}
	return s, s.takeDirectory(ctx)
}

// openEngine refuses an engine whose ports on 127.0.0.1 are not here.
func openEngine(ctx context.Context, cfg stack.Config) (*engine.Engine, error) {
	e, err := engine.Open(ctx, engine.Config{Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", stack.ErrNotReady, err)
	}
	if !e.Info().Local {
		return nil, errors.Join(stack.NotReady("the Docker engine at "+e.Info().Host+" is on another machine, and what is measured over a network says nothing about the servers", "unset DOCKER_HOST, or run rehearse there"), e.Close())
	}
	return e, nil
}

// takeDirectory makes the run's private directory. Its lock is how others know that the run lives, and its mark that
// there is something on the engine.
func (s *containers) takeDirectory(ctx context.Context) error {
	as, err := home.ChooseAccount()
	if err != nil {
		as = home.Account{} // nothing of the servers' is kept in the directory
	}
	if s.home, err = home.Open(s.Config.Home, as); err != nil {
		return err
	}
	if s.run, err = s.home.NewRun(ctx, s.Config.Run); err != nil {
		return err
	}
	s.labels = map[string]string{labelRun: s.run.Name(), labelLock: s.run.LockFile(), labelHost: here()}
	err = errors.Join(
		os.WriteFile(s.run.EngineFile(), []byte(s.engine.Info().Host+"\n"), 0o600),
		os.MkdirAll(filepath.Dir(s.logPath("")), 0o700))
	if err != nil {
		return errors.Join(err, s.run.Remove())
	}
	return nil
}

func (s *containers) logPath(name string) string {
	return filepath.Join(cmp.Or(s.Config.Logs, filepath.Join(s.run.Path, "logs")), name+".log")
}

// name is what a thing of this run is called on the engine.
func (s *containers) name(what string) string { return "rehearse-" + s.labels[labelRun] + "-" + what }

// boot starts everything that does not wait for something else at the same time.
func (s *containers) boot(ctx context.Context) (err error) {
	if s.network, err = s.engine.Network(ctx, s.name("network"), s.labels); err != nil {
		return err
	}
	s.direct = runtime.GOOS == "linux" && s.network.Direct()
	go s.watch()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.bootRedis(gctx) })
	g.Go(func() error { return s.bootPostgres(gctx) })
	if err := g.Wait(); err != nil {
		return err
	}
	cache := servers.Redis{Addr: s.Snapshot().RedisAddr, Password: s.RedisPassword()}
	settings, versions, err := servers.Describe(ctx, s.door(s.Node(stack.Primary), s.Password(stack.Owner)), s.Config.Database, cache, s.Config.Settings)
	if err != nil {
		return err
	}
	s.Update(func(e *stack.Endpoints) { e.Settings, e.Versions = settings, versions })
	s.Update(func(e *stack.Endpoints) {
		e.Settings["image.postgres"], e.Settings["image.redis"] = s.images.postgres.text(), s.images.redis.text()
		e.Settings["engine"] = fmt.Sprintf("Docker %s (API %s), %s", s.engine.Info().Version, s.engine.Info().API, s.engine.Info().OS)
		e.Settings["addresses"] = s.addressText()
		if home.InMemory(s.engine.Info().Root) {
			e.Settings["data_in_memory"] = "on"
		}
	})
	return nil
}

func (s *containers) addressText() string {
	if s.direct {
		return "the containers' own"
	}
	return "ports published on 127.0.0.1"
}

// diagnose turns the failure of a node into what the user can do about it, by the log it leaves.
func (s *containers) diagnose(err error) error {
	if errors.Is(err, engine.ErrUnreachable) {
		return engineGone(errors.New("while the stack booted"))
	}
	var failed nodeError
	if !errors.As(err, &failed) {
		return err
	}
	return backend.Diagnose(failed.node, failed.err, s.logPath(failed.node), 0)
}

// Endpoints implements [stack.Stack].
func (s *containers) Endpoints() stack.Endpoints {
	e := s.Snapshot()
	for _, v := range s.Nodes() {
		if v.running.Load() {
			e.Nodes = append(e.Nodes, stack.Node{Name: v.name, PID: int(v.pid.Load())})
		}
	}
	return e
}

// Close implements [stack.Stack].
func (s *containers) Close() error { return s.CloseOnce(s.takeDown) }

// closeLimit bounds the removal of everything.
const closeLimit = time.Minute

// takeDown keeps the logs and removes everything that carries the run's label, so also what a boot that was cut short
// had not entered anywhere yet.
func (s *containers) takeDown() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	g := new(errgroup.Group)
	for _, v := range s.Nodes() {
		v.news.Store(expected)
		g.Go(func() error {
			defer v.running.Store(false)
			return errors.Join(v.box.Kill(ctx), s.keepLog(ctx, v))
		})
	}
	err := g.Wait()
	if err := errors.Join(err, removeRun(ctx, s.engine, s.labels[labelRun])); err != nil {
		if errors.Is(err, engine.ErrUnreachable) {
			err = stack.NotReady("Docker does not answer, so the containers of this run could not be removed", "when it runs again, type: rehearse clean")
		}
		return errors.Join(err, s.engine.Close(), s.run.Release()) // the directory stays as the mark of what remains
	}
	return errors.Join(s.engine.Close(), s.run.Remove())
}

// keepLog writes what a node has printed to where logs are kept.
func (s *containers) keepLog(ctx context.Context, v *node) (err error) {
	f, err := os.OpenFile(s.logPath(v.name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return v.box.Log(ctx, f)
}
