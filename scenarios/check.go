package scenarios

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Bounds of the language. Each keeps a run inside what one machine and one afternoon can do.
const (
	// MaxRate is what one generator can pace, in hits per second.
	MaxRate = 20_000
	// MaxRounds bounds the repetitions of every state.
	MaxRounds = 100
	// MaxTrial bounds the sum of all stages.
	MaxTrial = 24 * time.Hour

	maxTimeout = 2 * time.Minute // latency histograms end there
	maxItems   = 100             // entries of a list
	maxText    = 1000            // bytes of one value
	maxName    = 63
	maxRepeat  = 10_000 // of the steps of a session

	defaultTimeout = 5 * time.Second
	// defaultZipf is how unevenly records are used unless the file says; most populations measured lie between 0.6 and 1.
	defaultZipf = 0.75
)

// Arrivals.
const (
	// Poisson arrivals are independent of one another, as those of many people are.
	Poisson = "poisson"
	// Even arrivals follow the curve like clockwork.
	Even = "even"
)

// finding is a mistake of meaning in the value at path.
type finding struct {
	path string
	mistake
}

// checker collects findings. Values that broken knows of are taken for sound: their mistake is told already.
type checker struct {
	s *Scenario
	// systems are the names of those that there are.
	systems []string
	broken  func(path string) bool
	found   []finding
	reading
}

// all checks everything but the system itself.
func (c *checker) all() {
	c.head()
	c.nodes()
	c.mix("traffic.mix", c.s.Traffic.Mix)
	c.apis()
	c.stages()
	c.sessions()
	c.headline()
	c.phases()
	for i, b := range c.s.Budgets {
		c.budget(fmt.Sprintf("budgets[%d]", i), b)
	}
	c.supply()
}

// must files a mistake at path unless ok holds or path is broken. It returns ok.
func (c *checker) must(ok bool, path, do, what string, args ...any) bool {
	if !ok && !c.broken(path) {
		c.found = append(c.found, finding{path, mistake{fmt.Sprintf(what, args...), do}})
	}
	return ok
}

// sound tells whether nothing inside these paths was found wrong.
func (c *checker) sound(paths ...string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool {
		return c.broken(path) || slices.ContainsFunc(c.found, func(f finding) bool { return within(f.path, path) })
	})
}

// within tells whether inner is outer or a part of it.
func within(inner, outer string) bool {
	rest, found := strings.CutPrefix(inner, outer)
	return found && (rest == "" || outer == "" || rest[0] == '.' || rest[0] == '[')
}

func (c *checker) head() {
	s := c.s
	c.must(s.Version == Version, "version", "write version: 1", "version %d is not known to this rehearse", s.Version)
	c.slug("name", s.Name)
	c.must(s.Rounds >= 1 && s.Rounds <= MaxRounds, "rounds", fmt.Sprintf("write a number from 1 to %d", MaxRounds), "%d rounds are out of range", s.Rounds)
	arrivals := []string{Poisson, Even}
	c.must(slices.Contains(arrivals, s.Traffic.Arrivals), "traffic.arrivals", oneOf(s.Traffic.Arrivals, arrivals), "arrivals %q are unknown", s.Traffic.Arrivals)
	const maxZipf = 10 // the second most popular is then used once in a thousand
	c.must(s.Traffic.Zipf > 0 && s.Traffic.Zipf <= maxZipf, "traffic.zipf", "write a number above 0 and at most 10, such as 0.99",
		"%v is no exponent of a popularity", s.Traffic.Zipf)
	c.must(s.Traffic.Timeout <= maxTimeout, "traffic.timeout", "write at most 2m", "%v is longer than latencies are recorded", s.Traffic.Timeout)
}

// slug keeps names fit for directories, flags and chart legends.
func (c *checker) slug(path, name string) {
	fit := name != "" && len(name) <= maxName && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		name[0] != '-' && name[len(name)-1] != '-'
	c.must(fit, path, "use lower-case letters, digits and inner dashes, at most 63", "%q is not a name", name)
}

func (c *checker) stages() {
	stages := c.s.Traffic.Stages
	const path = "traffic.stages"
	measured := slices.ContainsFunc(stages, func(s Stage) bool { return s.Measure })
	c.must(len(stages) > 0 && measured, path, "have a stage without measure: false", "no stage is measured")
	var total time.Duration
	for i, stage := range stages {
		at := fmt.Sprintf("%s[%d]", path, i)
		c.slug(at+".name", stage.Name)
		first := slices.IndexFunc(stages, func(s Stage) bool { return s.Name == stage.Name })
		c.must(first == i, at+".name", "give each stage its own name", "stage %d is called %q already", first+1, stage.Name)
		c.curve(at, stage)
		c.mix(at+".mix", stage.Mix)
		total += min(stage.Duration, MaxTrial+1)
	}
	c.must(total <= MaxTrial, path, "shorten a stage", "one trial lasts longer than %v", MaxTrial)
	if !c.sound(path) {
		return
	}
	for i, stage := range place(stages) {
		// Sessions of a stage before may be all that is sent.
		followed := c.s.Traffic.Sessions != nil && i > 0
		c.must(stage.Hits > 0 || !stage.Measure || followed, fmt.Sprintf("%s[%d]", path, i),
			"raise its rate, lengthen it, or write measure: false", "not one hit is due in stage %q", stage.Name)
	}
}

func (c *checker) curve(at string, stage Stage) {
	key, do := stage.span()
	c.must(stage.Duration > 0, at+"."+key, do, "%v is no time at all", stage.Duration)
	switch stage.kind() {
	case kindHold:
		c.rate(at+".hold", stage.From)
	case kindRamp:
		c.rate(at+".ramp.from", stage.From)
		c.rate(at+".ramp.to", stage.To)
	default:
		stage.Shape.check(c, at, stage)
	}
}

func (c *checker) rate(path string, rate float64) {
	c.must(rate >= 0 && rate <= MaxRate, path, fmt.Sprintf("stay at or below %d/s", MaxRate), "%s/s is beyond what one generator can pace", trim(rate))
}

// legible tells whether these keys of all stages could be read.
func (c *checker) legible(keys ...string) bool {
	for i := range c.s.Traffic.Stages {
		for _, key := range keys {
			if c.broken(fmt.Sprintf("traffic.stages[%d].%s", i, key)) {
				return false
			}
		}
	}
	return len(c.s.Traffic.Stages) > 0
}

func (c *checker) headline() {
	name := c.s.Traffic.Headline
	if !c.legible("name", "measure") {
		return
	}
	var measured []string
	for _, s := range c.s.Traffic.Stages {
		if s.Measure {
			measured = append(measured, s.Name)
		}
	}
	if len(measured) > 0 {
		c.must(slices.Contains(measured, name), "traffic.headline", oneOf(name, measured), "%q is no measured stage", name)
	}
}

func (c *checker) phases() {
	order, phases := c.s.Vocabulary.Phases, c.s.Phases
	last := 0
	var known []string
	for i, name := range phases {
		at := fmt.Sprintf("phases[%d]", i)
		place := slices.Index(order, name)
		c.must(place >= 0, at, oneOf(name, order), "phase %q is unknown to %s", name, c.s.Vocabulary.System)
		c.must(slices.Index(phases, name) == i, at, "remove it", "phase %q is listed before", name)
		last = max(last, place+1)
		if place >= 0 && !slices.Contains(known, name) {
			known = append(known, name)
		}
	}
	// Of the phases that are some: an unknown one beside them is another mistake.
	if !slices.Equal(known, order[:last]) {
		do := "write phases: [" + strings.Join(order[:last], ", ") + "]"
		if len(known) < last && len(c.s.Measured) == 0 {
			some := strings.Join(inOrder(order, known), ", ")
			do += fmt.Sprintf(", and to measure %s alone, only: [%s] beside it, or --only %s", some, some, strings.ReplaceAll(some, " ", ""))
		}
		c.must(false, "phases", do, "each phase builds on the ones before it: the order has gaps or is turned round")
	}
	if !c.sound("phases") {
		phases = order[:last] // as they will be once that is mended
	}
	for i, name := range c.s.Measured {
		c.must(slices.Contains(phases, name), fmt.Sprintf("only[%d]", i), oneOf(name, phases), "phase %q is not in the scenario", name)
	}
}

// inOrder are those of some phases, in the order in which they are made.
func inOrder(order, some []string) []string {
	return slices.DeleteFunc(slices.Clone(order), func(name string) bool { return !slices.Contains(some, name) })
}

// supply makes sure that no hit of the run finds used up what it needs.
func (c *checker) supply() {
	supply := c.s.Vocabulary.Supply
	if supply.Key == "" || !c.sound("rounds", "system", "traffic", "phases", "only") {
		return
	}
	plan, share := c.s.plan(), c.s.share()
	name, most := plan.consumption()
	c.must(most <= share, "system."+supply.Key,
		fmt.Sprintf("seed at least %d, or offer less, shorter or in fewer rounds", c.s.Vocabulary.enough(most)),
		"%s uses up %d %s in %d trials and %d repeats; of %d it gets %d",
		name, most, supply.Called, len(plan.Trials), plan.Repeats(), c.s.System.Whole(supply.Key), share)
}

// consumption is the operation that uses up the most of the supply in all trials and repeats, and how much.
func (p *Plan) consumption() (operation string, most uint64) {
	for i, count := range p.dealt() {
		need := count * uint64(len(p.Trials)+p.Repeats())
		if p.Operations[i].Consumes && need > most {
			operation, most = p.Operations[i].Name, need
		}
	}
	return operation, most
}

// Shortage is how much of the supply has to be seeded for all trials of p, where that of s is too little; else it is zero.
func (s *Scenario) Shortage(p *Plan) uint64 {
	if _, most := p.consumption(); most > s.share() {
		return s.Vocabulary.enough(most)
	}
	return 0
}

// Supplied is s with at least so much of the supply.
func (s *Scenario) Supplied(least uint64) *Scenario {
	key := s.Vocabulary.Supply.Key
	if key == "" {
		return s
	}
	more := *s
	more.System.Values = maps.Clone(s.System.Values)
	more.System.Values[key] = max(s.System.Whole(key), int(least))
	return &more
}

// MostRounds is how many rounds the supply is enough for, at most [MaxRounds] of them.
func (s *Scenario) MostRounds() int {
	longer := *s
	for longer.Rounds = MaxRounds; longer.Rounds > s.Rounds; longer.Rounds-- {
		if _, most := longer.plan().consumption(); most <= s.share() {
			break
		}
	}
	return longer.Rounds
}

// share is how much of the supply each consuming operation may use up.
func (s *Scenario) share() uint64 {
	supply := s.Vocabulary.Supply
	if supply.Key == "" {
		return math.MaxUint64
	}
	return uint64(float64(s.System.Whole(supply.Key))*(1-supply.Kept)) / max(s.Vocabulary.consumers(), 1)
}

// enough is how much of the supply has to be seeded for each consuming operation to use up so much.
func (v Vocabulary) enough(each uint64) uint64 {
	return uint64(math.Ceil(float64(each*v.consumers()) / (1 - v.Supply.Kept)))
}

func (v Vocabulary) consumers() uint64 {
	var n uint64
	for _, op := range v.Operations {
		if op.Consumes {
			n++
		}
	}
	return n
}

func (v Vocabulary) operationNames() []string {
	var names []string
	for _, op := range v.Operations {
		names = append(names, op.Name)
	}
	return names
}

func (s *Scenario) stageNames() []string {
	var names []string
	for _, stage := range s.Traffic.Stages {
		names = append(names, stage.Name)
	}
	return names
}

// states lists every state of the scenario, whether or not it is measured.
func (s *Scenario) states() []string { return append([]string{Baseline}, s.Phases...) }
