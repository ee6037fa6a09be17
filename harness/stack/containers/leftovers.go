package containers

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
)

// Labels of everything a run has on an engine.
const (
	// labelRun is the name of the run's private directory.
	labelRun = "dev.rehearse.run"
	// labelLock is the file the run holds locked while it lives.
	labelLock = "dev.rehearse.lock"
	// labelData is the home that a volume with kept data belongs to. It outlives its run, so it has no other label of one.
	labelData = "dev.rehearse.data"
	// labelHost is the machine where that file is.
	labelHost = "dev.rehearse.host"
)

// sweepEngine removes what dead runs of a home left on an engine: containers, then networks, then volumes.
func sweepEngine(ctx context.Context, e *engine.Engine, home string) (found []stack.Leftover, err error) {
	dead, err := deadObjects(ctx, e, home)
	if err != nil {
		return nil, err
	}
	var errs []error
	swept := map[string]bool{}
	for _, o := range dead {
		run := o.Labels[labelRun]
		found = append(found, leftoverOn(o))
		if !swept[run] {
			swept[run] = true
			errs = append(errs, removeRun(ctx, e, run))
		}
	}
	return found, errors.Join(errs...)
}

// labelled lists what an engine has with a label, given as name or name=value.
type labelled interface {
	Labelled(ctx context.Context, label string) ([]engine.Object, error)
}

// deadObjects lists what is on an engine of dead runs. It looks twice: a run that ends in good order between the first
// look and that at its lock has left nothing, and lets go of its lock only after the engine is rid of all it had.
func deadObjects(ctx context.Context, e labelled, home string) ([]engine.Object, error) {
	objects, err := e.Labelled(ctx, labelRun)
	if err != nil {
		return nil, err
	}
	dead := map[string]bool{}
	for _, o := range objects {
		if abandoned(o, home) {
			dead[o.Labels[labelRun]] = true
		}
	}
	if len(dead) == 0 {
		return nil, nil
	}
	if objects, err = e.Labelled(ctx, labelRun); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(objects, func(o engine.Object) bool { return !dead[o.Labels[labelRun]] }), nil
}

func leftoverOn(o engine.Object) stack.Leftover {
	return stack.Leftover{Run: o.Labels[labelRun], Kind: o.Kind, What: o.Name}
}

// abandoned tells that nobody holds the lock of the run an object belongs to. A run of another home is left to those who
// use that, unless it is gone; a lock that cannot be looked at from here may be held.
func abandoned(o engine.Object, home string) bool {
	lock := o.Labels[labelLock]
	if lock == "" || o.Labels[labelHost] != here() {
		return false
	}
	f, err := os.OpenFile(lock, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		return true
	}
	if err != nil {
		return false
	}
	defer f.Close()
	// Closing lets go of it.
	return strings.HasPrefix(lock, home+string(filepath.Separator)) && unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}

// removeRun removes everything of one run, kind by kind, since each needs the one before to be gone.
func removeRun(ctx context.Context, e *engine.Engine, run string) error {
	objects, err := e.Labelled(ctx, labelRun+"="+run)
	if err != nil {
		return err
	}
	for _, kind := range []string{"container", "network", "volume"} {
		g := new(errgroup.Group)
		for _, o := range objects {
			if o.Kind == kind {
				g.Go(func() error { return e.Remove(ctx, o) })
			}
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// Clean removes what crashed runs of a home, chosen as in [stack.Config], left on a Docker engine: containers, networks,
// volumes. Where none answers there is nothing to remove, unless a run
// says that it had something there.
func Clean(ctx context.Context, path string) ([]stack.Leftover, error) {
	path, err := home.Path(path)
	if err != nil {
		return nil, err
	}
	e, err := engine.Open(ctx, engine.Config{})
	if err != nil {
		marks, _ := filepath.Glob((&home.Run{Path: filepath.Join(path, "runs", "*")}).EngineFile()) // the pattern is well formed
		for _, mark := range marks {
			labels := map[string]string{labelHost: here(), labelLock: filepath.Join(filepath.Dir(mark), "lock")}
			if abandoned(engine.Object{Labels: labels}, path) {
				return nil, stack.NotReady("a crashed run has left containers, and Docker does not answer", "start it (systemctl start docker), and repeat")
			}
		}
		return nil, nil
	}
	defer e.Close()
	return sweepEngine(ctx, e, path)
}

// here is this machine's name, empty when it has none.
func here() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

// CleanVolumes removes the volumes with data that earlier runs prepared and kept, as far as they belong to a home, chosen as
// in [stack.Config], or to one that is gone. Without an engine they stay, and so do their locks.
func CleanVolumes(ctx context.Context, path string) (removed []stack.Leftover, err error) {
	h, found, err := home.Existing(path, "")
	if err != nil {
		return nil, nil // that a home is somebody's is told by who removes the directories
	}
	e, err := engine.Open(ctx, engine.Config{})
	if err != nil {
		return nil, nil
	}
	defer e.Close()
	var names []string
	if found {
		if names, err = h.Templates(); err != nil {
			return nil, err
		}
	}
	var errs []error
	for _, name := range names {
		if !strings.HasPrefix(name, home.VolumePrefix) {
			continue
		}
		if err := h.RemoveTemplate(name, func() error { return e.RemoveVolume(ctx, name) }); err != nil {
			errs = append(errs, err)
			continue
		}
		removed = append(removed, keptVolume(name))
	}
	if path, err = home.Path(path); err != nil {
		return removed, errors.Join(append(errs, err)...)
	}
	orphans, err := removeOrphans(ctx, e, path)
	return append(removed, orphans...), errors.Join(append(errs, err)...)
}

func keptVolume(name string) stack.Leftover {
	return stack.Leftover{Kind: "data", What: "volume " + name}
}

// removeOrphans removes the volumes with kept data that no lock speaks of any more: of this home, or of one that is gone.
func removeOrphans(ctx context.Context, e *engine.Engine, path string) (removed []stack.Leftover, err error) {
	volumes, err := e.Labelled(ctx, labelData)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, v := range volumes {
		of := v.Labels[labelData]
		if v.Labels[labelHost] != here() || of != path && home.Exists(of) || home.Exists(filepath.Join(of, "templates", v.Name+".lock")) {
			continue
		}
		if err := e.RemoveVolume(ctx, v.Name); err != nil {
			errs = append(errs, err)
			continue
		}
		removed = append(removed, keptVolume(v.Name))
	}
	return removed, errors.Join(errs...)
}

// Examine looks for what dead runs of a home, chosen as in [stack.Config], left on an engine, and removes nothing.
func Examine(ctx context.Context, e *engine.Engine, path string) (found []stack.Leftover, err error) {
	if path, err = home.Path(path); err != nil {
		return nil, err
	}
	dead, err := deadObjects(ctx, e, path)
	for _, o := range dead {
		found = append(found, leftoverOn(o))
	}
	return found, err
}
