package harness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/load"
	"github.com/rehearse-dev/rehearse/harness/probe"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// system notes what it is told. A step named in fail returns that error; one in hang waits for its context.
type system struct {
	mu    sync.Mutex
	calls []string
	fail  map[string]error
	hang  string
}

func (s *system) call(ctx context.Context, name string, takes time.Duration) error {
	s.mu.Lock()
	s.calls = append(s.calls, name)
	s.mu.Unlock()
	if name == s.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	time.Sleep(takes)
	return s.fail[name]
}

func (s *system) Prepare(ctx context.Context, state string) error {
	return s.call(ctx, "prepare "+state, 0)
}

func (s *system) Apply(ctx context.Context, state string) error {
	return s.call(ctx, "apply "+state, 1500*time.Millisecond)
}

func (s *system) Warm(ctx context.Context) error   { return s.call(ctx, "warm", time.Second) }
func (s *system) Settle(ctx context.Context) error { return s.call(ctx, "settle", 2*time.Second) }

// counter is a probe whose one series counts its readings. Readings after the first working ones fail; zero means all
// work. Each takes the given time.
type counter struct {
	name    string
	takes   time.Duration
	working int

	mu sync.Mutex
	n  int
}

func (c *counter) Name() string { return c.name }

func (c *counter) Read(ctx context.Context) (map[string]float64, error) {
	select {
	case <-time.After(c.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n++; c.working > 0 && c.n > c.working {
		return nil, errors.New("connection lost")
	}
	return map[string]float64{"readings_total": float64(c.n)}, nil
}

type source struct{}

func (source) Request(_ context.Context, op string, hit scenarios.Hit) (*http.Request, error) {
	return http.NewRequest(http.MethodGet, fmt.Sprintf("http://system/%s/%d", op, hit.N), nil)
}

func (source) Check(string, scenarios.Hit, int, []byte) load.Outcome { return load.Outcome{} }

func (source) API(op string, _ scenarios.Hit) string { return "GET " + op }

// answers is a transport that answers 200 after the given time.
type answers time.Duration

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(time.Duration(a)):
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// fake is load.Run with a transport in process and a sleep that the fake clock knows.
func fake(takes time.Duration) func(context.Context, load.Config) (load.Totals, error) {
	return func(ctx context.Context, cfg load.Config) (load.Totals, error) {
		cfg.Transport = answers(takes)
		cfg.Sleep = func(ctx context.Context, until time.Time) {
			select {
			case <-time.After(time.Until(until)):
			case <-ctx.Done():
			}
		}
		return load.Run(ctx, cfg)
	}
}

// plan has two stages, 3 s at 20/s and 2.5 s at 40/s, and the trials of the given states, all in round zero.
func plan(states ...string) *scenarios.Plan {
	p := &scenarios.Plan{
		Seed: 1, Rounds: 1, Timeout: time.Second, States: []string{"baseline", "cache"},
		Operations: []scenarios.Operation{{Name: "verify", Share: 1}},
		Stages: []scenarios.PlannedStage{
			{Name: "calm", End: 3 * time.Second, From: 20, To: 20, Hits: 60},
			{Name: "peak", Begin: 3 * time.Second, End: 5500 * time.Millisecond, From: 40, To: 40, Hits: 100, Measure: true},
		},
	}
	for i, state := range states {
		p.Trials = append(p.Trials, scenarios.Trial{Index: i, State: state})
	}
	return p
}

// rehearse runs cfg to its end, with what it lacks filled in, and reads the record back.
func rehearse(t *testing.T, ctx context.Context, cfg Config) (*record.Run, error) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	w, err := record.Create(dir, headerOf(cfg.Plan), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	cfg.Record, cfg.Source, cfg.Condition = w, source{}, condition
	if cfg.Load == nil {
		cfg.Load = fake(5 * time.Millisecond)
	}
	ran := Run(ctx, cfg)
	// Not closed on purpose: what Run leaves behind must be on disk without that.
	run, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return run, ran
}

// condition is what the judge thinks of a trial.
func condition(m Measured) Condition {
	hits := &reading.Hits{Offered: m.Due, Response: m.Response, Lag: m.Lag}
	why, values := reading.Unbelievable(hits.Punctuality(), reading.ForeignIn(m.Stages, m.Processors))
	return Condition{P95Seconds: float64(hits.ResponseAt(0.95)), Why: why, Values: values}
}

// headerOf is what a reader has to know of a plan before its lines.
func headerOf(p *scenarios.Plan) record.Header {
	h := record.Header{Started: time.Now(), States: p.States, Operations: []string{"verify"}}
	for _, stage := range p.Stages {
		h.Stages = append(h.Stages, record.Stage{Name: stage.Name, BeginSeconds: stage.Begin.Seconds(), EndSeconds: stage.End.Seconds(), Measure: stage.Measure})
	}
	for _, trial := range p.Trials {
		h.Trials = append(h.Trials, record.Trial{Index: trial.Index, State: trial.State})
	}
	return h
}

// kinds lists the events as "kind trial".
func kinds(run *record.Run) (list []string) {
	for _, e := range run.Events {
		list = append(list, fmt.Sprintf("%s %d", e.Kind, e.Trial))
	}
	return list
}

// The trials run in the plan's order; a state that is there already is not applied again.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &system{}
		run, err := rehearse(t, t.Context(), Config{Plan: plan("baseline", "cache", "cache", "baseline"), System: s})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{
			"prepare baseline", "apply baseline", "warm", "settle", "prepare cache", "apply cache", "warm", "settle",
			"warm", "settle", "prepare baseline", "apply baseline", "warm", "settle",
		}, s.calls); diff != "" {
			t.Errorf("system (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{
			"switch 0", "trial_begin 0", "trial_end 0", "switch 1", "trial_begin 1", "trial_end 1",
			"trial_begin 2", "trial_end 2", "switch 3", "trial_begin 3", "trial_end 3", "done -1",
		}, kinds(run)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if !run.Complete() {
			t.Error("got an incomplete run")
		}
		if got := run.Events[0].Values["seconds"]; got != 1.5 {
			t.Errorf("switch: got %v s, want 1.5", got)
		}
		if lag := run.Events[2].Values["lag_p99_seconds"]; lag > 1e-6 {
			t.Errorf("lag on the fake clock: got %v s, want none", lag)
		}
		delete(run.Events[2].Values, "lag_p99_seconds")
		want := map[string]float64{"offered": 160, "sent": 160, "completed": 160, "failed": 0, "missed": 0, "realtime": 0}
		if diff := cmp.Diff(want, run.Events[2].Values); diff != "" {
			t.Errorf("totals (-want +got):\n%s", diff)
		}
	})
}

// moment is where a sample stands on its trial's clock.
type moment struct {
	at          time.Duration
	stage, edge string
}

// readings are those of one source in one trial, in the order of time and labels.
func readings(t *testing.T, run *record.Run, trial int, source string) (list []moment) {
	t.Helper()
	var zero float64
	for _, e := range run.Events {
		if e.Trial == trial && e.Kind == record.EventTrialBegin {
			zero = e.AtSeconds
		}
	}
	for _, s := range run.Samples {
		if s.Trial == trial && s.Source == source {
			at := time.Duration((s.AtSeconds - zero) * 1e9).Round(10 * time.Millisecond)
			list = append(list, moment{at, s.Stage, s.Edge})
		}
	}
	slices.SortStableFunc(list, func(a, b moment) int { return int(a.at - b.at) })
	return list
}

// Readings come every second, at both edges of each stage and around the trial, whatever a reading takes. A slow
// one delays none and carries the middle of its time.
func TestReadings(t *testing.T) {
	for _, takes := range []time.Duration{0, 1200 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			p := &counter{name: "primary", takes: takes}
			run, err := rehearse(t, t.Context(), Config{
				Plan: plan("baseline"), System: &system{}, Probes: []probe.Probe{p}, Load: fake(900 * time.Millisecond),
			})
			if err != nil {
				t.Fatal(err)
			}
			middle := takes / 2
			// The last hit is due half an interval (12.5 ms) before 5.5 s and answered 900 ms later; the last reading
			// before that is at 6 s and the trial settles for 2 s.
			end := max(5500*time.Millisecond-12500*time.Microsecond+900*time.Millisecond, 6*time.Second+takes) + 2*time.Second
			want := []moment{
				{-lead - takes + middle, "", "begin"},
				{middle, "calm", "begin"}, {middle, "", ""},
				{1*time.Second + middle, "", ""},
				{2*time.Second + middle, "", ""},
				{3*time.Second + middle, "calm", "end"}, {3*time.Second + middle, "peak", "begin"}, {3*time.Second + middle, "", ""},
				{4*time.Second + middle, "", ""},
				{5*time.Second + middle, "", ""},
				{5500*time.Millisecond + middle, "peak", "end"},
				{6*time.Second + middle, "", ""},
				{(end + middle).Round(10 * time.Millisecond), "", "end"},
			}
			if diff := cmp.Diff(want, readings(t, run, 0, "primary"), cmp.AllowUnexported(moment{})); diff != "" {
				t.Errorf("reading takes %v (-want +got):\n%s", takes, diff)
			}
		})
	}
}

// A probe that fails is noted once a trial; the run and the other probes go on.
func TestProbeFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run, err := rehearse(t, t.Context(), Config{
			Plan: plan("baseline", "cache"), System: &system{},
			Probes: []probe.Probe{&counter{name: "redis", working: 3}, &counter{name: "primary"}, &counter{name: "stuck", takes: time.Hour}},
		})
		if err != nil {
			t.Fatal(err)
		}
		faults := map[string]int{}
		for _, e := range run.Events {
			if e.Kind == record.EventFault {
				faults[fmt.Sprintf("%d %s", e.Trial, strings.Fields(e.Text)[1])]++
			}
		}
		if diff := cmp.Diff(map[string]int{"0 redis": 1, "1 redis": 1, "0 stuck": 1, "1 stuck": 1}, faults); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
		counts := map[string]int{}
		for _, s := range run.Samples {
			counts[s.Source]++
		}
		// Readings are one of each trial's two edges, ten labelled ones and one more while the stuck probe is awaited.
		if counts["primary"] < 2*12 || counts["redis"] != 4 || counts["stuck"] != 0 {
			t.Errorf("samples: got %v, want all of primary, and of redis those of three readings", counts)
		}
	})
}

// Whatever step ends the run, its cause is recorded last, returned, and all before it is readable.
func TestInterrupted(t *testing.T) {
	lost := errors.New("node lost")
	for _, tt := range []struct {
		name   string
		system *system
		cancel time.Duration
		kinds  []string
		text   string
	}{
		{"apply fails", &system{fail: map[string]error{"apply cache": lost}}, 0,
			[]string{"switch 0", "trial_begin 0", "trial_end 0", "interrupted 1"}, "trial 2 of 2 (cache): apply: node lost"},
		{"warm fails", &system{fail: map[string]error{"warm": lost}}, 0,
			[]string{"switch 0", "interrupted 0"}, "trial 1 of 2 (baseline): warm: node lost"},
		{"settle hangs", &system{hang: "settle"}, 0,
			[]string{"switch 0", "trial_begin 0", "interrupted 0"}, "settle: not done within 2m0s"},
		{"interrupted in the first switch", &system{}, time.Second,
			[]string{"interrupted 0"}, "trial 1 of 2 (baseline): apply: node lost"},
		{"interrupted under load and in a reading", &system{}, 4565 * time.Millisecond,
			[]string{"switch 0", "trial_begin 0", "interrupted 0"}, "node lost"},
		{"interrupted in the second trial", &system{}, 16 * time.Second,
			[]string{"switch 0", "trial_begin 0", "trial_end 0", "switch 1", "trial_begin 1", "interrupted 1"}, "trial 2 of 2 (cache): "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				if tt.cancel > 0 {
					time.AfterFunc(tt.cancel, func() { cancel(lost) })
				}
				run, err := rehearse(t, ctx, Config{Plan: plan("baseline", "cache"), System: tt.system, Probes: []probe.Probe{&counter{name: "primary", takes: 10 * time.Millisecond}}})
				if err == nil || tt.system.hang == "" && !errors.Is(err, lost) {
					t.Errorf("got %v, want the cause", err)
				}
				if diff := cmp.Diff(tt.kinds, kinds(run)); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				if last := run.Events[len(run.Events)-1]; !strings.Contains(last.Text, tt.text) {
					t.Errorf("got text %q, want %q in it", last.Text, tt.text)
				}
				var offered uint64
				for _, w := range run.Windows {
					offered += w.Offered
					if w.Offered != w.Sent+w.Missed || w.Sent != w.Completed+w.Failed {
						t.Errorf("window does not add up: %+v", w)
					}
				}
				if began := slices.Contains(tt.kinds, "trial_begin 0"); began != (offered > 0) {
					t.Errorf("offered: got %d", offered)
				}
				cancel(nil)
			})
		})
	}
}

// Rounds are added as long as more are wanted, in alternating direction, and the record knows of them.
func TestMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		run, err := rehearse(t, t.Context(), Config{Plan: plan("baseline", "cache"), System: &system{}, Kind: UntilClear{More: func(context.Context) (bool, error) {
			asked++
			return asked < 3, nil
		}}})
		if err != nil {
			t.Fatal(err)
		}
		var ran []string
		for _, e := range run.Events {
			if e.Kind == record.EventTrialEnd {
				ran = append(ran, fmt.Sprint(e.Trial, " ", e.Text))
			}
		}
		if diff := cmp.Diff([]string{"0 baseline", "1 cache", "2 cache", "3 baseline", "4 baseline", "5 cache"}, ran); diff != "" {
			t.Errorf("trials (-want +got):\n%s", diff)
		}
		if h := run.Header; h.Rounds != 3 || len(h.Trials) != 6 || !cmp.Equal(h.Trials[5], record.Trial{Index: 5, Round: 2, State: "cache", Hits: 160}) {
			t.Errorf("the record has %d rounds and the trials %+v", h.Rounds, h.Trials)
		}
	})
}

// What is asked for more may fail, which ends the run.
func TestMoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failure := errors.New("no look")
		_, err := rehearse(t, t.Context(), Config{Plan: plan("baseline"), System: &system{}, Kind: UntilClear{More: func(context.Context) (bool, error) { return true, failure }}})
		if !errors.Is(err, failure) {
			t.Errorf("got %v, want the failure", err)
		}
	})
}

// A record that cannot be written ends the run at once, with the reason.
func TestRecordFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := record.Create(filepath.Join(t.TempDir(), "run"), record.Header{Started: time.Now()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(4*time.Second, func() { w.Close() })
		begin := time.Now()
		err = Run(t.Context(), Config{Plan: plan("baseline", "cache"), System: &system{}, Source: source{}, Record: w, Load: fake(0)})
		if err == nil || !strings.Contains(err.Error(), "the run directory is closed") {
			t.Errorf("got %v, want why nothing could be recorded", err)
		}
		if took := time.Since(begin); took > 6*time.Second {
			t.Errorf("took %v, want an end soon after 4 s", took)
		}
	})
}

// Progress tells the steps in their order and, under load, rates and latencies of the windows.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard []Progress
		_, err := rehearse(t, t.Context(), Config{Plan: plan("baseline"), System: &system{}, Load: fake(20 * time.Millisecond),
			Progress: func(p Progress) { heard = append(heard, p) }})
		if err != nil {
			t.Fatal(err)
		}
		var steps []string
		for _, p := range heard {
			if step := strings.TrimSpace(p.Step + " " + p.Stage); len(steps) == 0 || steps[len(steps)-1] != step {
				steps = append(steps, step)
			}
		}
		if diff := cmp.Diff([]string{"prepare", "switch", "warm", "load calm", "load peak", "settle"}, steps); diff != "" {
			t.Errorf("steps (-want +got):\n%s", diff)
		}
		// At 5 s the second from 3 s to 4 s is complete for sure: the last of the next one is just being answered.
		for _, p := range heard {
			if p.Stage == "calm" && p.P95Seconds != 0 {
				t.Errorf("p95: got %v while nothing is measured", p.P95Seconds)
			}
		}
		at := slices.IndexFunc(heard, func(p Progress) bool { return p.Elapsed == 5*time.Second })
		p := heard[at]
		if p.P95Seconds < 0.020 || p.P95Seconds > 0.0201 {
			t.Errorf("p95: got %v, want the 20 ms of an answer", p.P95Seconds)
		}
		p.P95Seconds = 0
		want := Progress{Trial: 1, Trials: 1, Round: 1, Rounds: 1, State: "baseline", Step: StepLoad, Stage: "peak",
			Elapsed: 5 * time.Second, Length: 5500 * time.Millisecond, OfferedRate: 40, AchievedRate: 40, TimeoutSeconds: 1}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
