package stack

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

	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// containers is the back end of a Docker engine.
type containers struct {
	base
	roster[*vessel]
	engine *engine.Engine
	home   home
	run    *rundir
	images images
	labels map[string]string

	network engine.Network
	// direct is true when the harness dials the containers' own addresses, false when ports published on 127.0.0.1.
	direct bool
	// seats hands out addresses in the network, ports numbers on 127.0.0.1.
	seats seats
	ports ports

	// gone is true when the engine's end was told.
	gone atomic.Bool
	// binaries are the images of services, by the path of the program; only who has the turn uses them.
	binaries map[string]string
}

// Containers boots a stack on a Docker engine. ctx bounds the boot alone; what is up stays up until Close. A boot that
// fails or is cancelled leaves nothing behind. What a run that crashed had left on the engine is removed first: it would
// take its share of the machine.
func Containers(ctx context.Context, cfg Config) (Stack, error) {
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
func prepareEngine(ctx context.Context, cfg Config) (_ *containers, err error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &containers{binaries: map[string]string{}}
	s.begin(cfg)
	if s.engine, err = openEngine(ctx, s.cfg); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.engine.Close())
		}
	}()
	if err := s.ports.reserve(map[string]int{Primary: cfg.PrimaryPort, Replica: cfg.ReplicaPort, Redis: cfg.RedisPort}); err != nil {
		return nil, err
	}
	path, err := homePath(cfg.Home)
	if err != nil {
		return nil, err
	}
	if _, err := sweepEngine(ctx, s.engine, path); err != nil {
		return nil, err
	}
	cfg.tell("finding the images")
	if s.images, err = obtainImages(ctx, s.engine, s.cfg); err != nil {
		return nil, err
	}
	return s, s.takeDirectory(ctx)
}

// openEngine refuses an engine whose ports on 127.0.0.1 are not here.
func openEngine(ctx context.Context, cfg Config) (*engine.Engine, error) {
	e, err := engine.Open(ctx, engine.Config{Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotReady, err)
	}
	if !e.Info().Local {
		return nil, errors.Join(notReady("the Docker engine at "+e.Info().Host+" is on another machine, and what is measured over a network says nothing about the servers", "unset DOCKER_HOST, or run rehearse there"), e.Close())
	}
	return e, nil
}

// takeDirectory makes the run's private directory. Its lock is how others know that the run lives, and its mark that
// there is something on the engine.
func (s *containers) takeDirectory(ctx context.Context) error {
	as, err := chooseAccount()
	if err != nil {
		as = account{} // nothing of the servers' is kept in the directory
	}
	if s.home, err = openHome(s.cfg.Home, as); err != nil {
		return err
	}
	if s.run, err = s.home.newRun(ctx, s.cfg.Run); err != nil {
		return err
	}
	s.labels = map[string]string{labelRun: filepath.Base(s.run.path), labelLock: s.run.lock.Name(), labelHost: here()}
	err = errors.Join(
		os.WriteFile(filepath.Join(s.run.path, engineMark), []byte(s.engine.Info().Host+"\n"), 0o600),
		os.MkdirAll(filepath.Dir(s.logPath("")), 0o700))
	if err != nil {
		return errors.Join(err, s.run.remove())
	}
	return nil
}

func (s *containers) logPath(name string) string {
	return filepath.Join(cmp.Or(s.cfg.Logs, filepath.Join(s.run.path, "logs")), name+".log")
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
	if err := s.describe(ctx, s.door(s.node(Primary), s.endpoints.Passwords[Owner])); err != nil {
		return err
	}
	s.update(func(e *Endpoints) {
		e.Settings["image.postgres"], e.Settings["image.redis"] = s.images.postgres.text(), s.images.redis.text()
		e.Settings["engine"] = fmt.Sprintf("Docker %s (API %s), %s", s.engine.Info().Version, s.engine.Info().API, s.engine.Info().OS)
		e.Settings["addresses"] = s.addressText()
		if inMemory(s.engine.Info().Root) {
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
	return diagnose(failed.node, failed.err, s.logPath(failed.node), 0)
}

// Endpoints implements [Stack].
func (s *containers) Endpoints() Endpoints {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.endpoints.clone()
	for _, v := range s.nodes() {
		if v.running.Load() {
			e.Nodes = append(e.Nodes, Node{Name: v.name, PID: int(v.pid.Load())})
		}
	}
	return e
}

// Close implements [Stack].
func (s *containers) Close() error { return s.close(s.takeDown) }

// closeLimit bounds the removal of everything.
const closeLimit = time.Minute

// takeDown keeps the logs and removes everything that carries the run's label, so also what a boot that was cut short
// had not entered anywhere yet.
func (s *containers) takeDown() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	g := new(errgroup.Group)
	for _, v := range s.nodes() {
		v.news.Store(settled)
		g.Go(func() error {
			defer v.running.Store(false)
			return errors.Join(v.box.Kill(ctx), s.keepLog(ctx, v))
		})
	}
	err := g.Wait()
	if err := errors.Join(err, removeRun(ctx, s.engine, s.labels[labelRun])); err != nil {
		if errors.Is(err, engine.ErrUnreachable) {
			err = notReady("Docker does not answer, so the containers of this run could not be removed", "when it runs again, type: rehearse clean")
		}
		return errors.Join(err, s.engine.Close(), s.run.lock.Close()) // the directory stays as the mark of what remains
	}
	return errors.Join(s.engine.Close(), s.run.remove())
}

// keepLog writes what a node has printed to where logs are kept.
func (s *containers) keepLog(ctx context.Context, v *vessel) (err error) {
	f, err := os.OpenFile(s.logPath(v.name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return v.box.Log(ctx, f)
}
