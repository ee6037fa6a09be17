package reports

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
)

// Names of what [WriteSelfTest] leaves in a run directory.
const (
	SelfTestFile     = "selftest.json"
	SelfTestTextFile = "selftest.txt"
)

// SelfTestFiles are what [WriteSelfTest] leaves, for a person to find.
func SelfTestFiles() []string {
	return []string{SelfTestTextFile, MarkdownFile, SelfTestFile, model.DetailsFile, JUnitFile, MetricsFile, BenchmarksFile, WindowsFile}
}

// WriteSelfTest leaves its [SelfTestFiles] in dir.
func WriteSelfTest(dir string, judged *model.SelfTest, d *model.Details, windows func(io.Writer) error) error {
	s := &selfTest{judged}
	return errors.Join(
		replace(filepath.Join(dir, SelfTestFile), func(w io.Writer) error { return JSON(w, judged) }),
		replace(filepath.Join(dir, model.DetailsFile), func(w io.Writer) error { return JSON(w, d) }),
		replace(filepath.Join(dir, SelfTestTextFile), func(w io.Writer) error { return PrintSelfTest(w, judged) }),
		replace(filepath.Join(dir, MarkdownFile), func(w io.Writer) error { return s.markdown(w) }),
		replace(filepath.Join(dir, JUnitFile), func(w io.Writer) error { return writeJUnit(w, s.Provenance, s.checks()) }),
		replace(filepath.Join(dir, MetricsFile), func(w io.Writer) error { return s.openMetrics(w) }),
		replace(filepath.Join(dir, BenchmarksFile), func(w io.Writer) error { return benchmarks(w, s.Provenance, d) }),
		replace(filepath.Join(dir, WindowsFile), windows),
	)
}

// verdict of a self-test is on the test alone: what a machine is good for is no pass and no failure.
func (s *selfTest) verdict() model.Verdict {
	if s.Complete && s.Untold() == "" {
		return model.Pass
	}
	return model.Inconclusive
}

// against says what keeps the test from telling anything.
func (s *selfTest) against() string {
	if !s.Complete {
		return "the run did not reach its end" + s.Interruption
	}
	return s.Untold()
}

func (s *selfTest) checks() []model.Check {
	c := model.Check{Class: s.Scenario + ".self-test", Name: model.ReachesEnd, Verdict: s.verdict(), Seconds: s.ElapsedSeconds, Said: s.against()}
	c.Notes = append([]string{s.headline()}, s.notes()...)
	return []model.Check{c}
}

// markdown writes report.md.
func (s *selfTest) markdown(w io.Writer) error {
	list := append([]section{marker(s.Scenario)}, s.sections()...)
	fit(list, markdownLines, markdownBytes)
	return writeSections(w, list)
}

func (s *selfTest) sections() []section {
	head := []string{fmt.Sprintf("# %s, %s", plain(s.Scenario), plain(s.headline())), ""}
	if why := s.against(); why != "" {
		head = append(head, "- "+plain(why), "")
	}
	claims, columns := s.claimTable()
	return []section{
		{open: head},
		tabled(claims, columns, 2, 3, 4).apart(),
		bulleted("- ", s.notes()).folded("What it rests on"),
		bulleted("- ", append([]string{"all numbers are in the run directory: " + strings.Join(SelfTestFiles(), ", ")},
			provenance(s.Provenance)...)).folded("How it was run"),
	}
}

// claimTable has a row for each slowdown, in so many columns.
func (s *selfTest) claimTable() (table.Writer, int) {
	columns := append([]any{"slowdown", "pairs", "p95 measured", "95 % interval"}, claimColumns(s)...)
	claims := newTable(columns...)
	for _, level := range s.Levels {
		e := level.P95Ratio
		row := table.Row{model.SlowdownText(level.Slowdown), level.Pairs, numeral.Change(e.Value), model.Interval(e)}
		for _, c := range level.Claims {
			row = append(row, claimed(level, c))
		}
		claims.AppendRow(row)
	}
	return claims, len(columns)
}

// SelfTestStepSummary is [StepSummary] of a self-test.
func SelfTestStepSummary(w io.Writer, s *model.SelfTest, limit int) error {
	list := (&selfTest{s}).sections()
	fit(list, limit, limit)
	return writeSections(w, list)
}

// SelfTestAnnotations is [Annotations] of a self-test, which fails only for itself.
func SelfTestAnnotations(judged *model.SelfTest) []Annotation {
	s := &selfTest{judged}
	about := Annotation{Level: levelError, Title: s.Scenario + ", self-test: " + s.verdict().String(), Message: s.against()}
	if about.Message == "" && len(s.Warnings) > 0 {
		about.Level, about.Message = levelNotice, remarks(s.Warnings, "", MarkdownFile)
	}
	if about.Message == "" {
		return nil
	}
	return []Annotation{about}
}

// openMetrics writes metrics.txt.
func (s *selfTest) openMetrics(w io.Writer) error {
	g := newGauges(s.Scenario)
	g.set("verdict", "1 for the verdict of the run.", 1, "verdict", s.verdict().String())
	for _, level := range s.Levels {
		slowdown := model.SlowdownText(level.Slowdown)
		g.set("selftest_p95_ratio", "p95 of answers made slower by a share over p95 of those that were not.", level.P95Ratio.Value, "slowdown", slowdown)
		for _, c := range level.Claims {
			rounds := fmt.Sprint(c.Rounds)
			g.set("selftest_called_worse_ratio", "Runs of so many rounds that call p95 worse, of all.", c.Worse, "slowdown", slowdown, "rounds", rounds)
		}
	}
	return g.write(w)
}

// PrintSelfTest writes the self-test for a person.
func PrintSelfTest(w io.Writer, judged *model.SelfTest) error {
	s := &selfTest{judged}
	claims, _ := s.claimTable()
	_, err := fmt.Fprintf(w, "%s\n\n%s\n\n%s\n", s.headline(), trimmed(claims.Render()), strings.Join(s.notes(), "\n"))
	return err
}

func claimColumns(s *selfTest) (columns []any) {
	most := 0
	for _, level := range s.Levels {
		most = max(most, len(level.Claims))
	}
	for _, n := range model.RunLengths()[:most] {
		columns = append(columns, fmt.Sprintf("found in %d rounds", n))
	}
	return columns
}

// claimed is how often a slowdown is found; without one every claim is a false alarm.
func claimed(level model.SelfTestLevel, c model.Claims) string {
	if level.Slowdown == 0 {
		return numeral.Percent(float64(c.Worse+c.Better)) + " false"
	}
	return numeral.Percent(float64(c.Worse))
}

func (s *selfTest) headline() string {
	return fmt.Sprintf("self-test: %s at %s against itself, on %s, %d CPUs, %s", s.State, s.Stage, s.Host.CPU, s.Host.CPUs, s.Stack)
}

func (s *selfTest) notes() []string {
	foreign := "what other processes took of the processors is not known"
	if s.ForeignRatio.Known() {
		foreign = fmt.Sprintf("other processes took up to %s of the processors", numeral.Percent(float64(s.ForeignRatio)))
	}
	notes := []string{fmt.Sprintf("trials: %d of %d valid; %s", s.Trials-s.Invalid, s.Trials, foreign)}
	if untold := s.Untold(); untold != "" && s.Complete {
		notes = append(notes, untold)
	}
	for _, warning := range s.Warnings {
		notes = append(notes, "warning: "+warning)
	}
	for _, level := range s.Levels {
		if level.Tries > 0 {
			what := "found"
			if level.Slowdown == 0 {
				what = "called worse"
			}
			notes = append(notes, fmt.Sprintf("%s: %s by %d of %d runs of %d rounds, each of other pairs",
				model.SlowdownText(level.Slowdown), what, level.Found, level.Tries, level.TryRounds))
		}
	}
	if !s.Complete {
		notes = append(notes, "the run did not reach its end")
	}
	return append(notes, "p95 measured: what came of the slowdown; waiting costs the machine as well, so it may be more than was asked for",
		"found: the share of runs of so many rounds, drawn from these pairs, whose 95 % interval of p95 excludes no change")
}
