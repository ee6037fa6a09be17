package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// step is one part of a path: a key, or an entry of a list by number or name.
type step struct {
	name  string
	entry bool
}

// readPath takes apart a path such as traffic.stages[peak].hold.
func readPath(path string) (steps []step, ok bool) {
	// So every part begins with what tells its kind.
	for rest := "." + path; rest != ""; {
		if rest[0] != '.' && rest[0] != '[' {
			return nil, false
		}
		to := step{entry: rest[0] == '['}
		end := 1 + strings.IndexAny(rest[1:]+".", ".[]")
		to.name, rest = rest[1:end], rest[end:]
		closed := strings.HasPrefix(rest, "]")
		if to.name == "" || closed != to.entry {
			return nil, false
		}
		rest = strings.TrimPrefix(rest, "]")
		steps = append(steps, to)
	}
	return steps, true
}

// put places the value of s where steps lead, and makes the mappings that are missing on the way.
func (f *File) put(s *setting, steps []step) {
	n := f.document.Content[0]
	for i, to := range steps {
		if from, given := f.origins[n]; !given {
			s.near = n
		} else if from.setting != s {
			s.near = from.near
		}
		at, wrong := s.find(n, to)
		if wrong != nil {
			f.refuse(s, s.near, *wrong)
			return
		}
		if at < 0 {
			if slices.ContainsFunc(steps[i+1:], func(to step) bool { return to.entry }) {
				f.refuse(s, s.near, mistake{"the file has no " + s.path, absent(n, to.name, s.path)})
				return
			}
			at = f.add(s, n, to.name)
		}
		if i < len(steps)-1 {
			n = n.Content[at]
			continue
		}
		f.replace(s, n, at)
	}
}

// absent is the remedy for a path into a list that the file leaves out.
func absent(n *yaml.Node, name, path string) string {
	var keys []string
	for i := 0; i < len(n.Content); i += 2 {
		keys = append(keys, n.Content[i].Value)
	}
	if near := Nearest(name, keys); near != "" {
		return "did you mean " + near + "?"
	}
	return "set it as a whole: --set '" + path + "=...'"
}

// find is the index of the value in n that a step leads to, or -1 for a key that is not there. It keeps the path of s.
func (s *setting) find(n *yaml.Node, to step) (int, *mistake) {
	outer := s.path
	switch {
	case to.entry && n.Kind == yaml.SequenceNode:
		return s.entry(n, to.name)
	case to.entry:
		return 0, &mistake{fmt.Sprintf("%s is %s, not a list", outer, kindOf(n)), "leave out [" + brief(to.name) + "]"}
	case n.Kind == yaml.SequenceNode:
		return 0, &mistake{outer + " is a list", "choose an entry, such as " + outer + "[0]"}
	case n.Kind != yaml.MappingNode:
		return 0, &mistake{fmt.Sprintf("%s is %s, with nothing inside", outer, kindOf(n)), "set " + outer + " itself"}
	}
	s.path = strings.TrimPrefix(outer+"."+brief(to.name), ".")
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == to.name {
			return i + 1, nil
		}
	}
	return -1, nil
}

// entry is the index of the entry called name, or else with that number.
func (s *setting) entry(list *yaml.Node, name string) (int, *mistake) {
	names := make([]string, len(list.Content))
	for i, n := range list.Content {
		names[i] = nameOf(n)
	}
	at := slices.Index(names, name)
	if number, wrong := readWhole(name); at < 0 && wrong == nil {
		if number >= uint64(len(names)) {
			return 0, &mistake{fmt.Sprintf("%s has %d entries, counted from 0", s.path, len(names)), "use one of " + strings.Join(named(names), ", ")}
		}
		at = int(number)
	} else if at >= 0 && slices.Contains(names[at+1:], name) {
		return 0, &mistake{fmt.Sprintf("several entries of %s are called %s", s.path, brief(name)), "use their numbers, counted from 0"}
	}
	if at < 0 {
		return 0, &mistake{fmt.Sprintf("no entry of %s is called %s", s.path, brief(name)), oneOf(name, named(names))}
	}
	s.path += "[" + strconv.Itoa(at) + "]"
	return at, nil
}

// nameOf is what an entry of a list is called: by its name, a budget by its metric, a plain word by itself.
func nameOf(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return brief(n.Value)
	}
	for _, key := range []string{"name", "metric"} {
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key && n.Content[i+1].Kind == yaml.ScalarNode {
				return brief(n.Content[i+1].Value)
			}
		}
	}
	return ""
}

// named lists how the entries of a list can be called: by number where a name would not do.
func named(names []string) []string {
	times := map[string]int{}
	for _, name := range names {
		times[name]++
	}
	can := slices.Clone(names[:min(len(names), maxItems)])
	for i, name := range can {
		if name == "" || times[name] > 1 {
			can[i] = strconv.Itoa(i)
		}
	}
	return can
}

// add makes room under a new key of n and returns the index of its value.
func (f *File) add(s *setting, n *yaml.Node, name string) int {
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}
	inside := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	f.origins[key], f.origins[inside] = origin{s, true}, origin{s, false}
	n.Content = append(n.Content, key, inside)
	return len(n.Content) - 1
}

// replace puts the value of s where n has its child at the index.
func (f *File) replace(s *setting, n *yaml.Node, at int) {
	old := n.Content[at]
	from, given := f.origins[old]
	switch {
	case !given:
		s.old, s.near = old, old
	case from.setting != s:
		s.old, s.near = old, from.near
	}
	n.Content[at] = s.value
	f.own(s, s.value)
	f.varied = true
}

// own notes that n and everything in it are there for s.
func (f *File) own(s *setting, n *yaml.Node) {
	f.origins[n] = origin{setting: s}
	for _, child := range n.Content {
		f.own(s, child)
	}
}
