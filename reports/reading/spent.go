package reading

import (
	"math"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// Spent is how long hits took in one second of a stage, by the histograms.
type Spent struct {
	Seconds float64
	Hits    uint64
}

// spend adds a window: of completed hits and, if their time was recorded, of failed ones.
func (t *Trial) spend(w *record.Window) {
	at := Moment{w.Stage, w.Second}
	s := t.Spent[at]
	s.Seconds += w.Response.Mean()*float64(w.Response.Count()) + w.FailedSeconds
	s.Hits += w.Completed
	if w.FailedSeconds > 0 {
		s.Hits += w.Failed
	}
	t.Spent[at] = s
}

// Moment is one second of due time in a stage.
type Moment struct {
	Stage  string
	Second int
}

// Means are the mean responses in the whole seconds of a stage in which hits were due.
func (t *Trial) Means(stage record.Stage) (means []float64) {
	for at := int(math.Ceil(stage.BeginSeconds)); float64(at+1) <= stage.EndSeconds; at++ {
		if s := t.Spent[Moment{stage.Name, at}]; s.Hits > 0 {
			means = append(means, s.Seconds/float64(s.Hits))
		}
	}
	return means
}

// SpentSeconds adds up the response of all hits.
func (t *Trial) SpentSeconds() (sum float64) {
	for _, s := range t.Spent {
		sum += s.Seconds
	}
	return sum
}

// MeanResponse is over the measured stages.
func (t *Trial) MeanResponse() stat.Number {
	total := Spent{}
	for at, s := range t.Spent {
		for _, stage := range t.Stages {
			if stage.Name == at.Stage && stage.Measure {
				total.Seconds, total.Hits = total.Seconds+s.Seconds, total.Hits+s.Hits
			}
		}
	}
	return stat.Number(total.Seconds / float64(total.Hits))
}
