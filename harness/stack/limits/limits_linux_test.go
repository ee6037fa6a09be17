package limits

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// TestPinned holds nodes the way it is done without control groups.
func TestPinned(t *testing.T) {
	t.Parallel()
	on := &host{cpus: allowedCPUs()}
	if len(on.cpus) < 2 {
		t.Skip("pinning to one CPU of one changes nothing")
	}
	dir := t.TempDir()
	var held []*Hold
	for _, limit := range []stack.Limit{{CPUs: 1}, {CPUs: 1}, {CPUs: 0.5, MemoryBytes: 64 << 20}, {CPUs: float64(len(on.cpus))}, {CPUs: 1, MemoryBytes: 64 << 20}} {
		h, err := on.take("run", filepath.Join(dir, "groups"), "node", limit)
		must(t, err)
		held = append(held, h)
	}
	told := Limiter{"a": held[0], "b": held[1], "c": held[2], "d": held[3], "e": held[4]}.InForce()
	want := map[string]string{
		"a": "pinned to 1 CPU", "b": "pinned to 1 CPU",
		"c": "0.5 CPUs, 64 MiB memory asked, not applied: no writable cgroup",
		"e": "pinned to 1 CPU, but 64 MiB memory asked, not applied: no writable cgroup",
		"d": fmt.Sprintf("%d CPUs (there are %[1]d)", len(on.cpus)),
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	if *held[0].pinned == *held[1].pinned || held[0].pinned.Count() != 1 || held[3].pinned != nil {
		t.Errorf("pinned to %v and %v", held[0].pinned, held[1].pinned)
	}
	for name, within := range map[string]*Hold{"pinned": held[0], "free": nil} {
		cmd := exec.Command("/bin/sh", "-c", "grep Cpus_allowed_list /proc/self/status")
		cmd.SysProcAttr = &syscall.SysProcAttr{}
		list := outputWithin(t, within, cmd)
		if single := !strings.ContainsAny(list, ",-"); single != (within != nil) {
			t.Errorf("%s may run on %s", name, list)
		}
	}
}

// outputWithin is what a child says after a tab; it is started as a launcher does, on a locked thread.
func outputWithin(t *testing.T, within *Hold, cmd *exec.Cmd) string {
	t.Helper()
	var out strings.Builder
	cmd.Stdout = &out
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		leave, err := within.Enter(cmd)
		done <- errors.Join(err, cmd.Start(), leave())
	}()
	must(t, <-done)
	must(t, cmd.Wait())
	_, list, _ := strings.Cut(strings.TrimSpace(out.String()), "\t")
	return list
}

// The files of /proc as systems of either version show them; the directories are real, so that rights are.
func TestFindHierarchies(t *testing.T) {
	dir := t.TempDir()
	handing := func(group, controllers string) {
		must(t, os.MkdirAll(filepath.Join(dir, group), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, group, "cgroup.subtree_control"), []byte(controllers+"\n"), 0o444))
		must(t, os.WriteFile(filepath.Join(dir, group, "cgroup.procs"), nil, 0o644))
	}
	handing("", "cpuset cpu io memory pids")
	handing("user.slice", "memory pids")
	handing("user.slice/app.slice", "cpu memory pids")
	handing("user.slice/app.slice/rehearse.scope", "")
	handing("user.slice/session.scope", "")
	line := func(root, point, kind, options string) string {
		return fmt.Sprintf("36 31 0:33 %s %s rw,relatime shared:9 - %s none rw,%s\n", root, point, kind, options)
	}
	unified := line("/", dir, "cgroup2", "nsdelegate")
	for name, tt := range map[string]struct {
		mounts, own string
		want        map[string]hierarchy
	}{
		"none": {line("/", "/proc", "proc", ""), "", map[string]hierarchy{}},
		"version 1": {line("/", "/c/cpu,cpuacct", "cgroup", "cpu,cpuacct") + line("/", "/c/memory", "cgroup", "memory"),
			"4:memory:/user/1000\n2:cpu,cpuacct:/\n0::/init.scope\n",
			map[string]hierarchy{"cpu": {base: "/c/cpu,cpuacct", home: "/c/cpu,cpuacct"}, "memory": {base: "/c/memory", home: "/c/memory/user/1000"}}},
		"version 1 in a container": {line("/docker/ab", "/c/memory", "cgroup", "memory"), "4:memory:/docker/ab/inner\n",
			map[string]hierarchy{"memory": {base: "/c/memory", home: "/c/memory/inner"}}},
		"version 1 seen from elsewhere": {line("/", "/c/memory", "cgroup", "memory"), "4:memory:/../../x\n",
			map[string]hierarchy{"memory": {base: "/c/memory", home: "/c/memory"}}},
		"version 2, delegated": {unified, "0::/user.slice/app.slice/rehearse.scope\n",
			map[string]hierarchy{"cpu": {base: dir + "/user.slice/app.slice", unified: true}, "memory": {base: dir + "/user.slice/app.slice", unified: true}}},
		"version 2, by the top": {unified, "0::/user.slice/session.scope\n",
			map[string]hierarchy{"cpu": {base: dir, unified: true}, "memory": {base: dir, unified: true}}},
		"both versions": {line("/", "/c/cpu", "cgroup", "cpu") + unified, "2:cpu:/\n0::/user.slice/session.scope\n",
			map[string]hierarchy{"cpu": {base: "/c/cpu", home: "/c/cpu"}, "memory": {base: dir + "/user.slice", unified: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, findHierarchies(tt.mounts, tt.own), cmp.AllowUnexported(hierarchy{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKnobs(t *testing.T) {
	const limit = 64 << 20
	for _, tt := range []struct {
		of   hierarchy
		part stack.Limit
		want string
	}{
		{hierarchy{}, stack.Limit{CPUs: 0.25}, "cpu.cfs_period_us=100000 cpu.cfs_quota_us=25000"},
		{hierarchy{}, stack.Limit{MemoryBytes: limit}, "memory.limit_in_bytes=67108864 memory.memsw.limit_in_bytes=67108864 memory.swappiness=0"},
		{hierarchy{unified: true}, stack.Limit{CPUs: 1.5}, "cpu.max=150000 100000"},
		{hierarchy{unified: true}, stack.Limit{MemoryBytes: limit}, "memory.max=67108864 memory.swap.max=0"},
	} {
		var got []string
		for _, k := range tt.of.knobs(tt.part) {
			got = append(got, k.file+"="+k.value)
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("%+v, %v: got %s, want %s", tt.of, tt.part, got, tt.want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
