package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness"
	"github.com/rehearse-dev/rehearse/harness/load"
	"github.com/rehearse-dev/rehearse/harness/probe"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/target"
	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// runFlags are the flags of run besides the variation of the scenario.
type runFlags struct {
	variation variation
	baseline  string
	out       string
	stack     string
	keep      bool
	json      bool
	until     untilClear
	ending    ending
	self      selfTest
	watching  watching
	cutover   cutover
	company   company
	// servers are where the servers are installed and which ports they take.
	servers stack.Config
	// sabotage is no flag: only tests plant a defect.
	sabotage string
}

func newRun() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Rehearse a scenario and report what each phase did",
		Long: `run boots Postgres primary and replica and Redis, seeds them, puts the reference system under the scenario's
traffic in every state of its architecture, and reports p95 latency and primary (master DB) QPS before and after each
phase. Everything it starts stops with it; what it measured is in the run directory, out/latest.`,
		Example: `  rehearse run stay-launch --quick           one short round, a first look in about a minute and a half
  rehearse run stay-launch                   three rounds, with intervals
  rehearse run stay-launch --only cache      one phase only
  rehearse run stay-launch --live            watch it in a browser while it lasts
  rehearse run stay-launch --cutover --and-back   apply the phases, and undo them, while the traffic flows
  rehearse run my-peak.yaml --scale 0.5      half the traffic
  rehearse run my-peak.yaml --set nodes.auth.cpus=0.5 --set 'traffic.stages[peak].hold=800/s'`,
		Args:              oneScenario,
		ValidArgsFunction: completeScenario,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.variation.addFlags(cmd)
	flags := cmd.Flags()
	addBaseline(cmd, &f.baseline)
	flags.StringVar(&f.out, "out", "out", "`directory` for run directories")
	flags.StringVar(&f.stack, "stack", stack.BackendAuto, "back end: auto, containers or processes")
	flags.BoolVar(&f.keep, "keep", false, "leave everything running after the report until interrupted")
	f.until.addFlags(cmd)
	f.ending.addFlags(cmd)
	f.self.addFlags(cmd)
	f.watching.addFlags(cmd)
	f.cutover.addFlags(cmd)
	f.company.addFlags(cmd)
	flags.BoolVar(&f.json, "json", false, "print summary.json instead of the tables")
	flags.StringVar(&f.servers.PostgresBin, "postgres-bin", "", "`directory` of postgres and initdb (default: found)")
	flags.StringVar(&f.servers.RedisBin, "redis-bin", "", "`directory` of redis-server (default: found)")
	flags.StringVar(&f.servers.PostgresImage, "postgres-image", "", "`image` of Postgres for containers (default: the scenario's, else found)")
	flags.StringVar(&f.servers.RedisImage, "redis-image", "", "`image` of Redis for containers (default: the scenario's, else found)")
	flags.IntVar(&f.servers.PrimaryPort, "primary-port", 0, "port of the primary (default: any free one)")
	flags.IntVar(&f.servers.ReplicaPort, "replica-port", 0, "port of the replica (default: any free one)")
	flags.IntVar(&f.servers.RedisPort, "redis-port", 0, "port of Redis (default: any free one)")
	return cmd
}

// servable refuses directories and ports of the servers that are none. Joined, the mistakes are told all at once.
func (f *runFlags) servable() error {
	s := f.servers
	images, binaries := cmp.Or(s.PostgresImage, s.RedisImage), cmp.Or(s.PostgresBin, s.RedisBin)
	switch {
	case f.stack == stack.BackendProcesses && images != "":
		return usageError("image %s is for containers, and --stack is processes; leave one of the two out", images)
	case f.stack == stack.BackendContainers && binaries != "":
		return usageError("servers in %s are for processes, and --stack is containers; leave one of the two out", binaries)
	}
	return errors.Join(folder("postgres-bin", s.PostgresBin, "postgres and initdb"), folder("redis-bin", s.RedisBin, "redis-server"),
		port("primary-port", s.PrimaryPort), port("replica-port", s.ReplicaPort), port("redis-port", s.RedisPort))
}

// backends are the values of --stack.
func backends() []string {
	return []string{stack.BackendAuto, stack.BackendContainers, stack.BackendProcesses}
}

// run plans, rehearses and judges.
func (f *runFlags) run(cmd *cobra.Command, name string) error {
	if err := errors.Join(oneOf("stack", f.stack, backends()), f.servable()); err != nil {
		return err
	}
	if f.out == "" {
		return usageError("--out is empty; write a directory for run directories, or leave it out")
	}
	if err := errors.Join(f.until.vary(&f.variation), f.self.check(&f.variation, f.until), f.watching.check(), f.cutover.check(f), f.company.check(&f.variation)); err != nil {
		return err
	}
	s, err := f.variation.read(name)
	if err != nil {
		return err
	}
	saved, err := baselineOf(f.baseline, s.Name)
	if err != nil {
		return err
	}
	if f.sabotage, err = planted(targetOf(s)); err != nil {
		return err
	}
	plan, err := f.plan(s)
	if err != nil {
		return err
	}
	began := time.Now()
	r, err := newRehearsal(f, s, plan, began, cmd.ErrOrStderr())
	if err == nil {
		err = r.keepBaseline(saved)
	}
	if err != nil {
		return exitError{exitEnvironment, err}
	}
	var judged *model.Verdict
	err = r.rehearse(cmd.Context(), func(measured error) error {
		verdict, err := f.report(cmd, r)
		if measured == nil {
			judged = verdict
		}
		return errors.Join(measured, err)
	})
	return f.ending.endWith(cmd, judged, err)
}

// plan is what is going to be run.
func (f *runFlags) plan(s *scenarios.Scenario) (*scenarios.Plan, error) {
	plan := s.Plan()
	plan.Once = f.company.noRepeat
	switch {
	case f.self.on:
		return f.self.plan(s, plan)
	case f.cutover.on:
		return f.cutover.plan(s, plan)
	}
	return plan, nil
}

// report judges what was recorded, however far the run came. A self-test has no verdict; what went wrong after a verdict
// stands beside it.
func (f *runFlags) report(cmd *cobra.Command, r *rehearsal) (*model.Verdict, error) {
	if err := r.writer.Flush(); err != nil {
		return nil, err
	}
	of, err := tell(cmd, r.view, r.dir, judging{}, f.json)
	if of == nil {
		return nil, err
	}
	verdict, sentence, unfinished := of.end()
	if verdict != nil {
		r.onlookers.finish(endingOf(verdict.String(), sentence, r.dir))
	}
	return verdict, cmp.Or(err, unfinished)
}

// rehearsal is one run from its directory to its last trial.
type rehearsal struct {
	flags    *runFlags
	scenario *scenarios.Scenario
	plan     *scenarios.Plan
	// saved is the baseline to compare with; nil if none.
	saved  *model.Baseline
	dir    string
	header record.Header
	writer *record.Writer
	// view is where talk goes: it knows what else stands on the terminal.
	view      *progressView
	onlookers *onlookers
	// judged tells that what happens from now on is none of the record.
	judged bool
	// mu keeps lines of talk whole: nodes may die on a goroutine of their own.
	mu sync.Mutex
}

// newRehearsal makes the run directory, so that even a run that fails to boot leaves its header and its logs.
func newRehearsal(f *runFlags, s *scenarios.Scenario, plan *scenarios.Plan, began time.Time, talk io.Writer) (*rehearsal, error) {
	var suffix [2]byte
	rand.Read(suffix[:])
	id := began.UTC().Format("20060102T150405Z") + "-" + s.Name + "-" + hex.EncodeToString(suffix[:])
	r := &rehearsal{flags: f, scenario: s, plan: plan, dir: filepath.Join(f.out, id), view: newProgressView(talk, plan, declaredBy(s.Vocabulary))}
	r.header = newHeader(id, began, os.Args, s, plan, &f.variation)
	r.header.Stack, r.header.UntilClear = f.stack, f.until.on
	if f.self.on {
		state := plan.States[0]
		r.header.SelfTest = &record.SelfTest{State: state, Levels: levels(state)}
	}
	f.cutover.describe(&r.header)
	if f.sabotage != "" {
		r.header.Settings["sabotage"] = f.sabotage
	}
	var err error
	if r.writer, err = record.Create(r.dir, r.header, s.Source); err != nil {
		return nil, fmt.Errorf("%w; choose another place with --out", err)
	}
	if err := errors.Join(r.keepFiles(), os.MkdirAll(r.logs(), 0o755)); err != nil {
		return nil, errors.Join(err, r.writer.Close())
	}
	if err := pointLatest(f.out, id); err != nil {
		r.say("warning: %v", err)
	}
	return r, nil
}

// keepFiles puts the files the scenario names beside it, so that the run directory says everything.
func (r *rehearsal) keepFiles() error {
	var errs []error
	for name, content := range r.scenario.Files {
		errs = append(errs, r.writer.AddFile(name, content))
	}
	return errors.Join(errs...)
}

// keepBaseline puts the saved baseline into the run directory as well.
func (r *rehearsal) keepBaseline(saved *model.Baseline) error {
	if r.saved = saved; saved != nil {
		return reports.WriteBaseline(saved, filepath.Join(r.dir, judge.BaselineFile))
	}
	if wantsBaseline(r.scenario) {
		r.say("no saved baseline is given: budgets that are of: saved will be inconclusive")
	}
	return nil
}

func (r *rehearsal) logs() string { return filepath.Join(r.dir, "logs") }

// say writes a line of talk.
func (r *rehearsal) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.view, format+"\n", args...)
}

// rehearse boots, measures, reports and takes down. The report is told how the measurement ended and makes of it how the
// run ends.
func (r *rehearsal) rehearse(ctx context.Context, report func(error) error) (err error) {
	defer func() { err = errors.Join(err, r.writer.Close()) }()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if r.onlookers, err = r.lookOn(r.flags.watching); err != nil {
		return r.notReady(ctx, err)
	}
	defer func() { r.onlookers.close(err) }()
	leave, err := r.lookAround(ctx)
	if err != nil {
		return r.notReady(ctx, err)
	}
	defer leave()
	takes := outlayOf(r.scenario, r.plan, keptData(r.scenario))
	r.say("%s: %s; about %s", r.scenario.Name, r.outline(), about(takes.of(len(r.plan.Trials))))
	r.view.outlook.boot, r.view.outlook.trial = takes.boot, takes.trial
	r.view.start()
	defer r.view.close()
	e, booted, err := r.boot(ctx, end)
	if err != nil {
		return r.notReady(ctx, err)
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	at := e.Stack.Endpoints()
	r.say("servers up in %s after %.1f s%s", r.header.Stack, booted.Seconds(), seeded(at.Template))
	if err := r.writer.Edit(func(h *record.Header) { h.Stack = r.header.Stack; describe(h, at) }); err != nil {
		return err
	}
	measured := r.measure(ctx, e, end)
	// Processes may have been killed for their limits meanwhile.
	if err := r.writer.Edit(func(h *record.Header) {
		h.Limits, h.Statements = e.Stack.Endpoints().Limits, e.Statements()
	}); err != nil {
		return errors.Join(measured, err)
	}
	r.hearNoMore()
	err = report(measured)
	r.onlookers.finish(endedBy(err))
	if measured == nil && r.flags.keep {
		r.keep(ctx, e)
	}
	return err
}

// outline is what the run is going to do.
func (r *rehearsal) outline() string {
	if r.header.Cutover != nil {
		return r.flags.cutover.outline(r.plan)
	}
	return fmt.Sprintf("%s, %s of %s", counted(len(r.plan.States), "state"), counted(len(r.plan.Trials), "trial"), r.plan.Duration().Round(100*time.Millisecond))
}

// boot chooses the back end and starts everything on it; what it took is without the choice.
func (r *rehearsal) boot(ctx context.Context, end context.CancelCauseFunc) (e *target.Environment, took time.Duration, err error) {
	config, backend := r.bootConfig(end), r.flags.stack
	if backend == stack.BackendAuto {
		var why error
		if backend, why, err = chooseBackend(ctx, config.Servers); err != nil {
			return nil, 0, err
		}
		if why != nil {
			r.say("no containers: %s", strings.TrimPrefix(why.Error(), stack.ErrNotReady.Error()+": "))
		}
	}
	r.header.Stack = backend
	config.Open = func(ctx context.Context, servers stack.Config) (stack.Stack, error) {
		return openStack(ctx, backend, servers)
	}
	began := time.Now()
	e, err = target.Boot(ctx, config)
	return e, time.Since(began), err
}

func seeded(t stack.Template) string {
	if t.Reused {
		return " (seeded data reused)"
	}
	return fmt.Sprintf(" (data seeded in %.1f s and kept for the next run)", t.BuildSeconds)
}

// bootConfig says what to boot, but for the back end.
func (r *rehearsal) bootConfig(end context.CancelCauseFunc) target.BootConfig {
	log := slog.New(slog.NewTextHandler(r.view, &slog.HandlerOptions{Level: slog.LevelWarn}))
	config := target.BootConfig{
		Target: targetOf(r.scenario), Scenario: r.scenario, Servers: serversOf(r.flags.servers, os.Getenv, r.scenario),
		Sabotage: r.flags.sabotage, Tell: r.view.boots,
		Job: func(text string, figures map[string]float64) {
			r.note(record.Event{Trial: -1, Kind: record.EventJob, Text: text, Values: figures})
		},
	}
	config.Servers.Run, config.Servers.Logs, config.Servers.Log = r.header.ID, r.logs(), log
	config.Servers.OnExit = func(node string, err error) {
		died := nodeDied{node: node, err: err}
		r.note(record.Event{Trial: -1, Kind: record.EventFault, Text: died.Error()})
		end(died)
	}
	return config
}

// note records an event from outside the run loop. A writer that cannot write ends the run by itself.
func (r *rehearsal) note(e record.Event) { _ = r.writer.AddEvent(e) }

// notReady is an error of the boot, unless the user ended it: what broke then broke for that, and has no other remedy.
func (r *rehearsal) notReady(ctx context.Context, err error) error {
	if stopped, ended := errors.AsType[interrupted](context.Cause(ctx)); ended {
		err = stopped
	} else {
		err = exitError{exitEnvironment, err}
	}
	r.note(record.Event{Trial: -1, Kind: record.EventInterrupted, Text: err.Error(), Values: map[string]float64{exitValue: float64(codeOf(ctx, err))}})
	r.reportNothing()
	return err
}

// reportNothing writes the reports of a run that never began, because build servers look there for what went wrong. What
// keeps them from being written is less than that.
func (r *rehearsal) reportNothing() {
	if err := r.writer.Flush(); err != nil {
		return
	}
	if of, err := judgeRun(r.dir, judging{}); of != nil {
		if err == nil {
			r.say("%s", written(r.dir, of.files()))
		}
		of.annotate(r.view)
	}
}

// measure runs all trials, or fewer where a budget that ends the run is breached: its verdict is for the report to tell.
func (r *rehearsal) measure(ctx context.Context, e *target.Environment, end context.CancelCauseFunc) error {
	defer r.view.close()
	config := harness.Config{
		Plan: r.plan, System: r.system(e), Source: e.Source, Probes: asProbes(e.Probes), Details: asProbes(e.Details),
		Record: r.writer, Load: r.watched(end), Progress: r.view.show, Kind: r.kind(), Condition: condition,
	}
	err := harness.Run(ctx, config)
	if breach, ok := errors.AsType[judge.Breach](context.Cause(ctx)); ok {
		r.view.close()
		r.say("ended early: %v", breach)
		return nil
	}
	died, ok := errors.AsType[nodeDied](context.Cause(ctx))
	switch {
	case ok && errors.Is(died, stack.ErrNotReady):
		return exitError{exitEnvironment, died}
	case ok:
		return exitError{exitInconclusive, fmt.Errorf("%w; its log is in %s", died, r.logs())}
	}
	return err
}

// kind is that of the run; a self-test has trials of its own in an ordinary one.
func (r *rehearsal) kind() harness.Kind {
	switch {
	case r.header.Cutover != nil:
		return harness.Cutover{States: r.header.Cutover.States}
	case r.flags.until.on:
		return harness.UntilClear{More: r.more(time.Now())}
	}
	return harness.Planned{}
}

// system is what is switched between trials.
func (r *rehearsal) system(e *target.Environment) harness.System {
	if r.header.SelfTest == nil {
		return e.System
	}
	return &braked{System: e.System, brake: e.Brake, state: r.header.SelfTest.State, levels: r.header.SelfTest.Levels}
}

// watched is the generator with an eye on the budgets that may end the run.
func (r *rehearsal) watched(end context.CancelCauseFunc) func(context.Context, load.Config) (load.Totals, error) {
	if r.header.Cutover != nil {
		// Its stages are none of the scenario's, which the budgets are about.
		return load.Run
	}
	watch := judge.NewWatch(r.saved, r.header, r.scenario)
	return func(ctx context.Context, config load.Config) (load.Totals, error) {
		trial, emit := config.Plan.Trials[config.Trial], config.Emit
		if trial.Control {
			return load.Run(ctx, config)
		}
		config.Emit = func(w record.Window) error {
			if err := emit(w); err != nil {
				return err
			}
			if breach := watch.Add(trial.State, w); breach != nil {
				r.note(record.Event{Trial: w.Trial, Kind: record.EventAbort, Text: breach.Error()})
				end(breach)
			}
			return nil
		}
		return load.Run(ctx, config)
	}
}

func asProbes(instruments []*probe.Instrument) []probe.Probe {
	probes := make([]probe.Probe, len(instruments))
	for i, p := range instruments {
		probes[i] = p
	}
	return probes
}

// keep holds everything up until the user ends it, and says how to look around.
func (r *rehearsal) keep(ctx context.Context, e *target.Environment) {
	at := e.Stack.Endpoints()
	host, port, _ := strings.Cut(at.RedisAddr, ":")
	r.say("everything is still up; end it with Ctrl-C\n  psql '%s'\n  psql '%s'\n  REDISCLI_AUTH=%s redis-cli -h %s -p %s",
		at.PrimaryURL(stack.Owner), at.ReplicaURL(stack.Owner), at.RedisPassword, host, port)
	<-ctx.Done()
}
