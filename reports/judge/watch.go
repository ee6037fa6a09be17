package judge

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Watch sees the windows of a run as they are written and tells when a budget is breached for which the run is to end. It
// judges by the same rules as [Ledger.Summarize], which comes to the same verdict from the record. One goroutine at a time uses
// it.
type Watch struct {
	declared reading.Declared
	budgets  []model.Budget
	stages   []record.Stage
	// answers are the counts so far, by budget.
	answers []stat.Number
	// clocks are those of the trial, which is in state; nil where a budget has none.
	trial  int
	clocks []*clock
	// stage and second of the windows that are coming in.
	stage  string
	second int
}

// Breach is the error of a run that is ended for a budget.
type Breach struct {
	// Budget is its name in the reports.
	Budget, Reason string
}

// Error implements error.
func (b Breach) Error() string { return fmt.Sprintf("budget %s: %s", b.Budget, b.Reason) }

// NewWatch watches a run with this header for the budgets of sc that fail it. Saved is as in [Ledger.Summarize].
func NewWatch(saved *model.Baseline, header record.Header, sc *scenarios.Scenario) *Watch {
	w, l := &Watch{stages: header.Stages, declared: reading.DeclaredIn(&header), trial: -1}, &Ledger{header: header, declared: reading.DeclaredIn(&header), saved: saved}
	for _, b := range sc.Budgets {
		if b.Abort && len(header.States) > 0 && !l.lenient(b.Metric) {
			w.budgets = append(w.budgets, bounds(b.Filled(header.Headline, header.States[len(header.States)-1], sc.Phases), l.unit(b))...)
		}
	}
	w.answers = make([]stat.Number, len(w.budgets))
	return w
}

// Add sees one window of a trial in a state. The error, if any, is a [Breach]. The windows of one second come one after
// the other.
func (w *Watch) Add(state string, window record.Window) error {
	err := w.closeSecond(window)
	if window.Trial != w.trial {
		w.begin(state, window.Trial)
	}
	w.stage, w.second = window.Stage, window.Second
	for i, b := range w.budgets {
		switch {
		case b.State != state || b.Stage != window.Stage || b.Operation != "" && b.Operation != window.Op:
		case b.ForSeconds > 0:
			w.clocks[i].add(window)
		default:
			m := map[string]stat.Number{}
			w.declared.Into(m, w.declared.Correctness(&window))
			if w.answers[i] += m[b.Metric]; !b.Passes(w.answers[i]) && err == nil {
				err = Breach{b.Name(), fmt.Sprintf("%s so far", b.Text(w.answers[i]))}
			}
		}
	}
	return err
}

// begin opens the clocks of a trial.
func (w *Watch) begin(state string, trial int) {
	w.trial, w.clocks = trial, make([]*clock, len(w.budgets))
	for i, b := range w.budgets {
		at := slices.IndexFunc(w.stages, func(s record.Stage) bool { return s.Name == b.Stage })
		if b.State == state && b.ForSeconds > 0 && at >= 0 {
			w.clocks[i] = newClock(b, w.stages[at])
		}
	}
}

// closeSecond judges the second whose windows came last, if this window is of another.
func (w *Watch) closeSecond(next record.Window) error {
	if next.Trial == w.trial && next.Stage == w.stage && next.Second == w.second {
		return nil
	}
	for _, c := range w.clocks {
		if c == nil || c.budget.Stage != w.stage {
			continue
		}
		c.close(w.second)
		if s, breached := c.breachedAround(w.second); breached {
			lasting := (time.Duration(c.budget.ForSeconds) * time.Second).String()
			return Breach{c.budget.Name(), fmt.Sprintf("outside the limit for %s, from second %d on", lasting, s.from)}
		}
	}
	return nil
}

// breachedAround is a spell outside the limit that has a second just closed in it.
func (c *clock) breachedAround(number int) (spell, bool) {
	if s := c.at(number); s == nil || c.budget.Passes(s.value) {
		return spell{}, false
	}
	// A stage that begins inside a second has one more of them in a spell.
	longest := int(math.Ceil(c.budget.ForSeconds)) + 1
	for i := number - longest; i <= number; i++ {
		if level, known := c.level(i); known && !c.budget.Passes(level) {
			return spell{level, i}, true
		}
	}
	return spell{}, false
}
