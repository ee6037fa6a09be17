package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// Object is something on an engine that carries a label.
type Object struct {
	// Kind is "container", "network" or "volume", in the order of removal.
	Kind string
	// ID is the engine's; Name what people call it.
	ID, Name string
	Labels   map[string]string
}

// Labelled lists what carries the label, "key" or "key=value": containers first, so that removing in this order works.
func (e *Engine) Labelled(ctx context.Context, label string) (found []Object, err error) {
	filter := make(client.Filters).Add("label", label)
	containers, err := e.client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filter})
	if err != nil {
		return nil, reachable(err)
	}
	for _, c := range containers.Items {
		name := c.ID
		if len(c.Names) > 0 {
			name = strings.TrimPrefix(c.Names[0], "/")
		}
		found = append(found, Object{Kind: "container", ID: c.ID, Name: name, Labels: c.Labels})
	}
	networks, err := e.client.NetworkList(ctx, client.NetworkListOptions{Filters: filter})
	if err != nil {
		return nil, reachable(err)
	}
	for _, n := range networks.Items {
		found = append(found, Object{Kind: "network", ID: n.ID, Name: n.Name, Labels: n.Labels})
	}
	volumes, err := e.client.VolumeList(ctx, client.VolumeListOptions{Filters: filter})
	if err != nil {
		return nil, reachable(err)
	}
	for _, v := range volumes.Items {
		found = append(found, Object{Kind: "volume", ID: v.Name, Name: v.Name, Labels: v.Labels})
	}
	return found, nil
}

// Remove removes an object. One that is gone already is no error.
func (e *Engine) Remove(ctx context.Context, o Object) error {
	switch o.Kind {
	case "container":
		return e.removeContainer(ctx, o.ID)
	case "network":
		return e.RemoveNetwork(ctx, o.ID)
	case "volume":
		return e.RemoveVolume(ctx, o.ID)
	}
	return fmt.Errorf("a %s cannot be removed", o.Kind)
}

// removeContainer repeats while somebody else removes the same container: who asks second wants it gone as well.
func (e *Engine) removeContainer(ctx context.Context, id string) error {
	for {
		_, err := e.client.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		switch {
		case err == nil, errdefs.IsNotFound(err):
			return nil
		case !errdefs.IsConflict(err):
			return reachable(err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Death is the end of a container's first process, or of any of its processes for lack of memory.
type Death struct {
	// ID and Name of the container.
	ID, Name string
	// ForMemory is true when the kernel killed some process of it, and whether the first one ended is not told.
	ForMemory bool
	// ExitCode of the first process is 128 plus the signal's number when it was killed.
	ExitCode string
}

// Watch tells of every death in a container with the label, until ctx ends. The error comes when the engine no longer
// answers; both channels are then done.
func (e *Engine) Watch(ctx context.Context, label string) (<-chan Death, <-chan error) {
	deaths, lost := make(chan Death), make(chan error, 1)
	filter := make(client.Filters).Add("label", label).Add("type", "container").Add("event", "die", "oom")
	stream := e.client.Events(ctx, client.EventsListOptions{Filters: filter})
	go func() {
		for {
			select {
			case m := <-stream.Messages:
				death := Death{
					ID: m.Actor.ID, Name: m.Actor.Attributes["name"], ForMemory: m.Action == "oom", ExitCode: m.Actor.Attributes["exitCode"],
				}
				select {
				case deaths <- death:
				case <-ctx.Done():
					return
				}
			case err := <-stream.Err:
				if ctx.Err() == nil {
					lost <- fmt.Errorf("%w: %w", ErrUnreachable, err)
				}
				return
			}
		}
	}()
	return deaths, lost
}
