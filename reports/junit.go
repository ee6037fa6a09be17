package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/reports/model"
)

// The elements of junit.xml. Source: the schema of Jenkins' xUnit plugin, junit-10.xsd; GitLab and GitHub reporters read
// the same. It has no place for the file of a test case, so that is in the text.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		junitTotals
		Suites []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitTotals
		Skipped    int             `xml:"skipped,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitTotals struct {
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Time     string `xml:"time,attr"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Skipped *junitTrouble `xml:"skipped"`
		Failure *junitTrouble `xml:"failure"`
		Error   *junitTrouble `xml:"error"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitTrouble struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		// Body repeats the message: some readers show only one of them.
		Body string `xml:",chardata"`
	}
)

// junit writes junit.xml: a test suite for the run and one for each stage with budgets. A breach is a failure, what is
// inconclusive an error. What the verdict does not depend on passes and is told.
func junit(w io.Writer, s *summary) error {
	list := slices.Clone(s.Checks)
	if len(list) > 0 {
		list[0].Notes = slices.Concat([]string{s.sentence()}, s.Warnings)
	}
	return writeJUnit(w, s.Provenance, list)
}

func writeJUnit(w io.Writer, run model.Provenance, list []model.Check) error {
	all := junitSuites{Name: "rehearse", junitTotals: junitTotals{Time: junitTime(run.ElapsedSeconds)}}
	for len(list) > 0 {
		class := list[0].Class
		rest := slices.DeleteFunc(slices.Clone(list), func(c model.Check) bool { return c.Class == class })
		suite := newSuite(run, class, slices.DeleteFunc(list, func(c model.Check) bool { return c.Class != class }))
		all.Tests, all.Failures, all.Errors = all.Tests+suite.Tests, all.Failures+suite.Failures, all.Errors+suite.Errors
		all.Suites, list = append(all.Suites, suite), rest
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", " ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func newSuite(run model.Provenance, class string, list []model.Check) junitSuite {
	suite := junitSuite{Name: class, Timestamp: run.Started.UTC().Format("2006-01-02T15:04:05")}
	for _, line := range [][2]string{
		{"run", run.ID}, {"started", run.Started.UTC().Format(time.RFC3339)}, {"stack", run.Stack},
		{"version", strings.TrimSpace(run.Version + " " + run.Commit)},
	} {
		suite.Properties = append(suite.Properties, junitProperty{line[0], line[1]})
	}
	seconds := 0.0
	for _, c := range list {
		suite.Cases = append(suite.Cases, suite.count(c, run))
		seconds = max(seconds, c.Seconds)
	}
	suite.Tests, suite.Time = len(suite.Cases), junitTime(seconds)
	return suite
}

// count adds a check to the totals and makes it a test case.
func (s *junitSuite) count(c model.Check, h model.Provenance) junitCase {
	one := junitCase{Class: c.Class, Name: c.Name, Time: junitTime(c.Seconds), Out: strings.Join(c.Notes, "\n")}
	if place := place(h, c.Line); place != "" {
		one.Out = strings.TrimPrefix(one.Out+"\n"+place, "\n")
	}
	trouble := &junitTrouble{Type: c.Verdict.String(), Message: c.Said, Body: strings.Join(slices.DeleteFunc([]string{c.Said, one.Out}, empty), "\n")}
	switch {
	case c.Skipped:
		s.Skipped++
		one.Skipped, trouble.Type, one.Out = trouble, "skipped", ""
	case c.Troubled() && c.Lenient:
		one.Out = fmt.Sprintf("warning, %s: %s", c.Verdict, trouble.Body)
	case c.Verdict == model.Fail:
		s.Failures++
		one.Failure, one.Out = trouble, ""
	case c.Verdict == model.Inconclusive:
		s.Errors++
		one.Error, one.Out = trouble, ""
	case c.Said != "":
		one.Out = trouble.Body
	}
	return one
}

func empty(text string) bool { return text == "" }

// place is where the scenario states something.
func place(h model.Provenance, line int) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", scenarioName(h), line)
}

func junitTime(seconds float64) string { return fmt.Sprintf("%.3f", seconds) }

// scenarioFile is the scenario as it ran, in the run directory.
const scenarioFile = "scenario.yaml"

// scenarioName is the file in which a budget's line is meant.
func scenarioName(h model.Provenance) string {
	if h.ScenarioPath == "" || h.ScenarioVaried {
		return scenarioFile
	}
	return h.ScenarioPath
}
