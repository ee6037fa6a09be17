package probe

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// kernel is one that bills to the tick: what it tells of processes and processors is exact.
type kernel struct {
	processors int
	ticks      int
	machine    machineTimes
	procs      map[int]*process
	ours       map[int]bool
	nodes      map[string]int
	// truth is what processes that are neither ours nor the kernel's have had, in seconds.
	truth float64
	next  uint64
}

const (
	initPID, kernelThread, shellPID, selfPID, shimPID, nodePID = 1, 3, 50, 100, 200, 201
)

func newKernel(processors int) *kernel {
	k := &kernel{processors: processors, procs: map[int]*process{}, ours: map[int]bool{}, nodes: map[string]int{"primary": nodePID}, next: 1}
	k.machine.all, k.machine.processors = true, processors
	for _, p := range []process{
		{pid: initPID, name: "init"}, {pid: kernelThreads, name: kernelThreadsName}, {pid: kernelThread, parent: kernelThreads, name: "kworker/0:1"},
		{pid: shellPID, parent: initPID, name: "sh", self: 70, reaped: 300}, {pid: selfPID, parent: shellPID, name: "rehearse", self: 3},
		{pid: shimPID, parent: initPID, name: "containerd-shim"}, {pid: nodePID, parent: shimPID, name: "postgres", self: 9},
	} {
		k.procs[p.pid] = &p
	}
	for _, pid := range []int{selfPID, shimPID, nodePID} {
		k.ours[pid] = true
	}
	return k
}

func (k *kernel) fork(parent, pid int) {
	if _, taken := k.procs[pid]; !taken {
		k.next++
		k.procs[pid] = &process{pid: pid, parent: parent, name: "child", started: k.next}
		k.ours[pid] = k.ours[parent]
	}
}

// exit ends a process. Its parent is billed, unless it does not care.
func (k *kernel) exit(pid int, billed bool) {
	p := k.procs[pid]
	if parent := k.procs[p.parent]; billed && parent != nil {
		parent.reaped += p.self + p.reaped
	}
	delete(k.procs, pid)
	delete(k.ours, pid)
	maps.DeleteFunc(k.nodes, func(_ string, node int) bool { return node == pid })
	for _, other := range k.procs {
		if other.parent == pid {
			other.parent = initPID
		}
	}
}

// run gives a tick of each processor to somebody: a process, or idle, steal or an interrupt.
func (k *kernel) run(who []int) {
	const tick = 1.0 / ticksPerSecond
	k.ticks++
	for _, pid := range who {
		switch p := k.procs[pid]; {
		case p != nil:
			p.self += tick
			k.machine.busy += tick
			if !k.ours[pid] && pid != kernelThreads && p.parent != kernelThreads {
				k.truth += tick
			}
		case pid == -1:
			k.machine.steal += tick
		case pid == -2:
			k.machine.interrupts += tick
		default:
			k.machine.idle += tick
		}
	}
}

func (k *kernel) table() processes {
	t := processes{self: selfPID, byID: map[int]process{}, children: map[int][]int{}}
	for pid, p := range k.procs {
		t.byID[pid] = *p
		t.children[p.parent] = append(t.children[p.parent], pid)
	}
	return t
}

// read is a reading: what others have taken since the first one, and the shares behind it.
func (k *kernel) read(c *cpu) (foreign float64, now shares) {
	values := map[string]float64{}
	c.divide(values, time.Unix(0, 0).Add(time.Duration(k.ticks)*time.Second/ticksPerSecond), k.table(), k.machine, k.nodes)
	return values["foreign_seconds_total"], *c.others.last
}

// Processes come and go, children are adopted, ids are used again, ours and others': what is ours, what others took, the
// kernel's threads, interrupts, idle and stolen time are all the time there is, and what others took never falls. Where
// nobody is billed for a process that ended, it is so as far as the count by looking allows, but for the time between the
// two readings in which that was one of ours.
func TestSharesAreTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, c := newKernel(rapid.IntRange(1, 8).Draw(t, "processors")), &cpu{}
		forgetful := rapid.Bool().Draw(t, "children nobody waits for")
		_, first := k.read(c)
		last, truth, allowed, before := 0.0, k.truth, 1e-6, first.at
		for range rapid.IntRange(1, 30).Draw(t, "readings") {
			pids := slices.Sorted(maps.Keys(k.procs))
			lost := false
			chosen := rapid.SampledFrom(pids).Draw(t, "process")
			switch rapid.IntRange(0, 3).Draw(t, "what happens") {
			case 0:
				if chosen != kernelThreads && chosen != kernelThread {
					k.fork(chosen, rapid.IntRange(300, 310).Draw(t, "child"))
				}
			case 1:
				if chosen > shellPID && chosen != selfPID {
					lost = forgetful && k.ours[chosen]
					k.exit(chosen, !forgetful)
				}
			}
			who := rapid.SliceOfN(rapid.SampledFrom(append(slices.Sorted(maps.Keys(k.procs)), 0, -1, -2)), k.processors, k.processors)
			for range rapid.IntRange(1, 150).Draw(t, "ticks") {
				k.run(who.Draw(t, "who"))
			}
			foreign, now := k.read(c)
			if forgetful {
				room := now.at.Sub(before).Seconds() * float64(k.processors)
				if before = now.at; lost {
					allowed += room
				}
				allowed += slackSeconds + slackShare*room
			}
			if foreign < last {
				t.Fatalf("what others took fell from %v to %v s", last, foreign)
			}
			last = foreign
			if got := foreign - (k.truth - truth); math.Abs(got) > allowed {
				t.Fatalf("others took %v s, got %v", k.truth-truth, foreign)
			}
			sum := foreign + now.own - first.own + now.kernel - first.kernel + now.interrupts + now.idle + now.steal
			total := float64(k.ticks*k.processors) / ticksPerSecond
			if !forgetful && math.Abs(sum-total) > allowed {
				t.Fatalf("the shares make %v s of %v", sum, total)
			}
		}
	})
}
