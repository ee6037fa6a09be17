// Package home is the directory where templates and runs live, and the account that may write there.
//
// Scope: [Open] takes a home, [Home.NewRun] a private, locked directory in it for one run, [Home.LockTemplate] guards data
// that is kept for later runs. [Home.EachRun] and [Home.DeadRun] find what earlier runs left, [Examine] looks and makes
// nothing. What processes and containers put into these directories is theirs to know.
//
// Opinion: it lies where everybody may write, so somebody else could have planted anything: a link, a file, a directory.
// Nothing is followed out of it, only what carries rehearse's own mark is ever removed, and a lock that the kernel lets go
// of, not a file with a number, tells whether a run lives.
package home

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
	"unicode"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// Home is the directory where templates and runs live:
//
//	made-by-rehearse   the mark by which Clean knows that this is a home; each run has one, too
//	lock               held while runs/ changes
//	runs/<run>/        rehearse's own: lock (held while the run lives), logs, processes.jsonl (what was started), groups
//	                   (control groups that were made), engine (there while a Docker engine has something of the run)
//	runs/<run>/data/   0700, the servers' account's: primary, replica, redis, logs, sockets
//	templates/<key>    a data directory of a server that was stopped cleanly; <key>.lock beside it
type Home struct {
	Path    string
	Account Account
}

// Open makes the home if need be and refuses one that somebody else could have planted: it lies in a directory
// where everybody may write.
func Open(path string, as Account) (Home, error) {
	path, err := Path(path)
	if err != nil {
		return Home{}, err
	}
	h := Home{Path: path, Account: as}
	if err := h.make(path); err != nil {
		return Home{}, stack.NotReady(fmt.Sprintf("cannot make the directory %s (%v)", path, err), "set REHEARSE_HOME to one that is writable")
	}
	if err := h.check(); err != nil {
		return Home{}, err
	}
	if err := h.claim(); err != nil {
		return Home{}, err
	}
	for _, sub := range []string{"runs", "templates"} {
		if err := h.make(filepath.Join(path, sub)); err != nil {
			return Home{}, stack.NotReady(fmt.Sprintf("cannot write to %s (%v)", path, err), "set REHEARSE_HOME to a directory that is writable")
		}
	}
	return h, h.traversable()
}

// Path is the home asked for, or the user's. One with a line break would end a line of the servers' configuration.
func Path(path string) (string, error) {
	path, err := filepath.Abs(cmp.Or(path, os.Getenv("REHEARSE_HOME"), fmt.Sprintf("/var/tmp/rehearse-%d", os.Geteuid())))
	if err == nil && strings.ContainsFunc(path, unicode.IsControl) {
		err = stack.NotReady(fmt.Sprintf("%q has a line break or another control in it, which no server can be told", path), "set REHEARSE_HOME to a path without")
	}
	return path, err
}

// mode lets the servers' account pass through a directory of root's, and nobody look inside.
func (h Home) mode() fs.FileMode {
	if h.Account.drop {
		return 0o711
	}
	return 0o700
}

// make makes a directory, unless it exists, with the mode whatever the umask.
func (h Home) make(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), h.mode()); err != nil {
		return err
	}
	err := os.Mkdir(path, h.mode())
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return errors.Join(err, os.Chmod(path, h.mode()))
}

func (h Home) check() error {
	const remedy = "remove it, or set REHEARSE_HOME to a directory of yours"
	info, err := os.Lstat(h.Path)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return stack.NotReady(h.Path+" is a symbolic link", remedy)
	case !info.IsDir():
		return stack.NotReady(h.Path+" is not a directory", remedy)
	case ok && int(stat.Uid) != os.Geteuid():
		return stack.NotReady(fmt.Sprintf("%s belongs to user %d", h.Path, stat.Uid), remedy)
	case info.Mode().Perm()&0o022 != 0:
		return stack.NotReady(h.Path+" can be written by others", "type: chmod go-w "+h.Path)
	}
	return nil
}

// traversable tells early what a server would report as a puzzle: it cannot reach its own directory.
func (h Home) traversable() error {
	if !h.Account.drop {
		return nil
	}
	for dir := h.Path; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		mine := ok && (int(stat.Uid) == h.Account.uid || int(stat.Gid) == h.Account.gid)
		if !mine && info.Mode().Perm()&0o001 == 0 {
			return stack.NotReady(fmt.Sprintf("%s cannot pass through %s", h.Account.name, dir), "type: chmod o+x "+dir+", or set REHEARSE_HOME elsewhere")
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// EnsureFree fails when the file system has fewer free bytes than needed.
func (h Home) EnsureFree(need int64, what string) error {
	var fsys unix.Statfs_t
	if err := unix.Statfs(h.Path, &fsys); err != nil {
		return err
	}
	if free := int64(fsys.Bavail) * int64(fsys.Bsize); free < need {
		return stack.NotReady(fmt.Sprintf("%s needs %s free in %s, which has %s", what, stack.Bytes(need), h.Path, stack.Bytes(free)),
			"free some (rehearse clean removes leftovers), or set REHEARSE_HOME to a larger disk")
	}
	return nil
}

// Run is the private directory of one run; lock is held while the run lives, and the kernel lets it go with it.
type Run struct {
	Path    string
	lock    *os.File
	Account Account
}

// Data is the part that belongs to the servers' account.
func (r Run) Data(name ...string) string {
	return filepath.Join(append([]string{r.Path, "data"}, name...)...)
}

// NewRun makes and locks the run's directory. The home is locked meanwhile, or who cleans could find it before it is
// locked and take it for a leftover.
func (h Home) NewRun(ctx context.Context, label string) (_ *Run, err error) {
	unlock, err := lockFile(ctx, filepath.Join(h.Path, "lock"), unix.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unlock() }() // the kernel lets go of the lock even when closing its file fails
	r := &Run{Path: filepath.Join(h.Path, "runs", runName(label)), Account: h.Account}
	if len(r.Data(".s.PGSQL.65535")) > maxSocketPath {
		return nil, stack.NotReady(fmt.Sprintf("%s is too long a path for a socket (at most %d bytes with the socket's name)", r.Path, maxSocketPath), "set REHEARSE_HOME to a shorter one")
	}
	if err := h.make(r.Path); err != nil {
		return nil, err
	}
	if err := setMark(r.Path, runMark(filepath.Base(r.Path))); err != nil {
		return nil, err
	}
	if r.lock, err = tryLock(filepath.Join(r.Path, "lock"), unix.LOCK_EX); err != nil {
		return nil, errors.Join(err, os.RemoveAll(r.Path))
	}
	if err := h.Account.Mkdir(r.Data()); err != nil {
		return nil, errors.Join(err, r.Remove())
	}
	return r, nil
}

// maxSocketPath is what fits into sockaddr_un, less the closing zero; the shortest of the supported systems decides.
const maxSocketPath = 103

// Names of files in a run's directory.
const (
	startedName = "processes.jsonl"
	groupsName  = "groups"
	engineName  = "engine"
)

// Name is that of the directory, unique in its home.
func (r *Run) Name() string { return filepath.Base(r.Path) }

// ProcessList is the file that lists the processes of the run.
func (r *Run) ProcessList() string { return filepath.Join(r.Path, startedName) }

// GroupList is the file that lists the control groups of the run.
func (r *Run) GroupList() string { return filepath.Join(r.Path, groupsName) }

// EngineFile is the file that says on which Docker engine the run has something.
func (r *Run) EngineFile() string { return filepath.Join(r.Path, engineName) }

// LockFile is the file that is locked while the run lives.
func (r *Run) LockFile() string { return r.lock.Name() }

// Release lets go of the lock; what is left in the directory is for who cleans to find.
func (r *Run) Release() error { return r.lock.Close() }

// Remove deletes the directory, then lets go of the lock, so that nobody sees it half gone and unlocked.
func (r *Run) Remove() error { return errors.Join(os.RemoveAll(r.Path), r.lock.Close()) }

// runName keeps the label readable and short enough for the path of a socket.
func runName(label string) string {
	clean := regexp.MustCompile(`[^a-zA-Z0-9._]+`).ReplaceAllString(cmp.Or(label, "run"), "-")
	var unique [3]byte
	rand.Read(unique[:])
	return strings.Trim(clean[:min(len(clean), 32)], ".-") + "-" + hex.EncodeToString(unique[:])
}

// lockFile takes an advisory lock, and waits for it as long as ctx allows.
func lockFile(ctx context.Context, path string, how int) (unlock func() error, err error) {
	for {
		f, err := tryLock(path, how)
		if err == nil {
			return f.Close, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("stack: wait for the lock %s: %w", path, context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// tryLock takes an advisory lock or fails with EWOULDBLOCK. Closing the file releases it; children never inherit it.
func tryLock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}
