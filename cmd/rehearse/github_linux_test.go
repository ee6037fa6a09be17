package main

import (
	"io"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A pipe that nobody reads takes no summary, and is not waited for: the run has a verdict.
func TestSummaryIntoAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "summary")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 1)
	go func() {
		told <- appendSummary(pipe, func(w io.Writer, _ int) error {
			_, err := io.WriteString(w, "summary")
			return err
		})
	}()
	select {
	case err := <-told:
		if err == nil {
			t.Error("what nobody reads was taken")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it is waited for a reader")
	}
}
