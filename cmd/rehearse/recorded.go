package main

import (
	"github.com/rehearse-dev/rehearse/harness"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// openRun reads a run directory. One of an early build declares nothing of its system: there was only one then, which is the
// first.
func openRun(room *record.Room, dir string) (*record.Run, error) {
	run, err := room.Open(dir)
	if err != nil {
		return nil, err
	}
	harness.Declare(&run.Header, vocabularies()[0])
	return run, nil
}

// declaredBy is what a system says of itself, as a record of it will have it.
func declaredBy(v scenarios.Vocabulary) reading.Declared {
	var h record.Header
	harness.Declare(&h, v)
	return reading.DeclaredIn(&h)
}
