package scenarios

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Budget is a limit on one metric of one state in one stage.
type Budget struct {
	// Metric is a name of the vocabulary, such as p95 or primary_qps.
	Metric string
	// Operation, if set, is the only one whose hits, answers or statements count.
	Operation string
	// API, if set, is the only one whose hits and answers count, by its name in the vocabulary.
	API string
	// Stage and State select the number; they default to the headline stage and the last state.
	Stage, State string
	// Of, if set, makes the number a ratio: the metric in State over the metric in state Of, which may be [Before], or
	// over the one of a baseline that was [Saved].
	Of string
	// Max and Min are limits that a passing number may reach, Below and Above limits that it may not. All are in base
	// units (seconds, per second, fractions); nil is no limit.
	Max, Min, Below, Above *float64
	// Written are the limits as they are spelt, such as 36k/min; reports repeat them so.
	Written Written
	// For, if not zero, judges each second by itself: the limit is breached when every second of so long a time is outside.
	For time.Duration
	// Abort ends the run as soon as it is clear that the limit is breached.
	Abort bool
	// Level is what a breach means: [LevelFail], [LevelProven] or [LevelWarn]. Empty is the former.
	Level string
	// Least is how many hits the number must rest on; with fewer the budget is inconclusive.
	Least uint64
	// Line is where the scenario file states the budget.
	Line int
}

// Written is how limits are spelt; empty is no limit, or one that no text states.
type Written struct{ Max, Min, Below, Above string }

// What a budget may compare a state with, besides other states.
const (
	// Before is the state before the budget's own, in the order of the phases.
	Before = "before"
	// Saved is a baseline kept in a file.
	Saved = "saved"
)

// What the breach of a budget means.
const (
	// LevelFail fails the run.
	LevelFail = "fail"
	// LevelProven fails the run where the breach is beyond doubt, and is told where nobody can decide: on a machine that is
	// shared a latency may be worth no verdict, and that fails nobody's change.
	LevelProven = "proven"
	// LevelWarn is told, and changes neither verdict nor exit code.
	LevelWarn = "warn"
)

// Filled is b with everything that its writer left to the scenario: the stage, the state, and which state is before it.
func (b Budget) Filled(headline, last string, phases []string) Budget {
	if b.Stage == "" {
		b.Stage = headline
	}
	if b.State == "" {
		b.State = last
	}
	states := append([]string{Baseline}, phases...)
	if i := slices.Index(states, b.State); b.Of == Before && i > 0 {
		b.Of = states[i-1]
	}
	return b
}

// States are those that a filled budget needs measured.
func (b Budget) States() []string {
	if b.Of == "" || b.Of == Saved {
		return []string{b.State}
	}
	return []string{b.State, b.Of}
}

// Unit is the unit of the budget's limits. What a system adds to the metrics that all have counts answers.
func (b Budget) Unit() Unit {
	metric, common := FindMetric(b.Metric)
	if !common {
		metric.Unit = Count
	}
	return b.unit(metric)
}

// unit is [Budget.Unit] of a metric that is known.
func (b Budget) unit(metric Metric) Unit {
	if b.Of != "" {
		return Ratio
	}
	return metric.Unit
}

// highest and lowest are the limits above and below the number, whether or not it may reach them.
func (b Budget) highest() *float64 {
	if b.Max != nil {
		return b.Max
	}
	return b.Below
}

func (b Budget) lowest() *float64 {
	if b.Min != nil {
		return b.Min
	}
	return b.Above
}

// limitKeys are the keys of limits, any of which will do.
func limitKeys() []string { return []string{"max", "min", "below", "above"} }

func (r *reader) budget(path string, n *yaml.Node, v Vocabulary) Budget {
	f := r.mapping(path, n, slices.Concat([]string{"metric", "op", "api", "stage", "state", "of"}, limitKeys(),
		[]string{"for", "abort", "level", "least"})...)
	f.require("metric", "name the metric to limit, such as metric: p95")
	b := Budget{
		Metric: f.text("metric", ""), Operation: f.text("op", ""), API: f.text("api", ""), Stage: f.text("stage", ""), State: f.text("state", ""),
		Of: f.text("of", ""), For: value(f, "for", 0, spelt(readSustained)), Abort: f.truth("abort", false),
		Level: f.text("level", LevelFail), Least: value(f, "least", 0, unquoted(readWhole)), Line: n.Line,
	}
	metric, known := FindMetric(b.Metric, v)
	if !known {
		// Without the metric its limits have no unit; that the metric is unknown is found with the meaning.
		for _, key := range limitKeys() {
			r.spoil(f.at(key))
		}
		return b
	}
	for _, one := range b.limits() {
		*one.value = f.limit(one.key, b.unit(metric))
		if *one.value != nil && !r.bad[f.at(one.key)] {
			*one.written = f.of[one.key].Value
		}
	}
	return b
}

// stated is a limit of a budget, by where its fields are.
type stated struct {
	key     string
	value   **float64
	written *string
}

func (b *Budget) limits() []stated {
	return []stated{
		{"max", &b.Max, &b.Written.Max}, {"min", &b.Min, &b.Written.Min},
		{"below", &b.Below, &b.Written.Below}, {"above", &b.Above, &b.Written.Above},
	}
}

func (f fields) limit(key string, unit Unit) *float64 {
	if f.of[key] == nil {
		return nil
	}
	limit := value(f, key, 0, spelt(func(text string) (float64, *mistake) {
		if unit == Ratio {
			return f.r.readRatio(text, f.r.old(f.at(key)))
		}
		return readLimit(text, unit)
	}))
	return &limit
}

// readSustained reads a time in whole seconds: that is how finely hits are recorded.
func readSustained(text string) (time.Duration, *mistake) {
	d, wrong := readDuration(text)
	if wrong == nil && d%time.Second != 0 {
		wrong = &mistake{text + " is not a number of whole seconds", "write " + max(d.Round(time.Second), time.Second).String()}
	}
	return d, wrong
}

// budget checks one budget, in the order of its keys.
func (c *checker) budget(at string, b Budget) {
	names := c.s.Vocabulary.metricNames()
	if !c.must(slices.Contains(names, b.Metric), at+".metric", oneOf(b.Metric, names), "metric %q is unknown", b.Metric) {
		return
	}
	metric, _ := FindMetric(b.Metric, c.s.Vocabulary)
	c.budgetOperation(at, b, metric)
	c.budgetAPI(at, b, metric)
	c.budgetStage(at, b)
	c.budgetStates(at, b)
	c.limits(at, b, metric)
	c.sustained(at, b, metric)
	levels := []string{LevelFail, LevelProven, LevelWarn}
	c.must(slices.Contains(levels, b.Level), at+".level", oneOf(b.Level, levels), "level %q is unknown", b.Level)
	c.abort(at, b, metric)
	c.due(at, b)
}

func (c *checker) budgetOperation(at string, b Budget, metric Metric) {
	if b.Operation == "" {
		return
	}
	at += ".op"
	names := c.s.Vocabulary.operationNames()
	known := c.must(slices.Contains(names, b.Operation), at, oneOf(b.Operation, names), "operation %q is unknown", b.Operation)
	if !c.must(metric.ByOperation, at, "leave op out: it is one number for all", "%s is not counted by operation", b.Metric) || !known {
		return
	}
	if c.sound("traffic") {
		occurs := c.s.operations()
		found := slices.ContainsFunc(occurs, func(op Operation) bool { return op.Name == b.Operation })
		c.must(found, at, "choose one that does, or add it to the mix", "operation %q does not occur in this traffic", b.Operation)
	}
}

func (c *checker) budgetAPI(at string, b Budget, metric Metric) {
	if b.API == "" {
		return
	}
	c.must(b.Operation == "", at+".op", "remove it: each API causes one operation", "the budget has api: already")
	c.must(b.For == 0, at+".for", "leave out one of the two", "an API is not known for each second")
	c.must(!b.Abort, at+".abort", "remove it", "during the run nobody counts by API")
	c.must(b.Of != Saved, at+".of", "compare it with a state", "saved baselines are small and know no API")
	at += ".api"
	byAPI := c.s.Vocabulary.metricsThat(Metric.ByAPI)
	counted := c.must(metric.ByAPI(), at, "leave api out, or limit one of "+strings.Join(byAPI, ", "), "%s is not counted by API", b.Metric)
	known := c.s.Vocabulary.apiNames()
	if !c.must(slices.Contains(known, b.API), at, meantAPI(b.API, known), "API %q is unknown", brief(b.API)) || !counted {
		return
	}
	if c.sound("traffic") {
		c.must(c.s.calls(b.API), at, "choose one that is, or give it a weight", "API %q is not called in this traffic", b.API)
	}
}

// calls tells whether an API that the vocabulary knows is called.
func (s *Scenario) calls(name string) bool {
	v := s.Vocabulary
	api := v.APIs[slices.Index(v.apiNames(), name)]
	weighted := len(s.Traffic.APIs) == 0 && api.Weight > 0 || s.Traffic.APIs[name] > 0
	return weighted && slices.ContainsFunc(s.operations(), func(op Operation) bool { return op.Name == api.Operation })
}

func (c *checker) budgetStage(at string, b Budget) {
	if b.Stage == "" || !c.legible("name", "measure") {
		return
	}
	at += ".stage"
	stages := c.s.stageNames()
	i := slices.Index(stages, b.Stage)
	if c.must(i >= 0, at, oneOf(b.Stage, stages), "stage %q is unknown", b.Stage) {
		c.must(c.s.Traffic.Stages[i].Measure, at, "choose a measured stage", "stage %q is not measured", b.Stage)
	}
}

func (c *checker) budgetStates(at string, b Budget) {
	states := c.s.states()
	comparable := append(slices.Clone(states), Before, Saved)
	if !c.sound("phases") {
		// What no phase leads to is a mistake whichever of them the file comes to name.
		states = append([]string{Baseline}, c.s.Vocabulary.Phases...)
		c.must(b.State == "" || slices.Contains(states, b.State), at+".state", oneOf(b.State, states), "state %q is unknown", b.State)
		comparable = append(states, Before, Saved)
		c.must(b.Of == "" || slices.Contains(comparable, b.Of), at+".of", oneOf(b.Of, comparable), "state %q is unknown", b.Of)
		return
	}
	state := b.Filled("", states[len(states)-1], nil).State
	known := c.must(slices.Contains(states, state), at+".state", oneOf(b.State, states), "state %q is unknown", b.State)
	at += ".of"
	c.must(b.Of == "" || slices.Contains(comparable, b.Of), at, oneOf(b.Of, comparable), "state %q is unknown", b.Of)
	c.must(b.Of != state, at, "compare two different states", "state %q is compared with itself", state)
	c.must(b.Of != Before || !known || state != Baseline, at, "name the state of a phase", "there is no state before the %s", Baseline)
}

func (c *checker) sustained(at string, b Budget, metric Metric) {
	if b.For == 0 {
		return
	}
	at += ".for"
	c.must(metric.BySecond, at, "leave for out, or limit one of "+strings.Join(c.s.Vocabulary.metricsThat(func(m Metric) bool { return m.BySecond }), ", "), "%s is not known for each second", b.Metric)
	c.must(b.Of == "", at, "leave out one of the two", "a ratio is of whole stages, not of seconds")
	if c.sound("traffic") {
		stage := c.s.stageOf(b)
		c.must(b.For <= stage.Duration, at, "write a shorter time, or lengthen the stage", "stage %q lasts %v, not %v", stage.Name, stage.Duration, b.For)
	}
}

// stageOf is the stage that b is about; one that nobody knows lasts for ever.
func (s *Scenario) stageOf(b Budget) Stage {
	name := b.Filled(s.Traffic.Headline, "", nil).Stage
	for _, stage := range s.Traffic.Stages {
		if stage.Name == name {
			return stage
		}
	}
	return Stage{Name: name, Duration: MaxTrial}
}

func (c *checker) abort(at string, b Budget, metric Metric) {
	if !b.Abort {
		return
	}
	at += ".abort"
	counted := metric.Unit == Count && b.Of == "" && b.highest() != nil && b.lowest() == nil
	do := "remove it: a run ends for limits with for:, and for counts of answers with max:"
	if metric.BySecond && b.Of == "" {
		do = "add for:, such as for: 5s"
	}
	c.must(b.For > 0 || counted, at, do, "it cannot be clear during the run that this limit is breached")
	c.must(b.Level != LevelWarn, at, "remove one of the two", "what is only a warning ends no run")
}
