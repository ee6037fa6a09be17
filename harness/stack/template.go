package stack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// Disk space a stack asks for beside its data, mostly for the write-ahead log of both nodes.
const (
	freshBytes  = 256 << 20
	marginBytes = 512 << 20
)

// buildName is the node that fills a template, and its data directory.
const buildName = "build"

// fill leaves two equal data directories, the primary's and the replica's, with all processes on them stopped. A copy
// costs less than pg_basebackup, needs no running primary, and makes the same standby.
func (s *processes) fill(ctx context.Context) error {
	primary, replica := s.run.data(Primary), s.run.data(Replica)
	if s.cfg.Template != "" {
		return s.fillFromTemplate(ctx, primary, replica)
	}
	if err := s.build(ctx, primary, s.cfg.Prepare != nil); err != nil {
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
	if err := s.home.room(size*int64(len(dst))+marginBytes/2, fmt.Sprintf("copying %s of data %d times", bytesText(size), len(dst))); err != nil {
		return err
	}
	s.cfg.tell("copying the data")
	begin := time.Now()
	g, gctx := errgroup.WithContext(ctx)
	for _, d := range dst {
		g.Go(func() error { return copyTree(gctx, d, src, s.home.as) })
	}
	err = g.Wait()
	s.update(func(e *Endpoints) {
		e.Template.CopySeconds, e.Template.Bytes = time.Since(begin).Seconds(), size
	})
	return err
}

// templateName names the data that is kept. Whatever shapes the files has a part in it; server says what kind of server
// wrote them.
func (c Config) templateName(server string) string {
	shape, _ := json.Marshal([]any{c.Template, layout, server, c.Database, c.Roles}) // cannot fail for these types
	sum := sha256.Sum256(shape)
	return fmt.Sprintf("%s-%s-%s", keptLabel(c.Template), server, hex.EncodeToString(sum[:6]))
}

// keptLabel is a key as the names of what is kept under it have it.
func keptLabel(template string) string {
	label := regexp.MustCompile(`[^a-zA-Z0-9._]+`).ReplaceAllString(template, "-")
	return label[:min(len(label), 48)]
}

// templatePath is where data of this kind is kept.
func (s *processes) templatePath() string {
	return filepath.Join(s.home.path, "templates", s.cfg.templateName(fmt.Sprintf("pg%d", s.tools.postgresMajor)))
}

// fillFromTemplate copies under a shared lock, so that nobody removes the template meanwhile, and builds it first,
// under the exclusive lock, when it is not there.
func (s *processes) fillFromTemplate(ctx context.Context, dst ...string) error {
	path := s.templatePath()
	reused := true
	for {
		unlock, err := lockFile(ctx, path+".lock", unix.LOCK_SH)
		if err != nil {
			return err
		}
		if _, err := os.Stat(path); err == nil {
			s.update(func(e *Endpoints) { e.Template.Reused = reused })
			return errors.Join(s.copies(ctx, path, dst...), unlock())
		}
		if err := unlock(); err != nil {
			return err
		}
		built, err := s.ensureTemplate(ctx, path)
		if err != nil {
			return err
		}
		reused = !built
	}
}

// ensureTemplate builds the template in the run's own directory and moves it in place when it is whole and on disk.
// So a half-built one is never found there, and Clean takes it away with the run.
func (s *processes) ensureTemplate(ctx context.Context, path string) (built bool, err error) {
	unlock, err := lockFile(ctx, path+".lock", unix.LOCK_EX)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if _, err := os.Stat(path); err == nil {
		return false, nil // another run was faster
	}
	begin := time.Now()
	s.cfg.Log.Info("building the data once; later runs copy it", "key", s.cfg.Template)
	dir := s.run.data(buildName)
	if err := s.build(ctx, dir, true); err != nil {
		return false, err
	}
	s.cfg.tell("writing the data back to disk")
	if err := errors.Join(writeBack(dir), os.Rename(dir, path), writeBack(filepath.Dir(path))); err != nil {
		return false, err
	}
	// The account could have put something else there instead.
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return false, errors.Join(fmt.Errorf("stack: %s is no directory, though one was moved there", path), err, os.Remove(path))
	}
	s.update(func(e *Endpoints) { e.Template.BuildSeconds = time.Since(begin).Seconds() })
	return true, nil
}

// build makes a data directory, and when asked, has it prepared by a server that is stopped again.
func (s *processes) build(ctx context.Context, dir string, prepare bool) error {
	s.cfg.tell("initdb")
	if err := s.initdb(ctx, dir); err != nil {
		return err
	}
	if !prepare {
		return nil
	}
	if err := s.visit(ctx, dir, s.prepare, baseSettings(), buildSettings()); err != nil {
		return err
	}
	s.cfg.tell("finishing the data")
	// Once more with the real settings: a server last run with wal_level minimal leaves data no standby will follow.
	idle := func(context.Context, int) error { return nil }
	return s.visit(ctx, dir, idle, baseSettings(), map[string]string{"wal_recycle": "off"})
}

// visit runs do against a server on dir, and stops it cleanly.
func (s *processes) visit(ctx context.Context, dir string, do func(ctx context.Context, port int) error, layers ...map[string]string) error {
	return s.ports.withPort(0, buildName, func(port int) error {
		n := s.postgres(buildName, dir)
		n.ready = s.door(port).accepts
		if err := errors.Join(s.configure(dir, port, layers...), s.launcher.bring(ctx, n)); err != nil {
			return err
		}
		c := n.child.Load()
		if err := do(ctx, port); err != nil {
			return errors.Join(err, c.dismiss(n.quit))
		}
		stopping, cancel := context.WithTimeout(ctx, postgresLimit)
		defer cancel()
		if err := c.end(stopping, syscall.SIGINT); err != nil {
			return err
		}
		if c.err != nil || crashed(dir) {
			return diagnose(buildName, fmt.Errorf("did not stop cleanly: %v", c.cmd.ProcessState), c.command.log, c.logStart)
		}
		return nil
	})
}

// prepare sets up database and roles and lets the caller fill them.
func (s *processes) prepare(ctx context.Context, port int) error {
	if err := s.door(port).provision(ctx, s.cfg.Database, s.roles(), s.endpoints.Passwords); err != nil {
		return err
	}
	if s.cfg.Prepare == nil {
		return nil
	}
	e := s.Endpoints()
	e.PrimaryAddr = address(port)
	if err := s.cfg.Prepare(ctx, e.PrimaryURL(Owner)); err != nil {
		return diagnoseFull(fmt.Errorf("stack: prepare the data: %w", err))
	}
	return nil
}
