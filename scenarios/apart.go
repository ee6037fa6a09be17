package scenarios

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Difference is a value in which two scenarios are not the same.
type Difference struct {
	// Path leads to the value, as in --set, or is the name of a file that the scenario names.
	Path string
	// A and B are what each of them has there; empty where it leaves the value out.
	A, B string
}

// Differences lists in what two valid scenarios ask for another measurement, by the paths of their files. What means the
// same however it is written is none, nor are the name, the description and the budgets: they measure nothing.
func Differences(a, b *Scenario) []Difference {
	if a.measures(b) {
		return nil
	}
	in, other := leaves(a.Source), leaves(b.Source)
	var list []Difference
	for _, path := range in.with(other) {
		d := Difference{path, in.values[path], other.values[path]}
		if d.A != d.B && !d.told() && !in.lacksEntry(other, path) && !d.idle(a, b) {
			list = append(list, d)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Files)) {
		if content, both := b.Files[name]; both && !bytes.Equal(a.Files[name], content) {
			list = append(list, Difference{name, gist(a.Files[name]), gist(content)})
		}
	}
	if len(list) == 0 {
		// Nothing is known that comes here, and nothing may pass for the same that is not.
		list = append(list, Difference{"the text", gist(a.Source), gist(b.Source)})
	}
	return list
}

// measures tells whether both measure the same.
func (s *Scenario) measures(other *Scenario) bool {
	bare := func(s Scenario) Scenario {
		s.Name, s.Description, s.Budgets, s.Source = "", "", nil, nil
		return s
	}
	return reflect.DeepEqual(bare(*s), bare(*other))
}

// told tells that a difference is in what measures nothing.
func (d Difference) told() bool {
	return d.Path == "name" || d.Path == "description" || strings.HasPrefix(d.Path, "budgets")
}

// idle tells that the value may be as in either scenario, for it means the same: 60s is 1m, and what is left out may have
// been written. Scenarios that name files are taken by the word, because the files are not at hand to read them again.
func (d Difference) idle(a, b *Scenario) bool {
	if len(a.Files)+len(b.Files) > 0 {
		return false
	}
	into, value := a, d.B
	if value == "" {
		into, value = b, d.A
	}
	f := Open(into.Name, into.Source, into.Vocabulary)
	f.Recorded()
	f.Set(d.Path + "=" + value)
	varied, err := f.Read()
	return err == nil && varied.measures(into)
}

func gist(content []byte) string {
	return fmt.Sprintf("%d bytes, SHA-256 %.4x…", len(content), sha256.Sum256(content))
}

// outline is a file by the paths of its values.
type outline struct {
	paths  []string
	values map[string]string
	// lists are the paths of lists whose entries have values inside.
	lists map[string]bool
}

// leaves takes a scenario's text apart.
func leaves(src []byte) outline {
	o := outline{values: map[string]string{}, lists: map[string]bool{}}
	if root := content(src); root != nil {
		o.visit("", root)
	}
	return o
}

func (o *outline) visit(path string, n *yaml.Node) {
	switch {
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			o.visit(strings.TrimPrefix(path+"."+n.Content[i].Value, "."), n.Content[i+1])
		}
	case n.Kind == yaml.SequenceNode && slices.ContainsFunc(n.Content, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode }):
		var names []string
		for i, entry := range n.Content {
			name := nameOf(entry)
			if name == "" || slices.Contains(names, name) {
				name = strconv.Itoa(i)
			}
			names = append(names, name)
		}
		o.lists[path] = true
		o.put(path, "["+strings.Join(names, ", ")+"]")
		for i, entry := range n.Content {
			o.visit(path+"["+names[i]+"]", entry)
		}
	default:
		o.put(path, shortly(n))
	}
}

func (o *outline) put(path, value string) {
	o.paths = append(o.paths, path)
	o.values[path] = value
}

// with are the paths of both, each once.
func (o outline) with(other outline) []string {
	paths := slices.Clip(o.paths)
	for _, path := range other.paths {
		if _, both := o.values[path]; !both {
			paths = append(paths, path)
		}
	}
	return paths
}

// lacksEntry tells whether the path is inside of an entry that only one of the two has: the list says so already.
func (o outline) lacksEntry(other outline, path string) bool {
	for list := range o.lists {
		rest, inside := strings.CutPrefix(path, list+"[")
		if !inside || !other.lists[list] {
			continue
		}
		entry, _, _ := strings.Cut(rest, "]")
		if o.has(list+"["+entry+"]") != other.has(list+"["+entry+"]") {
			return true
		}
	}
	return false
}

func (o outline) has(prefix string) bool {
	return slices.ContainsFunc(o.paths, func(path string) bool { return strings.HasPrefix(path, prefix) })
}
