// Package harness is the run loop: it puts the system into one state after the other, plays the same traffic against
// each, and records what the instruments say meanwhile.
//
// Scope: [Run] executes the trials of a plan. It knows no container, no database and no statistic: the system changes
// state behind [System], hits and answers are the load package's, numbers are the probes', and what they mean is judged
// later from the record alone.
//
// Opinion: everything is on disk before anything is judged, and a run that ends early says why and stays readable. A
// probe that fails is noted and never ends a run, because the hits are the measurement; a system that cannot reach a
// state does end it, because everything after would be about another system.
//
// Steps of a trial:
//
//  1. prepare the trial's state and switch the system to it, unless it is there
//  2. warm it
//  3. read all probes: the trial's begin
//  4. play the stages; read all probes every second and at both edges of every stage
//  5. after the last answer, let the system write what it writes late
//  6. read all probes: the trial's end
//
// A trial whose generator was late, or whose machine was shared, is repeated at once, a bounded number of times in a run. It
// stays in the record, and its latencies out of every estimate.
//
// A cutover is one trial in which step 1 is taken again and again in the midst of step 4: see [Config].
package harness

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/rehearse-dev/rehearse/harness/load"
	"github.com/rehearse-dev/rehearse/harness/probe"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// System is what the run loop changes between trials. Every method returns soon after its context ends; an error ends
// the run.
type System interface {
	// Prepare does the work the state needs before it can be switched to, such as a job that archives old data. Unlike a
	// switch it may take minutes.
	Prepare(ctx context.Context, state string) error
	// Apply switches to the state from whichever it is in.
	Apply(ctx context.Context, state string) error
	// Warm opens connections and fills caches as the state implies.
	Warm(ctx context.Context) error
	// Settle returns when everything the system writes late is written and the replica has caught up.
	Settle(ctx context.Context) error
}

// Limits on the steps of a trial whose length the plan does not state. A system that needs longer is stuck.
const (
	prepareLimit = 10 * time.Minute
	applyLimit   = 30 * time.Second
	warmLimit    = 2 * time.Minute
	settleLimit  = 2 * time.Minute
)

// lead is how far ahead of now a trial's time zero is put, so that starting the load makes no hit late.
const lead = 50 * time.Millisecond

// Config says what to run and where it is recorded.
type Config struct {
	Plan   *scenarios.Plan
	System System
	Source load.Source
	// Probes are read concurrently. None is allowed; then nothing but the hits is recorded.
	Probes []probe.Probe
	// Details are probes with many series, read at the edges of a trial alone, when there is no load.
	Details []probe.Probe
	// Record takes everything. Its owner closes it.
	Record *record.Writer
	// Every is the time between two readings; zero is one second.
	Every time.Duration
	// Kind of run; nil is [Planned].
	Kind Kind
	// Condition tells of a trial whether it is to be run once more, by the rules of whoever judges the record. Nil runs none
	// again, and tells no p95 meanwhile. It is called from one goroutine at a time.
	Condition func(Measured) Condition
	// Load plays one trial; nil is [load.Run].
	Load func(context.Context, load.Config) (load.Totals, error)
	// Progress, if set, hears of each step and, during the load, of each reading. It is called
	// from one goroutine and must return quickly.
	Progress func(Progress)
}

// runner is a run under way.
type runner struct {
	Config
	// state is where the system is; empty is not known.
	state string
	// repeats is how many trials may still be run once more.
	repeats int
	// done are the trials that reached their end, in their order.
	done []scenarios.Trial
	// recorded is how many trials of the plan the header has, and stages are those it has for all of them.
	recorded int
	stages   []scenarios.PlannedStage
}

// Run executes all trials of the plan in their order. When ctx ends or a step fails, it records an event
// "interrupted" with the cause and returns the error; what was recorded until then is on disk.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Plan == nil || cfg.System == nil || cfg.Source == nil || cfg.Record == nil {
		return errors.New("harness: Config needs a Plan, a System, a Source and a Record")
	}
	if cfg.Kind == nil {
		cfg.Kind = Planned{}
	}
	if cfg.Every == 0 {
		cfg.Every = time.Second
	}
	if cfg.Load == nil {
		cfg.Load = load.Run
	}
	if cfg.Progress == nil {
		cfg.Progress = func(Progress) {}
	}
	r := &runner{Config: cfg, repeats: cfg.Plan.Repeats(), recorded: len(cfg.Plan.Trials), stages: cfg.Plan.Stages}
	for {
		trials, err := r.next(ctx)
		if err != nil {
			return err
		}
		if len(trials) == 0 {
			return r.event(-1, record.EventDone, fmt.Sprintf("%d trials", len(r.done)), nil)
		}
		if err := r.execute(ctx, trials); err != nil {
			return err
		}
	}
}

// execute executes trials one after the other.
func (r *runner) execute(ctx context.Context, trials []scenarios.Trial) error {
	for _, trial := range trials {
		if err := r.believable(ctx, trial); err != nil {
			err = fmt.Errorf("trial %d of %d (%s): %w", trial.Index+1, len(r.Plan.Trials), trial.State, err)
			return errors.Join(err, r.event(trial.Index, record.EventInterrupted, err.Error(), nil))
		}
	}
	return nil
}

// next asks for the trials that follow, and tells the record of those that are new.
func (r *runner) next(ctx context.Context) ([]scenarios.Trial, error) {
	plan, trials, err := r.Kind.Next(ctx, r.Plan, r.done)
	if err != nil || len(trials) == 0 {
		return nil, err
	}
	r.repeats += plan.Repeats() - r.Plan.Repeats()
	r.Plan = plan
	added := plan.Trials[min(r.recorded, len(plan.Trials)):]
	if len(added) == 0 {
		return trials, nil
	}
	r.recorded = len(plan.Trials)
	return trials, r.Record.Edit(func(h *record.Header) {
		h.Rounds = plan.Rounds
		for _, trial := range added {
			h.Trials = append(h.Trials, r.described(trial))
		}
	})
}

// described is a trial as the record keeps it: with its stages, where they are not those of the run.
func (r *runner) described(trial scenarios.Trial) record.Trial {
	kept := RecordedTrial(trial)
	if !slices.EqualFunc(r.stages, r.Plan.Stages, func(a, b scenarios.PlannedStage) bool { return reflect.DeepEqual(a, b) }) {
		kept.Stages = RecordedStages(r.Plan)
	}
	return kept
}

// mostRepeats is how often one trial is run once more: where that does not help, the repeats are of more use to the others.
const mostRepeats = 2

// believable executes a trial, and once more at once if its latencies cannot be believed, as long as there are repeats left.
// The rule looks at the generator and the machine alone and is the same for every state, so it favours none.
func (r *runner) believable(ctx context.Context, trial scenarios.Trial) error {
	why := ""
	for attempt := 0; ; attempt++ {
		m := newMeter(r.Plan, trial, r.Condition)
		m.why = why
		if err := r.trial(ctx, trial, m); err != nil {
			return err
		}
		r.done = append(r.done, trial)
		found := m.condition()
		if found.Why == "" || r.repeats == 0 || attempt == mostRepeats {
			return nil
		}
		r.repeats--
		why = found.Why
		r.Plan = r.Plan.Repeat(trial.Index)
		trial = r.Plan.Trials[len(r.Plan.Trials)-1]
		r.recorded = len(r.Plan.Trials)
		err := errors.Join(r.Record.AddTrial(r.described(trial)), r.event(trial.Index, record.EventRepeat, trial.State+" once more: "+found.Why, found.Values))
		if err != nil {
			return err
		}
	}
}

// trial executes one trial from the switch to the last reading.
func (r *runner) trial(ctx context.Context, trial scenarios.Trial, m *meter) error {
	if err := r.prepare(ctx, trial, m); err != nil {
		return err
	}
	g := newGauges(r, trial.Index, m.hear)
	if err := g.whole(ctx, "begin"); err != nil {
		return err
	}
	begin := time.Now().Add(lead)
	if err := r.Record.AddEvent(record.Event{AtSeconds: r.Record.Since(begin), Trial: trial.Index, Kind: record.EventTrialBegin, Text: trial.State}); err != nil {
		return err
	}
	totals, err := r.play(ctx, begin, trial, g, m)
	if err != nil {
		return err
	}
	r.Progress(m.progress(StepSettle, time.Since(begin)))
	if err := within(ctx, settleLimit, "settle", r.System.Settle); err != nil {
		return err
	}
	if err := g.whole(ctx, "end"); err != nil {
		return err
	}
	return r.event(trial.Index, record.EventTrialEnd, trial.State, values(totals))
}

// prepare switches the system to the trial's state and warms it.
func (r *runner) prepare(ctx context.Context, trial scenarios.Trial, m *meter) error {
	if r.state != trial.State {
		if err := r.enter(ctx, trial, m); err != nil {
			return err
		}
	}
	r.Progress(m.progress(StepWarm, 0))
	return within(ctx, warmLimit, "warm", r.System.Warm)
}

// enter takes the system into the trial's state. The event tells how long the switch took, without the work before it.
func (r *runner) enter(ctx context.Context, trial scenarios.Trial, m *meter) error {
	r.Progress(m.progress(StepPrepare, 0))
	if err := r.ready(ctx, trial.State); err != nil {
		return err
	}
	r.Progress(m.progress(StepSwitch, 0))
	begin, text := time.Now(), trial.State
	if r.state != "" {
		text = r.state + " -> " + trial.State
	}
	if err := r.apply(ctx, trial.State); err != nil {
		return err
	}
	return r.event(trial.Index, record.EventSwitch, text, map[string]float64{"seconds": time.Since(begin).Seconds()})
}

// ready does what a state needs before a switch to it.
func (r *runner) ready(ctx context.Context, state string) error {
	return within(ctx, prepareLimit, "prepare", func(ctx context.Context) error { return r.System.Prepare(ctx, state) })
}

// apply switches the system. Until that is through, it is in no state at all.
func (r *runner) apply(ctx context.Context, state string) error {
	r.state = ""
	if err := within(ctx, applyLimit, "apply", func(ctx context.Context) error { return r.System.Apply(ctx, state) }); err != nil {
		return err
	}
	r.state = state
	return nil
}

// event records something that happens now.
func (r *runner) event(trial int, kind, text string, values map[string]float64) error {
	return r.Record.AddEvent(record.Event{Trial: trial, Kind: kind, Text: text, Values: values})
}

// within does one step of the system, which gets limit for it. When the context ended, its cause is the error.
func within(ctx context.Context, limit time.Duration, step string, do func(context.Context) error) error {
	timed, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done within %v; see the logs of the system", limit))
	defer cancel()
	err := do(timed)
	if cause := context.Cause(timed); cause != nil && (err != nil || ctx.Err() != nil) {
		err = cause
	}
	if err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	return nil
}

func values(t load.Totals) map[string]float64 {
	v := map[string]float64{
		"offered": float64(t.Offered), "sent": float64(t.Sent), "completed": float64(t.Completed),
		"failed": float64(t.Failed), "missed": float64(t.Missed), "lag_p99_seconds": t.LagP99Seconds,
		"realtime": 0,
	}
	if t.Realtime {
		v["realtime"] = 1
	}
	return v
}
