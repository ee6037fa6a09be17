//go:build !linux

package load

import (
	"context"
	"time"
)

// preciseSleep returns at the given time or when the context ends, as precisely as a Go timer can.
func preciseSleep(ctx context.Context, until time.Time) {
	if sleepCoarse(ctx, until) {
		time.Sleep(time.Until(until))
	}
}
