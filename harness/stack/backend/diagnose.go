package backend

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// ErrPortTaken tells the boot to try another port.
var ErrPortTaken = errors.New("the port is in use")

// Diagnose turns a node's failure into what the user can do about it, judging by the end of its log.
func Diagnose(node string, err error, logPath string, logStart int64) error {
	tail := logTail(logPath, logStart)
	switch {
	case strings.Contains(tail, "ddress already in use"):
		return fmt.Errorf("%s: %w", node, ErrPortTaken)
	case strings.Contains(tail, "No space left on device"), errors.Is(err, syscall.ENOSPC):
		return stack.NotReady(node+" ran out of disk space", "free some, or point REHEARSE_HOME at a larger disk")
	case strings.Contains(tail, `could not access file "pg_stat_statements"`):
		return stack.NotReady("this PostgreSQL has no pg_stat_statements", "type: apt-get install -y postgresql-contrib")
	case strings.Contains(tail, "could not map anonymous shared memory"):
		return stack.NotReady("not enough memory for "+node, "free some, or lower the setting shared_buffers")
	}
	if tail != "" {
		return fmt.Errorf("stack: %s: %w; its log (%s) ends:\n%s", node, err, logPath, tail)
	}
	return fmt.Errorf("stack: %s: %w", node, err)
}

// DiagnoseFull recognises a full disk in the answer of Postgres (class 53, disk_full).
func DiagnoseFull(err error) error {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "53100" {
		return fmt.Errorf("%w (%w)", stack.NotReady("the disk is full", "free some, or point REHEARSE_HOME at a larger disk"), err)
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
