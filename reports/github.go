package reports

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/visible"
)

// Annotation is a remark beside a line of a pull request.
type Annotation struct {
	// Level is error, warning or notice.
	Level string
	// File is empty where the remark belongs to none; line and columns count from one, and 0 is none.
	File                    string
	Line, Column, EndColumn int
	Title, Message          string
}

// String is the annotation as a workflow command of GitHub, in one line.
// Source: docs.github.com, "Workflow commands for GitHub Actions"; the escapes are those of its toolkit.
func (a Annotation) String() string {
	// A message may have more lines than one.
	message := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", ":", "%3A", ",", "%2C")
	var properties []string
	add := func(name, value string) {
		properties = append(properties, name+"="+property.Replace(visible.Line(value)))
	}
	if a.File != "" {
		add("file", filepath.ToSlash(a.File))
	}
	for _, number := range []struct {
		name  string
		value int
	}{{"line", a.Line}, {"col", a.Column}, {"endColumn", a.EndColumn}} {
		if number.value > 0 {
			add(number.name, fmt.Sprint(number.value))
		}
	}
	add("title", a.Title)
	return "::" + a.Level + " " + strings.Join(properties, ",") + "::" + visible.Line(message.Replace(a.Message))
}

// mostAnnotations is how many of one level GitHub shows of a step; further ones are dropped without a word.
const mostAnnotations = 10

// Levels of annotations.
const (
	levelError   = "error"
	levelWarning = "warning"
)

// Annotations says what there is against a run as errors, and what does not matter to its verdict as warnings, the worst
// first. Of each there are as many as GitHub shows; the last one then says how many more there are.
func Annotations(run *record.Run, s *Summary) []Annotation {
	about := func(level, text string) Annotation {
		return Annotation{Level: level, Title: s.Scenario + ": " + s.Verdict.String(), Message: text}
	}
	budgets := map[string][]Annotation{}
	told := map[string]bool{}
	for _, b := range ranking(s.Budgets) {
		if b.Verdict != Pass && b.follows == "" {
			a := b.annotation(run.Header)
			budgets[a.Level], told[b.told()] = append(budgets[a.Level], a), true
		}
	}
	var errors, warnings []Annotation
	for _, reason := range s.Reasons {
		if !told[reason] {
			errors = append(errors, about(levelError, reason))
		}
	}
	for _, warning := range s.Warnings {
		if !told[warning] {
			warnings = append(warnings, about(levelWarning, warning))
		}
	}
	return slices.Concat(shown(append(errors, budgets[levelError]...)), shown(append(budgets[levelWarning], warnings...)))
}

// annotation is about a budget that does not pass. What flags made of a scenario has other lines than its file.
func (b Budget) annotation(h record.Header) Annotation {
	a := Annotation{Level: levelError, Title: h.Scenario + ": " + b.name(), Message: b.Verdict.String() + ": " + b.found()}
	if b.lenient() {
		a.Level = levelWarning
	}
	if b.Line > 0 {
		a.File, a.Message = h.ScenarioPath, a.Message+" ("+place(h, b.Line)+")"
	}
	if a.File != "" && !h.ScenarioVaried {
		a.Line = b.Line
	}
	return a
}

// shown are those of a list that are shown, or a word of how many more there are.
func shown(list []Annotation) []Annotation {
	if len(list) <= mostAnnotations {
		return list
	}
	more := len(list) - mostAnnotations + 1
	return append(list[:mostAnnotations-1:mostAnnotations-1], Annotation{Level: list[0].Level, Title: fmt.Sprintf("%d more", more),
		Message: fmt.Sprintf("%d more like these; all are in the summary of the step and in %s", more, JUnitFile)})
}
