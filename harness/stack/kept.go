package stack

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// Kept tells whether the data prepared under a key seems to be kept in a home, chosen as in [Config]: for an estimate of how
// long a boot takes, since other versions of a server have data of their own.
func Kept(path, template string) bool {
	home, err := homePath(path)
	if err != nil || template == "" {
		return false
	}
	found, err := filepath.Glob(filepath.Join(home, "templates", "*"+keptLabel(template)+"-*"))
	return err == nil && len(found) > 0
}

// CleanData removes the data that earlier runs prepared and kept in a home, chosen as in [Config], and in volumes of the
// Docker engine, if one answers. What a run copies from at this moment stays and is an error; later runs prepare theirs
// anew.
func CleanData(ctx context.Context, path string) (removed []Leftover, err error) {
	if path, err = homePath(path); err != nil {
		return nil, err
	}
	h := home{path: path}
	if exists(path) && !marked(path, homeMark) {
		if err := errors.Join(h.check(), h.foreign()); err != nil {
			return nil, err
		}
	}
	locks, err := filepath.Glob(filepath.Join(path, "templates", "*.lock"))
	if err != nil {
		return nil, err
	}
	e, openErr := engine.Open(ctx, engine.Config{})
	if openErr == nil {
		defer e.Close()
	}
	var errs []error
	for _, lock := range locks {
		l, err := removeTemplate(ctx, e, lock)
		removed, errs = append(removed, l...), append(errs, err)
	}
	if openErr == nil {
		l, err := removeOrphans(ctx, e, path)
		removed, errs = append(removed, l...), append(errs, err)
	}
	return removed, errors.Join(errs...)
}

// removeOrphans removes the volumes with kept data that no lock speaks of any more: of this home, or of one that is gone.
func removeOrphans(ctx context.Context, e *engine.Engine, path string) (removed []Leftover, err error) {
	volumes, err := e.Labelled(ctx, labelData)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, v := range volumes {
		of := v.Labels[labelData]
		if v.Labels[labelHost] != here() || of != path && exists(of) || exists(filepath.Join(of, "templates", v.Name+".lock")) {
			continue
		}
		if err := e.RemoveVolume(ctx, v.Name); err != nil {
			errs = append(errs, err)
			continue
		}
		removed = append(removed, Leftover{Kind: "data", What: "volume " + v.Name})
	}
	return removed, errors.Join(errs...)
}

// removeTemplate removes what a lock guards, a directory beside it or a volume, and the lock with it. Without an engine a
// volume stays, and so does its lock.
func removeTemplate(ctx context.Context, e *engine.Engine, lock string) ([]Leftover, error) {
	template := strings.TrimSuffix(lock, ".lock")
	if !strings.HasPrefix(filepath.Base(template), volumePrefix) && !ownTemplate(template) {
		return nil, notReady("not made by rehearse and left alone: "+template, "look at it, and remove it yourself")
	}
	f, err := tryLock(lock, unix.LOCK_EX)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.New("stack: a run is using " + template + "; repeat when it has ended")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l := Leftover{Kind: "data", What: template}
	switch volume := strings.HasPrefix(filepath.Base(template), volumePrefix); {
	case volume && e == nil:
		return nil, nil
	case volume:
		l.What = "volume " + filepath.Base(template)
		err = e.RemoveVolume(ctx, filepath.Base(template))
	default:
		err = os.RemoveAll(template)
	}
	if err != nil {
		return nil, err
	}
	return []Leftover{l}, os.Remove(lock)
}
