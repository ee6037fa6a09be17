package reports

import (
	"fmt"
	escape "html"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/visible"
)

// Bounds of report.md: it is read in one look, and it fits into a comment on a pull request, which GitHub cuts off at
// 65,536 characters.
const (
	markdownLines = 59
	markdownBytes = 65_000
)

// markdown writes report.md: fewer than 60 lines, whatever happened. Its first line marks a comment made of it, so that
// the next run finds the comment and replaces it.
func markdown(w io.Writer, s *summary) error {
	sections := append([]section{marker(s.Scenario)}, sections(s, markdownReasons)...)
	fit(sections, markdownLines, markdownBytes)
	return writeSections(w, sections)
}

// marker is the first line of a page: it tells a comment made of it from others.
func marker(scenario string) section {
	name := strings.NewReplacer("<", "", ">", "").Replace(visible.Line(scenario))
	return section{open: []string{fmt.Sprintf("<!-- rehearse:%s -->", name)}}
}

// StepSummary writes the same for the summary of a build step, as long as it needs to be but for a limit in bytes. What
// does not fit is counted.
func StepSummary(w io.Writer, s *model.Summary, limit int) error {
	sections := sections(&summary{s}, terminalReasons)
	fit(sections, limit, limit)
	return writeSections(w, sections)
}

// sections are what a reader asks first, and folded below it what that rests on.
func sections(s *summary, reasons int) []section {
	ranked := *s.Summary
	ranked.Budgets = model.Ranking(s.Budgets)
	answers := []string{"# " + plain(s.Scenario) + ": " + s.Verdict.String(), ""}
	for _, a := range []page.Answer{s.passed(), s.changedMost(), s.trusted()} {
		answers = append(answers, fmt.Sprintf("- **%s** %s", a.Question, plain(a.Text)))
	}
	phases := tabled(s.phaseTable(paint{}), 8, 2, 3, 4, 6, 7)
	if len(s.Phases) > 1 {
		phases = phases.summed()
	}
	return []section{
		{open: append(answers, "- In all: "+plain(s.sentence()), "")},
		bulleted("- ", numeral.Limited(s.Reasons, reasons)).apart(),
		bulleted("- warning: ", numeral.Limited(s.Warnings, reasons)).apart(),
		s.collapseSection(),
		phases.apart(),
		tabled((&summary{&ranked}).budgetTable(paint{}), 5, 2, 5).folded("Budgets (%d)", len(s.Budgets)),
		tabled(s.stateTable(), 10, 2, 3, 4, 5, 6, 7, 8, 9, 10).folded("States at %s (%d)", escape.EscapeString(visible.Line(s.HeadlineStage)), len(s.States)),
		bulleted("- ", s.footnotes(reasons)).folded("What it rests on"),
		bulleted("- ", append([]string{"charts, page and all numbers are in the run directory: " + strings.Join(Files(), ", ")},
			provenance(s.Provenance)...)).folded("How it was run"),
	}
}

// collapseSection is empty where nothing fell over.
func (s *summary) collapseSection() section {
	if len(s.collapses()) == 0 {
		return section{}
	}
	return tabled(s.collapseTable(), 8, 2, 3, 4, 5, 6).apart()
}

// plain keeps recorded text from being read as Markdown or as HTML, and from calling people and issues by name.
func plain(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `\`, `\\`, "~", `\~`, "_", `\_`, "*", `\*`, "[", `\[`,
		"]", `\]`, "@", "@&#8203;", "#", "#&#8203;", "`", "'").Replace(visible.Line(text))
}

func provenance(h model.Provenance) []string {
	lines := []string{
		fmt.Sprintf("run %s, started %s, command: %s", h.ID, h.Started.UTC().Format(time.RFC3339), strings.Join(h.Command, " ")),
		fmt.Sprintf("rehearse %s %s, stack %s, seed %d, rounds %d", h.Version, h.Commit, h.Stack, h.Seed, h.Rounds),
		"host: " + hostLine(h.Host),
	}
	if len(h.Limits) > 0 {
		lines = append(lines, limitsLine(h.Limits))
	}
	if known := slices.Concat(numeral.Pairs(h.Versions), numeral.Pairs(h.Settings)); len(known) > 0 {
		lines = append(lines, "servers and settings: "+strings.Join(known, ", "))
	}
	return lines
}

func hostLine(h model.Host) string {
	return fmt.Sprintf("%s, %d CPUs (%s), %s GiB, kernel %s", h.OS, h.CPUs, h.CPU, numeral.Figure(float64(h.MemoryBytes)/(1<<30)), h.Kernel)
}

// limitsLine names the nodes that could not use the whole machine.
func limitsLine(limits map[string]string) string {
	return "limits: " + strings.Join(numeral.Pairs(limits), "; ")
}
