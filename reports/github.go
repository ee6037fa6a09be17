package reports

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
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

// mostDoubts is how many doubts are worth a remark of their own: who has read three knows that it was no quiet run.
const mostDoubts = 3

// Levels of annotations.
const (
	levelError   = "error"
	levelWarning = "warning"
	levelNotice  = "notice"
)

// Annotations says what there is to do about a run, the worst first: what there is against it as errors; as warnings the
// breaches that it was not to fail for, and doubts about numbers that budgets rest on. All else is one notice. Of each level
// there are as many as GitHub shows; the last one then says how many more there are.
func Annotations(s *model.Summary) []Annotation {
	about := func(level, text string) Annotation {
		return Annotation{Level: level, Title: s.Scenario + ": " + s.Verdict.String(), Message: text}
	}
	var errors, warnings []Annotation
	for _, b := range model.Ranking(s.Budgets) {
		if b.Verdict == model.Pass || b.Follows != "" || b.Lenient() && b.Verdict != model.Fail {
			continue
		}
		if a := annotation(b, s.Provenance); a.Level == levelError {
			errors = append(errors, a)
		} else {
			warnings = append(warnings, a)
		}
	}
	var reasons []Annotation
	for _, reason := range only(s.Why(), model.AboutRun) {
		reasons = append(reasons, about(levelError, reason))
	}
	for _, doubt := range s.Pressing[:min(len(s.Pressing), mostDoubts)] {
		warnings = append(warnings, about(levelWarning, doubt))
	}
	if more := len(s.Pressing) - mostDoubts; more > 0 {
		warnings = append(warnings, about(levelWarning, numeral.Plural(more, "further doubt")+" about numbers that budgets rest on; all are in "+MarkdownFile))
	}
	list := slices.Concat(shown(append(reasons, errors...)), shown(warnings))
	if rest := only(s.Warned(), model.AboutRun); len(rest) > 0 {
		list = append(list, about(levelNotice, remarks(rest, " that no budget rests on", stepAndPage)))
	}
	return list
}

// stepAndPage is where all remarks are.
const stepAndPage = "the summary of the step and in " + MarkdownFile

// remarks are told as one: how many there are, the first of them, and where all are.
func remarks(list []string, which, where string) string {
	return fmt.Sprintf("%s%s, such as: %s; all are in %s", numeral.Plural(len(list), "remark"), which, list[0], where)
}

// only are the texts of one kind.
func only(list []model.Reason, about model.Kind) (texts []string) {
	for _, r := range list {
		if r.Kind == about {
			texts = append(texts, r.Text)
		}
	}
	return texts
}

// annotation is about a budget that does not pass. What flags made of a scenario has other lines than its file.
func annotation(b model.Budget, h model.Provenance) Annotation {
	a := Annotation{Level: levelError, Title: h.Scenario + ": " + b.Name(), Message: b.Verdict.String() + ": " + b.Found()}
	if b.Lenient() {
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
