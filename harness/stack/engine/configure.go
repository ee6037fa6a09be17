package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// Settings are what an image says of the containers made from it.
type Settings struct {
	// Env are variables, as "NAME=value".
	Env []string
	// Command is started; WorkDir is where.
	Command []string
	WorkDir string
	// Volumes are directories that get a volume of their own; Ports are listened on, over TCP.
	Volumes []string
	Ports   []int
	// StopSignal asks the command to leave; empty is SIGTERM.
	StopSignal string
	// Labels are facts about the image.
	Labels map[string]string
}

// Configure makes the image ref of the files of another one and of settings. Import knows most settings as well, but no
// stop signal: engines before 23.0 refuse it there.
func (e *Engine) Configure(ctx context.Context, from, ref string, s Settings) (err error) {
	made, err := e.client.ContainerCreate(ctx, client.ContainerCreateOptions{Config: &container.Config{Image: from, Cmd: s.Command}})
	if err != nil {
		return fmt.Errorf("configure %s: %w", ref, reachable(err))
	}
	defer func() { err = errors.Join(err, e.removeContainer(context.WithoutCancel(ctx), made.ID)) }()
	_, err = e.client.ContainerCommit(ctx, made.ID, client.ContainerCommitOptions{Reference: ref, Config: s.config(), NoPause: true})
	if err != nil {
		return fmt.Errorf("configure %s: %w", ref, reachable(err))
	}
	return nil
}

func (s Settings) config() *container.Config {
	c := &container.Config{Env: s.Env, Cmd: s.Command, WorkingDir: s.WorkDir, StopSignal: s.StopSignal, Labels: s.Labels}
	c.Volumes = map[string]struct{}{}
	for _, path := range s.Volumes {
		c.Volumes[path] = struct{}{}
	}
	c.ExposedPorts = network.PortSet{}
	for _, number := range s.Ports {
		port, _ := network.PortFrom(uint16(number), network.TCP) // cannot fail for TCP
		c.ExposedPorts[port] = struct{}{}
	}
	return c
}
