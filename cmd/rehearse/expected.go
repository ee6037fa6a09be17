package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rehearse-dev/rehearse/harness/target"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// statementTable tells what the traffic will cost the primary in each state, where the system knows: at the headline
// stage in statements per second, and for a request in the mean. What a run measures can be held against it.
func statementTable(s *scenarios.Scenario, p *scenarios.Plan) string {
	headline := slices.IndexFunc(p.Stages, func(stage scenarios.PlannedStage) bool { return stage.Name == p.Headline })
	costed, known := targetOf(s).(target.Costed)
	if headline < 0 || !known {
		return ""
	}
	hits, length := p.CountStages(0)[headline], p.Stages[headline].End-p.Stages[headline].Begin
	t := newTable()
	t.AppendHeader(table.Row{"state", "primary statements at " + p.Headline, "per request"})
	t.SetColumnConfigs([]table.ColumnConfig{rightAligned(2), rightAligned(3)})
	for _, state := range p.States {
		rate := target.Expected(costed, s, p, state, hits, length) / length.Seconds()
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
