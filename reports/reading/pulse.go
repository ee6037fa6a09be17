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
			seconds[at] = &Pulse{Stage: w.Stage, Begin: begin, End: end}
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
