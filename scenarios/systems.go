package scenarios

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// vocabulary is what the system knows that the file names, flags included: the first pass over it, without which nothing else
// in it has a meaning. A name that is nearly known was mistyped. Of any other it is what all systems know together, and false:
// of such a file only the form can be judged.
func (f *File) vocabulary() (v Vocabulary, known bool) {
	name, said := f.system()
	near := Nearest(name, systemNames(f.systems))
	for _, v := range f.systems {
		if !said || v.System == name {
			return v, true
		}
	}
	for _, v := range f.systems {
		if v.System == near || len(f.systems) == 1 {
			return v, true
		}
	}
	return Union(f.systems...), false
}

// someOperation is an example of an operation.
func (f *File) someOperation() string {
	v, _ := f.vocabulary()
	return strings.Join(v.operationNames()[:min(len(v.Operations), 1)], "")
}

// system is the name that the file gives its system, if it gives one.
func (f *File) system() (name string, said bool) {
	if f.document == nil {
		return "", false
	}
	n := child(child(f.document.Content[0], "system"), "name")
	if n == nil || n.Kind != yaml.ScalarNode {
		return "", false
	}
	return n.Value, true
}

// child is the value under a key of n, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func systemNames(systems []Vocabulary) (names []string) {
	for _, v := range systems {
		names = append(names, v.System)
	}
	return names
}

// Union is what systems know together, for whoever describes the language where no file names one of them.
func Union(systems ...Vocabulary) Vocabulary {
	if len(systems) == 1 {
		return systems[0]
	}
	all := Vocabulary{Nodes: map[string]int64{}}
	for i, v := range systems {
		if i == 0 {
			all.System, all.Roles, all.Supply, all.Records = v.System, v.Roles, v.Supply, v.Records
		}
		all.Phases = merged(all.Phases, v.Phases, func(name string) string { return name })
		all.Operations = merged(all.Operations, v.Operations, func(op Operation) string { return op.Name })
		all.APIs = merged(all.APIs, v.APIs, func(api API) string { return api.Name })
		all.Keys = merged(all.Keys, v.Keys, func(k Key) string { return k.Path })
		all.Checks = merged(all.Checks, v.Checks, func(c Check) string { return c.Name })
		all.Aliases = merged(all.Aliases, v.Aliases, func(a Alias) string { return a.Name })
		if all.Acknowledged == (Acknowledged{}) {
			all.Acknowledged = v.Acknowledged
		}
		maps.Copy(all.Nodes, v.Nodes)
	}
	for i, k := range all.Keys {
		all.Keys[i] = k.among(systems)
	}
	return all
}

// merged is a with what only b has, told apart by name.
func merged[T any](a, b []T, name func(T) string) []T {
	a = slices.Clone(a)
	for _, one := range b {
		if !slices.ContainsFunc(a, func(known T) bool { return name(known) == name(one) }) {
			a = append(a, one)
		}
	}
	return a
}

// among is the key as all systems have it that do: as wide as the widest, without what they differ in. Where some have no
// such key it says which do.
func (k Key) among(systems []Vocabulary) Key {
	var have []string
	for _, v := range systems {
		for _, other := range v.Keys {
			if other.Path != k.Path {
				continue
			}
			have = append(have, v.System)
			k.Least, k.Most = min(k.Least, other.Least), max(k.Most, other.Most)
			if other.Most == 0 {
				k.Most = 0
			}
			if other.Standard != k.Standard {
				k.Standard = ""
			}
		}
	}
	if len(have) < len(systems) {
		k.Says += " Of " + strings.Join(have, ", ") + "."
	}
	return k
}
