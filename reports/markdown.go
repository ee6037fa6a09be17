package reports

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// markdown writes report.md: fewer than 60 lines, whatever happened.
func markdown(w io.Writer, run *record.Run, s *Summary) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\n%s\n", plain(s.Scenario), s.Verdict, plain(s.Sentence()))
	if len(s.Reasons)+len(s.Warnings) > 0 {
		fmt.Fprintln(&b)
	}
	for _, reason := range limited(s.Reasons, markdownReasons) {
		fmt.Fprintf(&b, "- %s\n", plain(reason))
	}
	for _, warning := range limited(s.Warnings, markdownReasons) {
		fmt.Fprintf(&b, "- warning: %s\n", plain(warning))
	}
	if len(s.Phases) > 0 {
		fmt.Fprintf(&b, "\n## Phases\n\n%s\n", s.phaseTable(false).RenderMarkdown())
	}
	fmt.Fprintf(&b, "\n## States at %s\n\n%s\n\n![phases](charts/phases.png) ![timeline](charts/timeline.png)\n", s.HeadlineStage,
		s.stateTable().RenderMarkdown())
	if len(s.Budgets) > 0 {
		fmt.Fprintf(&b, "\n## Budgets\n\n%s\n", s.budgetTable(false).RenderMarkdown())
	}
	fmt.Fprintf(&b, "\n## Can it be believed\n\n")
	for _, line := range s.footnotes(run, markdownReasons) {
		fmt.Fprintf(&b, "- %s\n", plain(strings.TrimSpace(line)))
	}
	fmt.Fprintf(&b, "\n## How it was run\n\n")
	for _, line := range provenance(run.Header) {
		fmt.Fprintf(&b, "- %s\n", plain(line))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// plain keeps recorded text from being read as Markdown or as HTML.
func plain(text string) string {
	return strings.NewReplacer("<", "&lt;", ">", "&gt;", "~", `\~`, "_", `\_`, "*", `\*`, "`", "'", "\n", " ").Replace(text)
}

func provenance(h record.Header) []string {
	lines := []string{
		fmt.Sprintf("run %s, started %s, command: %s", h.ID, h.Started.UTC().Format(time.RFC3339), strings.Join(h.Command, " ")),
		fmt.Sprintf("rehearse %s %s, stack %s, seed %d, rounds %d", h.Version, h.Commit, h.Stack, h.Seed, h.Rounds),
		fmt.Sprintf("host: %s, %d CPUs (%s), %s GiB, kernel %s", h.Host.OS, h.Host.CPUs, h.Host.CPU,
			figure(float64(h.Host.MemoryBytes)/(1<<30)), h.Host.Kernel),
	}
	if len(h.Limits) > 0 {
		lines = append(lines, limitsLine(h.Limits))
	}
	if known := slices.Concat(pairs(h.Versions), pairs(h.Settings)); len(known) > 0 {
		lines = append(lines, "servers and settings: "+strings.Join(known, ", "))
	}
	return lines
}

// limitsLine names the nodes that could not use the whole machine.
func limitsLine(limits map[string]string) string {
	return "limits: " + strings.Join(pairs(limits), "; ")
}

func pairs(m map[string]string) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, name+" "+m[name])
	}
	return list
}
