package main

import (
	"os"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/fixtures/carshare"
	"github.com/rehearse-dev/rehearse/fixtures/echo"
	"github.com/rehearse-dev/rehearse/harness/target"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// targets lists the systems that can be rehearsed: the one place outside of their own packages that names any. The first is
// what a scenario means that names none.
func targets() []target.Target { return []target.Target{carshare.Target{}, echo.Target{}} }

// targetOf is the system that a scenario names. A scenario that was read names one that there is.
func targetOf(s *scenarios.Scenario) target.Target {
	for _, t := range targets() {
		if t.Describe().Vocabulary.System == s.System.Name {
			return t
		}
	}
	return targets()[0]
}

// vocabularies are what scenarios may speak of, that of each system.
func vocabularies() (list []scenarios.Vocabulary) {
	for _, t := range targets() {
		list = append(list, t.Describe().Vocabulary)
	}
	return list
}

// systemNames are the names of the systems that can be rehearsed.
func systemNames() (names []string) {
	for _, v := range vocabularies() {
		names = append(names, v.System)
	}
	return names
}

// sabotageVariable plants defects in the services of a run, for the tests that want to see them caught. The record says so.
const sabotageVariable = "REHEARSE_SABOTAGE"

// planted are the defects that the environment asks for, with commas between.
func planted(t target.Target) (string, error) {
	names, known := os.Getenv(sabotageVariable), t.Describe().Sabotages
	for name := range strings.SplitSeq(names, ",") {
		if names != "" && !slices.Contains(known, name) {
			return "", usageError("%s: %q is unknown; use some of %s, or unset it", sabotageVariable, name, strings.Join(known, ", "))
		}
	}
	return names, nil
}
