package reports

import (
	"cmp"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// ledger is the record sorted by trial.
type ledger struct {
	header  record.Header
	windows []record.Window
	trials  []*trial
	// states are all trials of each state, and inRounds those of them that do not serve the noise floor alone. The ones that
	// began are in ran, in the order in which they did: a repeated trial was planned last.
	states, inRounds map[string][]*trial
	ran              []*trial
	// saved is the baseline to compare with; nil if none.
	saved *Baseline
	// known are the counts that somebody has asked for, by what they are of.
	known map[Key]map[string]stat.Number
}

// trial is what is recorded of one, and what the judge thinks of it.
type trial struct {
	*reading.Trial
	// reasons say which of its numbers reach no estimate, and why; doubts and notes are as in [TrialCheck].
	reasons   []reason
	doubts    []reason
	notes     []string
	generator GeneratorCheck
}

func newLedger(run *record.Run) *ledger {
	l := &ledger{header: run.Header, windows: run.Windows}
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

// sort looks the trials through once: a record may have thousands, and every budget asks for those of its states.
func (l *ledger) sort() {
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
func (l *ledger) of(state string) []*trial { return l.inRounds[state] }

// all are those, and the ones that serve the noise floor alone; for reading alone, too.
func (l *ledger) all(state string) []*trial { return l.states[state] }
