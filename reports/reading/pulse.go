package reading

import (
	"cmp"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// Pulse is one second of a stage of a trial, or the part of it that belongs to the stage, and what became of the hits due.
type Pulse struct {
	Stage string
	// Begin and End are seconds of the trial's clock.
	Begin, End float64
	// Steady tells that the stage has one rate.
	Steady bool
	Hits
}

// Rate is in hits per second.
func (p Pulse) Rate() float64 { return float64(p.Offered) / (p.End - p.Begin) }

// Pulses are what became of the hits of a trial second by second, in the order of time.
func (t *Trial) Pulses() (list []Pulse) {
	stages := map[string]record.Stage{}
	for _, s := range t.Stages {
		stages[s.Name] = s
	}
	seconds := map[Moment]*Pulse{}
	for _, w := range t.Windows {
		at := Moment{Stage: w.Stage, Second: w.Second}
		if seconds[at] == nil {
			begin, end := max(float64(w.Second), stages[w.Stage].BeginSeconds), min(float64(w.Second+1), stages[w.Stage].EndSeconds)
			seconds[at] = &Pulse{Stage: w.Stage, Begin: begin, End: end, Steady: steady(stages[w.Stage])}
		}
		seconds[at].Offered += w.Offered
		seconds[at].Missed += w.Missed
		seconds[at].Failed += w.Failed
	}
	for _, p := range seconds {
		if p.End > p.Begin && p.Offered > 0 {
			list = append(list, *p)
		}
	}
	slices.SortFunc(list, func(a, b Pulse) int { return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End)) })
	return list
}

// steady tells that a stage has one rate, and does not climb or fall.
func steady(s record.Stage) bool {
	return s.FromRate == s.ToRate && !slices.ContainsFunc(s.Rates, func(rate float64) bool { return rate != s.FromRate })
}

// HighestRate is the highest rate of some seconds, and its stage; false without any. Of a stage with one rate it is the mean over
// its seconds: which of them is the busiest is chance.
func HighestRate(seconds []Pulse) (rate float64, stage string, ok bool) {
	means := map[string]*Pulse{}
	for _, p := range seconds {
		if p.Steady {
			if means[p.Stage] == nil {
				means[p.Stage] = &Pulse{}
			}
			means[p.Stage].End += p.End - p.Begin
			means[p.Stage].Offered += p.Offered
		}
	}
	for _, p := range seconds {
		at := p.Rate()
		if p.Steady {
			at = means[p.Stage].Rate()
		}
		if !ok || at > rate {
			rate, stage, ok = at, p.Stage, true
		}
	}
	return rate, stage, ok
}
