package model

import (
	"time"

	"github.com/rehearse-dev/rehearse/reports/reading"
)

// Provenance is how a run came about: which one it was, by what it was measured and on what, and how it ended.
type Provenance struct {
	ID       string    `json:"id"`
	Scenario string    `json:"scenario"`
	Started  time.Time `json:"started"`
	Rounds   int       `json:"rounds"`
	// UntilClear tells that rounds were added until the effects were clear; the intervals of latencies are wider for that.
	UntilClear bool `json:"until_clear,omitempty"`
	// Stack is the back end. Runs on different back ends are never compared.
	Stack string `json:"stack"`
	// Limits say what was in force for each node that was given a limit, or why not.
	Limits map[string]string `json:"limits,omitempty"`
	// ElapsedSeconds is how long the run took, as far as it was recorded; Interruption is what ended it early, as the end of a
	// sentence.
	ElapsedSeconds float64 `json:"elapsed_seconds"`
	Interruption   string  `json:"interruption,omitempty"`
	// Version and Commit are those of rehearse, Command is what it was called with.
	Version string   `json:"version"`
	Commit  string   `json:"commit,omitempty"`
	Command []string `json:"command"`
	Seed    uint64   `json:"seed"`
	// ScenarioPath is the file of the scenario, empty where it is a shipped one; ScenarioVaried tells that flags made another
	// of it, whose lines are those of the file in the run directory.
	ScenarioPath   string `json:"scenario_path,omitempty"`
	ScenarioVaried bool   `json:"scenario_varied,omitempty"`
	Host           Host   `json:"host"`
	// Versions of the servers and Settings, by name.
	Versions   map[string]string `json:"versions,omitempty"`
	Settings   map[string]string `json:"settings,omitempty"`
	Operations []string          `json:"operations"`
	// TimeoutSeconds is how long a hit may take; 0 is not recorded.
	TimeoutSeconds float64 `json:"timeout_seconds"`
	// Notes say what of the record could not be read.
	Notes []string `json:"notes,omitempty"`
	// Declared is what the system says of its answers.
	Declared reading.Declared `json:"declared"`
}

// Host is what a reader must know of the machine before believing a latency.
type Host struct {
	OS          string `json:"os"`
	Kernel      string `json:"kernel"`
	CPU         string `json:"cpu"`
	CPUs        int    `json:"cpus"`
	MemoryBytes int64  `json:"memory_bytes"`
}
