package main

import (
	"github.com/rehearse-dev/rehearse/fixtures/carshare"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// vocabulary is what scenarios may speak of: the reference system, in the words of the scenario language. Neither
// package knows the other.
func vocabulary() scenarios.Vocabulary {
	v := scenarios.Vocabulary{System: "carshare", Phases: carshare.States()[1:]}
	v.Nodes = map[string]int64{
		// All boot in less, and are killed in their first trials: 256 MiB are Postgres' shared buffers alone. The archive job
		// makes the primary need some 600 MiB, which only who has that phase must know.
		stack.Primary: 384 << 20, stack.Replica: 384 << 20, stack.Redis: 16 << 20, serviceAuth: 32 << 20, serviceCallers: 48 << 20,
	}
	for _, op := range carshare.Operations() {
		v.Operations = append(v.Operations, scenarios.Operation(op))
	}
	for _, api := range carshare.Catalogue() {
		v.APIs = append(v.APIs, scenarios.API{Name: api.Name(), Operation: api.Operation, Weight: float64(api.Weight)})
	}
	v.Roles = scenarios.Roles{Login: carshare.Login, Refresh: carshare.Refresh, Logout: carshare.Logout}
	return v
}
