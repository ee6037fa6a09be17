package scenarios_test

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// shop is what a small system knows of itself: one phase, two operations, and how many customers are seeded.
func shop() scenarios.Vocabulary {
	return scenarios.Vocabulary{System: "shop", Phases: []string{"cache"},
		Operations: []scenarios.Operation{{Name: "browse", Share: 0.9}, {Name: "buy", Share: 0.1}},
		Keys:       []scenarios.Key{{Path: "data.customers", Least: 1, Standard: "1000", Says: "People who may buy."}}}
}

// A scenario is text; its plan says to the hit what is going to be due.
func ExampleParse() {
	s, err := scenarios.Parse("sale.yaml", []byte(`version: 1
name: sale
seed: 7
rounds: 2
system: {name: shop, data: {customers: 100}}
traffic:
  arrivals: even
  stages:
    - {name: calm, hold: 10/s, for: 10s}
    - {name: doors-open, hold: 200/s, for: 5s}
phases: [cache]
`), shop())
	if err != nil {
		fmt.Println(err)
		return
	}
	plan := s.Plan()
	for hit := range plan.Hits(0) {
		fmt.Println(hit.Seq, hit.Due, plan.Operations[hit.Operation].Name)
		if hit.Seq == 2 {
			break
		}
	}
	for _, trial := range plan.Trials {
		fmt.Println("round", trial.Round, trial.State, trial.Hits, "hits")
	}
	// Output:
	// 0 50ms browse
	// 1 150ms browse
	// 2 250ms browse
	// round 0 baseline 1100 hits
	// round 0 cache 1100 hits
	// round 1 cache 1100 hits
	// round 1 baseline 1100 hits
}

// All mistakes are told at once, each with its place and what to do.
func ExampleErrors() {
	_, err := scenarios.Parse("sale.yaml", []byte(`version: 1
name: sale
traffic:
  stages:
    - {name: calm, hold: 10, for: 10s}
    - {name: peak, hold: 20/s, fro: 10s}
phases: [cahce]
`), shop())
	fmt.Println(err)
	// Output:
	// sale.yaml:5:26: traffic.stages[0].hold: 10 is a rate without a unit; write 10/s or 600/min
	// sale.yaml:6:32: traffic.stages[1].fro: unknown key; did you mean for?
	// sale.yaml:7:10: phases[0]: phase "cahce" is unknown to shop; did you mean cache?

}
