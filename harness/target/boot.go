package target

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/probe"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// BootConfig says what to boot. Target, Scenario and Open are required.
type BootConfig struct {
	Target   Target
	Scenario *scenarios.Scenario
	// Open boots a stack on the back end that was chosen.
	Open func(ctx context.Context, servers stack.Config) (stack.Stack, error)
	// Servers says how; [Boot] adds what they hold.
	Servers stack.Config
	// Sabotage names those of [Description.Sabotages] to plant, with commas between, in tests alone.
	Sabotage string
	// Tell is called with each step of the boot, and with how many rows of all are there while it counts them; nil is silence.
	Tell func(step string, rows, of int)
	// Job is told of each piece of work that the system did besides its traffic, in a sentence and in figures; nil tells nobody.
	Job func(text string, figures map[string]float64)
}

// Environment is a system that is up, with its surroundings and the instruments that watch both.
type Environment struct {
	Stack stack.Stack
	// Running is nil where the boot came only as far as the servers.
	*Running
	// Probes are read every second, Details at the edges of a trial alone: all there are.
	Probes, Details []*probe.Instrument
	// queries are those of the details that know the texts of statements.
	queries []*probe.Queries
}

// Boot starts the servers, fills them or takes the kept data, and starts the services. What it started before an error is
// stopped again.
func Boot(ctx context.Context, config BootConfig) (e *Environment, err error) {
	if config.Tell == nil {
		config.Tell = func(string, int, int) {}
	}
	if config.Job == nil {
		config.Job = func(string, map[string]float64) {}
	}
	e = &Environment{}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close())
		}
	}()
	if e.Stack, err = config.Open(ctx, config.servers()); err != nil {
		return e, err
	}
	config.Tell("starting the services", 0, 0)
	e.watchServers(config.Target.Describe().Roles)
	site := newSite(e.Stack, config)
	running, err := config.Target.Boot(ctx, site)
	if err != nil {
		return e, err
	}
	e.watch(running)
	return e, nil
}

// servers are those of the config with what they hold.
func (c BootConfig) servers() stack.Config {
	servers, described, data := c.Servers, c.Target.Describe(), c.Target.Data(c.Scenario)
	servers.Database, servers.Roles, servers.Template = described.Database, described.Roles, data.Key
	servers.Prepare = func(ctx context.Context, ownerURL string) error {
		return data.Fill(ctx, ownerURL, func(rows int) { c.Tell("seeding", rows, data.Rows) })
	}
	servers.Tell = func(step string) { c.Tell(step, 0, 0) }
	return servers
}

// watchServers points instruments at what every stack has.
func (e *Environment) watchServers(roles []string) {
	at := e.Stack.Endpoints()
	e.Probes = []*probe.Instrument{
		probe.Postgres(stack.Primary, at.PrimaryURL(stack.Harness), roles),
		probe.Postgres(stack.Replica, at.ReplicaURL(stack.Harness), roles),
		probe.Redis(stack.Redis, at.RedisAddr, at.RedisPassword),
		probe.CPU(e.processes),
	}
	e.queries = []*probe.Queries{
		probe.NewQueries(stack.Primary+"_by_query", at.PrimaryURL(stack.Harness), roles),
		probe.NewQueries(stack.Replica+"_by_query", at.ReplicaURL(stack.Harness), roles),
	}
	e.Details = []*probe.Instrument{e.queries[0].Instrument, e.queries[1].Instrument}
}

// watch adds the instruments of the system itself.
func (e *Environment) watch(running *Running) {
	e.Running = running
	e.Probes = append(e.Probes, running.Probes...)
	e.Details = append(append(e.Details, running.Details...), probe.State("system", running.State))
}

// Statements are the texts of the queries seen so far, by id.
func (e *Environment) Statements() map[string]string {
	texts := map[string]string{}
	for _, q := range e.queries {
		maps.Copy(texts, q.Texts())
	}
	return texts
}

// processes are the process ids of the nodes as they are now.
func (e *Environment) processes() map[string]int {
	pids := map[string]int{}
	for _, node := range e.Stack.Endpoints().Nodes {
		pids[node.Name] = node.PID
	}
	return pids
}

// Close takes everything down. It may be called on an environment that came up in part.
func (e *Environment) Close() error {
	var errs []error
	for _, p := range slices.Concat(e.Probes, e.Details) {
		errs = append(errs, p.Close())
	}
	if e.Running != nil && e.Running.Close != nil {
		e.Running.Close()
	}
	if e.Stack != nil {
		errs = append(errs, e.Stack.Close())
	}
	return errors.Join(errs...)
}
