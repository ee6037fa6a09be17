package stack

import (
	"errors"
	"fmt"
)

// ErrNotReady is wrapped by every error that the user can mend on the machine: something is missing, too old, in use,
// full or forbidden. Its text says what to type.
var ErrNotReady = errors.New("environment not ready")

// NotReadyError is an [ErrNotReady] taken apart, for those who print its halves in different places.
type NotReadyError struct {
	// What is wrong, and what to Do about it: "type: " and a command, where one mends it.
	What, Do string
}

// Error is both halves.
func (e NotReadyError) Error() string { return fmt.Sprintf("%v: %s; %s", ErrNotReady, e.What, e.Do) }

// Unwrap makes it an [ErrNotReady].
func (e NotReadyError) Unwrap() error { return ErrNotReady }

// NotReady says what is wrong and what to do about it.
func NotReady(what, do string) error {
	return NotReadyError{What: what, Do: do}
}

// Bytes writes a size for people, in binary units.
func Bytes(n int64) string {
	switch {
	case n < 1<<30:
		return fmt.Sprintf("%d MiB", n>>20)
	case n%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", n>>30)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
