package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/containers"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/processes"
)

// verdict is what a table expects of a finding: texts that it contains, where empty means empty for a fix.
type verdict struct {
	level      Level
	found, fix string
}

func (want verdict) check(t *testing.T, got Finding) {
	t.Helper()
	if got.Level != want.level || !strings.Contains(got.Found, want.found) || !strings.Contains(got.Fix, want.fix) || (want.fix == "") != (got.Fix == "") {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if strings.ContainsAny(got.Found+got.Fix, "\n\r") {
		t.Errorf("%+v has several lines, and a table has one", got)
	}
}

func TestJudgeGreeting(t *testing.T) {
	good := engine.Info{Version: "27.1", API: "1.46", Host: "unix:///var/run/docker.sock", Local: true, CPUs: 4, MemoryBytes: 8 << 30}
	with := func(change func(*engine.Info)) engine.Info {
		info := good
		change(&info)
		return info
	}
	unreachable := func(why error) error {
		return fmt.Errorf("%w: %w; start it (systemctl start docker)", engine.ErrUnreachable, why)
	}
	for name, c := range map[string]struct {
		greeting
		want verdict
	}{
		"good":               {greeting{info: good}, verdict{OK, "Docker 27.1, API 1.46, 4 CPUs, 8.0 GiB, at unix:///var/run/docker.sock", ""}},
		"rootless":           {greeting{info: with(func(i *engine.Info) { i.Rootless = true })}, verdict{Note, "rootless", ""}},
		"oldest":             {greeting{info: with(func(i *engine.Info) { i.API = "1.40" })}, verdict{OK, "API 1.40", ""}},
		"too old":            {greeting{info: with(func(i *engine.Info) { i.API = "1.39" })}, verdict{Problem, "API 1.39", "19.03"}},
		"next major":         {greeting{info: with(func(i *engine.Info) { i.API = "2.0" })}, verdict{OK, "API 2.0", ""}},
		"remote":             {greeting{info: with(func(i *engine.Info) { i.Local = false })}, verdict{Problem, "on another machine", "unset DOCKER_HOST"}},
		"small":              {greeting{info: with(func(i *engine.Info) { i.MemoryBytes = 512 << 20 })}, verdict{Note, "512 MiB", "1.5 GiB"}},
		"nowhere":            {greeting{err: unreachable(fs.ErrNotExist)}, verdict{Problem, "nothing is at the usual places", "docker"}},
		"nowhere, named":     {greeting{err: unreachable(fs.ErrNotExist), host: "unix:///x"}, verdict{Problem, "nothing is at unix:///x", "DOCKER_HOST"}},
		"stopped":            {greeting{err: unreachable(errors.New("refused")), installed: true}, verdict{Problem, "no Docker answers: refused", "start"}},
		"forbidden":          {greeting{err: unreachable(fs.ErrPermission), installed: true}, verdict{Problem, "this user may not", "usermod -aG docker"}},
		"forbidden, by word": {greeting{err: unreachable(errors.New("permission denied while trying to connect")), installed: true}, verdict{Problem, "this user may not", "usermod -aG docker"}},
		"hangs":              {greeting{mute: 10 * time.Second}, verdict{Problem, "no answer within 10 s", "docker"}},
		"refuses our words":  {greeting{err: unreachable(errors.New("API version 1.30 is not supported: the minimum supported API version is 1.40"))}, verdict{Problem, "1.30", "19.03"}},
	} {
		t.Run(name, func(t *testing.T) { c.want.check(t, judgeGreeting(c.greeting)) })
	}
}

func TestJudgeImage(t *testing.T) {
	local := &engine.Image{Env: map[string]string{"PG_MAJOR": "17", "PG_VERSION": "17.5-1"}, SizeBytes: 400 << 20}
	old := &engine.Image{Env: map[string]string{"PG_MAJOR": "13"}}
	here := func(ref string, img *engine.Image) containers.Choice { return containers.Choice{Ref: ref, Image: img} }
	silent, none := fmt.Errorf("%w: postgres:17: dial", engine.ErrNoRegistry), fmt.Errorf("%w: postgres:17", engine.ErrNoImage)
	for name, c := range map[string]struct {
		image
		want verdict
	}{
		"here":              {image{choice: here("postgres:17", local)}, verdict{OK, "postgres:17 is here (17.5-1), 400 MiB", ""}},
		"no version":        {image{choice: here("redis:7", &engine.Image{})}, verdict{OK, "redis:7 is here, ", ""}},
		"too old":           {image{choice: here("postgres:13", old), named: true}, verdict{Problem, "PostgreSQL 13, too old", "--postgres-image"}},
		"to be pulled":      {image{choice: here("postgres:17", nil)}, verdict{OK, "its registry has it", ""}},
		"silence":           {image{choice: here("postgres:17", nil), registry: silent}, verdict{Problem, "postgres:17 is missing, and its registry does not answer", "rehearse images build"}},
		"silence, named":    {image{choice: here("x:1", nil), registry: silent, named: true}, verdict{Problem, "its registry does not answer", "docker image ls"}},
		"no such image":     {image{choice: here("x:1", nil), registry: none, named: true}, verdict{Problem, "its registry has none", "docker image ls"}},
		"cannot be looked":  {image{err: errors.New("invalid reference format"), named: true}, verdict{Problem, "invalid reference format", "docker image ls"}},
		"Docker goes under": {image{err: fmt.Errorf("%w: EOF", engine.ErrUnreachable)}, verdict{Problem, "EOF", "rehearse images build"}},
	} {
		t.Run(name, func(t *testing.T) { c.want.check(t, judgeImage(c.image)) })
	}
}

func TestJudgeServers(t *testing.T) {
	unready := stack.NotReadyError{What: "no Redis server", Do: "type: apt-get install -y redis-server"}
	verdict{OK, "7.0.15 in /usr/bin/redis-server", ""}.check(t, judgeServer(processes.Server{Path: "/usr/bin/redis-server", Version: "7.0.15"}, nil))
	verdict{Problem, "no Redis server", "apt-get install"}.check(t, judgeServer(processes.Server{}, fmt.Errorf("look: %w", unready)))
	if fix := judgeServer(processes.Server{}, unready).Fix; strings.HasPrefix(fix, "type") {
		t.Errorf("the fix is %q, want the bare command", fix)
	}
	verdict{Problem, "two lines", ""}.check(t, judgeServer(processes.Server{}, errors.New("two\nlines")))
	verdict{OK, "/home", ""}.check(t, judgeHome(home.Examined{Path: "/home"}, nil))
	verdict{Note, "in memory", "REHEARSE_HOME"}.check(t, judgeHome(home.Examined{Path: "/dev/shm/x", InMemory: true}, nil))
	verdict{Problem, "is a link", "remove it"}.check(t, judgeHome(home.Examined{}, stack.NotReadyError{What: "it is a link", Do: "remove it"}))
}

func TestJudgeLeftovers(t *testing.T) {
	left := []stack.Leftover{{Run: "b", Kind: "process"}, {Run: "b", Kind: "directory"}, {Run: "a", Kind: "process"}}
	verdict{OK, "none", ""}.check(t, judgeLeftovers(nil, nil))
	verdict{Note, "2 × process, 1 × directory, of crashed runs (a, b)", "rehearse clean"}.check(t, judgeLeftovers(left, nil))
	verdict{Note, "cannot tell: broken", ""}.check(t, judgeLeftovers(nil, errors.New("broken")))
	verdict{OK, "none", ""}.check(t, judgeRuns(nil, nil, nil))
	verdict{Note, "under way: a, b and 2 more", "wait"}.check(t, judgeRuns([]string{"a", "b", "c", "d"}, nil, nil))
	verdict{Note, "under way: run a of user b, pid 1", "wait"}.check(t, judgeRuns(nil, []string{"run a of user b, pid 1"}, fmt.Errorf("look: %w", errors.ErrUnsupported)))
	verdict{Note, "under way: run a of user b", "wait"}.check(t, judgeRuns([]string{"a"}, []string{"run a of user b"}, nil))
	verdict{Note, "not checked on", ""}.check(t, judgeRuns(nil, nil, fmt.Errorf("look: %w", errors.ErrUnsupported)))
}

func TestJudgeCPU(t *testing.T) {
	for _, c := range []struct {
		cpuReading
		want verdict
	}{
		{cpuReading{machine: 2, usable: 2, idle: 0.97}, verdict{OK, "2 CPUs, 97 % idle", ""}},
		{cpuReading{machine: 2, usable: 2, idle: 0.75, steal: 0.05}, verdict{OK, "5 % stolen", ""}},
		{cpuReading{machine: 2, usable: 2, idle: 0.74}, verdict{Note, "74 % idle", "ps -eo"}},
		{cpuReading{machine: 2, usable: 2, idle: 0.8, steal: 0.06}, verdict{Note, "6 % stolen", "host"}},
		{cpuReading{machine: 64, usable: 64, quota: 2, idle: 1}, verdict{OK, "2 of 64 CPUs, the quota", ""}},
		{cpuReading{machine: 64, usable: 64, quota: 1.5, idle: 1}, verdict{Note, "1.5 of 64 CPUs, the quota", "--cpus 2"}},
		{cpuReading{machine: 4, usable: 2, quota: 3, idle: 1}, verdict{OK, "2 of 4 CPUs, 100 %", ""}},
		{cpuReading{machine: 1, usable: 1, idle: 1}, verdict{Note, "1 CPU, 100 % idle", "give this machine 2 CPUs"}},
	} {
		c.want.check(t, judgeCPU(c.cpuReading, nil))
	}
	verdict{Note, "not checked on", ""}.check(t, judgeCPU(cpuReading{}, errors.ErrUnsupported))
}

// What a run says before it begins is what doctor says of the moment, with the load, and nothing of how many CPUs there are.
func TestJudgeQuiet(t *testing.T) {
	load := loadReading{one: 28, fifteen: 9, cpus: 2}
	for _, c := range []struct {
		cpuReading
		want verdict
	}{
		{cpuReading{machine: 2, usable: 2, idle: 0.97}, verdict{OK, "2 CPUs, 97 % idle, load average 28.00 over 1 min", ""}},
		{cpuReading{machine: 2, usable: 2, idle: 0.02}, verdict{Note, "2 CPUs, 2 % idle, load average 28.00 over 1 min", "ps -eo"}},
		{cpuReading{machine: 2, usable: 2, idle: 0.8, steal: 0.06}, verdict{Note, "6 % stolen", "host"}},
		{cpuReading{machine: 1, usable: 1, idle: 1}, verdict{OK, "1 CPU, 100 % idle", ""}},
	} {
		c.want.check(t, judgeQuiet(c.cpuReading, load, true))
	}
	verdict{Note, "2 CPUs, 2 % idle", "ps -eo"}.check(t, judgeQuiet(cpuReading{machine: 2, usable: 2, idle: 0.02}, loadReading{}, false))
}

func TestJudgeLoadAndMemory(t *testing.T) {
	verdict{OK, "1.00 over 1 min, 9.00 over 15 min, on 2 CPUs", ""}.check(t, judgeLoad(loadReading{one: 1, fifteen: 9, cpus: 2}, nil))
	verdict{Note, "1.01 over 1 min", "quiet"}.check(t, judgeLoad(loadReading{one: 1.01, cpus: 2}, nil))
	const gib = 1 << 30
	for _, c := range []struct {
		memoryReading
		want verdict
	}{
		{memoryReading{total: 16 * gib, available: 8 * gib}, verdict{OK, "8.0 GiB available of 16.0 GiB", ""}},
		{memoryReading{total: 16 * gib, available: memoryWanted - 1}, verdict{Note, "1.5 GiB available", "ps -eo rss"}},
		{memoryReading{total: 16 * gib, available: memoryLeast - 1}, verdict{Problem, "1023 MiB available", "ps -eo rss"}},
		{memoryReading{total: 16 * gib, available: 8 * gib, limit: 2 * gib, limitFree: gib}, verdict{Note, "1.0 GiB left of 2.0 GiB, the limit", "--memory"}},
		{memoryReading{total: 16 * gib, available: 8 * gib, limit: gib, limitFree: gib / 2}, verdict{Problem, "512 MiB left", "--memory"}},
		{memoryReading{total: 16 * gib, available: 2 * gib, limit: 8 * gib, limitFree: 6 * gib}, verdict{OK, "2.0 GiB available", ""}},
	} {
		c.want.check(t, judgeMemory(c.memoryReading, nil))
	}
}

func TestJudgeDiskFilesPorts(t *testing.T) {
	verdict{OK, "4.0 GiB free at /x", ""}.check(t, judgeDisk(diskWanted, nil, "/x", "clean"))
	verdict{Note, "free at /x", "clean"}.check(t, judgeDisk(diskWanted-1, nil, "/x", "clean"))
	verdict{Problem, "0 MiB free at /x", "clean"}.check(t, judgeDisk(0, nil, "/x", "clean"))
	verdict{OK, "5000 in each process", ""}.check(t, judgeFiles(5000, 5000, nil))
	verdict{Note, "4999 in each process", "ulimit -n 5000"}.check(t, judgeFiles(4999, 5000, nil))
	verdict{Problem, "1023 in each process", "ulimit -n 5000"}.check(t, judgeFiles(filesLeast-1, 5000, nil))
	verdict{OK, "no limit", ""}.check(t, judgeFiles(1<<64-1, 5000, nil))
	verdict{OK, "28000 free of 28232, 9 in TIME_WAIT", ""}.check(t, judgePorts(portsReading{28232, 232, 9}, 6000, nil))
	verdict{Note, "5999 free", "sleep 60"}.check(t, judgePorts(portsReading{28232, 28232 - 5999, 20000}, 6000, nil))
	verdict{Note, "5999 free", "ss -tanp"}.check(t, judgePorts(portsReading{28232, 28232 - 5999, 0}, 6000, nil))
	verdict{Problem, "500 free of 500", "sysctl"}.check(t, judgePorts(portsReading{500, 0, 0}, 6000, nil))
}
