package harness

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/probe"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// actor is a system that notes what it is told and when, and takes the given time for it.
type actor struct {
	began time.Time
	takes map[string]time.Duration
	fail  map[string]error

	mu    sync.Mutex
	calls []string
}

func (a *actor) call(ctx context.Context, name string) error {
	a.mu.Lock()
	a.calls = append(a.calls, fmt.Sprintf("%v %s", time.Since(a.began).Round(10*time.Millisecond), name))
	a.mu.Unlock()
	select {
	case <-time.After(a.takes[name]):
		return a.fail[name]
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *actor) Prepare(ctx context.Context, state string) error {
	return a.call(ctx, "prepare "+state)
}
func (a *actor) Apply(ctx context.Context, state string) error { return a.call(ctx, "apply "+state) }
func (a *actor) Warm(ctx context.Context) error                { return a.call(ctx, "warm") }
func (a *actor) Settle(ctx context.Context) error              { return a.call(ctx, "settle") }

// cutoverPlan is a second of warm-up and ten seconds of each of three states, at ten hits a second.
func cutoverPlan() (*scenarios.Plan, []string) {
	p := plan("baseline")
	p.Once = true
	p.Stages = []scenarios.PlannedStage{{Name: "warm-up", End: time.Second, From: 10, To: 10, Hits: 10}}
	for i, name := range []string{"baseline", "cache", "baseline again"} {
		begin := time.Second + time.Duration(i)*10*time.Second
		p.Stages = append(p.Stages, scenarios.PlannedStage{Name: name, Begin: begin, End: begin + 10*time.Second, From: 10, To: 10, Hits: 100, Measure: true})
	}
	return p, []string{"baseline", "baseline", "cache", "baseline"}
}

// cutOver runs it on a system. The load begins lead after the run.
func cutOver(t *testing.T, ctx context.Context, a *actor) (*record.Run, error) {
	t.Helper()
	a.began = time.Now().Add(lead)
	p, states := cutoverPlan()
	return rehearse(t, ctx, Config{Plan: p, System: a, Kind: Cutover{states}, Probes: []probe.Probe{&counter{name: "primary"}}})
}

// switches are what the record tells of them, as the second on the load's clock, the text, how long and how late.
func switches(run *record.Run) (list []string) {
	zero := math.NaN()
	for _, e := range run.Events {
		if e.Kind == record.EventTrialBegin {
			zero = e.AtSeconds
		}
		if begin, ok := e.Values["begin_seconds"]; ok && e.Kind == record.EventSwitch {
			list = append(list, fmt.Sprintf("%.2f %s took %.2f late %.2f", begin-zero, e.Text, e.Values["seconds"], e.Values["late_seconds"]))
		}
	}
	return list
}

// What a state needs is begun after a quarter of the hold before; the switch comes at the begin of its own, while hits go on
// and readings too.
func TestCutover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &actor{takes: map[string]time.Duration{"prepare cache": 2 * time.Second, "apply cache": 1500 * time.Millisecond}}
		run, err := cutOver(t, t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"-50ms prepare baseline", "-50ms apply baseline", "-50ms warm", "3.5s prepare cache", "11s apply cache",
			"15s prepare baseline", "21s apply baseline", "31s settle"}
		if diff := cmp.Diff(want, a.calls); diff != "" {
			t.Errorf("system (-want +got):\n%s", diff)
		}
		told := []string{"11.00 baseline -> cache took 1.50 late 0.00", "21.00 cache -> baseline took 0.00 late 0.00"}
		if diff := cmp.Diff(told, switches(run)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		offered := map[string]uint64{}
		for _, w := range run.Windows {
			offered[w.Stage] += w.Offered
		}
		if diff := cmp.Diff(map[string]uint64{"warm-up": 10, "baseline": 100, "cache": 100, "baseline again": 100}, offered); diff != "" {
			t.Errorf("hits (-want +got):\n%s", diff)
		}
		if n := len(readings(t, run, 0, "primary")); n < 32 || !run.Complete() {
			t.Errorf("%d readings, complete %v", n, run.Complete())
		}
	})
}

// What is not ready in time makes its switch late, and the next one too where its state would be held for less than half its
// time; what the load does not last for is not done any more.
func TestCutoverIsLate(t *testing.T) {
	for _, tt := range []struct {
		takes map[string]time.Duration
		want  []string
	}{
		{map[string]time.Duration{"prepare cache": 10500 * time.Millisecond},
			[]string{"14.00 baseline -> cache took 0.00 late 3.00", "21.00 cache -> baseline took 0.00 late 0.00"}},
		{map[string]time.Duration{"apply cache": 12 * time.Second},
			[]string{"11.00 baseline -> cache took 12.00 late 0.00", "28.00 cache -> baseline took 0.00 late 7.00"}},
		{map[string]time.Duration{"apply cache": 25 * time.Second}, []string{"11.00 baseline -> cache took 25.00 late 0.00"}},
		{map[string]time.Duration{"prepare cache": time.Minute}, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			run, err := cutOver(t, t.Context(), &actor{takes: tt.takes})
			if diff := cmp.Diff(tt.want, switches(run)); err != nil || diff != "" || !run.Complete() {
				t.Errorf("%v: %v, complete %v (-want +got):\n%s", tt.takes, err, run.Complete(), diff)
			}
		})
	}
}

// A step that fails under load ends the run at once, as does an interruption in the midst of a switch.
func TestCutoverEndsEarly(t *testing.T) {
	lost := errors.New("node lost")
	for name, tt := range map[string]struct {
		system *actor
		cancel time.Duration
		says   string
	}{
		"prepare fails": {&actor{fail: map[string]error{"prepare cache": lost}}, 0, "cutover to cache: prepare: node lost"},
		"apply fails":   {&actor{fail: map[string]error{"apply cache": lost}}, 0, "cutover to cache: apply: node lost"},
		"interrupted":   {&actor{takes: map[string]time.Duration{"apply cache": 5 * time.Second}}, 12 * time.Second, "node lost"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if tt.cancel > 0 {
					time.AfterFunc(tt.cancel, func() { cancel(lost) })
				}
				began := time.Now()
				run, err := cutOver(t, ctx, tt.system)
				if !errors.Is(err, lost) || run.Complete() || time.Since(began) > 13*time.Second {
					t.Errorf("got %v after %v, complete %v", err, time.Since(began), run.Complete())
				}
				last := run.Events[len(run.Events)-1]
				if last.Kind != record.EventInterrupted || !strings.Contains(last.Text, tt.says) || len(switches(run)) > 0 {
					t.Errorf("got %+v and the switches %q", last, switches(run))
				}
			})
		})
	}
}

// A cutover that does not fit its plan is refused before anything happens.
func TestCutoverFits(t *testing.T) {
	for name, spoil := range map[string]func(*Config, *Cutover){
		"a state too few":     func(_ *Config, k *Cutover) { k.States = k.States[1:] },
		"another first state": func(_ *Config, k *Cutover) { k.States[0] = "cache" },
		"two trials": func(c *Config, _ *Cutover) {
			c.Plan.Trials = append(c.Plan.Trials, scenarios.Trial{Index: 1, State: c.Plan.Trials[0].State})
		},
		"it may be repeated": func(c *Config, _ *Cutover) { c.Plan.Once = false },
	} {
		t.Run(name, func(t *testing.T) {
			a := &actor{}
			c := Config{System: a}
			var k Cutover
			c.Plan, k.States = cutoverPlan()
			spoil(&c, &k)
			c.Kind = k
			if run, err := rehearse(t, t.Context(), c); err == nil || len(a.calls)+len(run.Events) > 0 {
				t.Errorf("got %v after %q", err, a.calls)
			}
		})
	}
}
