package target

import (
	"time"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// Costed is a target that knows beforehand what its traffic costs the primary.
type Costed interface {
	// Cost is how many statements one request of an API, accepted and answered, causes on the primary in a state: top-level
	// ones as pg_stat_statements counts them, transaction control not among them. Of a system without APIs it is asked for one
	// that has an operation alone.
	Cost(state string, api scenarios.API) float64
	// Background is what the services send to the primary by themselves in a state, in statements per second.
	Background(state string) float64
}

// Expected is how many statements the primary answers for these hits of each operation of p, sent over length.
func Expected(of Costed, s *scenarios.Scenario, p *scenarios.Plan, state string, hits []uint64, length time.Duration) float64 {
	statements := of.Background(state) * length.Seconds()
	for i, op := range p.Operations {
		statements += float64(hits[i]) * MeanCost(of, s, state, op.Name)
	}
	return statements
}

// MeanCost is what one request of an operation costs the primary, over the APIs that cause it by their weights in s.
func MeanCost(of Costed, s *scenarios.Scenario, state, operation string) float64 {
	v := s.Vocabulary
	if len(v.APIs) == 0 {
		return of.Cost(state, scenarios.API{Operation: operation})
	}
	var cost, weights float64
	for _, api := range v.APIs {
		if api.Operation != operation {
			continue
		}
		weight := api.Weight
		if len(s.Traffic.APIs) > 0 {
			weight = s.Traffic.APIs[api.Name]
		}
		cost, weights = cost+weight*of.Cost(state, api), weights+weight
	}
	if weights == 0 {
		return 0
	}
	return cost / weights
}
