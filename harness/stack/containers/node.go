package containers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// node is a named place in the stack, filled by a container that stays the same over restarts.
type node struct {
	name string
	box  *engine.Container
	// inside is its address in the network; published are the ports on 127.0.0.1 by the ports inside.
	inside    netip.Addr
	published map[int]int
	// ready asks once whether it serves, within limit after a start.
	ready func(ctx context.Context) error
	limit time.Duration

	// news decides who is told of its end: nobody while it boots (the boot fails) and after it was asked to go.
	news atomic.Int32
	// running, paused and pid are as last seen; pid is 0 where processes of the engine are not this machine's.
	running, paused atomic.Bool
	pid             atomic.Int64
	// starved counts processes killed for memory; the stack's mu guards it.
	starved int
}

// Called is the node's name.
func (v *node) Called() string { return v.name }

// The values of news.
const (
	awaited int32 = iota
	announced
	expected
)

// nodeError is a failure of a node that may have said more in its log.
type nodeError struct {
	node string
	err  error
}

func (e nodeError) Error() string { return e.node + ": " + e.err.Error() }

func (e nodeError) Unwrap() error { return e.err }

// addresses hands out numbers for addresses, none twice.
type addresses struct {
	mu   sync.Mutex
	last int
}

func (s *addresses) next() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	return s.last
}

// nodeSpec is a container before it is created: what differs between nodes.
type nodeSpec struct {
	spec engine.Spec
	// asked are host ports the user wants, by the port inside; others are chosen.
	ports []int
	asked map[int]int
	// ready makes the readiness of the node; nil when it is set later.
	ready func(v *node) func(context.Context) error
	limit time.Duration
}

// create makes the container of a node, with an address and published ports of its own, and enters it.
func (s *containers) create(ctx context.Context, name string, p nodeSpec) (*node, error) {
	v := &node{name: name, limit: p.limit, published: map[int]int{}}
	var err error
	if v.inside, err = s.network.Address(s.addresses.next()); err != nil {
		return nil, err
	}
	for _, inside := range p.ports {
		outside := p.asked[inside]
		if outside == 0 {
			if outside, err = s.ports.Free(); err != nil {
				return nil, err
			}
		}
		v.published[inside] = outside
	}
	spec := p.spec
	spec.Name, spec.Labels, spec.Network, spec.Address, spec.Alias, spec.Ports = s.name(name), s.labels, s.network, v.inside, name, v.published
	limit := s.Config.Limits[name]
	// The engine refuses more processors than there are.
	spec.CPUs, spec.MemoryBytes = min(limit.CPUs, float64(s.engine.Info().CPUs)), limit.MemoryBytes
	if v.box, err = s.engine.Create(ctx, spec); err != nil {
		return nil, fmt.Errorf("stack: %w", err)
	}
	if limit != (stack.Limit{}) {
		s.stateLimit(name, limit)
	}
	if p.ready != nil {
		v.ready = p.ready(v)
	}
	s.Enter(v)
	return v, nil
}

// stateLimit tells what the engine's machine really enforces.
func (s *containers) stateLimit(name string, limit stack.Limit) {
	text := limit.String()
	info := s.engine.Info()
	if limit.CPUs > float64(info.CPUs) {
		text += fmt.Sprintf(" (there are %d)", info.CPUs)
	}
	if limit.CPUs > 0 && !info.LimitsCPU || limit.MemoryBytes > 0 && !info.LimitsMemory {
		text += " asked, not applied: the engine's kernel cannot"
		s.Config.Log.Warn("a limit is not applied", "node", name, "limit", text)
	}
	s.Update(func(e *stack.Endpoints) {
		if e.Limits == nil {
			e.Limits = map[string]string{}
		}
		e.Limits[name] = text
	})
}

// addr is where the harness reaches a port of the node.
func (s *containers) addr(v *node, inside int) string {
	if s.direct {
		return net.JoinHostPort(v.inside.String(), strconv.Itoa(inside))
	}
	return backend.Address(v.published[inside])
}

// addrInside is where other containers reach it.
func (v *node) addrInside(port int) string {
	return net.JoinHostPort(v.inside.String(), strconv.Itoa(port))
}

// bring starts the node's container and waits until it serves.
func (s *containers) bring(ctx context.Context, v *node) error {
	if err := s.start(ctx, v); err != nil {
		return err
	}
	return s.settle(ctx, v)
}

func (s *containers) start(ctx context.Context, v *node) error {
	if err := v.box.Start(ctx); err != nil {
		return errors.Join(nodeError{v.name, err}, s.keepLog(context.WithoutCancel(ctx), v))
	}
	v.running.Store(true)
	return nil
}

// settle waits until a node that was started serves, and says from then on when it does not any more.
func (s *containers) settle(ctx context.Context, v *node) error {
	ctx, cancel := context.WithTimeoutCause(ctx, v.limit, fmt.Errorf("not ready within %v", v.limit))
	defer cancel()
	if err := s.await(ctx, v); err != nil {
		return nodeError{v.name, errors.Join(err, s.dismiss(v))}
	}
	v.news.Store(announced)
	return nil
}

// dismiss kills a node that did not come up, and keeps what it had to say.
func (s *containers) dismiss(v *node) error {
	ctx, cancel := context.WithTimeout(context.Background(), backend.StopLimit)
	defer cancel()
	defer v.running.Store(false)
	return errors.Join(v.box.Kill(ctx), s.keepLog(ctx, v))
}

// await asks every 10 ms whether the node is ready, and now and then whether it still runs.
func (s *containers) await(ctx context.Context, v *node) error {
	const lookEvery = 10
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		last := v.ready(ctx)
		if last == nil || i%lookEvery == 0 {
			state, err := v.box.State(ctx)
			if err != nil {
				return err
			}
			if !state.Running {
				return fmt.Errorf("it ended (exit status %d) before it was ready", state.ExitCode)
			}
			if s.direct {
				v.pid.Store(int64(state.PID))
			}
		}
		if last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; the last answer was: %w", context.Cause(ctx), last)
		case <-tick.C:
		}
	}
}

// Fault implements [stack.Stack].
func (s *containers) Fault(ctx context.Context, name string, kind stack.Fault) error {
	return backend.Inflict(ctx, &s.Base, &s.Roster, name, kind, s.fault)
}

func (s *containers) fault(ctx context.Context, v *node, kind stack.Fault) error {
	if kind == stack.Restart {
		return s.restart(ctx, v)
	}
	if !v.running.Load() {
		return errors.New("the node is not running; restart it first")
	}
	switch kind {
	case stack.Pause:
		v.paused.Store(true)
		return v.box.Pause(ctx)
	case stack.Resume:
		v.paused.Store(false)
		return v.box.Resume(ctx)
	case stack.Kill:
		v.news.Store(expected)
		defer v.running.Store(false)
		return errors.Join(s.thaw(ctx, v), v.box.Kill(ctx))
	}
	return fmt.Errorf("fault %d is unknown", kind)
}

// thaw ends a pause: a frozen container can be neither stopped nor started.
func (s *containers) thaw(ctx context.Context, v *node) error {
	if !v.paused.Swap(false) {
		return nil
	}
	return v.box.Resume(ctx)
}

// restart stops what still runs, in good order, and starts the node again where it was.
func (s *containers) restart(ctx context.Context, v *node) error {
	v.news.Store(awaited)
	if v.running.Load() {
		if err := errors.Join(s.thaw(ctx, v), v.box.Stop(ctx, backend.StopLimit)); err != nil {
			return err
		}
	}
	v.running.Store(false)
	return s.bring(ctx, v)
}
