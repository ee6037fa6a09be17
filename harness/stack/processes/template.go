package processes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/servers"
)

// Disk space a stack asks for beside its data, mostly for the write-ahead log of both nodes.
const (
	freshBytes  = 256 << 20
	marginBytes = 512 << 20
)

// fill leaves two equal data directories, the primary's and the replica's, with all processes on them stopped. A copy
// costs less than pg_basebackup, needs no running primary, and makes the same standby.
func (s *processes) fill(ctx context.Context) error {
	primary, replica := s.run.Data(stack.Primary), s.run.Data(stack.Replica)
	if s.Config.Template != "" {
		return s.fillFromTemplate(ctx, primary, replica)
	}
	if err := s.build(ctx, primary, s.Config.Prepare != nil); err != nil {
		return err
	}
	return s.copies(ctx, primary, replica)
}

// copies copies one data directory to others, and keeps account of it.
func (s *processes) copies(ctx context.Context, src string, dst ...string) error {
	size, err := treeSize(src)
	if err != nil {
		return err
	}
	if err := s.home.EnsureFree(size*int64(len(dst))+marginBytes/2, fmt.Sprintf("copying %s of data %d times", stack.Bytes(size), len(dst))); err != nil {
		return err
	}
	s.Config.Tell("copying the data")
	begin := time.Now()
	g, gctx := errgroup.WithContext(ctx)
	for _, d := range dst {
		g.Go(func() error { return copyTree(gctx, d, src, s.home.Account) })
	}
	err = g.Wait()
	s.Update(func(e *stack.Endpoints) {
		e.Template.CopySeconds, e.Template.Bytes = time.Since(begin).Seconds(), size
	})
	return err
}

// templateName names data of this kind.
func (s *processes) templateName() string {
	return home.TemplateName(s.Config, servers.Layout, fmt.Sprintf("pg%d", s.tools.postgresMajor))
}

// fillFromTemplate copies under a shared lock, so that nobody removes the template meanwhile, and builds it first,
// under the exclusive lock, when it is not there.
func (s *processes) fillFromTemplate(ctx context.Context, dst ...string) error {
	name := s.templateName()
	path, reused := s.home.Template(name), true
	for {
		unlock, err := s.home.LockTemplate(ctx, name, unix.LOCK_SH)
		if err != nil {
			return err
		}
		if _, err := os.Stat(path); err == nil {
			s.Update(func(e *stack.Endpoints) { e.Template.Reused = reused })
			return errors.Join(s.copies(ctx, path, dst...), unlock())
		}
		if err := unlock(); err != nil {
			return err
		}
		built, err := s.ensureTemplate(ctx, name)
		if err != nil {
			return err
		}
		reused = !built
	}
}

// ensureTemplate builds the template in the run's own directory and moves it in place when it is whole and on disk.
// So a half-built one is never found there, and Clean takes it away with the run.
func (s *processes) ensureTemplate(ctx context.Context, name string) (built bool, err error) {
	path := s.home.Template(name)
	unlock, err := s.home.LockTemplate(ctx, name, unix.LOCK_EX)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if _, err := os.Stat(path); err == nil {
		return false, nil // another run was faster
	}
	begin := time.Now()
	s.Config.Log.Info("building the data once; later runs copy it", "key", s.Config.Template)
	dir := s.run.Data(backend.BuildName)
	if err := s.build(ctx, dir, true); err != nil {
		return false, err
	}
	s.Config.Tell("writing the data back to disk")
	if err := errors.Join(writeBack(dir), os.Rename(dir, path), writeBack(filepath.Dir(path))); err != nil {
		return false, err
	}
	// The account could have put something else there instead.
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return false, errors.Join(fmt.Errorf("stack: %s is no directory, though one was moved there", path), err, os.Remove(path))
	}
	s.Update(func(e *stack.Endpoints) { e.Template.BuildSeconds = time.Since(begin).Seconds() })
	return true, nil
}

// build makes a data directory, and when asked, has it prepared by a server that is stopped again.
func (s *processes) build(ctx context.Context, dir string, prepare bool) error {
	s.Config.Tell("initdb")
	if err := s.initdb(ctx, dir); err != nil {
		return err
	}
	if !prepare {
		return nil
	}
	if err := s.visit(ctx, dir, s.prepare, servers.BaseSettings(), servers.BuildSettings()); err != nil {
		return err
	}
	s.Config.Tell("finishing the data")
	// Once more with the real settings: a server last run with wal_level minimal leaves data no standby will follow.
	idle := func(context.Context, int) error { return nil }
	return s.visit(ctx, dir, idle, servers.BaseSettings(), map[string]string{"wal_recycle": "off"})
}

// visit runs do against a server on dir, and stops it cleanly.
func (s *processes) visit(ctx context.Context, dir string, do func(ctx context.Context, port int) error, layers ...map[string]string) error {
	return s.ports.WithPort(0, backend.BuildName, func(port int) error {
		n := s.postgres(backend.BuildName, dir)
		n.ready = s.door(port).Accepts
		if err := errors.Join(s.configure(dir, port, layers...), s.bring(ctx, n)); err != nil {
			return err
		}
		c := n.child.Load()
		if err := do(ctx, port); err != nil {
			return errors.Join(err, dismiss(c, n.quit))
		}
		stopping, cancel := context.WithTimeout(ctx, servers.PostgresLimit)
		defer cancel()
		if err := c.End(stopping, syscall.SIGINT); err != nil {
			return err
		}
		if c.Err != nil || crashed(dir) {
			return backend.Diagnose(backend.BuildName, fmt.Errorf("did not stop cleanly: %s", c.Fate()), n.command.Log, c.LogStart)
		}
		return nil
	})
}

// prepare sets up database and roles and lets the caller fill them.
func (s *processes) prepare(ctx context.Context, port int) error {
	if err := s.door(port).Provision(ctx, s.Config.Database, s.Roles(), s.Passwords()); err != nil {
		return err
	}
	if s.Config.Prepare == nil {
		return nil
	}
	e := s.Endpoints()
	e.PrimaryAddr = backend.Address(port)
	if err := s.Config.Prepare(ctx, e.PrimaryURL(stack.Owner)); err != nil {
		return backend.DiagnoseFull(fmt.Errorf("stack: prepare the data: %w", err))
	}
	return nil
}
