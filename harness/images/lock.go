package images

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lockLimit bounds the wait for another build, which holds the lock for a second or two.
const lockLimit = time.Minute

// lock keeps other builds of this machine waiting until unlock. The directory for temporary files is what is locked:
// everybody can open it, and no file has to be made that nobody may remove.
func lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lockLimit, fmt.Errorf("somebody holds a lock on %s for more than %v", os.TempDir(), lockLimit))
	defer cancel()
	dir, err := os.Open(os.TempDir())
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { dir.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", os.TempDir(), err), dir.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), dir.Close())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
