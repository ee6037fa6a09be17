package processes

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
)

// Fault implements [stack.Stack].
func (s *processes) Fault(ctx context.Context, name string, kind stack.Fault) error {
	return backend.Inflict(ctx, &s.Base, &s.Roster, name, kind, s.fault)
}

func (s *processes) fault(ctx context.Context, n *node, kind stack.Fault) error {
	c := n.child.Load()
	if kind == stack.Restart {
		return s.restart(ctx, n)
	}
	if !c.Running() {
		return errors.New("the node is not running; restart it first")
	}
	switch kind {
	case stack.Pause:
		return c.Pause()
	case stack.Resume:
		return c.Resume()
	case stack.Kill:
		return c.Kill()
	}
	return fmt.Errorf("fault %d is unknown", kind)
}

// restart stops what still runs, in good order, and starts the node again where it was.
func (s *processes) restart(ctx context.Context, n *node) error {
	stopping, cancel := context.WithTimeout(ctx, backend.StopLimit)
	defer cancel()
	if err := n.halt(stopping, n.stop); err != nil {
		return err
	}
	return s.bring(ctx, n)
}

// Close implements [stack.Stack]. Postgres is told to leave at once: its data goes too.
func (s *processes) Close() error { return s.CloseOnce(s.takeDown) }

func (s *processes) takeDown() error {
	s.limits.Lift()
	var errs []error
	for _, n := range slices.Backward(s.Nodes()) {
		ctx, cancel := context.WithTimeout(context.Background(), backend.StopLimit)
		errs = append(errs, n.halt(ctx, n.quit))
		cancel()
	}
	_, err := sweepAll(context.Background(), s.run, s.launcher, filepath.Join(s.tools.postgres, "postgres"))
	errs = append(errs, err)
	s.launcher.Close()
	return errors.Join(append(errs, s.list.Close(), removeRunDirectory(s.run))...)
}
