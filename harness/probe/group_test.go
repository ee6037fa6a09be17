package probe

import (
	"math"
	"testing"
	"time"
)

// files are those of a machine, by their paths.
type files map[string]string

func (f files) read(file string) string { return f[file] }

const (
	unifiedMount = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
	firstMount   = "31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n29 23 0:25 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)

// The tightest quota above this process is the one that binds, in either version, seen whole or from inside a container.
func TestFindGroup(t *testing.T) {
	for _, c := range []struct {
		name, mounts, own string
		files             files
		want              quotaGroup
		found             bool
	}{
		{"none", unifiedMount, "0::/user.slice\n", files{"/sys/fs/cgroup/user.slice/cpu.max": "max 100000\n"}, quotaGroup{}, false},
		{"its own", unifiedMount, "0::/ci/job\n", files{"/sys/fs/cgroup/ci/job/cpu.max": "150000 100000\n"},
			quotaGroup{"/sys/fs/cgroup/ci/job", "/ci/job", true, 1.5}, true},
		{"that of a group above", unifiedMount, "0::/ci/job\n", files{"/sys/fs/cgroup/ci/job/cpu.max": "400000 100000\n", "/sys/fs/cgroup/ci/cpu.max": "200000 100000\n"},
			quotaGroup{"/sys/fs/cgroup/ci", "/ci", true, 2}, true},
		{"in a container", unifiedMount, "0::/\n", files{"/sys/fs/cgroup/cpu.max": "200000 100000\n"}, quotaGroup{"/sys/fs/cgroup", "/", true, 2}, true},
		{"in a container that knows its name outside", "30 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/docker/abc\n",
			files{"/sys/fs/cgroup/cpu.max": "50000 100000\n"}, quotaGroup{"/sys/fs/cgroup", "/docker/abc", true, 0.5}, true},
		{"version 1", firstMount, "4:memory:/x\n3:cpu,cpuacct:/ci\n0::/\n", files{"/sys/fs/cgroup/cpu,cpuacct/ci/cpu.cfs_quota_us": "300000\n", "/sys/fs/cgroup/cpu,cpuacct/ci/cpu.cfs_period_us": "100000\n"},
			quotaGroup{"/sys/fs/cgroup/cpu,cpuacct/ci", "/ci", false, 3}, true},
		{"version 1 without", firstMount, "3:cpu,cpuacct:/ci\n", files{"/sys/fs/cgroup/cpu,cpuacct/ci/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu,cpuacct/ci/cpu.cfs_period_us": "100000\n"}, quotaGroup{}, false},
		{"nothing readable", "nonsense\n- - -\n", "x", nil, quotaGroup{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, found := findGroup(c.mounts, c.own, c.files.read); got != c.want || found != c.found {
				t.Errorf("got %+v, %v, want %+v, %v", got, found, c.want, c.found)
			}
		})
	}
}

func TestGroupHolds(t *testing.T) {
	for _, c := range []struct {
		path, process string
		want          bool
	}{
		{"/ci", "0::/ci\n", true}, {"/ci", "0::/ci/job\n", true}, {"/ci", "0::/cinema\n", false}, {"/ci", "0::/\n", false},
		{"/", "0::/any\n", true}, {"/", "0::/\n", true}, {"/", "0::/../other\n", false}, {"/", "", false},
	} {
		if got := (quotaGroup{path: c.path, unified: true}).holds(c.process); got != c.want {
			t.Errorf("%q in %s: got %v", c.process, c.path, got)
		}
	}
}

func TestGroupUsed(t *testing.T) {
	f := files{"/v2/cpu.stat": "usage_usec 2500000\nuser_usec 7\n", "/v1/cpuacct.usage": "2500000000\n"}
	for _, g := range []quotaGroup{{dir: "/v2", unified: true}, {dir: "/v1"}} {
		if got, known := g.used(f.read); got != 2.5 || !known {
			t.Errorf("%+v: got %v, %v", g, got, known)
		}
	}
	if got, known := (quotaGroup{dir: "/v3", unified: true}).used(f.read); known {
		t.Errorf("got %v of a group that is not there", got)
	}
}

// On 64 processors with a quota of two, a loop beside us in the same group takes half of what we may have; one outside of it
// takes a sixty-fourth of the machine.
func TestQuotaIsShared(t *testing.T) {
	for _, c := range []struct {
		name       string
		used, want float64
	}{
		{"a loop inside", 1.3, 0.5}, {"a loop outside", 0.3, 1.0 / 64},
	} {
		var a account
		begin := shares{at: time.Unix(0, 0), machineTimes: machineTimes{processors: 64, all: true}, complete: true, group: inside{known: true, processors: 2}}
		end := shares{at: time.Unix(1, 0), machineTimes: machineTimes{processors: 64, all: true, busy: 1.3, idle: 62.7}, own: 0.3, others: 1, complete: true,
			group: inside{known: true, processors: 2, used: c.used, own: 0.3}}
		a.add(begin)
		if got := a.add(end) / 64; math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: got a share of %v, want %v", c.name, got, c.want)
		}
	}
}
