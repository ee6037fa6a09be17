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
func Annotations(run *record.Run, s *Summary) []Annotation {
	about := func(level, text string) Annotation {
		return Annotation{Level: level, Title: s.Scenario + ": " + s.Verdict.String(), Message: text}
	}
	var errors, warnings []Annotation
	var said []string
	for _, b := range ranking(s.Budgets) {
		if b.Verdict == Pass || b.follows != "" || b.lenient() && b.Verdict != Fail {
			continue
		}
		said = append(said, b.said)
		if a := b.annotation(run.Header); a.Level == levelError {
			errors = append(errors, a)
		} else {
			warnings = append(warnings, a)
		}
	}
	var reasons []Annotation
	for _, reason := range unsaid(s.Reasons, said) {
		reasons = append(reasons, about(levelError, reason))
	}
	pressing, covered := s.pressing()
	for _, doubt := range pressing[:min(len(pressing), mostDoubts)] {
		warnings = append(warnings, about(levelWarning, doubt))
	}
	if more := len(pressing) - mostDoubts; more > 0 {
		warnings = append(warnings, about(levelWarning, plural(more, "further doubt")+" about numbers that budgets rest on; all are in "+MarkdownFile))
	}
	list := slices.Concat(shown(append(reasons, errors...)), shown(warnings))
	if rest := unsaid(s.Warnings, append(said, covered...)); len(rest) > 0 {
		list = append(list, about(levelNotice, remarks(rest, " that no budget rests on", stepAndPage)))
	}
	return list
}

// stepAndPage is where all remarks are.
const stepAndPage = "the summary of the step and in " + MarkdownFile

// remarks are told as one: how many there are, the first of them, and where all are.
func remarks(list []string, which, where string) string {
	return fmt.Sprintf("%s%s, such as: %s; all are in %s", plural(len(list), "remark"), which, list[0], where)
}

// unsaid are the texts that were not said.
func unsaid(texts, said []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return slices.Contains(said, text) })
}

// pressing are the warnings about numbers that budgets rest on, one for each state, and all warnings that they stand for.
func (s *Summary) pressing() (list, covered []string) {
	list, covered = slices.Clone(s.ground), slices.Clone(s.ground)
	for _, state := range s.States {
		doubted := map[int]bool{}
		for _, t := range s.ledger.of(state.Name) {
			doubted[t.Index] = slices.ContainsFunc(t.doubts, func(d reason) bool { return !t.void(d.voids) && s.rest(state.Name, d) })
		}
		told := s.trialsWith(func(c TrialCheck) []string {
			if !doubted[c.Trial] {
				return nil
			}
			return c.Doubts
		})
		covered = append(covered, told...)
		switch more := len(told) - 1; {
		case more > 0:
			list = append(list, told[0]+fmt.Sprintf("; and in %s of %s", plural(more, "other trial"), state.Name))
		case more == 0:
			list = append(list, told[0])
		}
	}
	return list, covered
}

// press adds a warning about what budgets rest on, and about no trial alone.
func (s *Summary) press(format string, values ...any) {
	warning := fmt.Sprintf(format, values...)
	s.Warnings, s.ground = append(s.Warnings, warning), append(s.ground, warning)
}

// rest tells whether budgets rest on what a doubt about a state is about.
func (s *Summary) rest(state string, d reason) bool {
	return slices.ContainsFunc(s.Budgets, func(b Budget) bool { return slices.Contains(b.states(), state) && d.about(b) })
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
