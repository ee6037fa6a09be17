package judge

import (
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
)

// Details are what forms draw and list beside the numbers: of a summary of the same record or, where that is nil, of a run of
// another kind, which has no distributions.
func (l *Ledger) Details(s *model.Summary) *model.Details {
	run, d := l.run, l.details()
	if s == nil {
		d.Curves = curvesOf(run, "")
		return d
	}
	d.Curves = curvesOf(run, s.HeadlineStage)
	states := []string{s.Overall.Before}
	if s.Overall.After != s.Overall.Before {
		states = append(states, s.Overall.After)
	}
	for _, state := range states {
		d.Distributions = append(d.Distributions, model.Distribution{State: state, Quantiles: distributionOf(run, s.Validity, s.HeadlineStage, state)})
	}
	return d
}

// details are those of any kind of run.
func (l *Ledger) details() *model.Details {
	run := l.run
	d := &model.Details{Schema: model.DetailsSchema, Text: string(run.Scenario), Events: []model.Event{}, Failures: failures(run), Distributions: []model.Distribution{}, Trials: []model.TrialFigures{}}
	for _, e := range run.Events {
		if e.Kind != record.EventTrialBegin && e.Kind != record.EventTrialEnd {
			d.Events = append(d.Events, model.Event{AtSeconds: e.AtSeconds, Trial: e.Trial, Kind: e.Kind, Text: e.Text})
		}
	}
	for _, state := range l.header.States {
		for _, stage := range l.header.Stages {
			for _, t := range l.of(state) {
				if stage.Measure && t.Ended {
					d.Trials = append(d.Trials, t.figures(stage))
				}
			}
		}
	}
	return d
}

// figures are those of a trial in a stage that are believed.
func (t *trial) figures(stage record.Stage) model.TrialFigures {
	return model.TrialFigures{State: t.State, Stage: stage.Name, Due: t.In(stage.Name).Offered, Values: model.FiguresOf(numbersOf(t.evidence(), stage, nil))}
}

// neverSent is the class of hits that were due and did not leave.
const neverSent = "never sent"

// failures counts failed hits by state and class, and the hits due by state, over the measured stages. States of which none
// was due are left out.
func failures(run *record.Run) []model.Failures {
	of, states, measured := map[string]*model.Failures{}, map[int]string{}, map[string]bool{}
	for _, trial := range run.Header.Trials {
		states[trial.Index], of[trial.State] = trial.State, &model.Failures{State: trial.State, Classes: map[string]uint64{}}
	}
	for _, stage := range run.Header.Stages {
		measured[stage.Name] = stage.Measure
	}
	for _, w := range run.Windows {
		if state, planned := states[w.Trial]; planned && measured[w.Stage] {
			addFailures(of[state], w)
		}
	}
	list := []model.Failures{}
	for _, state := range run.Header.States {
		if f := of[state]; f != nil && f.Due > 0 {
			list = append(list, *f)
		}
	}
	return list
}

func addFailures(f *model.Failures, w record.Window) {
	f.Due += w.Offered
	classified := uint64(0)
	for class, n := range w.Errors {
		f.Classes[class] += n
		classified += n
	}
	if w.Missed > 0 {
		f.Classes[neverSent] += w.Missed
	}
	if w.Failed > classified {
		f.Classes["not classified"] += w.Failed - classified
	}
}
