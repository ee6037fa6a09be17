package probe

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What processes of others take of the processors is counted twice. Process by process it is exact: the kernel bills each
// to the nanosecond, what lived between two readings is billed to its parent. But a process may hide: in a container those
// of the machine outside are not there at all. What is left of the machine's own count hides nothing, but the kernel takes
// that by looking, up to 250 times a second, at who is running just then. So the first count is believed as far as the
// second one allows.
//
// Measured on two processors, as shares of both: beside builds whose programs came and went, 76.3 % process by process, and
// 74.5 % left of what was seen running, after interrupts, the kernel's threads and ours. In quiet seconds 1.4 %, most of it
// what measured this, and -2.4 %: what runs for microseconds after a timer is seldom seen. What was not idle is no better,
// 2.4 % then: the ways into idleness and out of it are nobody's.
//
// Whose is what the kernel does by itself? Interrupts, and with them the packets of our own traffic on the loopback, are
// billed to the process that they interrupt, or to nobody, as the kernel was built: we take what it bills to ours, and the
// rest is nobody's. Threads of the kernel write and flush for whoever has asked; they were 1.0 % of two processors under
// our load, and are nobody's. The daemons of a container engine are shared, so others', all but what stands between one of
// them and our container; under load they took 0.2 % of a processor.
const (
	// kernelThreads is the process whose children are the kernel's own. Who sees it sees all processes of the machine.
	kernelThreads, kernelThreadsName = 2, "kthreadd"
	// slackSeconds and slackShare are how wrong the count by looking may be between two readings: in constant terms, and
	// of the time of all processors. One second of two processors a fifth busy is 0.036 s off, one standard deviation.
	slackSeconds, slackShare = 0.05, 0.05
)

// machineTimes is what some processors have done since the machine was started, in seconds.
type machineTimes struct {
	// processors are how many there are; all tells that the machine has no more.
	processors int
	all        bool
	// busy is with processes and threads of the kernel, interrupts apart. Idle is with nothing to do, or with waiting
	// for a disk; steal was taken by the host.
	busy, interrupts, idle, steal float64
}

// parseMachine reads /proc/stat for the processors that are wanted; nil wants all. Source: proc_stat(5).
func parseMachine(text string, wanted func(cpu int) bool) (m machineTimes, err error) {
	m.all = true
	for line := range strings.Lines(text) {
		name, found := strings.CutPrefix(line, "cpu")
		if !found {
			break
		}
		fields := strings.Fields(name)
		if strings.HasPrefix(name, " ") {
			continue // all of them together
		}
		var times [8]float64
		if len(fields) <= len(times) {
			return m, fmt.Errorf("cannot read the line of a processor %q", line)
		}
		cpu, err := strconv.Atoi(fields[0])
		if err != nil {
			return m, fmt.Errorf("cannot read the line of a processor %q", line)
		}
		for i := range times {
			ticks, err := strconv.ParseUint(fields[1+i], 10, 64)
			if err != nil {
				return m, fmt.Errorf("cannot read the line of a processor %q", line)
			}
			times[i] = float64(ticks) / ticksPerSecond
		}
		if wanted != nil && !wanted(cpu) {
			m.all = false
			continue
		}
		const user, nice, system, idle, iowait, irq, softirq, steal = 0, 1, 2, 3, 4, 5, 6, 7
		m.processors++
		m.busy += times[user] + times[nice] + times[system]
		m.interrupts += times[irq] + times[softirq]
		m.idle += times[idle] + times[iowait]
		m.steal += times[steal]
	}
	if m.processors == 0 {
		return m, fmt.Errorf("stat has no line of a processor that is wanted")
	}
	return m, nil
}

// shares is who has had how much of the processors, in seconds since some moment.
type shares struct {
	at time.Time
	machineTimes
	// own are our trees, kernel its threads, others all other processes, without what they were billed for ours.
	own, kernel, others float64
	// complete tells that others are all of the machine's.
	complete bool
	// group is what a control group with a quota has had.
	group inside
}

// account adds up what others took.
type account struct {
	last *shares
	// rest is what was left in all, for where processes hide; foreign is the sum that is told, and never falls.
	rest, foreign float64
}

// add takes the next reading, and returns the sum since the first one in seconds: what others took of the machine or, where
// that is the larger share of what we may have, of our control group.
func (a *account) add(now shares) float64 {
	last := a.last
	a.last = &now
	if last == nil || last.processors != now.processors || last.all != now.all || last.complete != now.complete {
		a.rest = a.foreign
		return a.foreign
	}
	before := a.foreign
	a.addMachine(now, *last)
	a.foreign = max(a.foreign, before+now.group.crowding(last.group, float64(now.processors)))
	return a.foreign
}

func (a *account) addMachine(now, last shares) {
	if !now.complete || !now.all {
		// From one second to the next it is as uncertain as looking is; over many that evens out. The kernel's threads are
		// in it, since how much of theirs was on these processors is not known.
		a.rest += (now.busy - last.busy) - (now.own - last.own)
		a.foreign = max(a.foreign, a.rest)
		return
	}
	own, kernel := max(now.own-last.own, 0), max(now.kernel-last.kernel, 0)
	room := now.at.Sub(last.at).Seconds() * float64(now.processors)
	seen := now.busy - last.busy - own - kernel
	slack := slackSeconds + slackShare*room
	most := room - (now.idle - last.idle) - (now.steal - last.steal) - own - kernel + slack
	a.foreign += max(min(max(now.others-last.others, seen-slack), most), 0)
}

// kinship knows which processes are ours: the roots and all that descends from them, also where the process between has
// ended and its children were given to another parent.
type kinship struct {
	known map[int]process
	// gone is what those had that ended without one of ours to be billed for it.
	gone float64
}

// same tells whether a process of the table is the one that was known.
func (p processes) same(known process) bool {
	now, there := p.byID[known.pid]
	return there && now.started == known.started
}

// own adds up the time of ours, and returns who they are.
func (k *kinship) own(table processes, roots []int) (seconds float64, ours map[int]process) {
	ours = map[int]process{}
	queue := slices.Clone(roots)
	for pid, known := range k.known {
		if table.same(known) {
			queue = append(queue, pid)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		p, there := table.byID[queue[0]]
		if _, done := ours[p.pid]; !there || done {
			continue
		}
		ours[p.pid] = p
		seconds += p.self + p.reaped
		queue = append(queue, table.children[p.pid]...)
	}
	for _, known := range k.known {
		if !table.same(known) && !k.billed(known, table) {
			k.gone += known.self + known.reaped
		}
	}
	k.known = maps.Clone(ours)
	return seconds + k.gone, ours
}

// billed tells whether the time of one that ended is in the line of one of ours that lives.
func (k *kinship) billed(p process, table processes) bool {
	for range len(k.known) {
		parent, ours := k.known[p.parent]
		if !ours {
			return false
		}
		if table.same(parent) {
			return true
		}
		p = parent
	}
	return false
}

// parents are those of ours whose children may end.
func (k *kinship) parents(self int) (pids []int) {
	for _, p := range k.known {
		if _, ours := k.known[p.parent]; ours {
			pids = append(pids, p.parent)
		}
	}
	slices.Sort(pids)
	return slices.Compact(append(pids, self))
}

// keeper tells whether a process is the one that an engine puts between itself and each container: what is typed into the
// container descends from it as well.
func keeper(p process) bool {
	return strings.HasPrefix(p.name, "containerd-shim") || p.name == "conmon"
}

// roots are the tops of our trees: this process, and the nodes that do not descend from it. A node whose process is not
// among those of this machine leaves it unknown what is ours.
func (p processes) roots(nodes map[string]int) (roots []int, known bool) {
	roots, known = []int{p.self}, true
	for _, pid := range nodes {
		node, there := p.byID[pid]
		if !there {
			known = false
			continue
		}
		roots = append(roots, pid)
		if parent := p.byID[node.parent]; keeper(parent) {
			roots = append(roots, parent.pid)
		}
	}
	return roots, known
}

// divide splits the time of all processes.
func (p processes) divide(ours map[int]process) (kernel, others float64, complete bool) {
	complete = p.byID[kernelThreads].name == kernelThreadsName
	for pid, one := range p.byID {
		switch _, own := ours[pid]; {
		case own:
		case complete && (pid == kernelThreads || one.parent == kernelThreads):
			kernel += one.self
		default:
			others += one.self + one.reaped
		}
	}
	return kernel, others, complete
}

// billing is what parents of ours have been billed for children that ended, and which parents these are.
func (p processes) billing(parents []int) map[int]process {
	lines := map[int]process{}
	for _, pid := range parents {
		if one, there := p.byID[pid]; there {
			lines[pid] = one
		}
	}
	return lines
}

// settled tells whether no child of ours ended from one look at their parents to the next. The time of one that did may be
// in what was read between them twice, or not at all.
func settled(before, after map[int]process) bool {
	for pid, now := range after {
		if was, there := before[pid]; there && was.started == now.started && was.reaped != now.reaped {
			return false
		}
	}
	return true
}
