package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
)

// voids are the numbers of a trial that a reason against it takes away: what makes a count doubtful voids its counts, what
// makes a latency doubtful its latencies. Errors, failures, missed hits and wrong answers that were seen stand whatever
// else is void, because what breaks a measurement correlates with what breaks the system.
type voids uint8

// What may be void. Of a trial that did not begin there is nothing to believe.
const (
	voidsCounts voids = 1 << iota
	voidsLatencies
	voidsErrors
	voidsMeasures = voidsCounts | voidsLatencies
	voidsWhole    = voidsMeasures | voidsErrors
)

// words are what is void, as in [TrialCheck].
func (v voids) words() (words []string) {
	for _, one := range []struct {
		voids
		word string
	}{{voidsLatencies, model.VoidLatencies}, {voidsCounts, model.VoidCounts}, {voidsErrors, model.VoidErrors}} {
		if v&one.voids != 0 {
			words = append(words, one.word)
		}
	}
	return words
}

// reason is what there is against a trial, and which of its numbers that voids; a doubt has to be known before they are
// believed, and voids none.
type reason struct {
	voids
	model.Reason
}

// because are reasons of a kind that take the same numbers away.
func (v voids) because(about model.Kind, texts []string) (reasons []reason) {
	for _, text := range texts {
		reasons = append(reasons, reason{v, model.Reason{Kind: about, Text: text}})
	}
	return reasons
}

// void tells whether any of these numbers of the trial cannot be believed.
func (t *trial) void(numbers voids) bool {
	return slices.ContainsFunc(t.reasons, func(r reason) bool { return r.voids&numbers != 0 })
}

// voided is everything of the trial that cannot be believed.
func (t *trial) voided() (all voids) {
	for _, r := range t.reasons {
		all |= r.voids
	}
	return all
}

// told are the reasons in words; never nil: in JSON no reasons are an empty list.
func (t *trial) told() []string {
	texts := []string{}
	for _, r := range t.reasons {
		texts = append(texts, r.Text)
	}
	return texts
}

// check is the trial as the summary presents it.
func (t *trial) check() model.TrialCheck {
	doubts, kinds := []string{}, []model.Kind{}
	for _, r := range t.reasons {
		kinds = append(kinds, r.Kind)
	}
	for _, d := range t.doubts {
		doubts = append(doubts, d.Text)
	}
	return model.TrialCheck{Trial: t.Index, Round: t.Round, State: t.State, Valid: len(t.reasons) == 0, Void: t.voided().words(),
		Reasons: t.told(), Kinds: kinds, Doubts: doubts, Notes: t.notes, Generator: t.generator}
}

// valid lists the trials of a state whose latencies can be believed.
func (l *Ledger) valid(state string) []*trial { return l.without(voidsLatencies, state) }

// counted lists the trials of a state whose counts can be believed. What was sent cost what it cost, however late it was.
func (l *Ledger) counted(state string) []*trial { return l.without(voidsCounts, state) }

// begun lists the trials of a state that began, one for the noise floor alone as well. What failed in them failed, whatever
// else is void.
func (l *Ledger) begun(state string) []*trial { return l.without(voidsErrors, state) }

func (l *Ledger) without(numbers voids, state string) []*trial {
	of := l.of(state)
	if numbers == voidsErrors {
		of = l.all(state)
	}
	return slices.DeleteFunc(slices.Clone(of), func(t *trial) bool { return t.void(numbers) })
}

// evidence are trials by what of them can be believed.
type evidence struct{ latencies, counts, errors []*trial }

func (l *Ledger) evidence(state string) evidence {
	return evidence{l.valid(state), l.counted(state), l.begun(state)}
}

// evidence of one trial alone.
func (t *trial) evidence() (e evidence) {
	for _, one := range []struct {
		voids
		of *[]*trial
	}{{voidsLatencies, &e.latencies}, {voidsCounts, &e.counts}, {voidsErrors, &e.errors}} {
		if !t.void(one.voids) {
			*one.of = []*trial{t}
		}
	}
	return e
}

// trialsFor are the trials that a budget rests on.
func (l *Ledger) trialsFor(metric, state string) []*trial {
	return l.without(rests(model.Budget{Key: model.Key{Metric: metric}}), state)
}

// seen tells whether a metric counts hits and whether they were answered, which is believed of every trial that began.
func seen(metric string) bool {
	return slices.Contains([]string{"errors", "achieved", "hits", "offered_rate", "achieved_rate"}, metric)
}

// unfinished says how many trials of a state, of all that were planned, are not known to their end: what failed in the rest
// of them nobody saw. Empty if none.
func (l *Ledger) unfinished(state string) string {
	all, missing := l.of(state), 0
	for _, t := range all {
		if !t.Ended {
			missing++
		}
	}
	if missing == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d trials of %s did not reach their end, so what failed in them is not known", missing, len(all), state)
}

// miscounted says in which trial of a state other hits are on record than were due, more at a stage or fewer in all: what
// share of those that were due failed is then not known. Empty if in none.
func (l *Ledger) miscounted(state string) string {
	for _, t := range l.begun(state) {
		if t.Ended && t.OnRecord < t.Due() {
			return fmt.Sprintf("of %s hits due in trial %d of %s only %s are on record, so what share of them failed is not known", numeral.Count(t.Due()), t.Index+1, state, numeral.Count(t.OnRecord))
		}
		if len(t.Surplus) > 0 {
			return fmt.Sprintf("trial %d of %s has %s, so what share of them failed is not known", t.Index+1, state, strings.Join(t.overfull(), ", "))
		}
	}
	return ""
}

// Reword puts every reason, doubt and note of the trials in other words, so that it can be seen that none of them decides
// anything.
func (l *Ledger) Reword(words func() string) {
	for _, t := range l.trials {
		for _, list := range [][]reason{t.reasons, t.doubts} {
			for i := range list {
				list[i].Text = words()
			}
		}
		for i := range t.notes {
			t.notes[i] = words()
		}
	}
}
