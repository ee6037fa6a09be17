package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Reference is the table of all keys of the language in Markdown, for one of these systems.
func Reference(systems ...Vocabulary) []byte {
	var text strings.Builder
	text.WriteString(`# The scenario language

Every key of a scenario file, as ` + "`rehearse schema --format markdown`" + ` prints it. ` + "`rehearse init`" + ` writes a file to start
from, and ` + "`rehearse validate`" + ` finds every mistake in one.

Times and rates always carry a unit, keys that are not listed here are mistakes, and anchors, aliases and tags are not part of
the language.
`)
	for _, section := range [][]string{{"The file"}, {"system", "nodes", "images"}, {"traffic"}, {"traffic.stages"}, {"traffic.sessions"}, {"budgets"}} {
		fmt.Fprintf(&text, "\n## %s\n\n| key | is written as | left out | what it is |\n|---|---|---|---|\n", strings.Join(section, ", "))
		for _, e := range language(systems) {
			if slices.Contains(section, e.part()) {
				fmt.Fprintf(&text, "| `%s` | %s | %s | %s |\n", e.path, e.written(), e.leftOut(), e.says)
			}
		}
	}
	text.WriteString("\n## Metrics\n\n| metric | its limit is written as | better | with | what it is |\n|---|---|---|---|---|\n")
	for _, m := range Metrics(systems...) {
		better := map[Better]string{Lower: "lower", Higher: "higher", Neither: "-"}[m.Better]
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s | %s |\n", m.Name, m.Unit.written(), better, m.with(), m.Says)
	}
	text.WriteString("\n## APIs\n\n| API | operation | weight in the catalogue |\n|---|---|---|\n")
	for _, api := range Union(systems...).APIs {
		fmt.Fprintf(&text, "| `%s` | %s | %s |\n", api.Name, api.Operation, trim(api.Weight))
	}
	return []byte(text.String())
}

// with lists the keys that a budget on m may have and others may not.
func (m Metric) with() string {
	var keys []string
	if m.ByOperation {
		keys = append(keys, "`op`")
	}
	if m.BySecond {
		keys = append(keys, "`for`")
	}
	return cmp.Or(strings.Join(keys, ", "), "-")
}

// part is the section of the reference that has e.
func (e entry) part() string {
	if strings.HasPrefix(e.path, "traffic.stages[]") {
		return "traffic.stages"
	}
	if strings.HasPrefix(e.path, "traffic.sessions.") {
		return "traffic.sessions"
	}
	top, _, inside := strings.Cut(strings.ReplaceAll(e.path, "[]", ""), ".")
	if !inside {
		return "The file"
	}
	return top
}

// written tells how a value of e is written.
func (e entry) written() string {
	if e.example != "" {
		return e.takes.called + ": `" + e.example + "`"
	}
	return e.takes.called
}

// leftOut tells what a file without e means.
func (e entry) leftOut() string {
	switch {
	case e.required:
		return "**required**"
	case e.standard != "":
		return "`" + e.standard + "`"
	default:
		return e.otherwise
	}
}

// written tells how a limit in this unit is written.
func (u Unit) written() string {
	switch u {
	case Seconds:
		return "time: `50ms`"
	case PerSecond:
		return "rate: `200/s`"
	case Ratio:
		return "ratio: `0.1%`"
	case Count:
		return "whole number: `0`"
	default:
		return "number: `1.5`"
	}
}
