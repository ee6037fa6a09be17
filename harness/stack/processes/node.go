package processes

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
)

// node is a named place in the stack; the process that fills it changes with each restart.
type node struct {
	name string
	// command says how to start it.
	command child.Command
	// ready asks once whether it serves.
	ready func(ctx context.Context) error
	// limit bounds the wait for ready.
	limit time.Duration
	// stop is the signal that asks it to leave in good order, quit the one for leaving at once.
	stop, quit syscall.Signal
	// data is a Postgres node's data directory, empty for others.
	data string
	// child is the present process, nil before the first.
	child atomic.Pointer[child.Process]
}

// Called is the node's name.
func (n *node) Called() string { return n.name }

// bring starts a process for the node and waits until it serves. A node that does not is ended again.
func (s *processes) bring(ctx context.Context, n *node) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	command := n.command
	if held := s.limits[n.name]; held != nil {
		command.Hold = held
	}
	c, err := s.launcher.Start(command)
	if err != nil {
		return err
	}
	n.child.Store(c)
	ctx, cancel := context.WithTimeoutCause(ctx, n.limit, fmt.Errorf("not ready within %v", n.limit))
	defer cancel()
	if err := await(ctx, c, n.ready); err != nil {
		err = backend.Diagnose(n.name, err, n.command.Log, c.LogStart)
		return errors.Join(err, dismiss(c, n.quit))
	}
	s.launcher.Announce(c)
	return nil
}

// await asks every 10 ms, which costs a boot 5 ms on average, and gives up when the process is gone or ctx ends.
func await(ctx context.Context, c *child.Process, ready func(context.Context) error) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		last := ready(ctx)
		if last == nil {
			return nil
		}
		select {
		case <-c.Done:
			return fmt.Errorf("it ended (%s) before it was ready", c.Fate())
		case <-ctx.Done():
			return fmt.Errorf("%w; the last answer was: %w", context.Cause(ctx), last)
		case <-tick.C:
		}
	}
}

// halt ends the node's process with sig, if there is one; how long it may take to leave is ctx's to say.
func (n *node) halt(ctx context.Context, sig syscall.Signal) error {
	c := n.child.Load()
	if c == nil || !c.Running() {
		return nil
	}
	return c.End(ctx, sig)
}

// runCommand starts a child and waits for its success; when ctx ends first, the child is sent away.
func (s *processes) runCommand(ctx context.Context, c child.Command) error {
	ch, err := s.launcher.Start(c)
	if err != nil {
		return err
	}
	select {
	case <-ch.Done:
		if ch.Err != nil {
			return backend.Diagnose(c.Name, ch.Err, c.Log, ch.LogStart)
		}
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("stack: %s: %w", c.Name, context.Cause(ctx)), dismiss(ch, syscall.SIGTERM))
	}
}

// dismiss ends a child within the usual limit, for when something else has failed or was cancelled.
func dismiss(c *child.Process, sig syscall.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), backend.StopLimit)
	defer cancel()
	return c.End(ctx, sig)
}
