package processes

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
)

// Runs are those found in a home.
type Runs struct {
	// Alive are under way, by the names of their private directories.
	Alive []string
	// Leftovers are what [Clean] would remove.
	Leftovers []stack.Leftover
}

// Examine looks for runs in a home, chosen as in [stack.Config], and removes nothing.
func Examine(ctx context.Context, path string) (found Runs, err error) {
	h, any, err := home.Existing(path, "runs")
	if err != nil || !any {
		return Runs{}, err
	}
	// A run that is being made is locked a moment after its directory is there; until then it is the home that is.
	err = h.EachRun(ctx, unix.LOCK_SH, func(run string) error { return found.add(h, run) })
	return found, err
}

// add tells whether a run is alive or left over.
func (r *Runs) add(h home.Home, path string) error {
	run, alive, err := h.DeadRun(path, unix.LOCK_SH)
	if alive {
		r.Alive = append(r.Alive, filepath.Base(path))
		return nil
	}
	if err != nil {
		return err
	}
	left, err := leftovers(run)
	r.Leftovers = append(r.Leftovers, left...)
	return errors.Join(err, run.Release())
}

// leftovers are what [cleanRun] would remove, in its order.
func leftovers(run *home.Run) ([]stack.Leftover, error) {
	ids, err := child.ReadList(run.ProcessList())
	if err != nil {
		return nil, err
	}
	var found []stack.Leftover
	left := func(kind, what string) {
		found = append(found, stack.Leftover{Run: run.Name(), Kind: kind, What: what})
	}
	for _, id := range slices.Backward(ids) {
		if id.Alive() {
			left("process", fmt.Sprintf("%s, pid %d", id.Name, id.PID))
		}
	}
	for _, name := range []string{backend.BuildName, stack.Primary, stack.Replica} {
		if crashed(run.Data(name)) {
			left("shared memory", name)
		}
	}
	left("directory", run.Path)
	return found, nil
}
