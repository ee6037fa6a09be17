package main

import (
	"fmt"
	"strings"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// budgetText says a budget in a line.
func budgetText(b scenarios.Budget) string {
	words := b.Metric
	if b.Operation != "" {
		words += "(" + b.Operation + ")"
	}
	if b.API != "" {
		words += "(" + b.API + ")"
	}
	words += " of " + b.State
	switch b.Of {
	case "":
	case scenarios.Saved:
		words += " over the saved baseline"
	default:
		words += " over " + b.Of
	}
	words += " at " + b.Stage + " " + limitsText(b)
	if b.For > 0 {
		words += fmt.Sprintf(", breached by %v in a row", b.For)
	}
	if b.Least > 0 {
		words += ", from " + grouped(b.Least) + " hits"
	}
	if b.Abort {
		words += "; a breach ends the run"
	}
	if b.Level == scenarios.LevelProven {
		words += "; only a warning where it cannot be decided"
	}
	if b.Level == scenarios.LevelWarn {
		words += "; only a warning"
	}
	return words
}

// limitsText says the limits of a budget.
func limitsText(b scenarios.Budget) string {
	if b.Min != nil && b.Max != nil {
		return "between " + limitText(*b.Min, b.Unit()) + " and " + limitText(*b.Max, b.Unit())
	}
	var parts []string
	for _, limit := range []struct {
		word  string
		value *float64
	}{{"at least", b.Min}, {"above", b.Above}, {"at most", b.Max}, {"below", b.Below}} {
		if limit.value != nil {
			parts = append(parts, limit.word+" "+limitText(*limit.value, b.Unit()))
		}
	}
	return strings.Join(parts, " and ")
}
