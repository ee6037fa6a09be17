package limits

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// host is what this machine offers to limit nodes with.
type host struct {
	hierarchies map[string]hierarchy
	// cpus are those rehearse may use itself, next is the place of the first to pin the next node to.
	cpus []int
	next int
}

func newHost() *host {
	mounts, _ := os.ReadFile("/proc/self/mountinfo") // without /proc there are no groups, which is told like that
	own, _ := os.ReadFile("/proc/self/cgroup")
	return &host{hierarchies: findHierarchies(string(mounts), string(own)), cpus: allowedCPUs()}
}

// allowedCPUs lists the CPUs that this thread may run on.
func allowedCPUs() (cpus []int) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	for cpu := 0; len(cpus) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// pinning is the set of CPUs that a node is kept to; nil is no pinning.
type pinning = *unix.CPUSet

// take makes what holds a node, each group entered into the run's list before. Without a group whole CPUs can still be
// had: the node is pinned to as many.
func (on *host) take(run, list, name string, limit stack.Limit) (*Hold, error) {
	h := &Hold{limit: limit}
	for _, part := range partsOf(limit) {
		t, found := on.hierarchies[controllerOf(part)]
		path := filepath.Join(t.base, "rehearse-"+run+"-"+name)
		err := errNoGroup
		if found {
			if err := noteGroup(list, path); err != nil {
				return h, err
			}
			err = h.join(t, path, part)
		}
		whole := part.CPUs >= 1 && part.CPUs == float64(int(part.CPUs))
		switch {
		case part.CPUs >= float64(max(len(on.cpus), 1)):
			h.applied = append(h.applied, fmt.Sprintf("%v (there are %d)", part, len(on.cpus)))
		case err == nil:
			h.applied = append(h.applied, part.String())
		case whole:
			h.pinned = on.pin(int(part.CPUs))
			h.applied = append(h.applied, "pinned to "+part.String())
		default:
			h.refuse(part, err)
		}
	}
	return h, nil
}

// join makes a group, unless it does already for another controller, and sets its limit.
func (h *Hold) join(t hierarchy, path string, part stack.Limit) error {
	i := slices.IndexFunc(h.groups, func(g group) bool { return g.path == path })
	if i < 0 {
		if err := os.Mkdir(path, 0o755); err != nil {
			return errNoGroup
		}
		i, h.groups = len(h.groups), append(h.groups, group{path: path, home: t.home})
	}
	if part.MemoryBytes > 0 {
		h.groups[i].deaths = filepath.Join(path, t.deathsFile())
	}
	for _, k := range t.knobs(part) {
		err := setKnob(path, k.file, k.value)
		if err != nil && !(k.optional && errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}

// pin chooses n CPUs, other ones for each node as far as they go.
func (on *host) pin(n int) pinning {
	set := &unix.CPUSet{}
	for range n {
		set.Set(on.cpus[on.next%len(on.cpus)])
		on.next++
	}
	return set
}

// lift removes the limit on CPU time. A group has the file of one version only, if any.
func (h *Hold) lift() {
	for _, g := range h.groups {
		_ = setKnob(g.path, "cpu.cfs_quota_us", "-1")
		_ = setKnob(g.path, "cpu.max", "max")
	}
}

// Enter has the next child of this thread born in the node's hold, so that not one instruction of it is free; leave
// undoes what that took. The thread must be locked.
func (h *Hold) Enter(cmd *exec.Cmd) (leave func() error, err error) {
	var undo []func() error
	leave = func() (err error) {
		for _, step := range slices.Backward(undo) {
			err = errors.Join(err, step())
		}
		return err
	}
	if h == nil {
		return leave, nil
	}
	if h.pinned != nil {
		var before unix.CPUSet
		if err := errors.Join(unix.SchedGetaffinity(0, &before), unix.SchedSetaffinity(0, h.pinned)); err != nil {
			return leave, err
		}
		undo = append(undo, func() error { return unix.SchedSetaffinity(0, &before) })
	}
	for _, g := range h.groups {
		out, err := g.enter(cmd)
		if err != nil {
			return leave, errors.Join(fmt.Errorf("stack: enter the control group: %w", err), leave())
		}
		undo = append(undo, out)
	}
	return leave, nil
}

// enter is by a descriptor in version 2. In version 1 a child is born where the thread is that makes it.
func (g group) enter(cmd *exec.Cmd) (leave func() error, err error) {
	const self = "0"
	if g.home != "" {
		return func() error { return setKnob(g.home, "tasks", self) }, setKnob(g.path, "tasks", self)
	}
	dir, err := os.Open(g.path)
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(dir.Fd())
	return dir.Close, nil
}
