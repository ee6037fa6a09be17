package probe

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// generatorName is the process that reads: it paces, sends and records.
const generatorName = "generator"

// ticksPerSecond is the unit of the kernel's process times as user space sees them: USER_HZ, 100 on every architecture
// Go runs on. A reading is therefore good to 10 ms.
const ticksPerSecond = 100

// CPU makes the instrument of the processes. nodes is asked at every reading, because a restarted node has a new process
// id; each node is its process with all descendants, ended ones included. The process that reads is "generator", without
// its children: they are the nodes. A node whose process is gone has no series. memory_bytes counts what processes of a
// node share, such as shared buffers, once. Linux only; elsewhere a reading is an error. How long the generator waited
// for a processor and what the host took away have no series where the kernel does not tell.
func CPU(nodes func() map[string]int) *Instrument {
	c := &cpu{nodes: nodes, seen: map[string]usage{}, proc: "/proc", self: os.Getpid()}
	return newInstrument("cpu", c.read, func() error { return nil })
}

type cpu struct {
	nodes func() map[string]int
	// proc is where the kernel tells of processes, and self the one that reads.
	proc string
	self int
	// seen is the last reading of each node.
	seen map[string]usage
	// own are the threads of the process that reads.
	own threads
	// kin and others divide the processors between us and everybody else.
	kin    kinship
	others account
	// quota is the control group that binds this process, once it has been looked for.
	quota  *quotaGroup
	looked bool
}

// usage is what a node has used.
type usage struct {
	pid                  int
	started              uint64
	seconds, memoryBytes float64
}

// process is one line of the process table.
type process struct {
	pid, parent int
	// name is the program's, as far as the kernel keeps it.
	name string
	// started tells apart two processes with the same id; ticks since boot.
	started uint64
	// self and reaped are seconds of processor time, of the process and of its ended children.
	self, reaped float64
}

func (c *cpu) read(context.Context) (map[string]float64, error) {
	table, err := c.table()
	if err != nil {
		return nil, err
	}
	values := map[string]float64{}
	add := func(name string, u usage) {
		labels := map[string]string{"process": name}
		values[record.Key("cpu_seconds_total", labels)] = u.seconds
		values[record.Key("memory_bytes", labels)] = u.memoryBytes
	}
	nodes := c.nodes()
	for name, pid := range nodes {
		if root, alive := table.byID[pid]; alive {
			add(name, c.steady(name, table.tree(root)))
		}
	}
	own := table.byID[table.self]
	private, shared := residentBytes(own.pid)
	add(generatorName, usage{seconds: own.self, memoryBytes: private + shared})
	if byThread, known := threadTurns(); known {
		sum, labels := c.own.sum(byThread), map[string]string{"process": generatorName}
		values[record.Key("wait_seconds_total", labels)] = sum.waitSeconds
		values[record.Key("turns_total", labels)] = sum.count
	}
	if stolen, known := stealSeconds(); known {
		values["steal_seconds_total"] = stolen
	}
	if machine, known := machineOf(c.proc, slices.Collect(maps.Values(nodes))); known {
		c.divide(values, time.Now(), table, machine, nodes)
	}
	return values, nil
}

// divide adds what others took of the processors, where that can be told.
func (c *cpu) divide(values map[string]float64, at time.Time, table processes, machine machineTimes, nodes map[string]int) {
	roots, known := table.roots(nodes)
	own, ours := c.kin.own(table, roots)
	if !known {
		return
	}
	now := shares{at: at, machineTimes: machine, own: own}
	now.kernel, now.others, now.complete = table.divide(ours)
	now.others -= c.kin.gone
	now.group = c.group(own, machine.processors, nodes)
	values[record.ForeignKey], values[record.ProcessorsKey] = c.others.add(now), float64(machine.processors)
}

// group is what our control group has had, where it has a quota that is less than the processors. Nodes that live outside of
// it are none of its cost.
func (c *cpu) group(own float64, processors int, nodes map[string]int) inside {
	if !c.looked {
		c.looked = true
		if g, found := findGroup(readAll(c.proc+"/self/mountinfo"), readAll(c.proc+"/self/cgroup"), readAll); found {
			c.quota = &g
		}
	}
	if c.quota == nil || c.quota.processors >= float64(processors) {
		return inside{}
	}
	used, known := c.quota.used(readAll)
	for name, pid := range nodes {
		if !c.quota.holds(readAll(fmt.Sprintf("%s/%d/cgroup", c.proc, pid))) {
			own -= c.seen[name].seconds
		}
	}
	return inside{known: known, processors: c.quota.processors, used: used, own: own}
}

// readAll is the content of a file; empty when there is none.
func readAll(file string) string {
	text, _ := os.ReadFile(file) // whether there is one, tells the version and the limits
	return string(text)
}

// table reads the processes, again if a child of ours ends meanwhile, though not for ever.
func (c *cpu) table() (table processes, err error) {
	parents := c.kin.parents(c.self)
	const most = 3
	for range most {
		before := linesOf(c.proc, parents)
		if table, err = processTable(c.proc, c.self); err != nil {
			return table, err
		}
		if settled(before, table.billing(parents)) && settled(table.billing(parents), linesOf(c.proc, parents)) {
			break
		}
	}
	return table, nil
}

// steady keeps a node's time from stepping back. The table is read process by process, and the time of a child that ends
// in the middle can be in neither its own line nor its parent's.
func (c *cpu) steady(name string, now usage) usage {
	if last := c.seen[name]; last.pid == now.pid && last.started == now.started {
		now.seconds = max(now.seconds, last.seconds)
	}
	c.seen[name] = now
	return now
}

// processes is the process table at one moment.
type processes struct {
	self     int
	byID     map[int]process
	children map[int][]int
}

// tree sums up a process and its descendants.
func (p processes) tree(root process) usage {
	u := usage{pid: root.pid, started: root.started}
	mostShared := 0.0
	for queue := []int{root.pid}; len(queue) > 0; queue = queue[1:] {
		child := p.byID[queue[0]]
		u.seconds += child.self + child.reaped
		private, shared := residentBytes(child.pid)
		u.memoryBytes += private
		mostShared = max(mostShared, shared)
		queue = append(queue, p.children[child.pid]...)
	}
	u.memoryBytes += mostShared
	return u
}

// parseStat reads /proc/PID/stat. Its second field is the program's name in parentheses, which may hold anything, even
// a closing parenthesis: the last one counts. Source: proc_pid_stat(5).
func parseStat(text string) (process, error) {
	head, _, _ := strings.Cut(text, " ")
	end := strings.LastIndexByte(text, ')')
	fields := strings.Fields(text[end+1:])
	if end < 0 || len(fields) < 20 {
		return process{}, fmt.Errorf("process table: cannot read line %q", text)
	}
	// The first of fields is the third of the file.
	field := func(number int) uint64 { n, _ := strconv.ParseUint(fields[number-3], 10, 64); return n }
	seconds := func(number int) float64 { return float64(field(number)) / ticksPerSecond }
	pid, err := strconv.Atoi(head)
	if err != nil {
		return process{}, fmt.Errorf("process table: cannot read line %q", text)
	}
	_, name, _ := strings.Cut(text[:end], "(")
	return process{
		pid: pid, parent: int(field(4)), name: name, started: field(22),
		self: seconds(14) + seconds(15), reaped: seconds(16) + seconds(17),
	}, nil
}
