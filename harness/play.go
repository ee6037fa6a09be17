package harness

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/rehearse-dev/rehearse/harness/load"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// instant is a time on the trial's clock at which stages end or begin.
type instant struct {
	at     time.Duration
	labels []boundary
}

// edges lists the edges of the stages in order of time. Where one stage ends the next begins: one reading serves both,
// so nothing falls between them.
func edges(stages []scenarios.PlannedStage) []instant {
	var all []instant
	for _, s := range stages {
		all = append(all, instant{s.Begin, []boundary{{s.Name, "begin"}}}, instant{s.End, []boundary{{s.Name, "end"}}})
	}
	slices.SortStableFunc(all, func(a, b instant) int { return cmp.Compare(a.at, b.at) })
	var merged []instant
	for _, e := range all {
		if n := len(merged); n > 0 && merged[n-1].at == e.at {
			merged[n-1].labels = append(merged[n-1].labels, e.labels...)
		} else {
			merged = append(merged, e)
		}
	}
	return merged
}

// play plays the stages, reading the probes meanwhile, and returns when the last hit is accounted for, the last edge is
// read and every reading is back.
func (r *runner) play(ctx context.Context, begin time.Time, trial scenarios.Trial, g *gauges, m *meter) (load.Totals, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var totals load.Totals
	played := make(chan struct{})
	go func() {
		defer close(played)
		var err error
		totals, err = r.Load(ctx, load.Config{
			Plan: r.Plan, Trial: trial.Index, Source: r.Source, Begin: begin, InFlight: g.inFlight,
			Emit: func(w record.Window) error {
				m.add(w)
				return r.Record.AddWindow(w)
			},
			EmitAPI: r.Record.AddAPIWindow,
		})
		if err != nil {
			fail(err)
		}
	}()
	var meanwhile, readings sync.WaitGroup
	meanwhile.Go(func() {
		if err := r.Kind.During(ctx, &Play{Plan: r.Plan, Trial: trial, Begin: begin, runner: r, played: played}); err != nil {
			fail(err)
		}
	})
	r.rhythm(ctx, begin, played, func(at time.Duration, labels ...boundary) {
		readings.Go(func() {
			// An edge is one moment for all probes; the rhythm between the edges need not be.
			var over time.Duration
			if len(labels) == 1 && labels[0] == (boundary{}) {
				over = r.Every
			}
			if err := g.spread(ctx, over, g.probes, labels); err != nil {
				fail(err)
			}
		})
		r.Progress(m.progress(StepLoad, at))
	})
	<-played
	meanwhile.Wait()
	readings.Wait()
	return totals, context.Cause(ctx)
}

// rhythm calls take at every edge and every Every from time zero, until both the edges and the load are over or the
// context ends. Readings run beside it, so a slow one never delays the next.
func (r *runner) rhythm(ctx context.Context, begin time.Time, played <-chan struct{}, take func(time.Duration, ...boundary)) {
	left := edges(r.Plan.Stages)
	for tick := time.Duration(0); ; {
		at := tick
		if len(left) > 0 {
			at = min(at, left[0].at)
		} else if over(played) {
			return
		}
		if !wait(ctx, begin.Add(at), len(left) == 0, played) {
			return
		}
		var labels []boundary
		if len(left) > 0 && at == left[0].at {
			labels, left = left[0].labels, left[1:]
		}
		if at == tick {
			labels, tick = append(labels, boundary{}), tick+r.Every
		}
		take(at, labels...)
	}
}

// wait tells whether the time came before the context ended or, if the load's end matters, before that.
func wait(ctx context.Context, until time.Time, endMatters bool, played <-chan struct{}) bool {
	if !endMatters {
		played = nil
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-played:
	case <-ctx.Done():
	}
	return false
}

func over(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
