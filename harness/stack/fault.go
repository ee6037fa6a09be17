package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stopLimit is how long a node may take to leave in good order before it is killed.
const stopLimit = 10 * time.Second

// work takes the turn, and ends with ctx or with the stack.
func (s *processes) work(ctx context.Context) (_ context.Context, release func(), err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.life, func() { cancel(errClosed) })
	s.turn.Lock()
	release = func() { s.turn.Unlock(); stop(); cancel(nil) }
	if ctx.Err() != nil {
		release()
		return nil, nil, context.Cause(ctx)
	}
	return ctx, release, nil
}

// Fault implements [Stack].
func (s *processes) Fault(ctx context.Context, name string, kind Fault) error {
	ctx, release, err := s.work(ctx)
	if err != nil {
		return err
	}
	defer release()
	n := s.node(name)
	if n == nil {
		return fmt.Errorf("stack: %s of %q: no such node", kind, name)
	}
	if err := s.fault(ctx, n, kind); err != nil {
		return fmt.Errorf("stack: %s of %s: %w", kind, name, err)
	}
	return nil
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
func (s *processes) Close() error {
	s.closing.Do(func() {
		s.end(errClosed)
		s.turn.Lock()
		defer s.turn.Unlock()
		s.closeErr = s.takeDown()
	})
	return s.closeErr
}

func (s *processes) takeDown() error {
	var errs []error
	for i := len(s.nodes) - 1; i >= 0; i-- {
		ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
		errs = append(errs, s.nodes[i].halt(ctx, s.nodes[i].quit))
		if dir := s.nodes[i].data; dir != "" && crashed(dir) {
			errs = append(errs, sweep(ctx, s.launcher, s.nodes[i].command, dir))
		}
		cancel()
	}
	s.launcher.close()
	return errors.Join(append(errs, s.ledger.close(), s.run.remove())...)
}

// sweep releases the shared memory of a postmaster that was killed, by starting another on the same data: only
// Postgres knows what belongs to it, and tidies up before anything else. It is sent away as soon as it has.
func sweep(ctx context.Context, la *launcher, c command, dir string) error {
	port := &ports{}
	number, err := port.free()
	if err != nil {
		return err
	}
	c.name = "sweep"
	c.args = []string{"-D", dir, "-p", fmt.Sprint(number)}
	ch, err := la.start(c)
	if err != nil {
		return err
	}
	if err := await(ctx, ch, func(context.Context) error { return tidied(dir, ch.PID) }); err != nil && ch.running() {
		return errors.Join(err, ch.kill())
	}
	return ch.end(ctx, syscall.SIGQUIT)
}

// tidied tells that the postmaster of that pid has made its shared memory: the seventh line of its pid file names it.
func tidied(dir string, pid int) error {
	const memoryLine = 7
	b, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		return err
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < memoryLine || lines[0] != fmt.Sprint(pid) || lines[memoryLine-1] == "" {
		return errors.New("not yet")
	}
	return nil
}
