package main

import (
	"github.com/rehearse-dev/rehearse/fixtures/carshare"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// vocabulary is what scenarios may speak of: the reference system, in the words of the scenario language. Neither
// package knows the other.
func vocabulary() scenarios.Vocabulary {
	v := scenarios.Vocabulary{System: "carshare", Phases: carshare.States()[1:]}
	for _, op := range carshare.Operations() {
		v.Operations = append(v.Operations, scenarios.Operation(op))
	}
	return v
}
