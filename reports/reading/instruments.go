package reading

import (
	"maps"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// Instruments are the sources that a run has read at edges. What it has read at an edge of a kind in any trial has to be there
// in each of them: a rate over the trials in which it is would be that of what went well. Needed are those by which trials
// are judged; Besides are processor time and details, for want of which no trial is lost.
type Instruments struct{ Needed, Besides EdgesRead }

// EdgesRead are the sources that are read at the edges of stages, by stage; the empty one is the trial.
type EdgesRead map[string]map[string]bool

// NewInstruments are those of every run.
func NewInstruments() Instruments {
	return Instruments{EdgesRead{"": {"primary": true, "replica": true}}, EdgesRead{}}
}

// Add learns from a reading. One of the one-second rhythm tells of the edges of the trial.
func (i Instruments) Add(s record.Sample) {
	of := i.Needed
	if s.Source == "cpu" || detail(s.Source) {
		of = i.Besides
	}
	if of[s.Stage] == nil {
		of[s.Stage] = map[string]bool{}
	}
	of[s.Stage][s.Source] = true
}

// detail tells whether a source is read for details alone, so that no trial is lost for want of them.
func detail(source string) bool { return strings.Contains(source, "_by_") }

// Unread are sources of which there is no reading at an edge.
type Unread struct {
	// Stage is empty for the trial itself; Side is begin or end.
	Stage, Side string
	Sources     []string
}

// Unread lists the readings that are missing at the edges of the trial and of its measured stages.
func (t *Trial) Unread(read EdgesRead) (list []Unread) {
	for _, stage := range append([]string{""}, t.MeasuredStages()...) {
		for _, side := range []string{"begin", "end"} {
			absent := slices.DeleteFunc(slices.Sorted(maps.Keys(read[stage])), func(source string) bool {
				_, ok := t.Edges[Edge{stage, side, source}]
				return ok || stage != "" && source == "load" && !t.InFlightKnown()
			})
			if len(absent) > 0 {
				list = append(list, Unread{stage, side, absent})
			}
		}
	}
	return list
}
