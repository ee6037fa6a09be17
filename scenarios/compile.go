package scenarios

import (
	"maps"
	"slices"
	"time"
)

// SwitchAllowance is what [Plan.Expected] adds to every trial for changing the state, warming up and reading the last
// counters. Booting and seeding come on top, once.
const SwitchAllowance = 3 * time.Second

// Plan compiles a valid scenario. It is a pure function of s.
func (s *Scenario) Plan() *Plan {
	p := s.plan()
	p.tally()
	return p
}

// tally counts the hits of the rounds that are not counted yet.
func (p *Plan) tally() {
	if p.counted == nil {
		p.counted = map[int][][]uint64{}
	}
	for i, trial := range p.Trials {
		if p.counted[trial.Round] == nil {
			p.counted[trial.Round] = p.CountStages(i)
		}
		p.Trials[i].Hits = p.Total(i)
	}
}

// plan is Plan without the hits of each trial, which take a walk through it where there are sessions.
func (s *Scenario) plan() *Plan {
	p := &Plan{
		Scenario:   s.Name,
		Seed:       s.Seed,
		Rounds:     s.Rounds,
		Arrivals:   s.Traffic.Arrivals,
		Timeout:    s.Traffic.Timeout,
		Headline:   s.Traffic.Headline,
		Operations: s.operations(),
		Checks:     s.Vocabulary.Checks,
		Stages:     place(s.Traffic.Stages),
	}
	p.Sessions = s.sessions(p.Operations)
	s.mixed(p)
	p.States, p.Phases = s.measured()
	p.Trials = trials(p.States, s.Rounds)
	last := p.States[len(p.States)-1]
	for _, b := range s.Budgets {
		b = b.Filled(s.Traffic.Headline, last, s.Phases)
		if !slices.ContainsFunc(b.States(), func(state string) bool { return !slices.Contains(p.States, state) }) {
			p.Budgets = append(p.Budgets, b)
		} else {
			p.Unjudged = append(p.Unjudged, b)
		}
	}
	return p
}

// operations are those that occur, in some stage or in sessions. Their shares are those of the mix of the whole traffic,
// scaled to sum to one, since a file may round them.
func (s *Scenario) operations() []Operation {
	mixes := []map[string]float64{s.mix(nil)}
	for _, stage := range s.Traffic.Stages {
		mixes = append(mixes, s.mix(stage.Mix))
	}
	var ops []Operation
	for _, op := range s.Vocabulary.Operations {
		op.Share = mixes[0][op.Name]
		occurs := slices.ContainsFunc(mixes, func(mix map[string]float64) bool { return mix[op.Name] > 0 })
		if occurs || s.Traffic.Sessions.does(op.Name, s.Vocabulary.Roles) {
			ops = append(ops, op)
		}
	}
	return ops
}

// mix is the share of each operation that occurs under a mix: that of a stage, or else of the traffic, or else by the
// weights of the APIs, or else the system's catalogue. The shares sum to one.
func (s *Scenario) mix(stage map[string]float64) map[string]float64 {
	shares := map[string]float64{}
	switch {
	case len(stage) > 0:
		maps.Copy(shares, stage)
	case len(s.Traffic.Mix) > 0:
		maps.Copy(shares, s.Traffic.Mix)
	case len(s.Traffic.APIs) > 0:
		for _, api := range s.Vocabulary.APIs {
			shares[api.Operation] += s.Traffic.APIs[api.Name]
		}
	default:
		for _, op := range s.Vocabulary.Operations {
			shares[op.Name] = op.Share
		}
	}
	var sum float64
	for _, name := range slices.Sorted(maps.Keys(shares)) {
		sum += shares[name]
	}
	for name := range shares {
		shares[name] /= sum
	}
	return shares
}

// mixed gives each stage of p its mix.
func (s *Scenario) mixed(p *Plan) {
	for i, stage := range s.Traffic.Stages {
		mix := s.mix(stage.Mix)
		for _, op := range p.Operations {
			p.Stages[i].Shares = append(p.Stages[i].Shares, mix[op.Name])
		}
	}
}

// measured are the phases asked for and the states to measure for them: the baseline, and each phase's before and after.
func (s *Scenario) measured() (states []string, phases []PlannedPhase) {
	all := s.states()
	wanted := map[string]bool{Baseline: true}
	for i, name := range s.Phases {
		if len(s.Measured) == 0 || slices.Contains(s.Measured, name) {
			wanted[all[i]], wanted[name] = true, true
			phases = append(phases, PlannedPhase{Name: name, Before: all[i], After: name})
		}
	}
	for _, state := range all {
		if wanted[state] {
			states = append(states, state)
		}
	}
	return states, phases
}

// Extend is p with one more round, which the returned plan does not share with p. A plan with a control trial has had its
// only round.
func (p *Plan) Extend() *Plan {
	longer := *p
	longer.Trials, longer.counted = slices.Clone(p.Trials), maps.Clone(p.counted)
	longer.Rounds++
	for _, t := range trials(p.States, longer.Rounds)[p.Rounds*len(p.States):] {
		// Repeats have taken some of the numbers.
		t.Index = len(longer.Trials)
		longer.Trials = append(longer.Trials, t)
	}
	longer.tally()
	return &longer
}

// WithTrials is p with trials of its own, of states that need not be the scenario's. Trials of a round have the same hits.
func (p *Plan) WithTrials(states []string, trials []Trial) *Plan {
	other := *p
	other.States, other.Trials, other.counted = states, slices.Clone(trials), nil
	other.Phases, other.Budgets, other.Unjudged = nil, nil, nil
	other.tally()
	return &other
}

// trials alternate direction from round to round, so that a drift of the machine falls on both sides of each phase, and
// at each turn one state is measured twice in a row. A single round has no turn: there the last state is measured once more,
// so that every run shows what this machine does to the same thing twice.
func trials(states []string, rounds int) []Trial {
	var order []Trial
	for round := range rounds {
		for i := range states {
			if round%2 == 1 {
				i = len(states) - 1 - i
			}
			order = append(order, Trial{Index: len(order), Round: round, State: states[i]})
		}
	}
	if rounds == 1 && len(order) > 0 {
		order = append(order, Trial{Index: len(order), Round: 1, State: states[len(states)-1], Control: true})
	}
	return order
}

// Repeats is how many trials a run may repeat because its generator was late: the share of a noisy machine, but at least
// a few.
func (p *Plan) Repeats() int {
	if p.Once {
		return 0
	}
	return max(3, len(p.Trials)/3)
}

// Repeat is p with one more trial: the given one again, with the same arrivals and hits of its own. It comes last in
// Trials, which the returned plan does not share with p.
func (p *Plan) Repeat(trial int) *Plan {
	again := *p
	t := p.Trials[trial]
	t.Index = len(p.Trials)
	again.Trials = append(slices.Clone(p.Trials), t)
	return &again
}

// Duration is how long one trial lasts.
func (p *Plan) Duration() time.Duration {
	if len(p.Stages) == 0 {
		return 0
	}
	return p.Stages[len(p.Stages)-1].End
}

// Expected is how long all trials take together, with [SwitchAllowance] for each.
func (p *Plan) Expected() time.Duration {
	return time.Duration(len(p.Trials)) * (p.Duration() + SwitchAllowance)
}
