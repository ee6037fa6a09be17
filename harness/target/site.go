package target

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/rehearse-dev/rehearse/harness/probe"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Site is what a system is booted on: servers that are up and hold its data.
type Site struct {
	Stack    stack.Stack
	Scenario *scenarios.Scenario
	// Secret is random and of this run: what opens the administration of the services, and nothing else.
	Secret string
	// Sabotage names the defects to plant, with commas between; empty is none.
	Sabotage string
	// Job is told of each piece of work that the system did besides its traffic, in a sentence and in figures.
	Job func(text string, figures map[string]float64)
}

func newSite(s stack.Stack, config BootConfig) *Site {
	return &Site{Stack: s, Scenario: config.Scenario, Secret: rand.Text(), Sabotage: config.Sabotage, Job: config.Job}
}

// Spawn starts this binary as one of the system's services and returns when all its ports accept connections. The service
// gets config by [Target.Serve].
func (s *Site) Spawn(ctx context.Context, service string, ports []string, config any) (stack.Addresses, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return stack.Addresses{}, fmt.Errorf("configure %s: %w", service, err)
	}
	return s.Stack.Spawn(ctx, stack.Service{
		Name: service, Args: []string{"serve", service}, Ports: ports, Env: []string{ConfigVariable + "=" + string(text)},
	})
}

// Metrics makes the instrument that reads what a service counts itself, by the name of the service: all families at url that
// begin with prefix, without it. The service wants the site's secret.
func (s *Site) Metrics(name, url, prefix string) *probe.Instrument {
	return probe.GuardedMetrics(name, url, prefix, s.Secret)
}
