package backend

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// member is a node of either back end.
type member interface {
	comparable
	// Called is the node's name.
	Called() string
}

// Roster lists the nodes of a stack, in the order of [startOrder], so that Close can go backwards whatever the boot did at
// once. Its methods may be called by several goroutines.
type Roster[M member] struct {
	guard sync.Mutex
	list  []M
}

// Enter adds a node.
func (r *Roster[M]) Enter(m M) {
	r.guard.Lock()
	defer r.guard.Unlock()
	r.list = append(r.list, m)
	slices.SortStableFunc(r.list, func(a, b M) int { return cmp.Compare(startOrder(a.Called()), startOrder(b.Called())) })
}

// Leave takes a node out again.
func (r *Roster[M]) Leave(m M) {
	r.guard.Lock()
	defer r.guard.Unlock()
	r.list = slices.DeleteFunc(r.list, func(other M) bool { return other == m })
}

// Nodes are all of them at this moment.
func (r *Roster[M]) Nodes() []M {
	r.guard.Lock()
	defer r.guard.Unlock()
	return slices.Clone(r.list)
}

// Node finds one by name; it is nil when there is none.
func (r *Roster[M]) Node(name string) (found M) {
	for _, m := range r.Nodes() {
		if m.Called() == name {
			return m
		}
	}
	return found
}

// startOrder is the place of a node in the stack's order; services follow as they come.
func startOrder(name string) int {
	if i := slices.Index([]string{stack.Primary, stack.Replica, stack.Redis}, name); i >= 0 {
		return i
	}
	return 3
}

// Inflict finds a node and has do break or mend it, when it is one's turn.
func Inflict[M member](ctx context.Context, b *Base, r *Roster[M], name string, kind stack.Fault, do func(context.Context, M, stack.Fault) error) error {
	ctx, release, err := b.Work(ctx)
	if err != nil {
		return err
	}
	defer release()
	m, none := r.Node(name), *new(M)
	if m == none {
		return fmt.Errorf("stack: %s of %q: no such node", kind, name)
	}
	if err := do(ctx, m, kind); err != nil {
		return fmt.Errorf("stack: %s of %s: %w", kind, name, err)
	}
	return nil
}
