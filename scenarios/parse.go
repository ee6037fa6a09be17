package scenarios

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// Version of the language this package reads.
const Version = 1

// Parse reads a scenario file that names no other; see [File.Beside] for those that do. File is the name used in mistakes;
// systems are what those know that it may name. The error, if any, is of type [Errors] and holds every mistake found:
// first of structure, then of meaning.
func Parse(file string, src []byte, systems ...Vocabulary) (*Scenario, error) {
	return Open(file, src, systems...).Read()
}

func (r *reader) scenario(root *yaml.Node, v Vocabulary) *Scenario {
	f := r.mapping("", root, "version", "name", "description", "seed", "rounds", "system", "nodes", "images", "traffic", "phases", "only", "budgets")
	f.require("version", "begin the file with version: 1")
	f.require("name", "name the scenario, such as name: stay-launch")
	f.require("traffic", "describe the traffic by its stages")
	s := &Scenario{
		Version:     f.whole("version", Version),
		Name:        f.text("name", ""),
		Description: f.text("description", ""),
		Seed:        value(f, "seed", 1, unquoted(readWhole)),
		Rounds:      f.whole("rounds", 3),
		System:      r.system(f.of["system"], v),
		Vocabulary:  v,
		Nodes:       r.limits(f.of["nodes"], v),
		Images:      r.images(f.of["images"]),
		Phases:      v.Phases,
	}
	if f.has("traffic") {
		s.Traffic = r.traffic(f.of["traffic"], v)
	}
	if f.of["phases"] != nil {
		s.Phases = f.texts("phases")
	}
	if f.of["only"] != nil {
		s.Measured = f.texts("only")
	}
	for i, n := range f.items("budgets") {
		s.Budgets = append(s.Budgets, r.budget(f.item("budgets", i), n, v))
	}
	return s
}

func (r *reader) traffic(n *yaml.Node, v Vocabulary) Traffic {
	f := r.mapping("traffic", n, "arrivals", "timeout", "zipf", "mix", "apis", "sessions", "headline", "stages")
	f.require("stages", "list at least one stage, such as {name: plateau, hold: 600/s, for: 8s}")
	t := Traffic{
		Arrivals: f.text("arrivals", Poisson),
		Timeout:  value(f, "timeout", defaultTimeout, spelt(readDuration)),
		Zipf:     value(f, "zipf", defaultZipf, spelt(readNumber)),
		Mix:      r.parts(f.at("mix"), f.of["mix"], spelt(readPlainRatio)),
		APIs:     r.parts(f.at("apis"), f.of["apis"], unquoted(readNumber)),
	}
	if f.of["sessions"] != nil {
		t.Sessions = r.sessions(f.at("sessions"), f.of["sessions"], v)
	}
	for i, n := range f.items("stages") {
		t.Stages = append(t.Stages, r.stage(f.item("stages", i), n))
	}
	t.Headline = f.text("headline", headliner(t.Stages).Name)
	return t
}

// parts reads a mapping of names to shares or weights.
func (r *reader) parts(path string, n *yaml.Node, read func(*yaml.Node) (float64, *mistake)) map[string]float64 {
	f := r.mapping(path, n)
	var parts map[string]float64
	for name := range f.of {
		if parts == nil {
			parts = map[string]float64{}
		}
		parts[name] = value(f, name, 0, read)
	}
	return parts
}

func (r *reader) sessions(path string, n *yaml.Node, v Vocabulary) *Sessions {
	f := r.mapping(path, n, "steps", "repeat", "think", "logout", "token_life", "jitter")
	f.require("steps", "list what people do after the login, such as steps: "+v.someSteps())
	f.require("think", "say how long people pause between two steps, such as think: 3s")
	return &Sessions{
		Steps:     f.texts("steps"),
		Repeat:    value(f, "repeat", 1, unquoted(readRepeat)),
		Think:     f.span("think"),
		Logout:    value(f, "logout", 0, spelt(readShare)),
		TokenLife: f.span("token_life"),
		Jitter:    value(f, "jitter", 0, spelt(readShare)),
	}
}

func readRepeat(text string) (int, *mistake) {
	repeat, wrong := readWhole(text)
	if wrong == nil && (repeat < 1 || repeat > maxRepeat) {
		wrong = &mistake{text + " times are out of range", fmt.Sprintf("write a number from 1 to %d", maxRepeat)}
	}
	return int(min(repeat, maxRepeat)), wrong
}
