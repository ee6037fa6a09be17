package stack_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/limits"
	"github.com/rehearse-dev/rehearse/harness/stack/processes"
)

func burner(name string) stack.Service {
	return stack.Service{Name: name, Env: []string{"STACK_TEST_PART=burner"}, Ports: []string{"http"}}
}

// spawnBurners starts the services whose limits are tested, and one without, and tells their addresses.
func spawnBurners(t *testing.T, s stack.Stack) map[string]string {
	t.Helper()
	urls := map[string]string{}
	for _, name := range []string{"slow", "hog", "free"} {
		addrs, err := s.Spawn(t.Context(), burner(name))
		must(t, err)
		urls[name] = "http://" + addrs.Outside["http"]
	}
	return urls
}

// TestLimits boots one stack with a limited primary and limited services, and looks at what the kernel makes of it.
func TestLimits(t *testing.T) {
	t.Parallel()
	h, told, log := testHome(t), make(chan error, 1), &strings.Builder{}
	s, err := processes.Open(t.Context(), stack.Config{
		Home: h, Database: "carshare", Log: slog.New(slog.NewTextHandler(log, nil)),
		Limits: map[string]stack.Limit{
			stack.Primary: {CPUs: 1.5, MemoryBytes: 512 << 20}, "slow": {CPUs: 0.25}, "hog": {MemoryBytes: 64 << 20}, "unlimited": {},
		},
		OnExit: func(_ string, err error) { told <- err },
	})
	must(t, err)
	defer s.Close()
	urls := spawnBurners(t, s)
	t.Run("statement", func(t *testing.T) { limitsAreStated(t, s, log.String()) })
	if !enforced(t) {
		return
	}
	t.Run("groups", func(t *testing.T) { nodesAreInGroups(t, s, filepath.Base(runOf(t, h))) })
	t.Run("CPU", func(t *testing.T) { slowIsSlow(t, urls["slow"], urls["free"]) })
	t.Run("memory", func(t *testing.T) { hogIsKilled(t, urls["hog"], told) })
	if told := s.Endpoints().Limits["hog"]; told != "64 MiB memory (processes killed for it: 1)" {
		t.Errorf("of the hog is told %q", told)
	}
	groups := groupsOf(t, h)
	must(t, s.Close())
	if len(groups) == 0 || len(existing(groups)) > 0 {
		t.Errorf("of the groups %q, %q are left after Close", groups, existing(groups))
	}
}

func limitsAreStated(t *testing.T, s stack.Stack, log string) {
	want := map[string]string{stack.Primary: "1.5 CPUs, 512 MiB memory", "slow": "0.25 CPUs", "hog": "64 MiB memory"}
	if !enforced(t) {
		const why = " asked, not applied: no writable cgroup"
		want = map[string]string{stack.Primary: "1.5 CPUs, 512 MiB memory" + why, "slow": "0.25 CPUs" + why, "hog": "64 MiB memory" + why}
	}
	if runtime.NumCPU() < 2 { // then 1.5 CPUs limit nothing, with a group or without
		t.Skip("the expected texts are those of a machine with two CPUs or more")
	}
	if diff := cmp.Diff(want, s.Endpoints().Limits); diff != "" {
		t.Error(diff)
	}
	if warned := strings.Count(log, "limits are not applied"); (warned == 1) == enforced(t) || warned > 1 {
		t.Errorf("warned %d times:\n%s", warned, log)
	}
}

// nodesAreInGroups: a node with all its children, also after a restart, and nobody else.
func nodesAreInGroups(t *testing.T, s stack.Stack, run string) {
	must(t, s.Fault(t.Context(), stack.Primary, stack.Restart))
	of := func(pid int) string {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	label := func(name string) string {
		return "rehearse-" + run + "-" + name
	}
	family := append(child.Descendants(pidOf(s, stack.Primary)), child.Identity{PID: pidOf(s, stack.Primary)})
	if len(family) < 3 {
		t.Errorf("the primary has %d processes: nothing to test", len(family))
	}
	for _, member := range family {
		if got := of(member.PID); member.PID == pidOf(s, stack.Primary) && !strings.Contains(got, label(stack.Primary)) || strings.Contains(got, label("slow")) {
			t.Errorf("process %d of the primary is in\n%s", member.PID, got)
		}
	}
	if got := of(pidOf(s, "slow")); !strings.Contains(got, label("slow")) {
		t.Errorf("slow is in\n%s", got)
	}
	for _, name := range []string{stack.Replica, stack.Redis, "free"} {
		if got := of(pidOf(s, name)); strings.Contains(got, "rehearse-") {
			t.Errorf("%s is in\n%s", name, got)
		}
	}
	threads, err := filepath.Glob("/proc/self/task/*/cgroup")
	must(t, err)
	for _, thread := range threads {
		if b, _ := os.ReadFile(thread); strings.Contains(string(b), run) {
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

// groupsOfDead lists the control groups of the only dead run in a home.
func groupsOfDead(t *testing.T, home string) []string {
	t.Helper()
	lists, err := filepath.Glob(filepath.Join(home, "runs", "doomed-*", "groups"))
	must(t, err)
	if !enforced(t) {
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
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !home.Exists(path) })
}

// TestKilledInItsLimit boots into too little memory: the error says that it may be the reason.
func TestKilledInItsLimit(t *testing.T) {
	t.Parallel()
	s, err := processes.Open(t.Context(), stack.Config{Home: testHome(t), Database: "carshare", Limits: map[string]stack.Limit{stack.Replica: {MemoryBytes: 4 << 20}}})
	switch {
	case err == nil && enforced(t):
		t.Error("a replica boots in 4 MiB")
	case err == nil && !strings.Contains(s.Endpoints().Limits[stack.Replica], "not applied"):
		t.Errorf("told is %q", s.Endpoints().Limits[stack.Replica])
	case err != nil && !strings.Contains(err.Error(), "replica: it ended (killed, perhaps for its memory limit of 4 MiB: "):
		t.Error(err)
	}
	if err == nil {
		must(t, s.Close())
	}
}

// enforced tells whether this machine lets a limiter make control groups. Where it does not, the tests demand that the
// stack says so.
func enforced(t *testing.T) bool {
	t.Helper()
	list := filepath.Join(t.TempDir(), "groups")
	limiter, err := limits.New("enforced-"+filepath.Base(filepath.Dir(list)), list, map[string]stack.Limit{"node": {CPUs: 0.5, MemoryBytes: 64 << 20}}, slog.New(slog.DiscardHandler))
	must(t, err)
	must(t, limits.Remove(list))
	return !strings.Contains(limiter.InForce()["node"], "not applied")
}

// groupsOf lists the control groups of the only run in a home.
func groupsOf(t *testing.T, home string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(runOf(t, home), "groups"))
	must(t, err)
	return strings.Fields(string(text))
}
