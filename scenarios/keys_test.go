package scenarios_test

import (
	"math"
	"slices"
	"testing"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// Every key that is offered is one that a flag takes, and only those that hold a value.
func TestKeys(t *testing.T) {
	v := scenarios.Vocabulary{System: "shop", Phases: []string{"cache"}, Nodes: map[string]int64{"primary": 1}, Operations: []scenarios.Operation{{Name: "buy"}},
		Keys: []scenarios.Key{{Path: "data.users"}}}
	named := scenarios.Keys([]string{"calm", "peak"}, v)
	for _, want := range []string{"seed", "rounds", "system.data.users", "nodes.primary.cpus", "traffic.mix.buy", "traffic.stages[calm].hold", "traffic.stages[peak].mix.buy", "traffic.sessions.think"} {
		if !slices.Contains(named, want) {
			t.Errorf("got %q, want %s among them", named, want)
		}
	}
	for _, not := range []string{"system", "system.data", "traffic", "traffic.stages", "traffic.stages[]", "traffic.mix", "nodes.NODE.cpus", "budgets"} {
		if slices.Contains(named, not) {
			t.Errorf("got %s, which takes no value", not)
		}
	}
	if plain := scenarios.Keys(nil, v); !slices.Contains(plain, "traffic.stages[].hold") {
		t.Errorf("got %q", plain)
	}
}

// No number that people read has an exponent.
func TestPlain(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0", 4.1234: "4.12", 3850.1: "3850", 3.85e6: "3850000", 1e21: "1000000000000000000000", 0.0000012345: "0.00000123", -12.34: "-12.3", 999.6: "1000",
		math.Inf(1): "-", math.NaN(): "-",
	} {
		if got := scenarios.Plain(value, 3); got != want {
			t.Errorf("%v: got %q, want %q", value, got, want)
		}
	}
}
