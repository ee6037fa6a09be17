package main

import (
	"bytes"
	"fmt"
	"maps"
	"runtime"
	"time"

	"github.com/rehearse-dev/rehearse/harness"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// newHeader is what is known of a run before anything has started.
func newHeader(id string, began time.Time, command []string, s *scenarios.Scenario, plan *scenarios.Plan, v *variation) record.Header {
	release, revision := build()
	h := record.Header{
		ID: id, Scenario: s.Name, Started: began, Command: command, Version: release, Commit: revision,
		Seed: plan.Seed, Rounds: plan.Rounds, Quick: v.quick, Scale: v.scale, Only: s.Measured,
		Host: host(), Versions: map[string]string{},
		States: plan.States, Headline: plan.Headline, TimeoutSeconds: plan.Timeout.Seconds(),
		Settings: map[string]string{"arrivals": plan.Arrivals, "zipf": fmt.Sprint(s.Traffic.Zipf)},
	}
	maps.Copy(h.Settings, dataOf(s).Settings)
	harness.Declare(&h, s.Vocabulary)
	origin(&h, v.scenario, s)
	if s.Traffic.Sessions != nil {
		h.Settings["sessions"] = sessionText(*s.Traffic.Sessions)
	}
	for _, op := range plan.Operations {
		h.Operations = append(h.Operations, op.Name)
	}
	h.Stages = harness.RecordedStages(plan)
	for _, t := range plan.Trials {
		h.Trials = append(h.Trials, harness.RecordedTrial(t))
	}
	return h
}

// origin says in h which file the scenario called name is, for those who look up what a report says of its lines.
func origin(h *record.Header, name string, s *scenarios.Scenario) {
	if _, shipped := scenarios.ReadShipped(name); shipped {
		return
	}
	text, err := readScenario(name)
	h.ScenarioPath, h.ScenarioVaried = name, err != nil || !bytes.Equal(text, s.Source)
}

// describe adds to h what only the running servers tell.
func describe(h *record.Header, at stack.Endpoints) {
	h.Versions = at.Versions
	h.Limits = at.Limits
	maps.Copy(h.Settings, at.Settings)
}

// host is the fingerprint of this machine; what it cannot learn stays empty.
func host() record.Host {
	h := record.Host{OS: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU()}
	describeHost(&h)
	return h
}
