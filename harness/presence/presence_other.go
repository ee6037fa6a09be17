//go:build !linux

package presence

import (
	"errors"
	"fmt"
	"runtime"
)

// Presence is a run that others know of.
type Presence struct{}

// Announce is for Linux: other systems have no place that vanishes with the process.
func Announce(Config) (*Presence, error) {
	return nil, fmt.Errorf("runs do not know of each other on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func alone(cfg Config) (*Presence, []Run, error) {
	p, err := Announce(cfg)
	return p, nil, err
}

// Close does nothing.
func (p *Presence) Close() error { return nil }

// Others are not known.
func Others(string) []Run { return nil }
