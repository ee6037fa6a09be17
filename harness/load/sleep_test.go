package load

import (
	"context"
	"testing"
	"time"
)

// A hit must never leave before it is due, so no sleep ends early, whether the timer has a part in it or not.
func TestPreciseSleepIsNeverEarly(t *testing.T) {
	for _, wait := range []time.Duration{-time.Second, 0, time.Microsecond, 300 * time.Microsecond, 7 * time.Millisecond, fineSleep + 5*time.Millisecond} {
		until := time.Now().Add(wait)
		preciseSleep(t.Context(), until)
		if early := time.Until(until); early > 0 {
			t.Errorf("sleep of %v: %v early", wait, early)
		}
	}
}

func TestPreciseSleepEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	until := time.Now().Add(time.Hour)
	preciseSleep(ctx, until)
	if time.Now().After(until) {
		t.Error("slept through the end of the context")
	}
}
