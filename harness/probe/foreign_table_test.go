package probe

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// procTree writes what the kernel tells of processes, and reads it back.
func procTree(t *testing.T, procs ...process) processes {
	t.Helper()
	dir := t.TempDir()
	for _, p := range procs {
		line := fmt.Sprintf("%d (%s) S %d 1 1 0 -1 4194560 1 2 3 4 %.0f 0 %.0f 0 20 0 1 0 %d 1000 25\n",
			p.pid, p.name, p.parent, p.self*ticksPerSecond, p.reaped*ticksPerSecond, p.started)
		at := filepath.Join(dir, strconv.Itoa(p.pid))
		if err := os.Mkdir(at, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, "stat"), []byte(line), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	table, err := processTable(dir, selfPID)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// Two readings a second apart on two processors, of which one was busy. Others had what the processes say, unless some
// cannot be seen.
func TestForeignTime(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are read on Linux")
	}
	machine := []process{{pid: 1, name: "init", self: 5}, {pid: kernelThreads, name: kernelThreadsName}, {pid: selfPID, parent: 1, name: "rehearse", self: 2}}
	node := map[string]int{"primary": nodePID}
	for _, tt := range []struct {
		name          string
		before, after []process
		nodes         map[string]int
		all, unknown  bool
		want          float64
	}{
		{"a loop beside", []process{{pid: 7, parent: 1, self: 50}}, []process{{pid: 7, parent: 1, self: 50.9}}, nil, true, false, 0.9},
		{"a build whose programs end at once", []process{{pid: 7, parent: 1, reaped: 50}}, []process{{pid: 7, parent: 1, reaped: 50.95}}, nil, true, false, 0.95},
		{"a program that began", nil, []process{{pid: 7, parent: 1, self: 0.92, started: 9}}, nil, true, false, 0.92},
		{"a program that ended, billed to its parent", []process{{pid: 7, parent: 1, self: 50}}, []process{{pid: 1, name: "init", self: 5, reaped: 50.88}}, nil, true, false, 0.88},
		{"a child of ours", nil, []process{{pid: 8, parent: selfPID, self: 0.9, started: 9}}, nil, true, false, 0},
		{"a child of ours that init adopts", []process{{pid: 8, parent: selfPID, self: 1}}, []process{{pid: 8, parent: 1, self: 1.9}}, nil, true, false, 0},
		{"another process with its id", []process{{pid: 8, parent: selfPID, self: 1}}, []process{{pid: 8, parent: 1, self: 0.9, started: 9},
			{pid: selfPID, parent: 1, name: "rehearse", self: 2, reaped: 1}}, nil, true, false, 0.9},
		{"a container's server, and what is typed into the container", []process{{pid: 20, parent: 1, name: "containerd-shim"}, {pid: nodePID, parent: 20}},
			[]process{{pid: 20, parent: 1, name: "containerd-shim", self: 0.1}, {pid: nodePID, parent: 20, self: 0.4}, {pid: 22, parent: 20, self: 0.4, started: 9}}, node, true, false, 0},
		{"the container of somebody else", []process{{pid: 20, parent: 1, name: "containerd-shim"}, {pid: 21, parent: 20}, {pid: nodePID, parent: 1}},
			[]process{{pid: 20, parent: 1, name: "containerd-shim"}, {pid: 21, parent: 20, self: 0.9}, {pid: nodePID, parent: 1}}, node, true, false, 0.9},
		{"threads of the kernel", []process{{pid: 9, parent: kernelThreads}}, []process{{pid: 9, parent: kernelThreads, self: 0.9}}, nil, true, false, 0},
		{"one that hides, as far as it is seen running", nil, nil, nil, true, false, 1 - slackSeconds - 2*slackShare},
		{"one that claims more than there is", []process{{pid: 7, parent: 1}}, []process{{pid: 7, parent: 1, self: 60}}, nil, true, false, 1 + slackSeconds + 2*slackShare},
		{"only some processors are ours", nil, []process{{pid: selfPID, parent: 1, self: 2.3}}, nil, false, false, 0.7},
		{"in a container", []process{{pid: kernelThreads, name: "sh"}}, []process{{pid: kernelThreads, name: "sh"}, {pid: selfPID, parent: 1, self: 2.4}}, nil, true, false, 0.6},
		{"a node that is not on this machine", nil, nil, map[string]int{"primary": 0}, true, true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &cpu{}
			begin, values := time.Unix(0, 0), map[string]float64{}
			times := machineTimes{processors: 2, all: tt.all, busy: 100, idle: 40}
			c.divide(values, begin, procTree(t, merged(machine, tt.before)...), times, tt.nodes)
			first, known := values["foreign_seconds_total"]
			times.busy, times.idle = times.busy+1, times.idle+1
			c.divide(values, begin.Add(time.Second), procTree(t, merged(machine, tt.after)...), times, tt.nodes)
			if got := values["foreign_seconds_total"] - first; got < tt.want-1e-9 || got > tt.want+1e-9 || known == tt.unknown {
				t.Errorf("got %v s, known %v, want %v s", got, known, tt.want)
			}
			if !tt.unknown && values["processors"] != 2 {
				t.Errorf("got %v processors, want 2", values["processors"])
			}
		})
	}
}

// merged puts processes over those of the machine.
func merged(machine, more []process) (procs []process) {
	byID := map[int]process{}
	for _, list := range [][]process{machine, more} {
		for _, p := range list {
			byID[p.pid] = p
		}
	}
	for p := range maps.Values(byID) {
		procs = append(procs, p)
	}
	return procs
}

func TestParseMachine(t *testing.T) {
	const text = "cpu  300 0 0 0 0 0 0 0 0 0\ncpu0 100 10 20 700 30 1 2 40 99 99\ncpu1 200 0 0 500 0 0 0 0 0 0\nintr 5 6\ncpu9 1 1 1 1 1 1 1 1\n"
	got, err := parseMachine(text, nil)
	if want := (machineTimes{2, true, 3.3, 0.03, 12.3, 0.4}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	got, err = parseMachine(text, func(cpu int) bool { return cpu == 1 })
	if want := (machineTimes{1, false, 2, 0, 5, 0}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, broken := range []string{"", "cpu 1 2 3 4 5 6 7 8\n", "cpu0 1 2 3 4 5 6 7\n", "cpu0 1 2 3 4 5 6 7 x\n", "cpux 1 2 3 4 5 6 7 8\n", "cpu0 -1 2 3 4 5 6 7 8\n"} {
		if got, err := parseMachine(broken, nil); err == nil {
			t.Errorf("%q: got %+v, want an error", broken, got)
		}
	}
}

// A loop that does not descend from this process is seen, as long as the kernel says it ran.
func TestForeignLoopIsSeen(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are read on Linux")
	}
	cmd := exec.Command("sh", "-c", "(i=0; while [ $i -lt 100000000 ]; do i=$((i+1)); done) >/dev/null & echo $!")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	loop, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = loop.Kill() }() // it may have ended
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	ran := func() float64 { return linesOf("/proc", []int{pid})[pid].self }
	for begun := time.Now(); linesOf("/proc", []int{pid})[pid].parent == cmd.Process.Pid && time.Since(begun) < 10*time.Second; {
		time.Sleep(10 * time.Millisecond)
	}
	c := CPU(func() map[string]int { return nil })
	before, used := reading1(t, c), ran()
	time.Sleep(time.Second)
	used = ran() - used
	after := reading1(t, c)
	got := after["foreign_seconds_total"] - before["foreign_seconds_total"]
	// Each number is cut to 10 ms, and the second reading comes a little later.
	if got < used-slackSeconds-slackShare*after["processors"] || used == 0 {
		t.Errorf("others took %v s, want the %v s of the loop at least", got, used)
	}
}
