package stack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// stopLimit is how long a node may take to leave in good order before it is killed.
const stopLimit = 10 * time.Second

// Fault implements [Stack].
func (s *processes) Fault(ctx context.Context, name string, kind Fault) error {
	return inflict(ctx, &s.base, &s.roster, name, kind, s.fault)
}

func (s *processes) fault(ctx context.Context, n *node, kind Fault) error {
	c := n.child.Load()
	if kind == Restart {
		return s.restart(ctx, n)
	}
	if !c.running() {
		return errors.New("the node is not running; restart it first")
	}
	switch kind {
	case Pause:
		return c.pause()
	case Resume:
		return c.resume()
	case Kill:
		return c.kill()
	}
	return fmt.Errorf("fault %d is unknown", kind)
}

// restart stops what still runs, in good order, and starts the node again where it was.
func (s *processes) restart(ctx context.Context, n *node) error {
	stopping, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	if err := n.halt(stopping, n.stop); err != nil {
		return err
	}
	return s.launcher.bring(ctx, n)
}

// Close implements [Stack]. Postgres is told to leave at once: its data goes too.
func (s *processes) Close() error { return s.close(s.takeDown) }

func (s *processes) takeDown() error {
	s.launcher.limits.lift()
	var errs []error
	for _, n := range slices.Backward(s.nodes()) {
		ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
		errs = append(errs, n.halt(ctx, n.quit))
		cancel()
	}
	_, err := s.run.sweepAll(context.Background(), s.launcher, filepath.Join(s.tools.postgres, "postgres"))
	errs = append(errs, err)
	s.launcher.close()
	return errors.Join(append(errs, s.ledger.close(), s.run.remove())...)
}
