package processes

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/limits"
)

// cleanRun removes one run, unless it is alive.
func cleanRun(ctx context.Context, h home.Home, path string) (found []stack.Leftover, err error) {
	r, alive, err := h.DeadRun(path, unix.LOCK_EX)
	if alive || err != nil {
		return nil, err
	}
	removed := func(kind, what string) {
		found = append(found, stack.Leftover{Run: r.Name(), Kind: kind, What: what})
	}
	ids, err := child.ReadList(r.ProcessList())
	if err != nil {
		return nil, errors.Join(err, r.Release())
	}
	for _, id := range slices.Backward(ids) {
		killed, err := finish(ctx, id)
		if err != nil {
			return found, errors.Join(err, r.Release()) // its directory stays, as the list of what to end
		}
		if killed {
			removed("process", fmt.Sprintf("%s, pid %d", id.Name, id.PID))
		}
	}
	swept, sweepErr := sweepLeftovers(ctx, r, ids)
	for _, dir := range swept {
		removed("shared memory", dir)
	}
	if err := removeRunDirectory(r); err != nil {
		return found, errors.Join(sweepErr, err)
	}
	removed("directory", path)
	return found, sweepErr
}

// finish ends a process of a dead run with all its children. Postgres gets the chance to release its memory.
func finish(ctx context.Context, id child.Identity) (killed bool, err error) {
	if !id.Alive() {
		return false, unverifiable(id)
	}
	ctx, cancel := context.WithTimeout(ctx, backend.StopLimit)
	defer cancel()
	family := append(child.Descendants(id.PID), id)
	for _, member := range family {
		member.Signal(syscall.SIGCONT)
	}
	if filepath.Base(id.Command) == "postgres" {
		id.Signal(syscall.SIGQUIT)
		patience, stop := context.WithTimeout(ctx, 3*time.Second)
		defer stop()
		if child.AwaitGone(patience, family) == nil {
			return true, nil
		}
	}
	for _, member := range family {
		member.Signal(syscall.SIGKILL)
	}
	return true, child.AwaitGone(ctx, family)
}

// unverifiable is an error where a process of that id runs and the system offers no way to tell whether it is the one.
func unverifiable(id child.Identity) error {
	if id.Boot != "" || syscall.Kill(id.PID, 0) != nil {
		return nil
	}
	return fmt.Errorf("stack: process %d may be %s of a crashed run; end it if it is (see: ps -p %d), and repeat", id.PID, id.Name, id.PID)
}

// sweepLeftovers is sweepAll for a run whose launcher is gone, with the program that had run its Postgres.
func sweepLeftovers(ctx context.Context, r *home.Run, ids []child.Identity) (swept []string, err error) {
	i := slices.IndexFunc(ids, func(id child.Identity) bool { return filepath.Base(id.Command) == "postgres" })
	if i < 0 {
		return nil, nil
	}
	l, err := child.OpenList(r.ProcessList())
	if err != nil {
		return nil, err
	}
	defer l.Close()
	la := child.NewLauncher(r.Account.Credential(), l, nil)
	defer la.Close()
	return sweepAll(ctx, r, la, ids[i].Command)
}

// Clean removes what crashed runs left in a home, chosen as in [stack.Config]: processes, the shared memory of killed
// Postgres servers, control groups, directories. A run that is alive holds its lock and is left alone; so are templates.
// What could not be removed is in the error, the rest is removed all the same. A run that may still have something on a
// Docker engine keeps its directory when engineFails, which is how that is known.
func Clean(ctx context.Context, path string, engineFails bool) (found []stack.Leftover, err error) {
	path, err = home.Path(path)
	if err != nil || !home.Exists(path) {
		return nil, err
	}
	as, err := home.ChooseAccount()
	if err != nil {
		return nil, err
	}
	h, err := home.Open(path, as)
	if err != nil {
		return nil, err
	}
	err = h.EachRun(ctx, unix.LOCK_EX, func(run string) error {
		if engineFails && home.Exists((&home.Run{Path: run}).EngineFile()) {
			return nil
		}
		removed, err := cleanRun(ctx, h, run)
		found = append(found, removed...)
		return err
	})
	return found, err
}

// removeRunDirectory deletes the control groups and the directory of a run. When a group cannot go the directory stays, as
// the list of them.
func removeRunDirectory(r *home.Run) error {
	if err := limits.Remove(r.GroupList()); err != nil {
		return errors.Join(err, r.Release())
	}
	return r.Remove()
}
