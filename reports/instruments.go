package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// instruments are the sources that a run has read at edges. What it has read at an edge of a kind in any trial has to be there
// in each of them: a rate over the trials in which it is would be that of what went well. Needed are those by which trials
// are judged; besides are processor time and details, for want of which no trial is lost.
type instruments struct{ needed, besides edgesRead }

// edgesRead are the sources that are read at the edges of stages, by stage; the empty one is the trial.
type edgesRead map[string]map[string]bool

func newInstruments() instruments {
	return instruments{edgesRead{"": {"primary": true, "replica": true}}, edgesRead{}}
}

// add learns from a reading. One of the one-second rhythm tells of the edges of the trial.
func (i instruments) add(s record.Sample) {
	of := i.needed
	if s.Source == "cpu" || detail(s.Source) {
		of = i.besides
	}
	if of[s.Stage] == nil {
		of[s.Stage] = map[string]bool{}
	}
	of[s.Stage][s.Source] = true
}

// unread lists the readings that are missing at the edges of the trial and of its measured stages.
func (t *trial) unread(read edgesRead) (reasons []string) {
	missing := func(stage, of string) {
		for _, at := range []string{"begin", "end"} {
			absent := slices.DeleteFunc(slices.Sorted(maps.Keys(read[stage])), func(source string) bool {
				_, ok := t.Edges[reading.Edge{Stage: stage, Side: at, Source: source}]
				return ok || stage != "" && source == "load" && !t.InFlightKnown()
			})
			if len(absent) > 0 {
				reasons = append(reasons, fmt.Sprintf("no reading of %s at the %s of %s", strings.Join(absent, ", "), at, of))
			}
		}
	}
	missing("", "the trial")
	for _, stage := range t.Stages {
		if stage.Measure {
			missing(stage.Name, stage.Name)
		}
	}
	return reasons
}
