package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
)

// judgement is a recorded run and what it came to, by the rules of its kind.
type judgement interface {
	// print writes its tables, or as JSON what its file of numbers has.
	print(w io.Writer, asJSON bool) error
	// annotate shows it in a workflow of GitHub.
	annotate(talk io.Writer)
	// end is the verdict with a sentence on it. Where the kind has no verdict it is nil, and the error says what the run did
	// not come to.
	end() (verdict *model.Verdict, sentence string, err error)
	// files are those that its reports are in.
	files() []string
}

// judgeRun judges the run in dir as its kind is judged, and writes its reports into it. Where they cannot be written the judgement
// stands beside the error; where there is none it is nil.
func judgeRun(dir string, j judging) (judgement, error) {
	h, err := record.ReadHeader(dir)
	switch {
	case err != nil: // whoever reads it as an ordinary run says what is wrong with it
	case h.SelfTest != nil:
		return judgeSelfTest(dir)
	case h.Cutover != nil:
		return judgeCutover(dir)
	}
	return judgeOrdinary(dir, j)
}

// tell judges the run in dir, says where its reports are, and prints what it came to.
func tell(cmd *cobra.Command, talk io.Writer, dir string, j judging, asJSON bool) (judgement, error) {
	of, err := judgeRun(dir, j)
	if of == nil {
		return nil, err
	}
	if err = errors.Join(of.print(cmd.OutOrStdout(), asJSON), err); err == nil {
		fmt.Fprintln(talk, written(dir, of.files()))
	}
	of.annotate(talk)
	return of, err
}

// ordinary is a run that compares states.
type ordinary struct{ summary *model.Summary }

func judgeOrdinary(dir string, j judging) (judgement, error) {
	of, s, err := look(dir, j)
	if err != nil {
		return nil, err
	}
	return ordinary{s}, reports.Write(dir, s, of.Details(s), of.Windows)
}

func (o ordinary) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return reports.JSON(w, o.summary)
	}
	return reports.Print(w, o.summary, options(w))
}

func (o ordinary) annotate(talk io.Writer) {
	tellGitHub(talk, reports.Annotations(o.summary), func(w io.Writer, limit int) error { return reports.StepSummary(w, o.summary, limit) })
}

func (o ordinary) end() (*model.Verdict, string, error) {
	return &o.summary.Verdict, reports.Sentence(o.summary), nil
}

func (ordinary) files() []string { return reports.Files() }

// cutOver is a run in which the phases were applied while the traffic flowed.
type cutOver struct{ *model.Cutover }

func judgeCutover(dir string) (judgement, error) {
	run, err := openRun(new(record.Room), dir)
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	scenario, err := judging{}.scenario(dir, run)
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	of := judge.Examine(run)
	c, err := of.Cutover(scenario)
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	return cutOver{c}, reports.WriteCutover(dir, c, of.Details(nil), of.Windows)
}

func (c cutOver) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return reports.JSON(w, c.Cutover)
	}
	return reports.PrintCutover(w, c.Cutover, options(w))
}

func (c cutOver) annotate(talk io.Writer) {
	tellGitHub(talk, reports.CutoverAnnotations(c.Cutover), func(w io.Writer, limit int) error { return reports.CutoverStepSummary(w, c.Cutover, limit) })
}

func (c cutOver) end() (*model.Verdict, string, error) {
	return &c.Verdict, "The report tells what every switch did.", nil
}

func (cutOver) files() []string { return reports.CutoverFiles() }

// selfTested is a run that measured this machine.
type selfTested struct {
	dir string
	*model.SelfTest
}

func judgeSelfTest(dir string) (judgement, error) {
	run, err := openRun(new(record.Room), dir)
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	of := judge.Examine(run)
	s, err := of.SelfTest()
	if err != nil {
		return nil, err
	}
	return selfTested{dir, s}, reports.WriteSelfTest(dir, s, of.Details(nil), of.Windows)
}

func (s selfTested) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return reports.JSON(w, s.SelfTest)
	}
	return reports.PrintSelfTest(w, s.SelfTest)
}

func (s selfTested) annotate(talk io.Writer) {
	tellGitHub(talk, reports.SelfTestAnnotations(s.SelfTest), func(w io.Writer, limit int) error { return reports.SelfTestStepSummary(w, s.SelfTest, limit) })
}

func (s selfTested) end() (*model.Verdict, string, error) {
	switch untold := s.Untold(); {
	case s.Complete && untold != "":
		return nil, "", exitError{exitInconclusive, errors.New(untold)}
	case !s.Complete:
		return nil, "", exitError{exitInconclusive, fmt.Errorf("the self-test did not reach its end; what it has is in %s", filepath.Join(s.dir, reports.SelfTestTextFile))}
	}
	return nil, "", nil
}

func (selfTested) files() []string { return reports.SelfTestFiles() }
