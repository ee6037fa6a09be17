package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tcexec "github.com/testcontainers/testcontainers-go/exec"
)

// Spec describes a container.
type Spec struct {
	// Name is the container's, unique on the engine.
	Name string
	// Image is a reference; the image must be on the engine's machine.
	Image string
	// User runs the command; empty means the image's.
	User string
	// Command replaces the image's entrypoint and command.
	Command []string
	// Env adds to the image's environment.
	Env map[string]string
	// Labels mark the container.
	Labels map[string]string
	// Network it joins, at Address, under the name Alias.
	Network Network
	Address netip.Addr
	Alias   string
	// Ports are published on 127.0.0.1: the port there, by the port inside.
	Ports map[int]int
	// Volumes are mounted: the path inside by the name of the volume.
	Volumes map[string]string
	// Files are put in place before the container starts, and again by nobody: they outlast restarts.
	Files []File
	// CPUs, CPUShares and MemoryBytes limit it; 0 is no limit. Memory has no swap beside it.
	CPUs        float64
	CPUShares   int64
	MemoryBytes int64
	// SharedMemoryBytes is the size of /dev/shm; 0 is the engine's default.
	SharedMemoryBytes int64
	// StopSignal asks the command to leave; empty means the image's.
	StopSignal string
}

// File is a file to be put into a container.
type File struct {
	// Path inside, Text its content; everybody in the container may read it.
	Path, Text string
}

// Container is a container that was created.
type Container struct {
	// ID is the engine's, Name the one it was given.
	ID, Name string
	engine   *Engine
	inner    testcontainers.Container
}

// Create makes a container and does not start it.
func (e *Engine) Create(ctx context.Context, s Spec) (*Container, error) {
	provider, err := e.containers(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel, err := toTheEnd(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	var inner testcontainers.Container
	err = guard(func() (err error) {
		inner, err = provider.CreateContainer(ctx, s.request())
		return err
	})
	if inner == nil && err != nil {
		return nil, fmt.Errorf("create the container %s: %w", s.Name, reachable(err))
	}
	c := &Container{ID: inner.GetContainerID(), Name: s.Name, engine: e, inner: inner}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create the container %s: %w", s.Name, reachable(err)), c.Remove(context.WithoutCancel(ctx)))
	}
	return c, nil
}

// request is the spec as testcontainers wants it. All ports are named, or it would publish those of the image, on every
// address. The labels are a copy: it adds its own to them, and several containers may have been given the same.
func (s Spec) request() testcontainers.ContainerRequest {
	req := testcontainers.ContainerRequest{
		Image: s.Image, Name: s.Name, Env: maps.Clone(s.Env), Labels: maps.Clone(s.Labels),
		Networks: []string{s.Network.Name}, NetworkAliases: map[string][]string{s.Network.Name: {s.Alias}},
		Entrypoint: s.Command[:1], Cmd: s.Command[1:],
		ConfigModifier: func(c *container.Config) {
			c.User, c.StopSignal = s.User, s.StopSignal
		},
		HostConfigModifier: s.host,
		EndpointSettingsModifier: func(settings map[string]*network.EndpointSettings) {
			for _, endpoint := range settings {
				endpoint.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: s.Address}
			}
		},
	}
	for inside := range s.Ports {
		req.ExposedPorts = append(req.ExposedPorts, fmt.Sprintf("%d/tcp", inside))
	}
	for _, f := range s.Files {
		req.Files = append(req.Files, testcontainers.ContainerFile{Reader: strings.NewReader(f.Text), ContainerFilePath: f.Path, FileMode: 0o444})
	}
	return req
}

func (s Spec) host(h *container.HostConfig) {
	h.NanoCPUs, h.CPUShares, h.ShmSize = int64(s.CPUs*1e9), s.CPUShares, s.SharedMemoryBytes
	h.Memory, h.MemorySwap = s.MemoryBytes, s.MemoryBytes
	for volume, path := range s.Volumes {
		h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeVolume, Source: volume, Target: path, VolumeOptions: &mount.VolumeOptions{NoCopy: true}})
	}
	h.PortBindings = network.PortMap{}
	for inside, outside := range s.Ports {
		port, _ := network.PortFrom(uint16(inside), network.TCP) // cannot fail for TCP
		h.PortBindings[port] = []network.PortBinding{{HostIP: netip.AddrFrom4([4]byte{127, 0, 0, 1}), HostPort: strconv.Itoa(outside)}}
	}
}

// Start starts the container, for the first time or again; addresses, ports and files are the same each time.
func (c *Container) Start(ctx context.Context) error {
	return c.wrap("start", guard(func() error { return c.inner.Start(ctx) }))
}

// Stop asks the command to leave and kills it after the grace.
func (c *Container) Stop(ctx context.Context, grace time.Duration) error {
	return c.wrap("stop", guard(func() error { return c.inner.Stop(ctx, &grace) }))
}

// Kill ends every process of the container at once, paused or not. One that has ended is no error.
func (c *Container) Kill(ctx context.Context) error {
	_, err := c.engine.client.ContainerKill(ctx, c.ID, client.ContainerKillOptions{Signal: "SIGKILL"})
	if errdefs.IsConflict(err) || errdefs.IsNotFound(err) {
		return nil
	}
	return c.wrap("kill", err)
}

// Pause freezes every process of the container; Resume lets them go on.
func (c *Container) Pause(ctx context.Context) error {
	_, err := c.engine.client.ContainerPause(ctx, c.ID, client.ContainerPauseOptions{})
	return c.wrap("pause", err)
}

// Resume ends a pause.
func (c *Container) Resume(ctx context.Context) error {
	_, err := c.engine.client.ContainerUnpause(ctx, c.ID, client.ContainerUnpauseOptions{})
	return c.wrap("resume", err)
}

// State is how a container is.
type State struct {
	// Running is true for a paused one as well.
	Running, Paused bool
	// OOMKilled is true when it was killed for its memory.
	OOMKilled bool
	// PID is the first process's, on the engine's machine; 0 when not running.
	PID int
	// ExitCode of the last end.
	ExitCode int
}

// State asks the engine.
func (c *Container) State(ctx context.Context) (State, error) {
	answer, err := c.engine.client.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
	if err != nil {
		return State{}, c.wrap("inspect", err)
	}
	s := answer.Container.State
	return State{Running: s.Running, Paused: s.Paused, OOMKilled: s.OOMKilled, PID: s.Pid, ExitCode: s.ExitCode}, nil
}

// Exec runs a command inside as a user and returns what it printed. A status other than 0 is an error that ends with
// that.
func (c *Container) Exec(ctx context.Context, user string, env []string, command ...string) (out string, err error) {
	status, stream, err := c.inner.Exec(ctx, command, tcexec.Multiplexed(), tcexec.WithUser(user), tcexec.WithEnv(env))
	if err != nil {
		return "", c.wrap("run "+command[0]+" in", err)
	}
	b, err := io.ReadAll(stream)
	if out = strings.TrimSpace(string(b)); err == nil && status != 0 {
		err = fmt.Errorf("%s in %s ends with status %d:\n%s", command[0], c.Name, status, out)
	}
	return out, err
}

// Log writes what the container's processes have printed so far, since its creation.
func (c *Container) Log(ctx context.Context, w io.Writer) error {
	stream, err := c.engine.client.ContainerLogs(ctx, c.ID, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return c.wrap("read the log of", err)
	}
	defer stream.Close()
	_, err = stdcopy.StdCopy(w, w, stream)
	return c.wrap("read the log of", err)
}

// Remove kills the container and removes it, with the volumes the image made for it.
func (c *Container) Remove(ctx context.Context) error { return c.engine.removeContainer(ctx, c.ID) }

func (c *Container) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s the container %s: %w", what, c.Name, reachable(err))
}
