package stack

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"
)

// node is a named place in the stack; the process that fills it changes with each restart.
type node struct {
	name string
	// command says how to start it.
	command command
	// ready asks once whether it serves.
	ready func(ctx context.Context) error
	// limit bounds the wait for ready.
	limit time.Duration
	// stop is the signal that asks it to leave in good order, quit the one for leaving at once.
	stop, quit syscall.Signal
	// data is a Postgres node's data directory, empty for others.
	data string
	// child is the present process, nil before the first.
	child atomic.Pointer[child]
}

func (n *node) called() string { return n.name }

// bring starts a process for the node and waits until it serves. A node that does not is ended again.
func (la *launcher) bring(ctx context.Context, n *node) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	c, err := la.start(n.command)
	if err != nil {
		return err
	}
	n.child.Store(c)
	ctx, cancel := context.WithTimeoutCause(ctx, n.limit, fmt.Errorf("not ready within %v", n.limit))
	defer cancel()
	if err := await(ctx, c, n.ready); err != nil {
		err = diagnose(n.name, err, c.command.log, c.logStart)
		return errors.Join(err, c.dismiss(n.quit))
	}
	c.announce(la.onExit)
	return nil
}

// await asks every 10 ms, which costs a boot 5 ms on average, and gives up when the process is gone or ctx ends.
func await(ctx context.Context, c *child, ready func(context.Context) error) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		last := ready(ctx)
		if last == nil {
			return nil
		}
		select {
		case <-c.done:
			return fmt.Errorf("it ended (%s) before it was ready", c.fate())
		case <-ctx.Done():
			return fmt.Errorf("%w; the last answer was: %w", context.Cause(ctx), last)
		case <-tick.C:
		}
	}
}

// halt ends the node's process with sig, if there is one; how long it may take to leave is ctx's to say.
func (n *node) halt(ctx context.Context, sig syscall.Signal) error {
	c := n.child.Load()
	if c == nil || !c.running() {
		return nil
	}
	return c.end(ctx, sig)
}
