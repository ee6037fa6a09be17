package load

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// preciseSleep returns at the given time or when the context ends. A Go timer is rounded up to the next millisecond by
// the poller; the kernel's clock with the least slack wakes this thread within some tens of microseconds. The thread is
// locked only for the sleep: the slack belongs to the thread, and a lock held any longer slows the hand-over of the hit.
func preciseSleep(ctx context.Context, until time.Time) {
	if !sleepCoarse(ctx, until) {
		return
	}
	left := time.Until(until)
	if left <= 0 {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var now unix.Timespec
	if unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		time.Sleep(left)
		return
	}
	target := unix.NsecToTimespec(unix.TimespecToNsec(now) + int64(left))
	// The runtime's own signals interrupt the sleep; the target is absolute, so nothing adds up.
	for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &target, nil) == unix.EINTR {
	}
}
