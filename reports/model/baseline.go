package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

// BaselineSchema is the version of a saved baseline's format.
const BaselineSchema = "rehearse.baseline/1"

// Baseline is what a run measured, saved to compare later runs with. It belongs into the repository of the system: its
// numbers are one to a line, in the order of their names.
type Baseline struct {
	Schema   string `json:"schema"`
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	// Run is the id of the run that measured it.
	Run    string `json:"run"`
	Rounds int    `json:"rounds"`
	// Stack and Host are the machine: what it says of latencies another one cannot keep or miss.
	Stack string `json:"stack"`
	Host  Host   `json:"host"`
	// Stages are the traffic, by name.
	Stages map[string]SavedStage `json:"stages"`
	// Numbers in base units, by the names that budgets in short give them, such as cache@peak: p95(OPERATION).
	Numbers map[string]SavedNumber `json:"numbers"`
}

// SavedStage is the traffic of one stage of one trial.
type SavedStage struct {
	Seconds float64 `json:"seconds"`
	Hits    uint64  `json:"hits"`
}

// SavedNumber is one number. Lo and Hi are the interval of a latency over several rounds, else unknown.
type SavedNumber struct{ Value, Lo, Hi stat.Number }

// MarshalJSON writes the number alone, or with its interval as [value, lo, hi].
func (n SavedNumber) MarshalJSON() ([]byte, error) {
	if !n.Lo.Known() || !n.Hi.Known() {
		return json.Marshal(n.Value)
	}
	return json.Marshal([]stat.Number{n.Value, n.Lo, n.Hi})
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *SavedNumber) UnmarshalJSON(data []byte) error {
	n.Lo, n.Hi = stat.Unknown(), stat.Unknown()
	if len(data) == 0 || data[0] != '[' {
		return json.Unmarshal(data, &n.Value)
	}
	var all []stat.Number
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	if len(all) != 3 {
		return fmt.Errorf("a number with its interval has three parts, not %d", len(all))
	}
	n.Value, n.Lo, n.Hi = all[0], all[1], all[2]
	return nil
}

// MaxBaseline is how many bytes the file of one may have.
const MaxBaseline = 16 << 20

// HowToSave says how to come by a saved baseline.
const HowToSave = "rehearse baseline save writes one"

// Bounds of a saved baseline, which comes from a repository and so from anybody: bytes of the file, of which one of a
// hundred stages has a half; seconds of a stage; hits; and any number.
const (
	maxSavedSeconds  = 24 * 60 * 60
	maxSavedHits     = 1e12
	maxSavedNumber   = 1e18
	maxSavedRounds   = 1e6
	maxSavedCPUs     = 1e6
	maxSavedName     = 500
	maxSavedProblems = 10
	// States, and states times operations: who compares looks at each.
	maxSavedStates = 1000
	maxSavedCells  = 20_000
)

// Text is the file of the baseline.
func (b *Baseline) Text() ([]byte, error) {
	head := *b
	head.Numbers = nil
	text, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return nil, err
	}
	// The encoder would put each end of an interval on a line of its own.
	begin, _, _ := strings.Cut(string(text), `"numbers": null`)
	lines := []string{}
	for _, name := range slices.Sorted(maps.Keys(b.Numbers)) {
		number, err := json.Marshal(b.Numbers[name])
		if err != nil {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("    %q: %s", name, number))
	}
	return fmt.Appendf(nil, "%s\"numbers\": {\n%s\n  }\n}\n", begin, strings.Join(lines, ",\n")), nil
}

// ParseBaseline reads what [Baseline.Text] made; path is for what is wrong with it.
func ParseBaseline(path string, text []byte) (*Baseline, error) {
	b := &Baseline{}
	if err := json.Unmarshal(text, b); err != nil {
		return nil, fmt.Errorf("%s is not a saved baseline: %w; %s", path, err, HowToSave)
	}
	if b.Schema != BaselineSchema {
		return nil, fmt.Errorf("%s has schema %q; this rehearse reads %q: save it anew", path, b.Schema, BaselineSchema)
	}
	return b, b.check(path)
}

// savedProblems are what is wrong with a baseline, the first of it.
type savedProblems struct {
	path  string
	wrong []error
}

func (p *savedProblems) add(format string, values ...any) {
	if len(p.wrong) < maxSavedProblems {
		p.wrong = append(p.wrong, fmt.Errorf("%s: "+format, append([]any{p.path}, values...)...))
	}
}

func (p *savedProblems) number(what string, value, most float64) {
	if !(value >= 0 && value <= most) {
		p.add("%s %v is out of range: 0 to %v", what, value, most)
	}
}

func (p *savedProblems) name(what, text string) {
	if len(text) > maxSavedName || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		p.add("%s %.80q is no name: it is longer than %d bytes, or has characters that cannot be seen", what, text, maxSavedName)
	}
}

// check finds what no run can have measured. What is unknown is left out of a file, so every number in it is one.
func (b *Baseline) check(path string) error {
	p := &savedProblems{path: path}
	p.name("scenario", b.Scenario)
	p.name("run", b.Run)
	p.name("stack", b.Stack)
	p.name("cpu", b.Host.CPU)
	p.number("rounds", float64(b.Rounds), maxSavedRounds)
	p.number("cpus", float64(b.Host.CPUs), maxSavedCPUs)
	p.number("memory_bytes", float64(b.Host.MemoryBytes), maxSavedNumber)
	for _, stage := range slices.Sorted(maps.Keys(b.Stages)) {
		p.name("stage", stage)
		p.number(fmt.Sprintf("seconds of stage %.80s", stage), b.Stages[stage].Seconds, maxSavedSeconds)
		p.number(fmt.Sprintf("hits of stage %.80s", stage), float64(b.Stages[stage].Hits), maxSavedHits)
	}
	for _, key := range slices.Sorted(maps.Keys(b.Numbers)) {
		p.name("number", key)
		p.saved(key, b.Numbers[key])
	}
	states, operations := b.States(), b.Operations()
	if len(states) > maxSavedStates || len(states)*len(operations) > maxSavedCells {
		p.add("%d states and %d operations are too many: %d states at the most, and %d times operations", len(states), len(operations), maxSavedStates, maxSavedCells)
	}
	if len(p.wrong) > 0 {
		return fmt.Errorf("%w; save it anew", errors.Join(p.wrong...))
	}
	return nil
}

// saved holds a number to be one that can be measured, inside of its interval. None is below zero: a ratio to one that is
// would be inside of every limit.
func (p *savedProblems) saved(key string, n SavedNumber) {
	for _, value := range []stat.Number{n.Value, n.Lo, n.Hi} {
		if value.Known() {
			p.number(fmt.Sprintf("number %.80q", key), float64(value), maxSavedNumber)
		}
	}
	if n.Lo > n.Value || n.Value > n.Hi {
		p.add("number %.80q %v is not between %v and %v", key, float64(n.Value), float64(n.Lo), float64(n.Hi))
	}
}

// States and operations of a saved baseline have lost their order: they are parts of the names of its numbers.

// States are those of which it has numbers, by name.
func (b *Baseline) States() []string {
	return b.parts(func(name string) string {
		state, _, _ := strings.Cut(name, "@")
		return state
	})
}

// Operations are those of which it has numbers, by name.
func (b *Baseline) Operations() []string {
	return b.parts(func(name string) string {
		_, operation, _ := strings.Cut(name, "(")
		return strings.TrimSuffix(operation, ")")
	})
}

// parts lists parts of the names of its numbers.
func (b *Baseline) parts(part func(string) string) []string {
	parts := map[string]bool{}
	for name := range b.Numbers {
		parts[part(name)] = true
	}
	delete(parts, "")
	return slices.Sorted(maps.Keys(parts))
}
