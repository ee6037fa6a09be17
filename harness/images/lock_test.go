package images

import (
	"context"
	"errors"
	"testing"
	"time"
)

// The second waits until the first is done, or until it is told not to.
func TestLock(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	unlock, err := lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("no more")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, gone)
	defer cancel()
	if _, err := lock(ctx); !errors.Is(err, gone) {
		t.Fatalf("beside another: got %v, want %v", err, gone)
	}
	got := make(chan error)
	go func() {
		unlock, err := lock(t.Context())
		if err == nil {
			unlock()
		}
		got <- err
	}()
	unlock()
	if err := <-got; err != nil {
		t.Errorf("after the other: %v", err)
	}
}
