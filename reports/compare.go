package reports

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// ComparisonSchema is the version of a comparison in JSON.
const ComparisonSchema = "rehearse.comparison/1"

// Candidate is a run, or a saved baseline of one, to compare with others.
type Candidate struct {
	// Source is where the caller found it, such as a path.
	Source string
	// Run is a recorded one and Scenario the one kept with it; nil for a saved baseline.
	Run      *record.Run
	Scenario *scenarios.Scenario
	// Saved is the baseline; nil for a run.
	Saved *Baseline
}

// CompareOptions say what is compared, and how strictly.
type CompareOptions struct {
	// Stage is the one compared; empty is the headline stage of the first run.
	Stage string
	// Anyway compares what differs in more than the build of rehearse and of the system.
	Anyway bool
}

// Comparison is what several runs made of the same traffic. All changes are against the first group of them.
type Comparison struct {
	Schema string `json:"schema"`
	Stage  string `json:"stage"`
	// Groups are the builds, in the order in which they were named.
	Groups []ComparedGroup `json:"groups"`
	Runs   []ComparedRun   `json:"runs"`
	// Differences are in what should have been the same; only with [CompareOptions.Anyway] are there any.
	Differences []Discord `json:"differences"`
	// Notes are what has to be known before the numbers are believed.
	Notes []string `json:"notes"`
	// Collapsed are the states that fell over at the stage, in any run: the first thing there is to say.
	Collapsed []ComparedCollapse `json:"collapsed,omitempty"`
	States    []ComparedState    `json:"states"`
	// Chance tells that a cache decides over some of the counts.
	Chance bool `json:"chance,omitempty"`
	// Overlays are what is drawn of the runs that were recorded, which no number needs.
	Overlays []Overlay `json:"-"`
}

// Overlay is what one run looks like among others, by its label.
type Overlay struct {
	Label string
	// Latencies are those of the last state, and Primary is the load of the primary over the seconds since the first trial
	// began.
	Latencies []Quantile
	Primary   Line
	// Bands are its trials on that clock.
	Bands []Band
}

// ComparedCollapse is a state that fell over in a run, by the label of the run.
type ComparedCollapse struct {
	Label         string      `json:"label"`
	State         string      `json:"state"`
	Trial         int         `json:"trial"`
	AnsweredRatio stat.Number `json:"answered_ratio"`
	Hits          uint64      `json:"hits"`
}

// Verdict of a comparison is fail where a build collapsed, and inconclusive where it is the first one, against which then
// nothing can be held. Any other change is for budgets to judge.
func (c *Comparison) Verdict() Verdict {
	verdict := Pass
	for _, one := range c.Collapsed {
		if slices.Contains(c.Groups[0].Runs, one.Label) {
			verdict = verdict.And(Inconclusive)
		} else {
			verdict = Fail
		}
	}
	return verdict
}

// ComparedGroup is all runs of one build, or a saved baseline, by the letter that tables call it.
type ComparedGroup struct {
	Label string `json:"label"`
	// Runs are their labels: that of the group, or of several A1, A2 and so on.
	Runs []string `json:"runs"`
}

// ComparedRun is one of the runs, by its label.
type ComparedRun struct {
	Label  string `json:"label"`
	Source string `json:"source"`
	// Saved tells that only a baseline of it is there, so that what a baseline does not keep is not known.
	Saved    bool      `json:"saved"`
	ID       string    `json:"id"`
	Scenario string    `json:"scenario"`
	Started  time.Time `json:"started,omitzero"`
	// Version and Commit are those of rehearse, and Sabotage the defect planted in the system by a test: what is compared.
	Version  string `json:"version,omitempty"`
	Commit   string `json:"commit,omitempty"`
	Sabotage string `json:"sabotage,omitempty"`
	// Verdict is that of the run itself, whatever the others say; inconclusive for a saved baseline.
	Verdict Verdict `json:"verdict"`
	// Trials were planned, of which Valid ones reach the numbers.
	Trials int `json:"trials"`
	Valid  int `json:"valid"`
}

// ComparedState is one state's numbers at the stage. Lists have one entry for each group.
type ComparedState struct {
	State string `json:"state"`
	// Runs are those with a valid trial, Trials the valid ones of all of them, and Hits how many were due in those; unknown
	// of a saved baseline, where Trials are its rounds.
	Runs   []int         `json:"runs"`
	Trials []int         `json:"trials"`
	Hits   []stat.Number `json:"hits"`
	// Counted are the trials whose counts are believed, and Begun those that began; of a saved baseline its rounds and none.
	Counted []int            `json:"counted_trials"`
	Begun   []int            `json:"begun_trials"`
	Numbers []ComparedNumber `json:"numbers"`
}

// ComparedNumber is one number in base units, the mean over the runs of a group: of a latency the geometric mean, as that
// of a run is over its trials, of anything else as in [Numbers].
type ComparedNumber struct {
	Metric    string `json:"metric"`
	Operation string `json:"op,omitempty"`
	// Unit is as in [Budget].
	Unit   string        `json:"unit"`
	Values []stat.Number `json:"values"`
	// Changes are those of the second group, of the third, and so on, against the first.
	Changes []Change `json:"changes"`
}

// ErrTooFewRuns is returned where there is nothing to compare with.
var ErrTooFewRuns = errors.New("a comparison needs at least two runs")

// ErrSelfTestRun is returned for the record of a self-test, whose states are no states of the system.
var ErrSelfTestRun = errors.New("a self-test measured the machine and not the system: take an ordinary run")

// Compare holds the runs of other builds against those of the first. It reads nothing but its arguments. Runs that differ in
// more than what is compared, the build of rehearse and of the system under test, are an [Incomparable] error unless the
// options say otherwise.
func Compare(candidates []Candidate, o CompareOptions) (*Comparison, error) {
	if len(candidates) < 2 {
		return nil, ErrTooFewRuns
	}
	c := &comparing{Comparison: &Comparison{Schema: ComparisonSchema, Differences: []Discord{}, Notes: []string{}}}
	for _, candidate := range candidates {
		s, err := newSide(candidate)
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
	*Comparison
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
		o := Overlay{Label: s.label, Latencies: distributionOf(s.Run, s.summary.Validity, c.Stage, last), Primary: primaryOf(s.Run).since(began)}
		spans := reading.SpansOf(s.Run.Events)
		for _, t := range s.ledger.ran {
			if begin, end := spans.Of(t.Index); end > begin {
				o.Bands = append(o.Bands, Band{Span{begin - began, end - began}, t.State})
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
	summary *Summary
}

func newSide(c Candidate) (side, error) {
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
func (s side) told() ComparedRun {
	r := ComparedRun{Label: s.label, Source: s.Source}
	if s.Saved != nil {
		r.Saved, r.ID, r.Scenario = true, s.Saved.Run, s.Saved.Scenario
		return r
	}
	h := s.Run.Header
	r.ID, r.Scenario, r.Started, r.Version, r.Commit, r.Sabotage = h.ID, h.Scenario, h.Started, h.Version, h.Commit, h.Settings["sabotage"]
	r.Verdict, r.Trials = s.summary.Verdict, len(s.summary.Validity)
	r.Valid = r.Trials - len(s.summary.invalid())
	return r
}

// header of a saved baseline has what the baseline keeps of it.
func (s side) header() record.Header {
	if s.Saved == nil {
		return s.Run.Header
	}
	return record.Header{Scenario: s.Saved.Scenario, Seed: s.Saved.Seed, Rounds: s.Saved.Rounds, Stack: s.Saved.Stack, Host: s.Saved.Host}
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

// states of a saved baseline have lost their order, and so have its operations.
func (s side) states() []string {
	if s.Saved == nil {
		return s.Run.Header.States
	}
	return s.savedAs(func(name string) string {
		state, _, _ := strings.Cut(name, "@")
		return state
	})
}

func (s side) operations() []string {
	if s.Saved == nil {
		return s.Run.Header.Operations
	}
	return s.savedAs(func(name string) string {
		_, operation, _ := strings.Cut(name, "(")
		return strings.TrimSuffix(operation, ")")
	})
}

// savedAs lists the parts of the names under which a baseline has numbers.
func (s side) savedAs(part func(string) string) []string {
	parts := map[string]bool{}
	for name := range s.Saved.Numbers {
		parts[part(name)] = true
	}
	delete(parts, "")
	return slices.Sorted(maps.Keys(parts))
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
func (c *comparing) state(name string, operations []string) ComparedState {
	state := ComparedState{State: name}
	var counting [][2]group
	for i, g := range c.groups {
		g.size(&state, c.Stage)
		if i > 0 {
			counting = append(counting, c.matched(c.groups[0], g, name))
		}
	}
	for _, k := range comparedKeys(name, c.Stage, operations) {
		m := c.metric(k.Metric)
		number := ComparedNumber{Metric: k.Metric, Operation: k.Operation, Unit: string(m.Unit)}
		for i, g := range c.groups {
			level := g.level(k)
			number.Values, c.Chance = append(number.Values, level.value), c.Chance || level.chance
			if i == 0 {
				continue
			}
			before := c.groups[0].level(k)
			if k.counted() {
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
func (s side) size(state, stage string) (of State, hits stat.Number) {
	if s.Saved != nil {
		return State{Trials: s.Saved.Rounds, CountedTrials: s.Saved.Rounds}, stat.Unknown()
	}
	for _, t := range s.ledger.valid(state) {
		hits += stat.Number(t.In(stage).Offered)
	}
	return s.summary.find(state), hits
}

// comparedKeys are the numbers of a state: latencies, the load of the databases, what a hit costs them, and errors.
func comparedKeys(state, stage string, operations []string) (keys []Key) {
	for _, metric := range []string{"p50", "p95", "p99", "errors", "primary_qps", "replica_qps"} {
		keys = append(keys, Key{Metric: metric, State: state, Stage: stage})
	}
	for _, metric := range []string{"primary_statements", "replica_statements"} {
		for _, operation := range append([]string{""}, operations...) {
			keys = append(keys, Key{Metric: metric, Operation: operation, State: state, Stage: stage})
		}
	}
	return keys
}
