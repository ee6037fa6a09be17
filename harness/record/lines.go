package record

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"strings"
)

// place is a stage of a trial.
type place struct {
	trial int
	stage string
}

// frame is what the lines of the streams have to fit into: the header, by name and number.
type frame struct {
	trials map[int]bool
	stages map[string]*Stage
	// own are the stages of trials that have their own.
	own        map[place]*Stage
	operations map[string]bool
	// sources and series are those of the readings so far, classes those of errors, names all that were met, each held once
	// however often it is read.
	sources, series, apis, classes map[string]bool
	names                          map[string]string
	// states is how many there are; each has numbers of its own of every class.
	states int
	// room is what the lines take their memory from.
	room *Room
}

func frameOf(h *Header, m *Room) *frame {
	f := &frame{trials: map[int]bool{}, stages: map[string]*Stage{}, own: map[place]*Stage{}, operations: map[string]bool{}, sources: map[string]bool{},
		series: map[string]bool{}, apis: map[string]bool{}, classes: map[string]bool{}, names: map[string]string{}, states: len(h.States), room: m}
	for _, t := range h.Trials {
		f.trials[t.Index] = true
		for i := range t.Stages {
			f.own[place{t.Index, t.Stages[i].Name}] = &t.Stages[i]
		}
	}
	for i := range h.Stages {
		f.stages[h.Stages[i].Name] = &h.Stages[i]
	}
	for _, op := range h.Operations {
		f.operations[op] = true
	}
	return f
}

// line is one of a stream: it says what is wrong with it, and about how many bytes it takes.
type line interface {
	check(f *frame, p *problems)
	size() int
}

// once is name, in memory that is held for all who bear it.
func (f *frame) once(name string) string {
	if held, known := f.names[name]; known {
		return held
	}
	held := strings.Clone(name)
	f.names[held] = held
	return held
}

func (f *frame) trial(p *problems, trial int) {
	if !f.trials[trial] {
		p.add("trial %d is none of the header's %d", trial, len(f.trials))
	}
}

// elsewhere is a trial, or -1 for outside of them.
func (f *frame) elsewhere(p *problems, trial int) {
	if trial != -1 {
		f.trial(p, trial)
	}
}

func (f *frame) stage(p *problems, trial int, name string) *Stage {
	stage := cmp.Or(f.own[place{trial, name}], f.stages[name])
	if stage == nil {
		p.add("stage %.80q is none of the header's %d", name, len(f.stages))
	}
	return stage
}

func (f *frame) check(w *Window, p *problems) {
	f.trial(p, w.Trial)
	if !f.operations[w.Op] {
		p.add("op %.80q is none of the header's %d", w.Op, len(f.operations))
	}
	for _, of := range [...]struct {
		what string
		n    uint64
	}{
		{"offered", w.Offered}, {"sent", w.Sent}, {"missed", w.Missed}, {"completed", w.Completed}, {"failed", w.Failed},
		{"rechecked", w.Rechecked}, {"acknowledged", w.Acknowledged}, {"first_rechecks", w.FirstRechecks},
		{"reconnected", w.Reconnected}, {"resent", w.Resent},
	} {
		p.count(of.what, of.n)
	}
	w.Counts.check(f, p)
	if len(p.found) > 0 {
		return
	}
	if w.Offered != w.Sent+w.Missed {
		p.add("offered %d is not sent %d and missed %d", w.Offered, w.Sent, w.Missed)
	}
	if w.Sent != w.Completed+w.Failed {
		p.add("sent %d is not completed %d and failed %d", w.Sent, w.Completed, w.Failed)
	}
	for _, of := range [...]struct {
		what string
		h    *Histogram
	}{{"response", &w.Response}, {"service", &w.Service}, {"lag", &w.Lag}} {
		if n := of.h.Count(); n > w.Offered {
			p.add("%s has %d hits of %d offered", of.what, n, w.Offered)
		}
	}
	p.number("failed_seconds", w.FailedSeconds, 0, float64(w.Failed)*longestTrial)
	f.checkErrors(w, p)
}

func (f *frame) checkErrors(w *Window, p *problems) {
	p.amount("errors", len(w.Errors), mostNames)
	for class, n := range w.Errors {
		p.name("error", class)
		if n > w.Failed {
			p.add("errors of class %.80q are %d of %d failed", class, n, w.Failed)
		}
	}
	if len(p.found) > 0 || len(w.Errors) == 0 {
		return
	}
	held := make(map[string]uint64, len(w.Errors))
	for class, n := range w.Errors {
		class = f.once(class)
		f.classes[class], held[class] = true, n
	}
	w.Errors = held
	p.amount("classes of errors", len(f.classes), mostNames)
	p.amount("classes of errors times states", len(f.classes)*f.states, mostCells)
}

// check implements line. A second is one of its stage's.
func (w *Window) check(f *frame, p *problems) {
	f.check(w, p)
	if stage := f.stage(p, w.Trial, w.Stage); stage != nil {
		first, last := math.Floor(stage.BeginSeconds), max(math.Ceil(stage.EndSeconds)-1, math.Floor(stage.BeginSeconds))
		if float64(w.Second) < first || float64(w.Second) > last {
			p.add("second %d is out of range: %v to %v, those of stage %s", w.Second, first, last, w.Stage)
		}
	}
	w.Stage, w.Op = f.once(w.Stage), f.once(w.Op)
}

func (w *Window) size() int {
	return 272 + 24*len(w.Counts) + len(w.Response.folded) + len(w.Service.folded) + len(w.Lag.folded) + mapped(len(w.Errors))
}

// mapped is about how many bytes a map of names takes.
func mapped(n int) int {
	if n == 0 {
		return 0
	}
	return 256 + 64*n
}

// check implements line.
func (w *APIWindow) check(f *frame, p *problems) {
	p.name("api", w.API)
	p.number("second", float64(w.Second), 0, 0)
	f.check(&w.Window, p)
	f.stage(p, w.Trial, w.Stage)
	f.apis[w.API] = true
	p.amount("APIs", len(f.apis), mostNames)
	w.API, w.Stage, w.Op = f.once(w.API), f.once(w.Stage), f.once(w.Op)
}

// check implements line.
func (s *Sample) check(f *frame, p *problems) {
	p.number("at_seconds", s.AtSeconds, 0, longestRun)
	f.elsewhere(p, s.Trial)
	if s.Stage != "" {
		f.stage(p, s.Trial, s.Stage)
	}
	if s.Edge != "" && s.Edge != "begin" && s.Edge != "end" {
		p.add("edge %.80q is neither begin nor end", s.Edge)
	}
	p.name("source", s.Source)
	p.values(s.Values)
	if len(p.found) > 0 {
		return
	}
	s.Stage, s.Source = f.once(s.Stage), f.once(s.Source)
	f.sources[s.Source] = true
	p.amount("sources", len(f.sources), mostNames)
	values := make(map[string]float64, len(s.Values))
	for key, value := range s.Values {
		key = f.once(key)
		f.series[key] = true
		values[key] = value
	}
	s.Values = values
	p.amount("series", len(f.series), mostSeries)
}

func (s *Sample) size() int { return 400 + 32*len(s.Values) }

// check implements line. Values in seconds are spans on the clock of the run, which others go through.
func (e *Event) check(f *frame, p *problems) {
	p.number("at_seconds", e.AtSeconds, 0, longestRun)
	f.elsewhere(p, e.Trial)
	p.name("kind", e.Kind)
	p.text("text", e.Text)
	p.values(e.Values)
	for key, value := range e.Values {
		if key == "seconds" || strings.HasSuffix(key, "_seconds") {
			p.number(printable(key), value, -longestRun, longestRun)
		}
	}
}

func (e *Event) size() int {
	n := 128 + len(e.Kind) + len(e.Text) + mapped(len(e.Values))
	for key := range e.Values {
		n += len(key)
	}
	return n
}

// checkEvents holds each trial to begin once and to end once, later, and all of them together to fit into a run.
func checkEvents(dir string, events []Event) error {
	p, begun, total, done := &problems{}, map[int]float64{}, 0.0, 0.0
	p.amount("events", len(events), mostEvents)
	ended, last := map[int]bool{}, 0.0
	for _, e := range events {
		begin, known := begun[e.Trial]
		switch {
		case e.Kind == EventTrialBegin && known:
			p.add("trial %d begins twice", e.Trial)
		case e.Kind == EventTrialBegin:
			begun[e.Trial] = e.AtSeconds
		case e.Kind == EventTrialEnd && known && (ended[e.Trial] || e.AtSeconds < begin):
			p.add("trial %d ends at %v: it began at %v, and ends once", e.Trial, e.AtSeconds, begin)
		case e.Kind == EventTrialEnd && known:
			ended[e.Trial], total = true, total+e.AtSeconds-begin
		}
		if e.Kind == EventJob || e.Kind == EventSwitch {
			done += max(e.Values["seconds"], 0)
		}
		last = e.AtSeconds
	}
	for trial, begin := range begun {
		if !ended[trial] {
			total += max(last-begin, 0)
		}
	}
	p.number("the sum of all trials in seconds", total, 0, longestRun)
	// The hits beside each are looked at.
	p.number("the sum of all switches and jobs in seconds", done, 0, longestRun)
	return p.err(filepath.Join(dir, EventsFile))
}

// full takes the memory of a line, and tells that there is no more.
func (f *frame) full(l line) error {
	f.room.held += l.size()
	return f.room.fits(0)
}

// fits tells that so many bytes more are more than is held at once.
func (m *Room) fits(more int) error {
	if m.held+more > mostHeld {
		return fmt.Errorf("the record, with those that are read beside it, holds more than is read at once, about %d MiB of memory: "+
			"take a shorter run, one of fewer operations, or fewer runs", mostHeld>>20)
	}
	return nil
}
