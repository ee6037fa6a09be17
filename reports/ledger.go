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
	// saved is the baseline to compare with; nil if none.
	saved *Baseline
	// known are the counts that somebody has asked for, by what they are of.
	known map[Key]map[string]stat.Number
}

// ran is the trials that began, in the order in which they did: a repeated trial was planned last.
func (l *ledger) ran() []*trial {
	ran := slices.DeleteFunc(slices.Clone(l.trials), func(t *trial) bool { return !t.Began })
	slices.SortStableFunc(ran, func(a, b *trial) int { return cmp.Compare(a.At, b.At) })
	return ran
}

// trial is what is recorded of one, and what the judge thinks of it.
type trial struct {
	*reading.Trial
	// reasons say which of its numbers reach no estimate, and why; doubts and notes are as in [TrialCheck].
	reasons   []reason
	doubts    []doubt
	notes     []string
	generator GeneratorCheck
}

func newLedger(run *record.Run) *ledger {
	l := &ledger{header: run.Header, windows: run.Windows}
	read := newInstruments()
	for _, s := range run.Samples {
		read.add(s)
	}
	for _, of := range reading.Trials(run) {
		t := &trial{Trial: of}
		t.examine(&run.Header, read)
		l.trials = append(l.trials, t)
	}
	return l
}

// of are the trials that a state is known by.
func (l *ledger) of(state string) []*trial {
	return slices.DeleteFunc(l.all(state), func(t *trial) bool { return t.Control })
}

// all are those, and the ones that serve the noise floor alone.
func (l *ledger) all(state string) []*trial {
	var list []*trial
	for _, t := range l.trials {
		if t.State == state {
			list = append(list, t)
		}
	}
	return list
}
