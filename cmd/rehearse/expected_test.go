package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/fixtures/carshare"
	"github.com/rehearse-dev/rehearse/harness/target"
	"github.com/rehearse-dev/rehearse/scenarios"
)

func shippedPlan(t *testing.T, name string) (*scenarios.Scenario, *scenarios.Plan) {
	t.Helper()
	text, _ := scenarios.ReadShipped(name)
	f := scenarios.Open(name, text, vocabularies()...)
	f.Beside(scenarios.ShippedFiles())
	s, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	return s, s.Plan()
}

// By the catalogue a request costs the baseline's primary 3.168 statements and the last state's 0.160, and the batch of
// last uses is one more a second; the plateau has 600 requests a second. The pack of 4,800 rounds each operation by less
// than one hit, of at most four statements.
func TestExpectedStatements(t *testing.T) {
	s, p := shippedPlan(t, "stay-launch")
	hits := p.CountStages(0)[3]
	for state, want := range map[string]float64{carshare.Baseline: 600 * 3.168, carshare.Archive: 600*0.160 + 1} {
		got := target.Expected(carshare.Target{}, s, p, state, hits, 8*time.Second) / 8
		if math.Abs(got-want) > 4*5/8.0 {
			t.Errorf("%s: got %v statements per second, want %v", state, got, want)
		}
	}
	if table := statementTable(s, p); !strings.Contains(table, "primary statements at plateau") || !strings.Contains(table, "1,901/s") || !strings.Contains(table, "3.168") {
		t.Errorf("got\n%s", table)
	}
}

// Weights of the scenario's own decide which service, and so at which cost, an operation goes to: once main alone has been
// extracted, a verification of it costs nothing and one of rental three statements.
func TestExpectedStatementsByWeight(t *testing.T) {
	s, p := shippedPlan(t, "ci-gate")
	for weights, want := range map[[2]float64]float64{{1, 0}: 0, {0, 1}: 3, {1, 1}: 1.5} {
		s.Traffic.APIs = map[string]float64{"GET main/v1/home": weights[0], "GET rental/v1/cars/status": weights[1]}
		if got := target.MeanCost(carshare.Target{}, s, carshare.ExtractMain, carshare.Verify); got != want {
			t.Errorf("%v: got %v, want %v", weights, got, want)
		}
	}
	if len(p.States) != 6 {
		t.Errorf("got states %v", p.States)
	}
}
