package stack

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

	"golang.org/x/sys/unix"
)

// home is the directory where templates and runs live:
//
//	made-by-rehearse   the mark by which Clean knows that this is a home; each run has one, too
//	lock               held while runs/ changes
//	runs/<run>/        rehearse's own: lock (held while the run lives), processes.jsonl
//	runs/<run>/data/   0700, the servers' account's: primary, replica, redis, logs, sockets
//	templates/<key>    a data directory of a server that was stopped cleanly; <key>.lock beside it
type home struct {
	path string
	as   account
}

// openHome makes the home if need be and refuses one that somebody else could have planted: it lies in a directory
// where everybody may write.
func openHome(path string, as account) (home, error) {
	path, err := homePath(path)
	if err != nil {
		return home{}, err
	}
	h := home{path: path, as: as}
	if err := h.make(path); err != nil {
		return home{}, notReady(fmt.Sprintf("cannot make the directory %s (%v)", path, err), "set REHEARSE_HOME to one that is writable")
	}
	if err := h.check(); err != nil {
		return home{}, err
	}
	if err := h.claim(); err != nil {
		return home{}, err
	}
	for _, sub := range []string{"runs", "templates"} {
		if err := h.make(filepath.Join(path, sub)); err != nil {
			return home{}, notReady(fmt.Sprintf("cannot write to %s (%v)", path, err), "set REHEARSE_HOME to a directory that is writable")
		}
	}
	return h, h.traversable()
}

// homePath is the home asked for, or the user's.
func homePath(path string) (string, error) {
	return filepath.Abs(cmp.Or(path, os.Getenv("REHEARSE_HOME"), fmt.Sprintf("/var/tmp/rehearse-%d", os.Geteuid())))
}

// mode lets the servers' account pass through a directory of root's, and nobody look inside.
func (h home) mode() fs.FileMode {
	if h.as.drop {
		return 0o711
	}
	return 0o700
}

// make makes a directory, unless it exists, with the mode whatever the umask.
func (h home) make(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), h.mode()); err != nil {
		return err
	}
	err := os.Mkdir(path, h.mode())
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return errors.Join(err, os.Chmod(path, h.mode()))
}

func (h home) check() error {
	const remedy = "remove it, or set REHEARSE_HOME to a directory of yours"
	info, err := os.Lstat(h.path)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return notReady(h.path+" is a symbolic link", remedy)
	case !info.IsDir():
		return notReady(h.path+" is not a directory", remedy)
	case ok && int(stat.Uid) != os.Geteuid():
		return notReady(fmt.Sprintf("%s belongs to user %d", h.path, stat.Uid), remedy)
	case info.Mode().Perm()&0o022 != 0:
		return notReady(h.path+" can be written by others", "type: chmod go-w "+h.path)
	}
	return nil
}

// traversable tells early what a server would report as a puzzle: it cannot reach its own directory.
func (h home) traversable() error {
	if !h.as.drop {
		return nil
	}
	for dir := h.path; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		mine := ok && (int(stat.Uid) == h.as.uid || int(stat.Gid) == h.as.gid)
		if !mine && info.Mode().Perm()&0o001 == 0 {
			return notReady(fmt.Sprintf("%s cannot pass through %s", h.as.name, dir), "type: chmod o+x "+dir+", or set REHEARSE_HOME elsewhere")
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// room fails when the file system has fewer free bytes than needed.
func (h home) room(need int64, what string) error {
	var fsys unix.Statfs_t
	if err := unix.Statfs(h.path, &fsys); err != nil {
		return err
	}
	if free := int64(fsys.Bavail) * int64(fsys.Bsize); free < need {
		return notReady(fmt.Sprintf("%s needs %s free in %s, which has %s", what, bytesText(need), h.path, bytesText(free)),
			"free some (rehearse clean removes leftovers), or set REHEARSE_HOME to a larger disk")
	}
	return nil
}

// rundir is the private directory of one run; lock is held while the run lives, and the kernel lets it go with it.
type rundir struct {
	path string
	lock *os.File
	as   account
}

// data is the part that belongs to the servers' account.
func (r rundir) data(name ...string) string {
	return filepath.Join(append([]string{r.path, "data"}, name...)...)
}

// newRun makes and locks the run's directory. The home is locked meanwhile, or [Clean] could find it before it is
// locked and take it for a leftover.
func (h home) newRun(ctx context.Context, label string) (_ *rundir, err error) {
	unlock, err := lockFile(ctx, filepath.Join(h.path, "lock"), unix.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unlock() }() // the kernel lets go of the lock even when closing its file fails
	r := &rundir{path: filepath.Join(h.path, "runs", runName(label)), as: h.as}
	if len(r.data(".s.PGSQL.65535")) > maxSocketPath {
		return nil, notReady(fmt.Sprintf("%s is too long a path for a socket (at most %d bytes with the socket's name)", r.path, maxSocketPath), "set REHEARSE_HOME to a shorter one")
	}
	if err := h.make(r.path); err != nil {
		return nil, err
	}
	if err := setMark(r.path, runMark(filepath.Base(r.path))); err != nil {
		return nil, err
	}
	if r.lock, err = tryLock(filepath.Join(r.path, "lock"), unix.LOCK_EX); err != nil {
		return nil, errors.Join(err, os.RemoveAll(r.path))
	}
	if err := h.as.mkdir(r.data()); err != nil {
		return nil, errors.Join(err, r.remove())
	}
	return r, nil
}

// maxSocketPath is what fits into sockaddr_un, less the closing zero; the shortest of the supported systems decides.
const maxSocketPath = 103

// remove deletes the control groups and the directory, then lets go of the lock, so that nobody sees it half gone and
// unlocked. When a group cannot go the directory stays, as the list of them.
func (r *rundir) remove() error {
	err := r.removeGroups()
	if err == nil {
		err = os.RemoveAll(r.path)
	}
	return errors.Join(err, r.lock.Close())
}

// runName keeps the label readable and short enough for the path of a socket.
func runName(label string) string {
	clean := regexp.MustCompile(`[^a-zA-Z0-9._]+`).ReplaceAllString(cmp.Or(label, "run"), "-")
	return strings.Trim(clean[:min(len(clean), 32)], ".-") + "-" + secret()[:6]
}

// secret is 128 random bits in hexadecimal, so it needs no quoting anywhere.
func secret() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
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
