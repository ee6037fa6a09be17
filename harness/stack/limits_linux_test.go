package stack

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func burner(name string) Service {
	return Service{Name: name, Env: []string{"STACK_TEST_PART=burner"}, Ports: []string{"http"}}
}

// spawnBurners starts the services whose limits are tested, and one without, and tells their addresses.
func spawnBurners(t *testing.T, s Stack) map[string]string {
	t.Helper()
	urls := map[string]string{}
	for _, name := range []string{"slow", "hog", "free"} {
		addrs, err := s.Spawn(t.Context(), burner(name))
		must(t, err)
		urls[name] = "http://" + addrs.Outside["http"]
	}
	return urls
}

// enforced tells whether this machine lets the stack make control groups. Where it does not, the tests demand that the
// stack says so.
func enforced() bool {
	trees := newHost().trees
	for _, c := range controllers() {
		t, found := trees[c]
		if !found || unix.Access(t.base, unix.W_OK) != nil {
			return false
		}
	}
	return true
}

// TestLimits boots one stack with a limited primary and limited services, and looks at what the kernel makes of it.
func TestLimits(t *testing.T) {
	t.Parallel()
	told, log := make(chan error, 1), &strings.Builder{}
	s, err := Processes(t.Context(), Config{
		Home: testHome(t), Database: "carshare", Log: slog.New(slog.NewTextHandler(log, nil)),
		Limits: map[string]Limit{
			Primary: {CPUs: 1.5, MemoryBytes: 512 << 20}, "slow": {CPUs: 0.25}, "hog": {MemoryBytes: 64 << 20}, "unlimited": {},
		},
		OnExit: func(_ string, err error) { told <- err },
	})
	must(t, err)
	defer s.Close()
	urls := spawnBurners(t, s)
	t.Run("statement", func(t *testing.T) { limitsAreStated(t, s, log.String()) })
	if !enforced() {
		return
	}
	t.Run("groups", func(t *testing.T) { nodesAreInGroups(t, s) })
	t.Run("CPU", func(t *testing.T) { slowIsSlow(t, urls["slow"], urls["free"]) })
	t.Run("memory", func(t *testing.T) { hogIsKilled(t, urls["hog"], told) })
	if told := s.Endpoints().Limits["hog"]; told != "64 MiB memory (processes killed for it: 1)" {
		t.Errorf("of the hog is told %q", told)
	}
	groups := groupsOf(s)
	must(t, s.Close())
	if len(groups) == 0 || len(existing(groups)) > 0 {
		t.Errorf("of the groups %q, %q are left after Close", groups, existing(groups))
	}
}

func limitsAreStated(t *testing.T, s Stack, log string) {
	want := map[string]string{Primary: "1.5 CPUs, 512 MiB memory", "slow": "0.25 CPUs", "hog": "64 MiB memory"}
	if !enforced() {
		const why = " asked, not applied: no writable cgroup"
		want = map[string]string{Primary: "1.5 CPUs, 512 MiB memory" + why, "slow": "0.25 CPUs" + why, "hog": "64 MiB memory" + why}
	}
	if len(allowedCPUs()) < 2 { // then 1.5 CPUs limit nothing, with a group or without
		t.Skip("the expected texts are those of a machine with two CPUs or more")
	}
	if diff := cmp.Diff(want, s.Endpoints().Limits); diff != "" {
		t.Error(diff)
	}
	if warned := strings.Count(log, "limits are not applied"); (warned == 1) == enforced() || warned > 1 {
		t.Errorf("warned %d times:\n%s", warned, log)
	}
}

// nodesAreInGroups: a node with all its children, also after a restart, and nobody else.
func nodesAreInGroups(t *testing.T, s Stack) {
	must(t, s.Fault(t.Context(), Primary, Restart))
	of := func(pid int) string {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	label := func(name string) string {
		return "rehearse-" + filepath.Base(s.(*processes).run.path) + "-" + name
	}
	family := append(descendants(pidOf(s, Primary)), identity{PID: pidOf(s, Primary)})
	if len(family) < 3 {
		t.Errorf("the primary has %d processes: nothing to test", len(family))
	}
	for _, member := range family {
		if got := of(member.PID); member.PID == pidOf(s, Primary) && !strings.Contains(got, label(Primary)) || strings.Contains(got, label("slow")) {
			t.Errorf("process %d of the primary is in\n%s", member.PID, got)
		}
	}
	if got := of(pidOf(s, "slow")); !strings.Contains(got, label("slow")) {
		t.Errorf("slow is in\n%s", got)
	}
	for _, name := range []string{Replica, Redis, "free"} {
		if got := of(pidOf(s, name)); strings.Contains(got, "rehearse-") {
			t.Errorf("%s is in\n%s", name, got)
		}
	}
	threads, err := filepath.Glob("/proc/self/task/*/cgroup")
	must(t, err)
	for _, thread := range threads {
		if b, _ := os.ReadFile(thread); strings.Contains(string(b), filepath.Base(s.(*processes).run.path)) {
			t.Errorf("rehearse's own thread %s is in\n%s", thread, b)
		}
	}
}

// slowIsSlow gives both services the time in which the free one gets a second of CPU time, however busy the machine is.
func slowIsSlow(t *testing.T, slow, free string) {
	begin, slowBegin, freeBegin := time.Now(), cpuSeconds(t, slow), cpuSeconds(t, free)
	var slowTook, freeTook, elapsed float64
	for freeTook < 1 && elapsed < 30 {
		time.Sleep(100 * time.Millisecond)
		slowTook, freeTook = cpuSeconds(t, slow)-slowBegin, cpuSeconds(t, free)-freeBegin
		elapsed = time.Since(begin).Seconds()
	}
	t.Logf("in %.2f s the limited service got %.2f s of CPU time, the free one %.2f s", elapsed, slowTook, freeTook)
	// One period at either end may be counted with its whole quota.
	if most := 0.25*elapsed + 0.1; slowTook > most {
		t.Errorf("a service limited to 0.25 CPUs got %.2f s of CPU time in %.2f s, want at most %.2f s", slowTook, elapsed, most)
	}
}

func cpuSeconds(t *testing.T, url string) float64 {
	t.Helper()
	response, err := http.Get(url + "/cpu")
	must(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	seconds, err := strconv.ParseFloat(string(text), 64)
	must(t, err)
	return seconds
}

func hogIsKilled(t *testing.T, url string, told <-chan error) {
	if response, err := http.Get(url + "/hog"); err == nil {
		response.Body.Close()
		t.Error("512 MiB fit into 64 MiB")
	}
	select {
	case err := <-told:
		if want := "for its memory limit of 64 MiB"; !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %s", err, want)
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody tells of the death")
	}
}

// groupsOf lists the control groups of a stack.
func groupsOf(s Stack) (paths []string) {
	for _, h := range s.(*processes).launcher.limits {
		for _, g := range h.groups {
			paths = append(paths, g.path)
		}
	}
	return paths
}

// groupsOfDead lists the control groups of the only dead run in a home.
func groupsOfDead(t *testing.T, home string) []string {
	t.Helper()
	lists, err := filepath.Glob(filepath.Join(home, "runs", "doomed-*", groupsFile))
	must(t, err)
	if !enforced() {
		return nil
	}
	if len(lists) != 1 {
		t.Fatalf("lists of groups: %q", lists)
	}
	text, err := os.ReadFile(lists[0])
	must(t, err)
	groups := strings.Fields(string(text))
	if len(groups) < 2 || len(existing(groups)) != len(groups) {
		t.Errorf("of the groups %q there are %q: nothing to test", groups, existing(groups))
	}
	return groups
}

func existing(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !exists(path) })
}

// TestKilledInItsLimit boots into too little memory: the error says that it may be the reason.
func TestKilledInItsLimit(t *testing.T) {
	t.Parallel()
	s, err := Processes(t.Context(), Config{Home: testHome(t), Database: "carshare", Limits: map[string]Limit{Replica: {MemoryBytes: 4 << 20}}})
	switch {
	case err == nil && enforced():
		t.Error("a replica boots in 4 MiB")
	case err == nil && !strings.Contains(s.Endpoints().Limits[Replica], "not applied"):
		t.Errorf("told is %q", s.Endpoints().Limits[Replica])
	case err != nil && !strings.Contains(err.Error(), "replica: it ended (killed, perhaps for its memory limit of 4 MiB: "):
		t.Error(err)
	}
	if err == nil {
		must(t, s.Close())
	}
}

// TestPinned holds nodes the way it is done without control groups.
func TestPinned(t *testing.T) {
	t.Parallel()
	on := &host{cpus: allowedCPUs()}
	if len(on.cpus) < 2 {
		t.Skip("pinning to one CPU of one changes nothing")
	}
	run := &rundir{path: t.TempDir()}
	var held []*hold
	for _, limit := range []Limit{{CPUs: 1}, {CPUs: 1}, {CPUs: 0.5, MemoryBytes: 64 << 20}, {CPUs: float64(len(on.cpus))}, {CPUs: 1, MemoryBytes: 64 << 20}} {
		h, err := on.take(run, "node", limit)
		must(t, err)
		held = append(held, h)
	}
	told := limiter{"a": held[0], "b": held[1], "c": held[2], "d": held[3], "e": held[4]}.inForce()
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
	la := testLauncher(t, run, limiter{"a": held[0]})
	for name, want := range map[string]int{"a": 1, "other": len(on.cpus)} {
		log := filepath.Join(run.path, name)
		must(t, la.run(t.Context(), command{name: name, path: "/bin/sh", args: []string{"-c", "grep Cpus_allowed_list /proc/self/status"}, log: log, death: unix.SIGKILL}))
		text, err := os.ReadFile(log)
		must(t, err)
		_, list, _ := strings.Cut(strings.TrimSpace(string(text)), "\t")
		if single := !strings.ContainsAny(list, ",-"); single != (want == 1) {
			t.Errorf("%s may run on %s, want %d CPUs", name, list, want)
		}
	}
}

// testLauncher is a launcher without a stack.
func testLauncher(t *testing.T, run *rundir, limits limiter) *launcher {
	t.Helper()
	l, err := openLedger(run.path)
	must(t, err)
	la := newLauncher(account{}, l, nil)
	la.limits = limits
	t.Cleanup(func() { la.close(); must(t, l.close()) })
	return la
}

// The files of /proc as systems of either version show them; the directories are real, so that rights are.
func TestFindTrees(t *testing.T) {
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
		want        map[string]tree
	}{
		"none": {line("/", "/proc", "proc", ""), "", map[string]tree{}},
		"version 1": {line("/", "/c/cpu,cpuacct", "cgroup", "cpu,cpuacct") + line("/", "/c/memory", "cgroup", "memory"),
			"4:memory:/user/1000\n2:cpu,cpuacct:/\n0::/init.scope\n",
			map[string]tree{"cpu": {base: "/c/cpu,cpuacct", home: "/c/cpu,cpuacct"}, "memory": {base: "/c/memory", home: "/c/memory/user/1000"}}},
		"version 1 in a container": {line("/docker/ab", "/c/memory", "cgroup", "memory"), "4:memory:/docker/ab/inner\n",
			map[string]tree{"memory": {base: "/c/memory", home: "/c/memory/inner"}}},
		"version 1 seen from elsewhere": {line("/", "/c/memory", "cgroup", "memory"), "4:memory:/../../x\n",
			map[string]tree{"memory": {base: "/c/memory", home: "/c/memory"}}},
		"version 2, delegated": {unified, "0::/user.slice/app.slice/rehearse.scope\n",
			map[string]tree{"cpu": {base: dir + "/user.slice/app.slice", unified: true}, "memory": {base: dir + "/user.slice/app.slice", unified: true}}},
		"version 2, by the top": {unified, "0::/user.slice/session.scope\n",
			map[string]tree{"cpu": {base: dir, unified: true}, "memory": {base: dir, unified: true}}},
		"both versions": {line("/", "/c/cpu", "cgroup", "cpu") + unified, "2:cpu:/\n0::/user.slice/session.scope\n",
			map[string]tree{"cpu": {base: "/c/cpu", home: "/c/cpu"}, "memory": {base: dir + "/user.slice", unified: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, findTrees(tt.mounts, tt.own), cmp.AllowUnexported(tree{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKnobs(t *testing.T) {
	const limit = 64 << 20
	for _, tt := range []struct {
		tree tree
		part Limit
		want string
	}{
		{tree{}, Limit{CPUs: 0.25}, "cpu.cfs_period_us=100000 cpu.cfs_quota_us=25000"},
		{tree{}, Limit{MemoryBytes: limit}, "memory.limit_in_bytes=67108864 memory.memsw.limit_in_bytes=67108864 memory.swappiness=0"},
		{tree{unified: true}, Limit{CPUs: 1.5}, "cpu.max=150000 100000"},
		{tree{unified: true}, Limit{MemoryBytes: limit}, "memory.max=67108864 memory.swap.max=0"},
	} {
		var got []string
		for _, k := range tt.tree.knobs(tt.part) {
			got = append(got, k.file+"="+k.value)
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("%+v, %v: got %s, want %s", tt.tree, tt.part, got, tt.want)
		}
	}
}

// A group that is still used is not given up on silently, and its run stays listed.
func TestUsedGroup(t *testing.T) {
	t.Parallel()
	run := &rundir{path: t.TempDir()}
	group := filepath.Join(t.TempDir(), "group")
	must(t, os.Mkdir(group, 0o755))
	must(t, os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("7\n9\n"), 0o644))
	must(t, run.noteGroup(group))
	lock, err := tryLock(filepath.Join(run.path, "lock"), unix.LOCK_EX)
	must(t, err)
	run.lock = lock
	if err := run.remove(); err == nil || !strings.Contains(err.Error(), `processes ["7" "9"]`) || !exists(run.path) {
		t.Errorf("got %v, and the run's directory is there: %t", err, exists(run.path))
	}
}

func TestLimitText(t *testing.T) {
	for want, limit := range map[string]Limit{
		"unlimited": {}, "1 CPU": {CPUs: 1}, "0.25 CPUs": {CPUs: 0.25}, "2 CPUs, 1 GiB memory": {CPUs: 2, MemoryBytes: 1 << 30},
		"1.5 GiB memory": {MemoryBytes: 3 << 29}, "953 MiB memory": {MemoryBytes: 1e9},
	} {
		if got := limit.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, bad := range []map[string]Limit{{"../x": {CPUs: 1}}, {"": {}}, {"a": {CPUs: -1}}, {"a": {MemoryBytes: -1}}} {
		_, err := Processes(context.Background(), Config{Database: "carshare", Limits: bad})
		if name := slices.Collect(maps.Keys(bad))[0]; err == nil || !strings.Contains(err.Error(), strconv.Quote(name)) {
			t.Errorf("%v: got %v", bad, err)
		}
	}
}
