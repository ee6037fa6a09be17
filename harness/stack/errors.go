package stack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNotReady is wrapped by every error that the user can mend on the machine: something is missing, too old, in use,
// full or forbidden. Its text says what to type.
var ErrNotReady = errors.New("environment not ready")

// errPortTaken tells the boot to try another port.
var errPortTaken = errors.New("the port is in use")

// errClosed answers calls that come after Close.
var errClosed = errors.New("stack: already closed")

// notReady says what is wrong and what to do about it.
func notReady(what, do string) error {
	return NotReadyError{What: what, Do: do}
}

// diagnose turns a node's failure into what the user can do about it, judging by the end of its log.
func diagnose(node string, err error, logPath string, logStart int64) error {
	tail := logTail(logPath, logStart)
	switch {
	case strings.Contains(tail, "ddress already in use"):
		return fmt.Errorf("%s: %w", node, errPortTaken)
	case strings.Contains(tail, "No space left on device"), errors.Is(err, syscall.ENOSPC):
		return notReady(node+" ran out of disk space", "free some, or point REHEARSE_HOME at a larger disk")
	case strings.Contains(tail, `could not access file "pg_stat_statements"`):
		return notReady("this PostgreSQL has no pg_stat_statements", "type: apt-get install -y postgresql-contrib")
	case strings.Contains(tail, "could not map anonymous shared memory"):
		return notReady("not enough memory for "+node, "free some, or lower the setting shared_buffers")
	}
	if tail != "" {
		return fmt.Errorf("stack: %s: %w; its log (%s) ends:\n%s", node, err, logPath, tail)
	}
	return fmt.Errorf("stack: %s: %w", node, err)
}

// diagnoseFull recognises a full disk in the answer of Postgres (class 53, disk_full).
func diagnoseFull(err error) error {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "53100" {
		return fmt.Errorf("%w (%w)", notReady("the disk is full", "free some, or point REHEARSE_HOME at a larger disk"), err)
	}
	return err
}

// logTail is the end of what a process has logged since start, 2 KiB at most; empty when there is nothing.
func logTail(path string, start int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	const limit = 2 << 10
	if size, err := f.Seek(0, io.SeekEnd); err == nil {
		if _, err := f.Seek(max(start, size-limit), io.SeekStart); err != nil {
			return ""
		}
	}
	b, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(b))
}

// bytesText writes a size for people, in binary units.
func bytesText(n int64) string {
	switch {
	case n < 1<<30:
		return fmt.Sprintf("%d MiB", n>>20)
	case n%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", n>>30)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
