package main

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// budgetText says a budget in a line.
func budgetText(b scenarios.Budget) string {
	metric, _ := scenarios.FindMetric(b.Metric)
	unit := metric.Unit
	words := fmt.Sprintf("%s of %s at %s", b.Metric, b.State, b.Stage)
	if b.Of != "" {
		unit = scenarios.Ratio
		words = fmt.Sprintf("%s of %s over %s at %s", b.Metric, b.State, b.Of, b.Stage)
	}
	switch {
	case b.Max != nil && b.Min != nil:
		return words + " between " + limitText(*b.Min, unit) + " and " + limitText(*b.Max, unit)
	case b.Min != nil:
		return words + " at least " + limitText(*b.Min, unit)
	default:
		return words + " at most " + limitText(*b.Max, unit)
	}
}
