package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/fixtures/auth"
	"github.com/rehearse-dev/rehearse/fixtures/carshare"
	"github.com/rehearse-dev/rehearse/harness/load"
	"github.com/rehearse-dev/rehearse/harness/probe"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// serviceAuth and serviceCallers name the nodes that run the reference services, and the instruments that read them.
const (
	serviceAuth    = "auth"
	serviceCallers = "callers"
)

// environment is the system under test with its surroundings, up and in the baseline.
type environment struct {
	stack  stack.Stack
	system *carshare.System
	source *carshare.Source
	probes []*probe.Instrument
	// details are read at the edges of a trial alone; queries are some of them.
	details []*probe.Instrument
	queries []*probe.Queries
}

// environmentConfig says what to boot.
type environmentConfig struct {
	// backend says where to boot; servers how, and boot adds what they hold.
	backend string
	servers stack.Config
	data    carshare.Data
	// zipf is how unevenly tokens are used, and weights how often APIs are called; see [carshare.SourceConfig].
	zipf    float64
	weights map[string]float64
	job     func(auth.ArchiveCost)
	// tell is called with each step of the boot, and with how many rows of all are there while it counts them; nil is silence.
	tell func(step string, rows, of int)
	// sabotage is a defect to plant in the services, in tests alone; each plants its own.
	sabotage string
}

// step tells of a step of the boot.
func (c environmentConfig) step(name string, rows, of int) {
	if c.tell != nil {
		c.tell(name, rows, of)
	}
}

// dataOf is the data a scenario asks for.
func dataOf(s *scenarios.Scenario) carshare.Data {
	return carshare.Data{
		Seed: s.Seed, Users: s.System.Users, Dead: s.System.DeadTokens, Live: s.System.LiveTokens,
		Iterations: s.System.PasswordIterations,
	}
}

// serversOf are the servers for a scenario: the command line names an image before the environment does, and the scenario
// comes last.
func serversOf(flags stack.Config, getenv func(string) string, s *scenarios.Scenario) stack.Config {
	flags.PostgresImage = cmp.Or(flags.PostgresImage, getenv("REHEARSE_POSTGRES_IMAGE"), s.Images.Postgres)
	flags.RedisImage = cmp.Or(flags.RedisImage, getenv("REHEARSE_REDIS_IMAGE"), s.Images.Redis)
	flags.Limits = map[string]stack.Limit{}
	for name, node := range s.Nodes {
		flags.Limits[name] = stack.Limit(node)
	}
	return flags
}

// boot starts the servers, seeds them or takes the kept seed, and starts the services. What it started before an error
// is stopped again.
func boot(ctx context.Context, config environmentConfig) (e *environment, err error) {
	e = &environment{}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	servers := config.servers
	servers.Database, servers.Roles, servers.Template = "carshare", carshare.Roles(), config.data.Fingerprint()
	servers.Prepare = func(ctx context.Context, ownerURL string) error {
		return carshare.SeedWatched(ctx, ownerURL, config.data, func(rows int) { config.step("seeding", rows, config.data.Rows()) })
	}
	servers.Tell = func(step string) { config.step(step, 0, 0) }
	if e.stack, err = openStack(ctx, config.backend, servers); err != nil {
		return e, err
	}
	config.step("starting the services", 0, 0)
	return e, e.startServices(ctx, config)
}

// startServices starts the auth service and the calling services and connects the instruments to everything.
func (e *environment) startServices(ctx context.Context, config environmentConfig) error {
	at, secret := e.stack.Endpoints(), rand.Text()
	inside := at.Inside()
	authAddrs, err := e.spawn(ctx, serviceAuth, []string{authPort}, auth.Config{
		PrimaryURL: inside.PrimaryURL(carshare.RoleAuth), ReplicaURL: inside.ReplicaURL(carshare.RoleAuth),
		RedisAddr: inside.RedisAddr, RedisPassword: at.RedisPassword, Secret: secret,
		Sabotage: config.sabotage,
	})
	if err != nil {
		return err
	}
	authURL := "http://" + authAddrs.Outside[authPort]
	addrs, err := e.spawn(ctx, serviceCallers, append(carshare.Services(), adminPort), carshare.CallersConfig{
		PrimaryURL: inside.PrimaryURL(carshare.RoleCallers), AuthURL: "http://" + authAddrs.Inside[authPort], Secret: secret,
		Sabotage: config.sabotage,
	})
	if err != nil {
		return err
	}
	bases := map[string]string{}
	for _, name := range carshare.Services() {
		bases[name] = "http://" + addrs.Outside[name]
	}
	e.source = carshare.NewSource(carshare.SourceConfig{Data: config.data, Popularity: config.zipf, Weights: config.weights, Bases: bases})
	e.connectProbes(authURL, "http://"+addrs.Outside[adminPort], secret)
	e.system, err = carshare.NewSystem(ctx, carshare.SystemConfig{
		CallersURL: "http://" + addrs.Outside[adminPort], AuthURL: authURL, Secret: secret, Data: config.data, Job: config.job,
		PrimaryURL: at.PrimaryURL(carshare.RoleArchiver), ReplicaURL: at.ReplicaURL(carshare.RoleArchiver),
	})
	if err == nil {
		e.details = append(e.details, probe.State("system", e.system.State))
	}
	return err
}

// sabotageVariable plants a defect in the services of a run, for the tests that want to see it caught. The record says so.
const sabotageVariable = "REHEARSE_SABOTAGE"

// planted is the defect that the environment asks for.
func planted() (string, error) {
	name, known := os.Getenv(sabotageVariable), slices.Concat(auth.Sabotages(), carshare.Sabotages())
	if name != "" && !slices.Contains(known, name) {
		return "", usageError("%s: %q is unknown; use one of %s, or unset it", sabotageVariable, name, strings.Join(known, ", "))
	}
	return name, nil
}

// spawn starts this binary as a service.
func (e *environment) spawn(ctx context.Context, name string, ports []string, config any) (stack.Addresses, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return stack.Addresses{}, fmt.Errorf("configure %s: %w", name, err)
	}
	return e.stack.Spawn(ctx, stack.Service{
		Name: name, Args: []string{"serve", name}, Ports: ports, Env: []string{configVariable + "=" + string(text)},
	})
}

// connectProbes points the instruments at every part of the system.
func (e *environment) connectProbes(authURL, callersURL, secret string) {
	at := e.stack.Endpoints()
	e.probes = []*probe.Instrument{
		probe.Postgres(stack.Primary, at.PrimaryURL(stack.Harness), carshare.Roles()),
		probe.Postgres(stack.Replica, at.ReplicaURL(stack.Harness), carshare.Roles()),
		probe.Redis(stack.Redis, at.RedisAddr, at.RedisPassword),
		probe.GuardedMetrics(serviceAuth, authURL+"/metrics", "carshare_", secret),
		probe.GuardedMetrics(serviceCallers, callersURL+"/metrics", "carshare_", secret),
		probe.CPU(e.processes),
	}
	e.queries = []*probe.Queries{
		probe.NewQueries(stack.Primary+"_by_query", at.PrimaryURL(stack.Harness), carshare.Roles()),
		probe.NewQueries(stack.Replica+"_by_query", at.ReplicaURL(stack.Harness), carshare.Roles()),
	}
	e.details = []*probe.Instrument{
		e.queries[0].Instrument, e.queries[1].Instrument,
		probe.GuardedMetrics(serviceAuth+"_by_api", authURL+"/metrics/details", "carshare_", secret),
		probe.GuardedMetrics(serviceCallers+"_by_api", callersURL+"/metrics/details", "carshare_", secret),
	}
}

// statements are the texts of the queries seen so far, by id.
func (e *environment) statements() map[string]string {
	texts := map[string]string{}
	for _, q := range e.queries {
		maps.Copy(texts, q.Texts())
	}
	return texts
}

// processes are the process ids of the nodes as they are now.
func (e *environment) processes() map[string]int {
	pids := map[string]int{}
	for _, node := range e.stack.Endpoints().Nodes {
		pids[node.Name] = node.PID
	}
	return pids
}

// close takes everything down. It may be called on an environment that came up in part.
func (e *environment) close() error {
	var errs []error
	for _, p := range slices.Concat(e.probes, e.details) {
		errs = append(errs, p.Close())
	}
	if e.system != nil {
		e.system.Close()
	}
	if e.stack != nil {
		errs = append(errs, e.stack.Close())
	}
	return errors.Join(errs...)
}

// loadSource lets the generator, which knows no system, draw from the reference system's source.
type loadSource struct{ *carshare.Source }

// Request implements load.Source.
func (s loadSource) Request(ctx context.Context, op string, hit scenarios.Hit) (*http.Request, error) {
	request, err := s.Source.Request(ctx, carshareHit(op, hit))
	if errors.Is(err, carshare.ErrNoToken) {
		err = fmt.Errorf("%w: %w", load.ErrBrokenSession, err)
	}
	return request, err
}

// Check implements load.Source.
func (s loadSource) Check(op string, hit scenarios.Hit, status int, body []byte) load.Outcome {
	return load.Outcome(s.Source.Check(carshareHit(op, hit), status, body))
}

// API implements load.Source.
func (s loadSource) API(op string, hit scenarios.Hit) string {
	return s.Source.API(carshareHit(op, hit))
}

func carshareHit(op string, hit scenarios.Hit) carshare.Hit {
	return carshare.Hit{Operation: op, N: hit.N, Session: hit.Session, Step: hit.Step, Last: hit.Last}
}
