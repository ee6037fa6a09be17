package home

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Existing is the home at a path, chosen as in [stack.Config], when sub is there below it; nothing is made. One that rehearse did
// not make is an error, and so is one that somebody else may write to: what its files say is theirs.
func Existing(path, sub string) (h Home, found bool, err error) {
	path, err = Path(path)
	if err != nil || !Exists(filepath.Join(path, sub)) {
		return Home{}, false, err
	}
	h = Home{Path: path}
	if err = h.check(); err == nil && !marked(path, homeMark) {
		err = h.foreign()
	}
	return h, true, err
}

// EachRun calls do with the directory of each run that rehearse made, while the home is locked as told. What else stands
// among them is an error, after the others.
func (h Home) EachRun(ctx context.Context, how int, do func(path string) error) error {
	unlock, err := lockFile(ctx, filepath.Join(h.Path, "lock"), how)
	if err != nil {
		return err
	}
	defer func() { _ = unlock() }() // the kernel lets go of the lock even when closing its file fails
	entries, err := os.ReadDir(filepath.Join(h.Path, "runs"))
	if err != nil {
		return err
	}
	var errs []error
	var foreign []string
	for _, e := range entries {
		if !h.ownRun(e.Name()) {
			foreign = append(foreign, e.Name())
			continue
		}
		errs = append(errs, do(filepath.Join(h.Path, "runs", e.Name())))
	}
	return errors.Join(append(errs, h.foreignRuns(foreign))...)
}

// DeadRun locks the directory of a run that has ended; alive is true when the run still holds it.
func (h Home) DeadRun(path string, how int) (r *Run, alive bool, err error) {
	lock, err := tryLock(filepath.Join(path, "lock"), how)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	return &Run{Path: path, lock: lock, Account: h.Account}, false, nil
}

// Exists tells whether something is at a path; a link that leads nowhere is.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
