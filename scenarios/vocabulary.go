package scenarios

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Vocabulary is what a system under test knows; names in a scenario are checked against it.
//
// Where a function takes several, they are those of all systems that a scenario may name; the first is that of a file which
// names none.
type Vocabulary struct {
	// System is the system's name.
	System string
	// Phases in the only order in which they can be applied.
	Phases []string
	// Nodes that can be limited, each with the bytes of memory below which it does not run.
	Nodes map[string]int64
	// Operations with their share of the catalogue's traffic; the shares sum to one.
	Operations []Operation
	// APIs by which the operations are caused.
	APIs []API
	// Roles of the operations in a session.
	Roles Roles
	// Keys are the values of a scenario that this system alone understands.
	Keys []Key
	// Supply is what consuming operations use up; the zero value never ends.
	Supply Supply
	// Records are what hits choose among, the popular ones more often, such as tokens.
	Records string
	// Checks are what its answers must be, in the order in which reports tell of them; [MostChecks] at the most.
	Checks []Check
	// Acknowledged is what the system is held to later.
	Acknowledged Acknowledged
	// Application is who acts for the hits.
	Application Application
	// Aliases are metrics by names of their own.
	Aliases []Alias
}

// API is one endpoint of the system.
type API struct {
	// Name is what a scenario calls it, such as GET main/v1/home.
	Name string
	// Operation is what each request of it causes.
	Operation string
	// Weight is how often it is called, in the unit of all weights of the vocabulary.
	Weight float64
}

// Operation is one kind of request and its share of the traffic.
type Operation struct {
	Name  string
	Share float64
	// Consumes tells that each hit uses up one of the system's [Supply], so that must suffice for all rounds.
	Consumes bool
}

// Key is a value below system that one system alone understands.
type Key struct {
	// Path is where the value stands there: a key, such as password_iterations, or one in data, such as data.users.
	Path string
	// Takes is how the value is written.
	Takes Takes
	// Least and Most bound a whole number.
	Least, Most int
	// Standard is the value of a file that leaves it out, spelt as in one. A time or a text may have none.
	Standard string
	// Small is the value for little data; empty keeps that of the file. See [File.Data].
	Small string
	// Says what it is, in a sentence.
	Says string
}

// Takes is how the value of a [Key] is written.
type Takes int

// What keys take.
const (
	// TakesWhole is a whole number, such as 50000.
	TakesWhole Takes = iota
	// TakesShare is a part of something, such as 20% or 0.2.
	TakesShare
	// TakesTime is a time with its unit, such as 500ms.
	TakesTime
	// TakesText is any short text.
	TakesText
)

// Supply is what is seeded once and used up by operations that consume.
type Supply struct {
	// Key is the [Key] that says how much of it there is, by its path.
	Key string
	// Called is what it consists of, such as live tokens.
	Called string
	// Kept is the share of it that operations never use up; what is left is divided equally among those that consume.
	Kept float64
}

// System names the system under test and has the values that it alone understands.
type System struct {
	// Name of the system.
	Name string
	// Values are those of its vocabulary's keys, by their paths: each an int, a share as float64, a time.Duration or a string.
	Values map[string]any
}

// Whole is the whole number at the path of a [Key]; zero where the system has no such key.
func (s System) Whole(path string) int { return valueOf[int](s, path) }

// Share is the share at the path of a [Key], as a fraction of one; zero where the system has no such key.
func (s System) Share(path string) float64 { return valueOf[float64](s, path) }

// Time is the time at the path of a [Key]; zero where the system has no such key.
func (s System) Time(path string) time.Duration { return valueOf[time.Duration](s, path) }

// Text is the text at the path of a [Key]; empty where the system has no such key.
func (s System) Text(path string) string { return valueOf[string](s, path) }

func valueOf[T any](s System, path string) T {
	value, _ := s.Values[path].(T)
	return value
}

// seeded are the keys in data, and others those beside it.
func (v Vocabulary) seeded() []Key { return v.keysThat(Key.seeded) }
func (v Vocabulary) others() []Key { return v.keysThat(func(k Key) bool { return !k.seeded() }) }

func (v Vocabulary) keysThat(fit func(Key) bool) (keys []Key) {
	for _, k := range v.Keys {
		if fit(k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func (k Key) seeded() bool { return strings.HasPrefix(k.Path, "data.") }

// name is the last part of the path.
func (k Key) name() string { return strings.TrimPrefix(k.Path, "data.") }

func keyNames(keys []Key) (names []string) {
	for _, k := range keys {
		names = append(names, k.name())
	}
	return names
}

// entry is what the reference says of k.
func (k Key) entry() entry {
	e := entry{path: "system." + k.Path, standard: k.Standard, says: k.Says}
	switch k.Takes {
	case TakesShare:
		e.takes = share()
	case TakesTime:
		e.takes = duration()
	case TakesText:
		e.takes, e.example = prose(), cmp.Or(k.Standard, "text")
	default:
		e.takes = whole(k.Least, k.Most)
	}
	if k.Standard == "" {
		e.otherwise = "none"
	}
	return e
}

// system reads what is put under test, by the keys of its vocabulary.
func (r *reader) system(n *yaml.Node, v Vocabulary) System {
	keys := []string{"name"}
	if len(v.seeded()) > 0 {
		keys = append(keys, "data")
	}
	f := r.mapping("system", n, append(keys, keyNames(v.others())...)...)
	data := fields{}
	if len(v.seeded()) > 0 {
		data = r.mapping(f.at("data"), f.of["data"], keyNames(v.seeded())...)
	}
	s := System{Name: f.text("name", v.System)}
	for _, k := range v.Keys {
		if s.Values == nil {
			s.Values = map[string]any{}
		}
		from := f
		if k.seeded() {
			from = data
		}
		s.Values[k.Path] = k.read(from)
	}
	return s
}

// read is the value of k in a mapping, or else its standard.
func (k Key) read(f fields) any {
	switch k.Takes {
	case TakesShare:
		standard, _ := readShare(k.Standard)
		return value(f, k.name(), standard, spelt(readShare))
	case TakesTime:
		standard, _ := readDuration(k.Standard)
		return value(f, k.name(), standard, spelt(readDuration))
	case TakesText:
		return f.text(k.name(), k.Standard)
	default:
		standard, _ := readWhole(k.Standard)
		return f.whole(k.name(), int(standard))
	}
}

// system checks the system and the values that it alone understands.
func (c *checker) system() {
	s := c.s.System
	c.must(s.Name == c.s.Vocabulary.System, "system.name", oneOf(s.Name, c.systems), "system %q is unknown", s.Name)
	for _, k := range c.s.Vocabulary.Keys {
		at := "system." + k.Path
		switch value := s.Values[k.Path].(type) {
		case int:
			c.must(value >= k.Least && (k.Most == 0 || value <= k.Most), at, k.bounds(), "%d is out of range", value)
		case float64:
			c.must(value <= 1, at, "write at most 100%", "%s is more than all of it", Ratio.text(value))
		}
	}
}

func (k Key) bounds() string {
	if k.Most == 0 {
		return fmt.Sprintf("write %d or more", k.Least)
	}
	return fmt.Sprintf("write a number from %d to %d", k.Least, k.Most)
}
