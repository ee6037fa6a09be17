//go:build !linux

package stack

import "os/exec"

// host offers nothing here.
type host struct{}

func newHost() host { return host{} }

type pinning = struct{}

// take holds nothing.
func (host) take(_ *rundir, _ string, limit Limit) (*hold, error) {
	h := &hold{limit: limit}
	for _, part := range limit.parts() {
		h.refuse(part, errNoGroup)
	}
	return h, nil
}

func (h *hold) lift() {}

func (h *hold) enter(*exec.Cmd) (leave func() error, err error) {
	return func() error { return nil }, nil
}
