package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Leftover is something a crashed run had left behind and [Clean] removed.
type Leftover struct {
	// Run is the name of the run's private directory.
	Run string
	// Kind is "container", "network", "volume", "process", "shared memory" or "directory".
	Kind string
	// What names it: the node and its process id, the path, or the engine's name for it.
	What string
}

// Clean removes what crashed runs left: on a Docker engine, and in a home, chosen as in [Config]: processes, the shared
// memory of killed Postgres servers, directories. Only what carries rehearse's own mark is removed. A run that is alive holds its lock and is left alone; so are
// templates. What could not be removed is in the error, the rest is removed all the same.
func Clean(ctx context.Context, path string) ([]Leftover, error) {
	path, err := homePath(path)
	if err != nil {
		return nil, err
	}
	found, engineErr := cleanEngine(ctx, path)
	if !exists(path) {
		return found, engineErr
	}
	as, err := chooseAccount()
	if err != nil {
		return found, errors.Join(engineErr, err)
	}
	h, err := openHome(path, as)
	if err != nil {
		return found, errors.Join(engineErr, err)
	}
	removed, err := h.clean(ctx, engineErr != nil)
	return append(found, removed...), errors.Join(engineErr, err)
}

// clean removes what dead runs left in the home. A run that may still have something on an engine keeps its directory,
// which is how that is known.
func (h home) clean(ctx context.Context, engineFails bool) (found []Leftover, err error) {
	unlock, err := lockFile(ctx, filepath.Join(h.path, "lock"), unix.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unlock() }() // the kernel lets go of the lock even when closing its file fails
	entries, err := os.ReadDir(filepath.Join(h.path, "runs"))
	if err != nil {
		return nil, err
	}
	var errs []error
	var litter []string
	for _, e := range entries {
		if !h.ownRun(e.Name()) {
			litter = append(litter, e.Name())
			continue
		}
		run := filepath.Join(h.path, "runs", e.Name())
		if engineFails && exists(filepath.Join(run, engineMark)) {
			continue
		}
		removed, err := h.cleanRun(ctx, run)
		found, errs = append(found, removed...), append(errs, err)
	}
	return found, errors.Join(append(errs, h.litter(litter))...)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// cleanRun removes one run, unless it is alive.
func (h home) cleanRun(ctx context.Context, path string) (found []Leftover, err error) {
	lock, err := tryLock(filepath.Join(path, "lock"), unix.LOCK_EX)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := &rundir{path: path, lock: lock, as: h.as}
	removed := func(kind, what string) {
		found = append(found, Leftover{Run: filepath.Base(path), Kind: kind, What: what})
	}
	ids, err := readLedger(path)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	for _, id := range slices.Backward(ids) {
		killed, err := id.finish(ctx)
		if err != nil {
			return found, errors.Join(err, lock.Close()) // its directory stays, as the list of what to end
		}
		if killed {
			removed("process", fmt.Sprintf("%s, pid %d", id.Name, id.PID))
		}
	}
	swept, sweepErr := r.sweepLeftovers(ctx, ids)
	for _, dir := range swept {
		removed("shared memory", dir)
	}
	if err := r.remove(); err != nil {
		return found, errors.Join(sweepErr, err)
	}
	removed("directory", path)
	return found, sweepErr
}

// finish ends a process of a dead run with all its children. Postgres gets the chance to release its memory.
func (id identity) finish(ctx context.Context) (killed bool, err error) {
	if !id.alive() {
		return false, id.unverifiable()
	}
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	family := append(descendants(id.PID), id)
	for _, member := range family {
		member.signal(syscall.SIGCONT)
	}
	if filepath.Base(id.Command) == "postgres" {
		id.signal(syscall.SIGQUIT)
		patience, stop := context.WithTimeout(ctx, 3*time.Second)
		defer stop()
		if awaitGone(patience, family) == nil {
			return true, nil
		}
	}
	for _, member := range family {
		member.signal(syscall.SIGKILL)
	}
	return true, awaitGone(ctx, family)
}

// unverifiable is an error where a process of that id runs and the system offers no way to tell whether it is the one.
func (id identity) unverifiable() error {
	if id.Boot != "" || syscall.Kill(id.PID, 0) != nil {
		return nil
	}
	return fmt.Errorf("stack: process %d may be %s of a crashed run; end it if it is (see: ps -p %d), and repeat", id.PID, id.Name, id.PID)
}

// sweepLeftovers is sweepAll for a run whose launcher is gone, with the program that had run its Postgres.
func (r *rundir) sweepLeftovers(ctx context.Context, ids []identity) (swept []string, err error) {
	i := slices.IndexFunc(ids, func(id identity) bool { return filepath.Base(id.Command) == "postgres" })
	if i < 0 {
		return nil, nil
	}
	l, err := openLedger(r.path)
	if err != nil {
		return nil, err
	}
	defer l.close()
	la := newLauncher(r.as, l, nil)
	defer la.close()
	return r.sweepAll(ctx, la, ids[i].Command)
}
