package doctor

import (
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// tree writes files and returns the directory they are below.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	top := t.TempDir()
	for name, content := range files {
		path := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return top
}

// TestQuota reads both versions of control groups, and takes the tightest quota on the way up.
func TestQuota(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  float64
	}{
		"none":                {nil, math.Inf(1)},
		"version 2":           {map[string]string{"a/b/cpu.max": "150000 100000\n"}, 1.5},
		"version 2, no limit": {map[string]string{"a/b/cpu.max": "max 100000\n"}, math.Inf(1)},
		"version 2, above":    {map[string]string{"a/b/cpu.max": "max 100000\n", "a/cpu.max": "200000 100000\n", "cpu.max": "400000 100000\n"}, 2},
		"version 1":           {map[string]string{"a/b/cpu.cfs_quota_us": "50000\n", "a/b/cpu.cfs_period_us": "100000\n"}, 0.5},
		"version 1, no limit": {map[string]string{"a/b/cpu.cfs_quota_us": "-1\n", "a/b/cpu.cfs_period_us": "100000\n"}, math.Inf(1)},
	} {
		top := tree(t, c.files)
		if got := quotaBelow(filepath.Join(top, "a/b"), top); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// TestMemoryLimit does the same for memory; pages that can be dropped are free.
func TestMemoryLimit(t *testing.T) {
	for name, c := range map[string]struct {
		files       map[string]string
		limit, free int64
	}{
		"none":                {nil, 0, 0},
		"version 2":           {map[string]string{"a/memory.max": "1000\n", "a/memory.current": "700\n", "a/memory.stat": "anon 400\ninactive_file 300\n"}, 1000, 600},
		"version 2, no limit": {map[string]string{"a/memory.max": "max\n", "a/memory.current": "700\n"}, 0, 0},
		"version 2, above":    {map[string]string{"a/memory.max": "1000\n", "a/memory.current": "0\n", "memory.max": "2000\n", "memory.current": "1900\n"}, 2000, 100},
		"over it":             {map[string]string{"a/memory.max": "1000\n", "a/memory.current": "1100\n"}, 1000, 0},
		"version 1":           {map[string]string{"a/memory.limit_in_bytes": "1000\n", "a/memory.usage_in_bytes": "700\n", "a/memory.stat": "inactive_file 1\ntotal_inactive_file 300\n"}, 1000, 600},
		"version 1, no limit": {map[string]string{"a/memory.limit_in_bytes": "9223372036854771712\n", "a/memory.usage_in_bytes": "700\n"}, 0, 0},
	} {
		top := tree(t, c.files)
		if limit, free := limitBelow(filepath.Join(top, "a"), top); limit != c.limit || free != c.free {
			t.Errorf("%s: got %d and %d, want %d and %d", name, limit, free, c.limit, c.free)
		}
	}
}

func TestGroupBelow(t *testing.T) {
	for _, c := range []struct{ mount, root, path, want string }{
		{"/sys/fs/cgroup", "/", "/user.slice/x", "/sys/fs/cgroup/user.slice/x"},
		{"/sys/fs/cgroup", "/", "/", "/sys/fs/cgroup"},
		{"/sys/fs/cgroup/cpu", "/docker/abc", "/docker/abc", "/sys/fs/cgroup/cpu"},
		{"/sys/fs/cgroup/cpu", "/docker/abc", "/docker/abc/child", "/sys/fs/cgroup/cpu/child"},
		{"/sys/fs/cgroup/cpu", "/docker/abc", "/docker/other", "/sys/fs/cgroup/cpu"},
		{"/sys/fs/cgroup", "/", "/../../outside", "/sys/fs/cgroup/outside"},
		{"/sys/fs/cgroup", "/..", "/", "/sys/fs/cgroup"},
	} {
		if got := groupBelow(c.mount, c.root, c.path); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

// TestControlGroups: what is found for this very process is there.
func TestControlGroups(t *testing.T) {
	if _, err := os.Stat("/sys/fs/cgroup"); err != nil {
		t.Skip("no control groups here")
	}
	for _, controller := range []string{"cpu", "memory"} {
		groups := controlGroups(controller)
		if len(groups) == 0 {
			t.Errorf("no group of this process for %s", controller)
		}
		for dir, top := range groups {
			if info, err := os.Stat(dir); err != nil || !info.IsDir() || !strings.HasPrefix(dir, top) {
				t.Errorf("%s: %s below %s: %v", controller, dir, top, err)
			}
		}
	}
}

// TestReadings: what is read of this machine makes sense.
func TestReadings(t *testing.T) {
	cpu, err := readCPU(t.Context())
	if err != nil || cpu.machine < 1 || cpu.usable != runtime.NumCPU() || cpu.idle < 0 || cpu.idle > 1 || cpu.steal < 0 || cpu.idle+cpu.steal > 1.001 {
		t.Errorf("%+v, %v", cpu, err)
	}
	load, err := readLoad()
	if err != nil || load.cpus < 1 || load.one < 0 {
		t.Errorf("%+v, %v", load, err)
	}
	memory, err := readMemory()
	if err != nil || memory.available <= 0 || memory.available > memory.total {
		t.Errorf("%+v, %v", memory, err)
	}
}

// TestReadPorts: a connection takes ports.
func TestReadPorts(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	connection, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	r, err := readPorts()
	if err != nil || r.total < 1 || r.used < 3 || r.timeWait > r.used {
		t.Errorf("%+v, %v; want the listener's port, and two ends of a connection", r, err)
	}
}

func TestFreeBytes(t *testing.T) {
	dir := t.TempDir()
	there, err := freeBytes(dir)
	if err != nil || there <= 0 {
		t.Fatalf("%d, %v", there, err)
	}
	if below, err := freeBytes(filepath.Join(dir, "not", "yet")); err != nil || below <= 0 {
		t.Errorf("%d, %v", below, err)
	}
}
