package judge

import (
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// provenanceOf is what the header and the events of a record tell of the run itself.
func provenanceOf(run *record.Run) model.Provenance {
	h := run.Header
	p := model.Provenance{
		ID: h.ID, Scenario: h.Scenario, Started: h.Started, Rounds: h.Rounds, UntilClear: h.UntilClear, Stack: h.Stack, Limits: h.Limits,
		Version: h.Version, Commit: h.Commit, Command: h.Command, Seed: h.Seed, ScenarioPath: h.ScenarioPath, ScenarioVaried: h.ScenarioVaried,
		Host: model.Host(h.Host), Versions: h.Versions, Settings: h.Settings, Operations: h.Operations, TimeoutSeconds: h.TimeoutSeconds, Notes: run.Notes, Declared: reading.DeclaredIn(&h),
	}
	for _, e := range run.Events {
		p.ElapsedSeconds = max(p.ElapsedSeconds, e.AtSeconds)
	}
	if !run.Complete() {
		p.Interruption = interruption(run.Events)
	}
	return p
}
