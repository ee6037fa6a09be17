package reading

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// Trial is everything recorded of one trial.
type Trial struct {
	record.Trial
	// Declared is what the system says of itself.
	Declared Declared
	Stages   []record.Stage
	// Windows are those of the trial, in the recorded order.
	Windows []*record.Window
	// Cells are the hits by stage and operation, without their lag; StageHits are those of all operations, with it.
	Cells map[Cell]*Hits
	// APIs are the same hits by stage and API, and Causes the operation of each API.
	APIs      map[Cell]*Hits
	Causes    map[string]string
	StageHits map[string]*Hits
	// OnRecord are all hits that windows tell of, and Surplus the stages that have more of them than were due.
	OnRecord     uint64
	Surplus      []Surplus
	Edges        map[Edge]record.Sample
	Samples      map[string][]record.Sample
	Began, Ended bool
	// Entered is the state that the last switch led to, empty when there was none.
	Entered string
	// Aborted tells that the run ended in it, because a budget was breached.
	Aborted bool
	// At is when it began, on the run's clock.
	At    float64
	Spent map[Moment]Spent
}

// Surplus is a stage of which more hits are on record than were due.
type Surplus struct {
	Stage     string
	Hits, Due uint64
}

// Trials sorts what is recorded of a run by the trials in its header, in that order.
func Trials(run *record.Run) (trials []*Trial) {
	byIndex, declared := map[int]*Trial{}, DeclaredIn(&run.Header)
	for _, planned := range run.Header.Trials {
		t := newTrial(planned, run.Header.StagesOf(planned))
		t.Declared = declared
		trials = append(trials, t)
		byIndex[planned.Index] = t
	}
	for i := range run.Windows {
		if w := &run.Windows[i]; byIndex[w.Trial] != nil {
			byIndex[w.Trial].addWindow(w)
		}
	}
	for _, w := range run.APIs {
		if t := byIndex[w.Trial]; t != nil {
			t.addAPI(w)
		}
	}
	for _, s := range run.Samples {
		if t := byIndex[s.Trial]; t != nil {
			t.addSample(s)
		}
	}
	for _, e := range run.Events {
		if t := byIndex[e.Trial]; t != nil {
			t.addEvent(e)
		}
	}
	for _, t := range trials {
		t.recorded()
		t.fold()
	}
	return trials
}

func newTrial(planned record.Trial, stages []record.Stage) *Trial {
	return &Trial{Trial: planned, Stages: stages, Cells: map[Cell]*Hits{}, APIs: map[Cell]*Hits{}, Causes: map[string]string{},
		StageHits: map[string]*Hits{}, Edges: map[Edge]record.Sample{}, Samples: map[string][]record.Sample{}, Spent: map[Moment]Spent{}}
}

func (t *Trial) addEvent(e record.Event) {
	switch e.Kind {
	case record.EventTrialBegin:
		t.Began, t.At = true, e.AtSeconds
	case record.EventTrialEnd:
		t.Ended = true
	case record.EventSwitch:
		t.Entered = e.Text[strings.LastIndex(e.Text, " ")+1:]
	case record.EventAbort:
		t.Aborted = true
	}
}

// Cell is an operation, or an API, in a stage.
type Cell struct{ Stage, Op string }

// Edge is where a reading was taken; an empty stage is the trial itself.
type Edge struct{ Stage, Side, Source string }

// addWindow keeps the answers by operation and the lag by stage; nobody asks for the lag of one operation.
func (t *Trial) addWindow(w *record.Window) {
	t.Windows = append(t.Windows, w)
	at := Cell{w.Stage, w.Op}
	if t.Cells[at] == nil {
		t.Cells[at] = &Hits{}
	}
	if t.StageHits[w.Stage] == nil {
		t.StageHits[w.Stage] = &Hits{}
	}
	t.Cells[at].Merge(t.Declared.withoutLag(w))
	t.StageHits[w.Stage].Lag.Merge(w.Lag)
	t.spend(w)
}

func (t *Trial) addAPI(w record.APIWindow) {
	at := Cell{w.Stage, w.API}
	if t.APIs[at] == nil {
		t.APIs[at] = &Hits{}
	}
	t.APIs[at].Merge(t.Declared.withoutLag(&w.Window))
	t.Causes[w.API] = w.Op
}

// fold puts readings in the order of time, in which they nearly are; of two of one moment the recorded order stands. It adds
// up the operations of each stage, once all windows are in: unpacking each of them twice would cost twice.
func (t *Trial) fold() {
	for _, list := range t.Samples {
		slices.SortStableFunc(list, func(a, b record.Sample) int { return cmp.Compare(a.AtSeconds, b.AtSeconds) })
	}
	for at, h := range t.Cells {
		t.OnRecord += h.Offered
		t.StageHits[at.Stage].Merge(h)
	}
	t.cap()
}

// addSample keeps the readings of one source; fold sorts them.
func (t *Trial) addSample(s record.Sample) {
	if s.Edge != "" {
		t.Edges[Edge{s.Stage, s.Edge, s.Source}] = s
	}
	t.Samples[s.Source] = append(t.Samples[s.Source], s)
}

// recorded keeps what a run that was ended never sent out of a trial that has no end: that was nobody's failure.
func (t *Trial) recorded() {
	if t.Ended {
		return
	}
	for _, of := range []map[Cell]*Hits{t.Cells, t.APIs} {
		for _, h := range of {
			h.Offered, h.Missed = h.Offered-min(h.Offered, h.Missed), 0
		}
	}
}

// In is the hits of one stage, of all operations.
func (t *Trial) In(stage string) *Hits {
	if h := t.StageHits[stage]; h != nil {
		return h
	}
	return &Hits{}
}

// Measured are the hits of the measured stages.
func (t *Trial) Measured() *Hits {
	total := &Hits{}
	for _, s := range t.Stages {
		if s.Measure {
			total.Merge(t.In(s.Name))
		}
	}
	return total
}

// WrongAnswers are those of the whole trial, warm-up included.
func (t *Trial) WrongAnswers() (c Correctness) {
	for _, h := range t.StageHits {
		c.Add(h.Wrong)
	}
	return c
}

// Due is how many hits were, those that follow others in a session included.
func (t *Trial) Due() uint64 {
	if t.Hits > 0 {
		return t.Hits
	}
	return t.planned()
}

// planned is how many hits the rates of the stages make due.
func (t *Trial) planned() (hits uint64) {
	for _, stage := range t.Stages {
		hits += stage.Hits
	}
	return hits
}

// cap takes hits beyond those that were due out of a stage: good ones that nobody asked for would make those that failed
// the smaller share. What sessions add to the rates may be in any stage.
func (t *Trial) cap() {
	due := t.Due()
	for _, stage := range t.Stages {
		h, most := t.In(stage.Name), stage.Hits+due-min(due, t.planned())
		if h.Offered <= most {
			continue
		}
		t.Surplus = append(t.Surplus, Surplus{stage.Name, h.Offered, most})
		if due > 0 {
			h.Offered = max(most, h.Failed+h.Missed)
			h.Sent = h.Offered - h.Missed
		}
	}
}

// Sent counts the hits of one operation in all stages, or of all operations.
func (t *Trial) Sent(op string) (n uint64) {
	for at, h := range t.Cells {
		if op == "" || at.Op == op {
			n += h.Sent
		}
	}
	return n
}
