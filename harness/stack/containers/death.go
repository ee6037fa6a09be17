package containers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// watch tells of nodes that end without having been asked to, and of an engine that does.
func (s *containers) watch() {
	for s.Life.Err() == nil {
		deaths, lost := s.engine.Watch(s.Life, labelRun+"="+s.labels[labelRun])
		for listening := true; listening; {
			select {
			case <-s.Life.Done():
				return
			case d := <-deaths:
				s.died(d)
			case err := <-lost:
				if !s.answers() {
					s.engineDied(err)
					return
				}
				listening = false
			}
		}
	}
}

// died reports the end of a serving node, once, and counts what the kernel killed for memory.
func (s *containers) died(d engine.Death) {
	nodes := s.Nodes()
	i := slices.IndexFunc(nodes, func(v *node) bool { return v.box.ID == d.ID })
	if i < 0 {
		return
	}
	v := nodes[i]
	switch {
	case d.ForMemory:
		s.starved(v)
	case v.news.CompareAndSwap(announced, expected):
		v.running.Store(false)
		go s.report(v, d)
	}
}

// starved adds to what is told of a node's memory limit, if it has one.
func (s *containers) starved(v *node) {
	limit := s.Config.Limits[v.name]
	if limit.MemoryBytes == 0 {
		return
	}
	s.Update(func(e *stack.Endpoints) {
		v.starved++
		e.Limits[v.name] = fmt.Sprintf("%s (processes killed for it: %d)", limit, v.starved)
	})
}

// report tells of a node's end, unless it is one of many: an engine that is sent away ends the containers first, one
// after the other, and its own end is the news then.
func (s *containers) report(v *node, d engine.Death) {
	const others, goodbye = time.Second, 15 * time.Second
	s.sleep(others)
	if s.countDead() > 1 {
		for waited := time.Duration(0); waited < goodbye && s.engine.Ping(s.Life) == nil; waited += others {
			s.sleep(others)
		}
	}
	switch {
	case s.Life.Err() != nil || s.Config.OnExit == nil:
	case !s.answers():
		s.engineDied(fmt.Errorf("it ended %s and the other containers", v.name))
	default:
		s.Config.OnExit(v.name, s.causeOf(v, d))
	}
}

// sleep waits, and no longer than the stack lives.
func (s *containers) sleep(how time.Duration) {
	select {
	case <-s.Life.Done():
	case <-time.After(how):
	}
}

// countDead is how many nodes do not run.
func (s *containers) countDead() (n int) {
	for _, v := range s.Nodes() {
		if !v.running.Load() {
			n++
		}
	}
	return n
}

// causeOf is what can be told of a death.
func (s *containers) causeOf(v *node, d engine.Death) error {
	ctx, cancel := context.WithTimeout(s.Life, backend.StopLimit)
	defer cancel()
	state, err := v.box.State(ctx)
	limit := s.Config.Limits[v.name].MemoryBytes
	switch {
	case err == nil && state.OOMKilled && limit > 0:
		return fmt.Errorf("killed for its memory limit of %s", stack.Bytes(limit))
	case err == nil && state.OOMKilled:
		return errors.New("killed because the machine ran out of memory")
	}
	return fmt.Errorf("its container ended with status %s", d.ExitCode)
}

// answers gives the engine two seconds: it may have restarted and left the containers alone.
func (s *containers) answers() bool {
	for range 10 {
		if s.engine.Ping(s.Life) == nil {
			return true
		}
		s.sleep(200 * time.Millisecond)
	}
	return s.Life.Err() != nil
}

// dockerNode is the node the engine counts as when it dies.
const dockerNode = "docker"

// engineDied tells of the engine's end, once: every node's end says so too.
func (s *containers) engineDied(err error) {
	if s.Config.OnExit == nil || s.gone.Swap(true) {
		return
	}
	s.Config.OnExit(dockerNode, engineGone(err))
}

func engineGone(err error) error {
	return stack.NotReady(fmt.Sprintf("Docker stopped answering (%v)", err), "start it again (systemctl start docker), then type: rehearse clean")
}
