// Package doctor tells whether this machine can hold a rehearsal, and what to type where it cannot.
//
// Scope: [Examine] looks at the Docker engine and its images, the installed servers, the home, and what the machine has
// left of CPU, memory, disk, files and ports. It starts nothing and changes nothing.
//
// Opinion: every finding stands beside what is required and the command that mends it. One back end is enough, so what
// only the other one lacks is a note. A check that hangs is a finding as well, since that is how a broken machine often
// shows. To look and to judge are different things: what was found is judged by pure functions, which tests can ask.
//
// Steps: run all checks at the same time, each bounded; those that need Docker wait for its greeting; sort the findings;
// conclude which back ends can run.
package doctor

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// Config says what to examine. The zero value is ready to use.
type Config struct {
	// Stack is the back end asked for: auto, containers or processes; empty is auto.
	Stack string
	// Servers name home, images and directories as for a run.
	Servers stack.Config
	// Connections are how many a run has open at worst, when every answer takes as long as its timeout: two for each hit
	// in flight, to the services and between them. Zero is 6000: ten seconds of 600 hits.
	Connections int
	// Others, if set, names the runs that are on this machine, of whichever home.
	Others func() []string
	// Limit is how long one check may take; zero is 10 s.
	Limit time.Duration
}

// Level says what a finding means.
type Level int

const (
	// OK is as required.
	OK Level = iota
	// Note is worth knowing, and keeps nothing from starting.
	Note
	// Problem keeps a rehearsal from starting.
	Problem
)

// String is the level in lower case.
func (l Level) String() string {
	switch l {
	case OK:
		return "ok"
	case Note:
		return "note"
	case Problem:
		return "problem"
	}
	return "unknown level"
}

// MarshalText writes the level as [Level.String] does.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Finding is what one check has found.
type Finding struct {
	// Check names it, in lower case with underscores; names are never reused for something else.
	Check string `json:"check"`
	Level Level  `json:"level"`
	// Found and Required are for people.
	Found    string `json:"found"`
	Required string `json:"required"`
	// Fix is what to type, or to do where no command does it; empty when there is nothing to mend.
	Fix string `json:"fix"`
}

// Report is the whole examination.
type Report struct {
	// Asked is the back end asked for, Stack the one that auto takes; empty when it refuses both.
	Asked string `json:"asked"`
	Stack string `json:"stack"`
	// Containers and Processes tell which back ends have all they need.
	Containers bool `json:"containers"`
	Processes  bool `json:"processes"`
	// Ready tells that a rehearsal with the back end asked for can start.
	Ready bool `json:"ready"`
	// Summary says it in one sentence.
	Summary string `json:"summary"`
	// Findings are in a fixed order.
	Findings []Finding `json:"findings"`
}

// part is what a problem spoils.
type part int

const (
	ofMachine part = iota
	ofContainers
	ofProcesses
)

// check is one question to the machine.
type check struct {
	name, required string
	of             part
	// silence is the level when no answer comes.
	silence Level
	// engine tells that the check needs Docker, decides that its problem keeps auto from taking the back end.
	engine, decides bool
	look            func(ctx context.Context) Finding
}

// examination is one examination under way.
type examination struct {
	cfg Config
	// greeted is closed when it is known whether Docker answers; engine and greeting are set before.
	greeted  chan struct{}
	engine   *engine.Engine
	greeting Finding
}

// Examine runs all checks. It takes twice the limit at most: what needs Docker begins when Docker has answered.
func Examine(ctx context.Context, cfg Config) Report {
	cfg.Stack = cmp.Or(cfg.Stack, stack.BackendAuto)
	cfg.Connections = cmp.Or(cfg.Connections, 6000)
	cfg.Limit = cmp.Or(cfg.Limit, 10*time.Second)
	x := &examination{cfg: cfg, greeted: make(chan struct{})}
	checks := x.checks()
	found := make([]judged, len(checks))
	var wg sync.WaitGroup
	wg.Go(func() { x.greet(ctx) })
	for i, c := range checks {
		wg.Go(func() { found[i] = judged{Finding: x.run(ctx, c), of: c.of, decides: c.decides} })
	}
	wg.Wait()
	if x.engine != nil {
		x.engine.Close()
	}
	return conclude(cfg.Stack, found)
}

// checks are all of them, in the order of the report: the two back ends, the ground they share, the machine.
func (x *examination) checks() []check {
	const image = "here, or a registry that has it"
	postgres := fmt.Sprintf("PostgreSQL %d or newer, pg_stat_statements", stack.LeastPostgres)
	disk, memory := atLeast(bytesText(diskWanted), bytesText(diskLeast)), atLeast(bytesText(memoryWanted), bytesText(memoryLeast))
	files, ports := atLeast(x.cfg.files(), filesLeast), atLeast(x.cfg.Connections, portsLeast)
	cpu, load := fmt.Sprintf("%d CPUs, %s idle", cpusWanted, percent(idleWanted)), number(loadWanted)+" by CPU over 1 min"
	return []check{
		{name: "docker", decides: true, required: fmt.Sprintf("API 1.%d or newer, on this machine", leastAPI), of: ofContainers, engine: true, look: x.docker},
		{name: "postgres_image", decides: true, required: image, of: ofContainers, silence: Problem, engine: true, look: x.asking(x.postgresImage)},
		{name: "redis_image", decides: true, required: image, of: ofContainers, silence: Problem, engine: true, look: x.asking(x.redisImage)},
		{name: "program", decides: true, required: "for Linux, linked statically", of: ofContainers, silence: Problem, look: program},
		{name: "docker_disk", required: disk, of: ofContainers, silence: Problem, engine: true, look: x.asking(dockerDisk)},
		{name: "docker_leftovers", required: "none", of: ofContainers, silence: Note, engine: true, look: x.asking(x.dockerLeftovers)},
		{name: "postgres", decides: true, required: postgres, of: ofProcesses, silence: Problem, look: x.postgres},
		{name: "redis", decides: true, required: "Redis or Valkey", of: ofProcesses, silence: Problem, look: x.redis},
		{name: "disk", required: disk, of: ofProcesses, silence: Problem, look: x.disk},
		{name: "home", required: "a directory of yours, on a disk", of: ofMachine, silence: Problem, look: x.home},
		{name: "leftovers", required: "none", of: ofMachine, silence: Note, look: x.leftovers},
		{name: "runs", required: "none", of: ofMachine, silence: Note, look: x.runs},
		{name: "cpu", required: cpu, of: ofMachine, silence: Note, look: x.cpu},
		{name: "load", required: load, of: ofMachine, silence: Note, look: x.load},
		{name: "memory", required: memory, of: ofMachine, silence: Note, look: x.memory},
		{name: "files", required: files, of: ofMachine, silence: Note, look: x.files},
		{name: "ports", required: ports, of: ofMachine, silence: Note, look: x.ports},
	}
}

// run makes one check.
func (x *examination) run(ctx context.Context, c check) Finding {
	if c.engine {
		<-x.greeted
	}
	f, answered := answer(ctx, x.cfg.Limit, c.look)
	if !answered {
		f = Finding{Level: c.silence, Found: noAnswer(x.cfg.Limit), Fix: "see what hangs: ps -eo stat,pid,args | grep ^D"}
	}
	f.Check, f.Required = c.name, c.required
	return f
}

// answer waits for what look finds, though no longer than the limit: what hangs in the kernel heeds no context.
func answer[T any](ctx context.Context, limit time.Duration, look func(context.Context) T) (found T, answered bool) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answers := make(chan T, 1)
	go func() { answers <- look(ctx) }()
	select {
	case found = <-answers:
		return found, ctx.Err() == nil
	case <-ctx.Done():
		return found, false
	}
}

func noAnswer(limit time.Duration) string {
	return fmt.Sprintf("no answer within %g s", limit.Seconds())
}
