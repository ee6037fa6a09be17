package doctor

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestConclude(t *testing.T) {
	// Docker's disk is not for auto to look at.
	docker, room := judged{Finding{Check: "docker"}, ofContainers, true}, judged{Finding{Check: "docker_disk"}, ofContainers, false}
	redis, ports := judged{Finding{Check: "redis"}, ofProcesses, true}, judged{Finding{Check: "ports"}, ofMachine, false}
	for _, c := range []struct {
		asked  string
		broken []string
		ready  bool
		stack  string
		says   string
		levels []Level // of docker, docker_disk, redis, ports
	}{
		{"auto", nil, true, "containers", "ready: --stack auto takes containers", []Level{OK, OK, OK, OK}},
		{"auto", []string{"redis"}, true, "containers", "ready: --stack auto takes containers", []Level{OK, OK, Note, OK}},
		{"auto", []string{"docker", "docker_disk"}, true, "processes", "ready: --stack auto takes processes (containers cannot run, see docker, docker disk)", []Level{Note, Note, OK, OK}},
		{"auto", []string{"docker_disk"}, false, "containers", "not ready: --stack auto takes containers, which cannot run, see docker disk; --stack processes can", []Level{OK, Problem, OK, OK}},
		{"auto", []string{"docker", "redis"}, false, "", "not ready: neither containers (see docker) nor processes (see redis) can run; mend one of the two", []Level{Problem, OK, Problem, OK}},
		{"auto", []string{"docker", "ports"}, false, "processes", "not ready: this machine cannot hold a rehearsal now, see ports", []Level{Note, OK, OK, Problem}},
		{"containers", []string{"docker"}, false, "processes", "not ready: containers cannot run, see docker; --stack processes can", []Level{Problem, OK, OK, OK}},
		{"containers", []string{"redis"}, true, "containers", "ready: --stack containers can run; --stack auto takes containers", []Level{OK, OK, Note, OK}},
		{"containers", []string{"docker", "redis"}, false, "", "not ready: neither containers (see docker) nor processes (see redis) can run; mend one of the two", []Level{Problem, OK, Note, OK}},
		{"processes", []string{"redis"}, false, "containers", "not ready: processes cannot run, see redis; --stack containers can", []Level{OK, OK, Problem, OK}},
		{"processes", []string{"docker"}, true, "processes", "ready: --stack processes can run; --stack auto takes processes (containers cannot run, see docker)", []Level{Note, OK, OK, OK}},
		{"processes", []string{"docker_disk"}, true, "containers", "ready: --stack processes can run; --stack auto takes containers", []Level{OK, Note, OK, OK}},
	} {
		found := []judged{docker, room, redis, ports}
		for i := range found {
			if slices.Contains(c.broken, found[i].Check) {
				found[i].Level = Problem
			}
		}
		r := conclude(c.asked, found)
		var levels []Level
		for _, f := range r.Findings {
			levels = append(levels, f.Level)
		}
		if r.Ready != c.ready || r.Stack != c.stack || r.Summary != c.says || !slices.Equal(levels, c.levels) {
			t.Errorf("--stack %s without %v: got %+v, want %+v", c.asked, c.broken, r, c)
		}
	}
}

// TestConcludeAgrees: whatever is found, the marks and the exit code say the same.
func TestConcludeAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		found := rapid.SliceOf(rapid.Custom(func(t *rapid.T) judged {
			return judged{Finding{Level: Level(rapid.IntRange(0, 2).Draw(t, "level"))}, part(rapid.IntRange(0, 2).Draw(t, "part")), rapid.Bool().Draw(t, "decides")}
		})).Draw(t, "found")
		r := conclude(rapid.SampledFrom([]string{"auto", "containers", "processes"}).Draw(t, "asked"), found)
		marked := slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == Problem })
		if r.Ready == marked || len(r.Findings) != len(found) {
			t.Fatalf("ready: %t, marked: %t, %d of %d findings", r.Ready, marked, len(r.Findings), len(found))
		}
		if r.Ready && r.Stack == "" {
			t.Fatal("ready without a back end")
		}
	})
}
