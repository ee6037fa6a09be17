package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rehearse-dev/rehearse/fixtures/carshare"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// statementTable tells what the traffic will cost the primary in each state, by the catalogue of the system: at the
// headline stage in statements per second, and for a request in the mean. What a run measures can be held against it.
func statementTable(s *scenarios.Scenario, p *scenarios.Plan) string {
	headline := slices.IndexFunc(p.Stages, func(stage scenarios.PlannedStage) bool { return stage.Name == p.Headline })
	if headline < 0 {
		return ""
	}
	hits, length := p.CountStages(0)[headline], p.Stages[headline].End-p.Stages[headline].Begin
	t := newTable()
	t.AppendHeader(table.Row{"state", "primary statements at " + p.Headline, "per request"})
	t.SetColumnConfigs([]table.ColumnConfig{rightAligned(2), rightAligned(3)})
	for _, state := range p.States {
		rate := expectedStatements(s, p, state, hits, length) / length.Seconds()
		perRequest := rate * length.Seconds() / float64(max(sum(hits), 1))
		t.AppendRow(table.Row{state, statementsText(rate) + "/s", fmt.Sprintf("%.3f", perRequest)})
	}
	return t.Render()
}

// statementsText is a rate to four digits or so: the traffic itself is known no better.
func statementsText(rate float64) string {
	if rate >= 100 {
		return grouped(uint64(math.Round(rate)))
	}
	return fmt.Sprintf("%.1f", rate)
}

// expectedStatements is how many statements the primary answers for these hits of each operation, sent over length.
func expectedStatements(s *scenarios.Scenario, p *scenarios.Plan, state string, hits []uint64, length time.Duration) float64 {
	statements := carshare.Background(state) * length.Seconds()
	for i, op := range p.Operations {
		statements += float64(hits[i]) * meanCost(s, state, op.Name)
	}
	return statements
}

// meanCost is what one request of an operation costs the primary, over the APIs that cause it by their weights.
func meanCost(s *scenarios.Scenario, state, operation string) float64 {
	var cost, weights float64
	for _, api := range carshare.Catalogue() {
		if api.Operation != operation {
			continue
		}
		weight := float64(api.Weight)
		if len(s.Traffic.APIs) > 0 {
			weight = s.Traffic.APIs[api.Name()]
		}
		cost, weights = cost+weight*carshare.Cost(state, api), weights+weight
	}
	if weights == 0 {
		return 0
	}
	return cost / weights
}
