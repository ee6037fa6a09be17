// Package judge judges a recorded run.
//
// Scope: from a record and its scenario to what package model holds: a summary of states and phases, a cutover, a self-test,
// a comparison of several runs, a baseline to hold later runs against. No database, no clock, no network, and no file but a saved
// baseline: an old run can be judged again, and is judged the same.
//
// Opinion: less is claimed rather than more. A percentile is over every hit that was due, and a hit that never came back
// is slower than any limit. The unit of evidence is the round, never the request; a change seen in one round has no
// interval, and without one it is called neither better nor worse. Counts are nearly exact and judged strictly.
// Validity belongs to numbers: what makes a count of a trial doubtful voids its counts, what makes a latency doubtful its
// latencies, and what failed in it failed, whatever else is void. What is unknown is never zero.
//
// Steps: [Examine] sorts the record by trial and finds out what of each can be believed; that becomes the numbers of
// its state; phases compare neighbouring states round by round; trials of one state in a row say what no change looks like,
// and what change so many rounds would find; budgets turn numbers into verdicts. [Ledger.Summarize] does all of that, and
// [Ledger.Details] adds what is drawn. [Watch] judges some budgets while the run lasts, [Compare] several runs.
package judge

import (
	"errors"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// ErrNothing is returned for a run and scenario that name no state to report on.
var ErrNothing = errors.New("the run names no state: its header is empty, so there is nothing to report on")

// Summarize judges an ordinary run by the budgets of sc; saved is a baseline for those that are of one, nil is none. A run cut
// short is summarized as far as it goes; only a header without states, and that of a cutover, are an error.
func (l *Ledger) Summarize(saved *model.Baseline, sc *scenarios.Scenario) (*model.Summary, error) {
	switch {
	case len(l.header.States) == 0:
		return nil, ErrNothing
	case l.header.Cutover != nil:
		return nil, ErrCutover
	}
	l.saved = saved
	s := l.summarize(sc)
	return model.Sealed(s, &s.Over)
}

// summarize judges what is known of the trials.
func (l *Ledger) summarize(sc *scenarios.Scenario) *model.Summary {
	run := l.run
	s := &model.Summary{
		Schema: model.Schema, Complete: run.Complete(), Provenance: provenanceOf(run), HeadlineStage: run.Header.Headline, Ruling: model.Ruling{Reasons: []string{}},
	}
	for _, name := range run.Header.States {
		s.States = append(s.States, l.state(name))
	}
	s.Phases, s.Overall = l.phases(sc)
	s.Budgets, s.Unjudged = l.budgets(sc)
	s.Correctness = l.correctness()
	s.Validity = l.validity()
	s.NoiseFloor = l.noiseFloor(s.Phases)
	s.Jobs = jobs(run.Events)
	r := &judgement{Summary: s, ledger: l, end: model.ReachesEnd}
	r.doubt(run)
	r.compared()
	r.judge(run)
	s.Checks = r.checks(run)
	return s
}

func jobs(events []record.Event) []model.Job {
	list := []model.Job{}
	for _, e := range events {
		if e.Kind != record.EventJob {
			continue
		}
		job := model.Job{AtSeconds: e.AtSeconds, Trial: e.Trial, Text: e.Text, Values: map[string]stat.Number{}}
		for name, value := range e.Values {
			job.Values[name] = stat.Number(value)
		}
		list = append(list, job)
	}
	return list
}
