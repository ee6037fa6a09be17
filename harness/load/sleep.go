package load

import (
	"context"
	"time"
)

// fineSleep is the last part of a wait, slept precisely and without looking at the context.
const fineSleep = 50 * time.Millisecond

// sleepCoarse waits by a timer until fineSleep before the given time and tells whether it came before the end of
// the context.
func sleepCoarse(ctx context.Context, until time.Time) bool {
	left := time.Until(until) - fineSleep
	if left <= 0 {
		return true
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
