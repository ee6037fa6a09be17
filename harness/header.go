package harness

import (
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// RecordedRates is how finely a curve is recorded: finer than a chart can show it.
const RecordedRates = 240

// RecordedTrial is a trial as the record keeps it, whose stages are those of the run.
func RecordedTrial(t scenarios.Trial) record.Trial {
	return record.Trial{Index: t.Index, Round: t.Round, State: t.State, Hits: t.Hits, Control: t.Control}
}

// Declare puts into a header what a system says of its answers, and who counts for it, as the record keeps it. What the
// header has already stays: it is from the time of the run.
func Declare(h *record.Header, v scenarios.Vocabulary) {
	if len(h.Checks) > 0 || h.Application != nil {
		return
	}
	for _, check := range v.Checks {
		h.Checks = append(h.Checks, record.Check(check))
	}
	for _, alias := range v.Aliases {
		h.Aliases = append(h.Aliases, record.Alias(alias))
	}
	acknowledged, application := record.Acknowledged(v.Acknowledged), record.Application(v.Application)
	h.Acknowledged, h.Application = &acknowledged, &application
}

// RecordedStages are the stages of a plan as the record keeps them.
func RecordedStages(plan *scenarios.Plan) (stages []record.Stage) {
	for _, stage := range plan.Stages {
		stages = append(stages, recordedStage(stage))
	}
	return stages
}

// recordedStage is a stage as the record keeps it, so that an old run is judged and drawn without its scenario.
func recordedStage(stage scenarios.PlannedStage) record.Stage {
	kept := record.Stage{
		Name: stage.Name, BeginSeconds: stage.Begin.Seconds(), EndSeconds: stage.End.Seconds(),
		FromRate: stage.From, ToRate: stage.To, Shape: stage.Shape, Hits: stage.Hits, Measure: stage.Measure,
	}
	if !stage.Straight() {
		kept.Rates = stage.Means(RecordedRates)
	}
	return kept
}
