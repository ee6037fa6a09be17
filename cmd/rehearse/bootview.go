package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/target"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// What a run takes besides its stages, as measured on two virtual cores. It is for estimates alone.
const (
	// bootAllowance is for starting servers and services, and for the reports at the end.
	bootAllowance = 5 * time.Second
	// copyAllowance and seedAllowance are for each row of the data: copying and writing back, and making it in the first
	// place.
	copyAllowance = 2 * time.Microsecond
	seedAllowance = 12 * time.Microsecond
	// trialAllowance is for switching, warming and the last answers.
	trialAllowance = 500 * time.Millisecond
)

// outlay is how long a run takes: until its first trial begins, with the reports at the end, and each trial.
type outlay struct{ boot, trial time.Duration }

// outlayOf estimates it. Data that is kept is copied only; the work that a state needs is part of the trials, and done whenever
// the state before had not done it.
func outlayOf(s *scenarios.Scenario, p *scenarios.Plan, kept bool) outlay {
	d := dataOf(s)
	rows := time.Duration(d.Rows)
	o := outlay{boot: bootAllowance + rows*copyAllowance, trial: p.Duration() + trialAllowance}
	if !kept {
		o.boot += rows*seedAllowance + d.Making
	}
	if d.Preparing == nil {
		return o
	}
	var jobs time.Duration
	states, before := targetOf(s).Describe().States(), p.States[0]
	for _, t := range p.Trials {
		if !slices.Contains(states, t.State) {
			continue // a slowdown of the state before
		}
		jobs += d.Preparing(before, t.State)
		before = t.State
	}
	o.trial += jobs / time.Duration(max(len(p.Trials), 1))
	return o
}

// wholeOutlay is how long a run of s takes on a machine that has not kept its data: what lists, plans and pages of help say.
func wholeOutlay(s *scenarios.Scenario, p *scenarios.Plan) time.Duration {
	return outlayOf(s, p, false).of(len(p.Trials))
}

// dataOf is the data of the system that a scenario names.
func dataOf(s *scenarios.Scenario) target.Data { return targetOf(s).Data(s) }

// of is the outlay for so many trials.
func (o outlay) of(trials int) time.Duration { return o.boot + time.Duration(trials)*o.trial }

// keptData tells whether an earlier run has left the data that a scenario asks for.
func keptData(s *scenarios.Scenario) bool { return home.Kept("", dataOf(s).Key) }

// booting is what there is to show before the first trial.
type booting struct {
	step string
	// rows of all are there; of is 0 where nothing is counted.
	rows, of int
	since    time.Time
}

// words say it in a line.
func (b booting) words() string {
	if b.of == 0 || b.rows == 0 {
		return b.step
	}
	if b.rows >= b.of {
		return fmt.Sprintf("%s: all %s rows are there, indexes are built", b.step, grouped(uint64(b.of)))
	}
	return fmt.Sprintf("%s: %s of %s rows", b.step, grouped(uint64(b.rows)), grouped(uint64(b.of)))
}

// boots is called with each step of the boot, and with how far it is where that is counted. The first one is told at once.
func (v *progressView) boots(step string, rows, of int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	first := v.boot.step == ""
	if step != v.boot.step {
		v.boot = booting{step: step, since: time.Now()}
	}
	v.boot.rows, v.boot.of = rows, of
	if first && !v.live {
		fmt.Fprintln(v.out, v.picture().line())
	}
}

// bootLeft is what is left of the boot, which has lasted so long: by the estimate, or by how fast rows come if that says more.
func (o *outlook) bootLeft(b booting, elapsed time.Duration) time.Duration {
	left := o.boot - elapsed
	if b.rows > 0 && b.rows < b.of {
		came := time.Since(b.since)
		left = max(left, came*time.Duration(b.of-b.rows)/time.Duration(b.rows))
	}
	return max(left, 0)
}
