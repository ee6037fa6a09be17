package scenarios

import (
	"slices"
	"strings"
)

// Keys are the paths of all values that a scenario for one of these systems may have, as flags and mistakes write them, in the
// order of the reference. Entries of a list stand as [], except those of traffic.stages, which are named; none named is [].
func Keys(stages []string, systems ...Vocabulary) []string {
	l := lexicon{language(systems), Union(systems...)}
	var keys []string
	for _, e := range l.entries {
		if len(l.inside(e.path)) > 0 || len(l.inside(e.path+"[]")) > 0 {
			continue // a mapping, or a list of them
		}
		at, last := e.split()
		places := []string{""}
		for _, part := range strings.SplitAfter(at, ".") {
			places = l.spelled(places, strings.TrimSuffix(part, "."), stages)
		}
		if at == "" {
			keys = append(keys, last)
			continue
		}
		keys = append(keys, l.spelled(places, last, stages)...)
	}
	return keys
}

// spelled adds one more part to each of places, by every name it stands for.
func (l lexicon) spelled(places []string, part string, stages []string) (list []string) {
	names := l.names(part)
	if part == "stages[]" && len(stages) > 0 {
		names = nil
		for _, stage := range stages {
			names = append(names, "stages["+stage+"]")
		}
	}
	for _, place := range places {
		for _, name := range names {
			list = append(list, strings.TrimPrefix(place+"."+name, "."))
		}
	}
	return slices.Clip(list)
}
