package judge

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Candidate is a run, or a saved baseline of one, to compare with others.
type Candidate struct {
	// Source is where the caller found it, such as a path.
	Source string
	// Run is a recorded one and Scenario the one kept with it; nil for a saved baseline.
	Run      *record.Run
	Scenario *scenarios.Scenario
	// Saved is the baseline; nil for a run.
	Saved *model.Baseline
}

// CompareOptions say what is compared, and how strictly.
type CompareOptions struct {
	// Stage is the one compared; empty is the headline stage of the first run.
	Stage string
	// Anyway compares what differs in more than the build of rehearse and of the system.
	Anyway bool
}

// ErrTooFewRuns is returned where there is nothing to compare with.
var ErrTooFewRuns = errors.New("a comparison needs at least two runs")

// ErrSelfTestRun is returned for the record of a self-test, whose states are no states of the system.
var ErrSelfTestRun = errors.New("a self-test measured the machine and not the system: take an ordinary run")

// Compare holds the runs of other builds against those of the first. It reads nothing but its arguments. Runs that differ in
// more than what is compared, the build of rehearse and of the system under test, are an [Incomparable] error unless the
// options say otherwise.
func Compare(candidates []Candidate, o CompareOptions) (*model.Comparison, error) {
	if len(candidates) < 2 {
		return nil, ErrTooFewRuns
	}
	c := &comparing{Comparison: &model.Comparison{Schema: model.ComparisonSchema, Differences: []model.Discord{}, Notes: []string{}}}
	for _, candidate := range candidates {
		s, err := newside(candidate)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", candidate.Source, err)
		}
		c.sides = append(c.sides, s)
	}
	var repeated []string
	c.sides, repeated = once(c.sides)
	c.Notes = append(c.Notes, repeated...)
	found, unstated := discords(c.sides)
	if len(found) > 0 && !o.Anyway {
		return nil, Incomparable{Differences: found, sources: c.sources()}
	}
	c.group(found)
	for _, s := range c.sides {
		c.Runs = append(c.Runs, s.told())
	}
	var err error
	if c.Stage, err = commonStage(c.sides, o.Stage); err != nil {
		return nil, err
	}
	c.Differences = append(c.Differences, found...)
	operations := allOf(c.sides, side.operations)
	for _, state := range allOf(c.sides, side.states) {
		c.States = append(c.States, c.state(state, operations))
	}
	c.note(unstated)
	c.noteCollapses()
	c.overlay()
	return c.Comparison, nil
}

// comparing is a comparison on its way, with what it is found in.
type comparing struct {
	*model.Comparison
	sides  []side
	groups []group
	// oneBuild tells that all runs are of the same one, so that each is a group.
	oneBuild bool
}

// overlay keeps what is to be drawn of the runs that were recorded. Of a saved baseline nobody knows it.
func (c *comparing) overlay() {
	last := c.States[len(c.States)-1].State
	for _, s := range c.sides {
		if s.Run == nil {
			continue
		}
		began := s.ledger.began()
		o := model.Overlay{Label: s.label, Latencies: distributionOf(s.Run, s.summary.Validity, c.Stage, last), Primary: since(primaryOf(s.Run), began)}
		spans := reading.SpansOf(s.Run.Events)
		for _, t := range s.ledger.ran {
			if begin, end := spans.Of(t.Index); end > begin {
				o.Bands = append(o.Bands, model.Band{Span: model.Span{From: begin - began, To: end - began}, Name: t.State})
			}
		}
		c.Overlays = append(c.Overlays, o)
	}
}

func (c *comparing) sources() (list []string) {
	for _, s := range c.sides {
		list = append(list, s.Source)
	}
	return list
}

// side is a candidate made ready to be asked.
type side struct {
	Candidate
	label string
	// ledger and summary are nil for a saved baseline.
	ledger  *Ledger
	summary *model.Summary
}

func newside(c Candidate) (side, error) {
	s := side{Candidate: c}
	if c.Run == nil {
		return s, nil
	}
	if c.Run.Header.SelfTest != nil {
		return s, ErrSelfTestRun
	}
	s.ledger = Examine(c.Run)
	var err error
	s.summary, err = s.ledger.Summarize(nil, c.Scenario)
	return s, err
}

// told is the side as the comparison presents it.
func (s side) told() model.ComparedRun {
	r := model.ComparedRun{Label: s.label, Source: s.Source}
	if s.Saved != nil {
		r.Saved, r.ID, r.Scenario = true, s.Saved.Run, s.Saved.Scenario
		return r
	}
	h := s.Run.Header
	r.ID, r.Scenario, r.Started, r.Version, r.Commit, r.Sabotage = h.ID, h.Scenario, h.Started, h.Version, h.Commit, h.Settings["sabotage"]
	r.Verdict, r.Trials = s.summary.Verdict, len(s.summary.Validity)
	r.Valid = r.Trials - len(s.summary.Invalid())
	return r
}

// header of a saved baseline has what the baseline keeps of it.
func (s side) header() record.Header {
	if s.Saved == nil {
		return s.Run.Header
	}
	return record.Header{Scenario: s.Saved.Scenario, Seed: s.Saved.Seed, Rounds: s.Saved.Rounds, Stack: s.Saved.Stack, Host: record.Host(s.Saved.Host)}
}

// stages are the measured ones.
func (s side) stages() []string {
	if s.Saved != nil {
		return slices.Sorted(maps.Keys(s.Saved.Stages))
	}
	var names []string
	for _, stage := range s.Run.Header.Stages {
		if stage.Measure {
			names = append(names, stage.Name)
		}
	}
	return names
}

// States of a saved baseline have lost their order, and so have its operations.
func (s side) states() []string {
	if s.Saved == nil {
		return s.Run.Header.States
	}
	return s.Saved.States()
}

func (s side) operations() []string {
	if s.Saved == nil {
		return s.Run.Header.Operations
	}
	return s.Saved.Operations()
}

// allOf joins what the sides have, each once, those of runs before those of saved baselines.
func allOf(sides []side, of func(side) []string) (all []string) {
	for _, saved := range []bool{false, true} {
		for _, s := range sides {
			for _, name := range of(s) {
				if (s.Saved != nil) == saved && !slices.Contains(all, name) {
					all = append(all, name)
				}
			}
		}
	}
	return all
}

// commonStage is the stage asked for, or else the headline of the first run that has one. All have to have measured it.
func commonStage(sides []side, stage string) (string, error) {
	for _, s := range sides {
		if stage == "" && s.Run != nil {
			stage = s.Run.Header.Headline
		}
	}
	if first := sides[0].stages(); stage == "" && len(first) == 1 {
		stage = first[0]
	}
	if stage == "" {
		return "", fmt.Errorf("saved baselines have no headline stage; add --stage with one of %s", strings.Join(sides[0].stages(), ", "))
	}
	for _, s := range sides {
		if measured := s.stages(); !slices.Contains(measured, stage) {
			return "", fmt.Errorf("%s has no measured stage %s; add --stage with one of %s", s.Source, stage, strings.Join(measured, ", "))
		}
	}
	return stage, nil
}

// metric is one by its name, as the first run that is no saved baseline declares it.
func (c *comparing) metric(name string) scenarios.Metric {
	for _, s := range c.sides {
		if s.ledger != nil {
			return s.ledger.metric(name)
		}
	}
	m, _ := scenarios.FindMetric(name)
	return m
}

// state compares all numbers of one, of these operations.
func (c *comparing) state(name string, operations []string) model.ComparedState {
	state := model.ComparedState{State: name}
	var counting [][2]group
	for i, g := range c.groups {
		g.size(&state, c.Stage)
		if i > 0 {
			counting = append(counting, c.matched(c.groups[0], g, name))
		}
	}
	for _, k := range comparedKeys(name, c.Stage, operations) {
		m := c.metric(k.Metric)
		number := model.ComparedNumber{Metric: k.Metric, Operation: k.Operation, Unit: string(m.Unit)}
		for i, g := range c.groups {
			level := g.level(k)
			number.Values, c.Chance = append(number.Values, level.value), c.Chance || level.chance
			if i == 0 {
				continue
			}
			before := c.groups[0].level(k)
			if k.Counted() {
				before, level = counting[i-1][0].level(k), counting[i-1][1].level(k)
				if len(c.groups) == 2 {
					// Of three or more the first has another level beside each; which rounds are compared is noted.
					number.Values[0], number.Values[1] = before.value, level.value
				}
			}
			number.Changes = append(number.Changes, before.to(level, k, m))
		}
		state.Numbers = append(state.Numbers, number)
	}
	return state
}

// size is on how many trials the numbers of a state rest, and how many hits were due in those with latencies.
func (s side) size(state, stage string) (of model.State, hits stat.Number) {
	if s.Saved != nil {
		return model.State{Trials: s.Saved.Rounds, CountedTrials: s.Saved.Rounds}, stat.Unknown()
	}
	for _, t := range s.ledger.valid(state) {
		hits += stat.Number(t.In(stage).Offered)
	}
	return s.summary.Find(state), hits
}

// comparedKeys are the numbers of a state: latencies, the load of the databases, what a hit costs them, and errors.
func comparedKeys(state, stage string, operations []string) (keys []model.Key) {
	for _, metric := range []string{"p50", "p95", "p99", "errors", "primary_qps", "replica_qps"} {
		keys = append(keys, model.Key{Metric: metric, State: state, Stage: stage})
	}
	for _, metric := range []string{"primary_statements", "replica_statements"} {
		for _, operation := range append([]string{""}, operations...) {
			keys = append(keys, model.Key{Metric: metric, Operation: operation, State: state, Stage: stage})
		}
	}
	return keys
}
