package judge

import (
	"cmp"
	"io"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Ledger is the record sorted by trial, each examined for what of it can be believed.
type Ledger struct {
	run    *record.Run
	header record.Header
	// declared is what the system says of itself.
	declared reading.Declared
	windows  []record.Window
	trials   []*trial
	// states are all trials of each state, and inRounds those of them that do not serve the noise floor alone. The ones that
	// began are in ran, in the order in which they did: a repeated trial was planned last.
	states, inRounds map[string][]*trial
	ran              []*trial
	// saved is the baseline to compare with; nil if none.
	saved *model.Baseline
	// known are the counts that somebody has asked for, by what they are of.
	known map[model.Key]map[string]stat.Number
}

// trial is what is recorded of one, and what the judge thinks of it.
type trial struct {
	*reading.Trial
	// reasons say which of its numbers reach no estimate, and why; doubts and notes are as in [TrialCheck].
	reasons   []reason
	doubts    []reason
	notes     []string
	generator model.GeneratorCheck
}

// Examine sorts a record and examines its trials. It reads nothing but the record, which is not changed meanwhile.
func Examine(run *record.Run) *Ledger {
	l := &Ledger{run: run, header: run.Header, declared: reading.DeclaredIn(&run.Header), windows: run.Windows}
	read := reading.NewInstruments()
	for _, s := range run.Samples {
		read.Add(s)
	}
	for _, of := range reading.Trials(run) {
		t := &trial{Trial: of}
		t.examine(&run.Header, read)
		l.trials = append(l.trials, t)
	}
	l.sort()
	return l
}

// metric is one by its name; what nobody knows is the zero value.
func (l *Ledger) metric(name string) scenarios.Metric {
	m, _ := l.declared.Metric(name)
	return m
}

// unit is that of the limits of a budget.
func (l *Ledger) unit(b scenarios.Budget) scenarios.Unit {
	if b.Of != "" {
		return scenarios.Ratio
	}
	return l.metric(b.Metric).Unit
}

// sort looks the trials through once: a record may have thousands, and every budget asks for those of its states.
func (l *Ledger) sort() {
	l.states, l.inRounds, l.ran = map[string][]*trial{}, map[string][]*trial{}, nil
	for _, t := range l.trials {
		l.states[t.State] = append(l.states[t.State], t)
		if !t.Control {
			l.inRounds[t.State] = append(l.inRounds[t.State], t)
		}
		if t.Began {
			l.ran = append(l.ran, t)
		}
	}
	slices.SortStableFunc(l.ran, func(a, b *trial) int { return cmp.Compare(a.At, b.At) })
}

// of are the trials that a state is known by, for reading alone.
func (l *Ledger) of(state string) []*trial { return l.inRounds[state] }

// all are those, and the ones that serve the noise floor alone; for reading alone, too.
func (l *Ledger) all(state string) []*trial { return l.states[state] }

// began is when the first trial did, on the run's clock; zero if none did.
func (l *Ledger) began() float64 {
	if len(l.ran) > 0 {
		return l.ran[0].At
	}
	return 0
}

// Windows writes windows.csv of the record.
func (l *Ledger) Windows(w io.Writer) error { return reading.WindowsCSV(w, l.run) }
