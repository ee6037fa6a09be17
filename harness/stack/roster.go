package stack

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
)

// member is a node of either back end.
type member interface {
	comparable
	called() string
}

// roster lists the nodes of a stack, in the order of [startOrder], so that Close can go backwards whatever the boot did at
// once. Its methods may be called by several goroutines.
type roster[M member] struct {
	guard sync.Mutex
	list  []M
}

// enter adds a node.
func (r *roster[M]) enter(m M) {
	r.guard.Lock()
	defer r.guard.Unlock()
	r.list = append(r.list, m)
	slices.SortStableFunc(r.list, func(a, b M) int { return cmp.Compare(startOrder(a.called()), startOrder(b.called())) })
}

// leave takes a node out again.
func (r *roster[M]) leave(m M) {
	r.guard.Lock()
	defer r.guard.Unlock()
	r.list = slices.DeleteFunc(r.list, func(other M) bool { return other == m })
}

// nodes are all of them at this moment.
func (r *roster[M]) nodes() []M {
	r.guard.Lock()
	defer r.guard.Unlock()
	return slices.Clone(r.list)
}

// node finds one by name; it is nil when there is none.
func (r *roster[M]) node(name string) (found M) {
	for _, m := range r.nodes() {
		if m.called() == name {
			return m
		}
	}
	return found
}

// startOrder is the place of a node in the stack's order; services follow as they come.
func startOrder(name string) int {
	if i := slices.Index([]string{Primary, Replica, Redis}, name); i >= 0 {
		return i
	}
	return 3
}

// inflict finds a node and has do break or mend it, when it is one's turn.
func inflict[M member](ctx context.Context, b *base, r *roster[M], name string, kind Fault, do func(context.Context, M, Fault) error) error {
	ctx, release, err := b.work(ctx)
	if err != nil {
		return err
	}
	defer release()
	m, none := r.node(name), *new(M)
	if m == none {
		return fmt.Errorf("stack: %s of %q: no such node", kind, name)
	}
	if err := do(ctx, m, kind); err != nil {
		return fmt.Errorf("stack: %s of %s: %w", kind, name, err)
	}
	return nil
}
