package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// cutover changes the system while the traffic flows, in one continuous run.
type cutover struct {
	on, back bool
	hold     time.Duration
	// states has the state of each stage of the plan, once there is one.
	states []string
}

// Bounds of how long a state is held: shorter ones show no whole seconds beside the switches.
const (
	shortestHold = 2 * time.Second
	longestHold  = time.Hour
)

// longestOwnHold is how long a state is held at most without being told to: a headline stage may last an hour.
const longestOwnHold = time.Minute

func (c *cutover) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&c.on, "cutover", false, "one continuous run in which the phases are applied while the traffic flows")
	flags.BoolVar(&c.back, "and-back", false, "with --cutover: undo the phases one by one afterwards")
	flags.DurationVar(&c.hold, "hold", 0, "with --cutover: how long each state is held (default as the headline stage lasts)")
}

// check refuses flags that do not go together.
func (c *cutover) check(f *runFlags) error {
	v := &f.variation
	switch {
	case !c.on && v.has("and-back"):
		return usageError("--and-back is for --cutover; add --cutover, or leave it out")
	case !c.on && v.has("hold"):
		return usageError("--hold is for --cutover; add --cutover, or leave it out")
	case !c.on:
		return nil
	case f.self.on:
		return usageError("--cutover judges the system and --self-test this machine; choose one")
	case f.until.on:
		return usageError("--cutover is one continuous run and --until-clear adds rounds; choose one")
	case v.has("rounds"):
		return usageError("--cutover is one continuous run; leave --rounds out")
	case v.has("only"):
		return usageError("--cutover goes through every phase; leave --only out")
	case f.baseline != "":
		return usageError("--cutover is not compared with a baseline; leave --baseline out")
	case v.has("hold") && (c.hold < shortestHold || c.hold > longestHold):
		return usageError("--hold %v is out of range; write a time from %v to %v", c.hold, shortestHold, longestHold)
	}
	return nil
}

// plan is that of the cutover: all states in one trial.
func (c *cutover) plan(s *scenarios.Scenario, p *scenarios.Plan) (*scenarios.Plan, error) {
	if len(s.Measured) > 0 || len(s.Phases) == 0 {
		return nil, usageError("--cutover goes through the phases of the scenario; %s has %s", s.Name, whyNone(s))
	}
	if c.hold == 0 {
		c.hold = ownHold(p)
	}
	planned, states := p.Cutover(c.hold, c.back)
	c.states = states
	if planned.Duration() > scenarios.MaxTrial {
		return nil, usageError("%d states of %v last longer than %v; write a shorter --hold", len(states)-1, c.hold, scenarios.MaxTrial)
	}
	if least := s.Shortage(planned); least > 0 {
		supply := s.Vocabulary.Supply
		return nil, usageError("%d states of %v use up more %s than there are; add --set system.%s=%d, or a shorter --hold",
			len(states)-1, c.hold, supply.Called, supply.Key, least)
	}
	return planned, nil
}

func whyNone(s *scenarios.Scenario) string {
	if len(s.Measured) > 0 {
		return "only: in it; leave that out"
	}
	return "none"
}

// ownHold is as long as the headline stage, within bounds.
func ownHold(p *scenarios.Plan) time.Duration {
	headline := p.Stages[slices.IndexFunc(p.Stages, func(s scenarios.PlannedStage) bool { return s.Name == p.Headline })]
	return min(max(headline.End-headline.Begin, shortestHold), longestOwnHold)
}

// describe adds to h what is particular.
func (c *cutover) describe(h *record.Header) {
	if c.on {
		h.Cutover = &record.Cutover{States: c.states, AndBack: c.back}
	}
}

// outline is what a cutover is going to do.
func (c *cutover) outline(p *scenarios.Plan) string {
	back := ""
	if c.back {
		back = " and back"
	}
	return fmt.Sprintf("cutover through %d states%s at %s, %v each", len(p.States), back, rateText(p.Stages[0].From), c.hold)
}
