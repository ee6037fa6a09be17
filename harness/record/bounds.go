package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a record. What lies beyond is not of rehearse's making, or is damaged, and is refused where a record is opened:
// who reads it goes through its seconds and its trials one by one.
const (
	// longestTrial and longestRun are seconds; a scenario's trial lasts a day at most.
	longestTrial = 24 * 60 * 60
	longestRun   = 7 * longestTrial
	// highestCount is of hits in one second or one stage, and highestValue of what an instrument reads: both add up without
	// losing a digit that matters.
	highestCount = 1e12
	highestValue = 1e18
	highestRate  = 1e6
	highestIndex = 1e6

	mostTrials      = 5_000 // more would take a report minutes
	mostNames       = 1000  // of states, operations, stages and error classes
	mostRates       = 10_000
	mostValues      = 20_000 // of one reading or event
	mostSeries      = 100_000
	mostCells       = 100_000 // states times operations times stages, trials times stages, states times error classes: each has numbers of its own
	mostEvents      = 50_000
	mostText        = 1 << 20
	longestName     = 200
	longestSentence = 1000
	mostChecks      = 32
	longestSlug     = 63
	mostProblems    = 10 // told of one file

	// Bytes of one line, of the header and of the scenario.
	maxLineBytes     = 2 << 20
	maxHeaderBytes   = 64 << 20
	maxScenarioBytes = 1 << 20
	// mostParts bounds what a header of that size unfolds to: its objects, lists and members.
	mostParts = 1 << 20
	// mostHeld is about how many bytes of memory the records of one command may take together: four days and nights of five operations.
	mostHeld = 448 << 20
)

// problems are what is wrong with one line or the header, all of it at once.
type problems struct {
	found []error
	more  int
}

func (p *problems) add(format string, values ...any) {
	if len(p.found) == mostProblems {
		p.more++
		return
	}
	p.found = append(p.found, fmt.Errorf(format, values...))
}

// number refuses what lies outside of the range, and what is no number.
func (p *problems) number(what string, value, lowest, highest float64) {
	if !(value >= lowest && value <= highest) {
		p.add("%s %v is out of range: %v to %v", what, value, lowest, highest)
	}
}

func (p *problems) count(what string, value uint64) { p.number(what, float64(value), 0, highestCount) }

func (p *problems) amount(what string, of, most int) {
	if of > most {
		p.add("%d %s are too many: %d at the most", of, what, most)
	}
}

// name refuses what no name of rehearse's is like: it goes into tables, file names and queries of other programs.
func (p *problems) name(what, name string) {
	switch {
	case len(name) > longestName:
		p.add("%s %.40q… is longer than %d bytes", what, name, longestName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		p.add("%s %q has characters that cannot be seen", what, name)
	}
}

func (p *problems) names(what string, names []string) {
	p.amount(what, len(names), mostNames)
	for _, name := range names[:min(len(names), mostNames)] {
		p.name(what, name)
	}
}

// slug is the name of a scenario, as the language has it.
func (p *problems) slug(what, name string) {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-"
	if len(name) > longestSlug || strings.Trim(name, letters) != "" || strings.Trim(name, "-") != name {
		p.add("%s %.80q is no name of a-z, 0-9 and inner dashes of at most %d bytes", what, name, longestSlug)
	}
}

func (p *problems) text(what, text string) {
	if len(text) > mostText {
		p.add("%s is %d bytes long: %d at the most", what, len(text), mostText)
	}
}

// values are the numbers of a reading or an event.
func (p *problems) values(values map[string]float64) {
	p.amount("values", len(values), mostValues)
	for key, value := range values {
		p.name("series", key)
		p.number("value of "+printable(key), value, -highestValue, highestValue)
	}
}

// printable is a name in a message that may be about that name.
func printable(name string) string { return fmt.Sprintf("%.80q", name) }

// err joins what was found, for the place at which it was.
func (p *problems) err(where string) error {
	var told []error
	for _, problem := range p.found {
		told = append(told, fmt.Errorf("%s: %w", where, problem))
	}
	if p.more > 0 {
		told = append(told, fmt.Errorf("%s: and %d more", where, p.more))
	}
	return errors.Join(told...)
}

// check finds what is out of bounds in a header.
func (h *Header) check() *problems {
	p := &problems{}
	p.name("id", h.ID)
	if strings.ContainsAny(h.ID, `/\`) || strings.HasPrefix(h.ID, ".") {
		p.add("id %.80q is a path and no name", h.ID)
	}
	p.slug("scenario", h.Scenario)
	p.name("stack", h.Stack)
	p.name("cpu", h.Host.CPU)
	p.number("rounds", float64(h.Rounds), 0, highestIndex)
	p.number("scale", h.Scale, 0, highestRate)
	p.number("cpus", float64(h.Host.CPUs), 0, highestRate)
	p.number("memory_bytes", float64(h.Host.MemoryBytes), 0, highestValue)
	p.number("timeout_seconds", h.TimeoutSeconds, 0, longestTrial)
	p.names("states", h.States)
	p.names("operations", h.Operations)
	p.names("only", h.Only)
	p.amount("states times operations times stages", len(h.States)*len(h.Operations)*len(h.Stages), mostCells)
	p.amount("trials times stages", len(h.Trials)*len(h.Stages), mostCells)
	h.checkTexts(p)
	h.checkDeclared(p)
	h.checkStages(p)
	h.checkTrials(p)
	if h.SelfTest != nil {
		p.name("state", h.SelfTest.State)
		p.amount("levels", len(h.SelfTest.Levels), mostNames)
		for _, level := range h.SelfTest.Levels[:min(len(h.SelfTest.Levels), mostNames)] {
			p.name("state", level.State)
			p.number("slowdown", level.Slowdown, 0, highestRate)
		}
	}
	if h.Cutover != nil {
		p.names("states of the cutover", h.Cutover.States)
	}
	return p
}

// checkDeclared looks at what the system says of itself: names go into tables, and sentences into reports.
func (h *Header) checkDeclared(p *problems) {
	p.amount("checks", len(h.Checks), mostChecks)
	for _, c := range h.Checks[:min(len(h.Checks), mostChecks)] {
		p.name("name of a check", c.Name)
		for _, of := range [...]struct{ what, text string }{
			{"chances", c.Chances}, {"says", c.Says}, {"promise", c.Promise}, {"broken", c.Broken}, {"short", c.Short}, {"title", c.Title},
			{"tested", c.Tested}, {"untested", c.Untested},
		} {
			p.sentence(of.what+" of check "+printable(c.Name), of.text)
		}
	}
	p.amount("aliases", len(h.Aliases), mostChecks)
	for _, a := range h.Aliases[:min(len(h.Aliases), mostChecks)] {
		p.name("name of an alias", a.Name)
		p.name("metric of an alias", a.Metric)
		p.name("operation of an alias", a.Operation)
		p.sentence("says of alias "+printable(a.Name), a.Says)
	}
	if h.Acknowledged != nil {
		p.sentence("says of what is acknowledged", h.Acknowledged.Says)
		p.sentence("called of what is acknowledged", h.Acknowledged.Called)
		p.sentence("none of what is acknowledged", h.Acknowledged.None)
	}
	if h.Application != nil {
		p.names("roles", h.Application.Roles)
		p.names("services", h.Application.Services)
		p.name("entrance", h.Application.Entrance)
	}
}

// sentence refuses what no sentence of a system is like.
func (p *problems) sentence(what, text string) {
	if len(text) > longestSentence {
		p.add("%s %.40q… is longer than %d bytes", what, text, longestSentence)
	}
}

func (h *Header) checkTexts(p *problems) {
	for _, of := range [...]struct{ what, text string }{
		{"scenario_path", h.ScenarioPath}, {"version", h.Version}, {"commit", h.Commit}, {"os", h.Host.OS},
		{"kernel", h.Host.Kernel},
	} {
		p.text(of.what, of.text)
	}
	p.amount("words of command", len(h.Command), mostNames)
	for _, word := range h.Command[:min(len(h.Command), mostNames)] {
		p.text("command", word)
	}
	p.texts("versions", h.Versions, mostNames)
	p.texts("settings", h.Settings, mostNames)
	p.texts("limits", h.Limits, mostNames)
	p.texts("statements", h.Statements, mostSeries)
}

func (p *problems) texts(what string, texts map[string]string, most int) {
	p.amount(what, len(texts), most)
	for name, text := range texts {
		p.name(what, name)
		p.text(what, text)
	}
}

// checkStages holds the stages to be one after the other, and the trial to be no longer than a scenario's may be.
func (h *Header) checkStages(p *problems) {
	names := p.stages(h.Stages)
	if h.Headline != "" && len(h.Stages) > 0 && !names[h.Headline] {
		p.add("headline_stage %.80q is none of the stages", h.Headline)
	}
}

// stages checks those of a trial, and returns their names.
func (p *problems) stages(stages []Stage) map[string]bool {
	p.amount("stages", len(stages), mostNames)
	const rounding = 1e-6
	end, names := 0.0, map[string]bool{}
	for _, s := range stages[:min(len(stages), mostNames)] {
		p.name("stage", s.Name)
		if names[s.Name] {
			p.add("stage %q is there twice", s.Name)
		}
		names[s.Name] = true
		what := "of stage " + printable(s.Name)
		p.text("shape "+what, s.Shape)
		p.number("begin_seconds "+what, s.BeginSeconds, max(end-rounding, 0), longestTrial)
		p.number("end_seconds "+what, s.EndSeconds, max(s.BeginSeconds, 0), longestTrial)
		p.number("from_rate "+what, s.FromRate, 0, highestRate)
		p.number("to_rate "+what, s.ToRate, 0, highestRate)
		p.count("hits "+what, s.Hits)
		p.amount("rates "+what, len(s.Rates), mostRates)
		for _, rate := range s.Rates[:min(len(s.Rates), mostRates)] {
			p.number("rates "+what, rate, 0, highestRate)
		}
		end = s.EndSeconds
	}
	return names
}

func (h *Header) checkTrials(p *problems) {
	p.amount("trials", len(h.Trials), mostTrials)
	states, indices := map[string]bool{}, map[int]bool{}
	for _, state := range h.States {
		states[state] = true
	}
	for _, t := range h.Trials[:min(len(h.Trials), mostTrials)] {
		what := fmt.Sprintf("of trial %d", t.Index)
		p.number("index "+what, float64(t.Index), 0, highestIndex)
		p.number("round "+what, float64(t.Round), 0, highestIndex)
		p.count("hits "+what, t.Hits)
		p.name("state "+what, t.State)
		if indices[t.Index] {
			p.add("trial %d is there twice", t.Index)
		}
		if len(states) > 0 && !states[t.State] {
			p.add("state %.80q %s is none of the states", t.State, what)
		}
		if len(t.Stages) > 0 && !slices.EqualFunc(t.Stages, h.Stages, func(a, b Stage) bool { return a.Name == b.Name && a.Measure == b.Measure }) {
			p.add("the stages %s are not those of the run", what)
		}
		p.stages(t.Stages)
		indices[t.Index] = true
	}
}

// parts counts what a JSON text is made of, before it is unfolded.
func parts(text []byte) (n int) {
	inside, escaped := false, false
	for _, char := range text {
		switch {
		case escaped:
			escaped = false
		case inside:
			inside, escaped = char != '"', char == '\\'
		case char == '"':
			inside = true
		case char == ',' || char == '{' || char == '[':
			n++
		}
	}
	return n
}
