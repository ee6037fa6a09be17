package reports

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// ComparisonFile is the report that [WriteComparison] leaves in a directory, beside the charts.
const ComparisonFile = "compare.md"

// findingsTold is how many changes of one kind a sentence names.
const findingsTold = 4

// PrintComparison writes a comparison for the terminal: what changed, the warnings, and a table for each state.
func PrintComparison(w io.Writer, judged *model.Comparison, o Options) error {
	c := &comparison{judged}
	p := paint(o)
	var b strings.Builder
	for _, sentence := range c.sentences() {
		fmt.Fprintln(&b, sentence)
	}
	for _, warning := range c.warnings() {
		fmt.Fprintf(&b, "  %s %s\n", p.with("warning:", text.FgYellow), warning)
	}
	for _, note := range c.Notes {
		fmt.Fprintf(&b, "  note: %s\n", note)
	}
	fmt.Fprintf(&b, "\n%s\n", trimmed(c.runTable(asIs).Render()))
	for _, state := range c.States {
		fmt.Fprintf(&b, "\n%s\n", trimmed(c.stateTable(state, p, asIs).Render()))
	}
	fmt.Fprintln(&b)
	for _, line := range c.legend() {
		fmt.Fprintln(&b, line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func asIs(words string) string { return words }

// WriteComparison leaves compare.md and the charts in dir, and makes dir if need be.
func WriteComparison(dir string, judged *model.Comparison) error {
	c := &comparison{judged}
	if err := makeCharts(dir); err != nil {
		return fmt.Errorf("write comparison: %w", err)
	}
	fonts := new(plot.Fonts)
	c.Notes = append(c.Notes, c.unseen(fonts)...)
	err := replace(filepath.Join(dir, ComparisonFile), func(w io.Writer) error { return comparisonMarkdown(w, c) })
	return errors.Join(append(c.charts(filepath.Join(dir, ChartsDir), fonts), err)...)
}

func comparisonMarkdown(w io.Writer, c *comparison) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Comparison at %s\n\n", plain(c.Stage))
	for _, sentence := range c.sentences() {
		fmt.Fprintf(&b, "- %s\n", plain(sentence))
	}
	for _, warning := range c.warnings() {
		fmt.Fprintf(&b, "- warning: %s\n", plain(warning))
	}
	for _, note := range c.Notes {
		fmt.Fprintf(&b, "- note: %s\n", plain(note))
	}
	fmt.Fprintf(&b, "\n%s\n", c.runTable(plain).RenderMarkdown())
	fmt.Fprintln(&b)
	for _, o := range c.overlays(nil) {
		fmt.Fprintf(&b, "![%s](%s/%s.png)\n", o.name, ChartsDir, o.name)
	}
	for _, state := range c.States {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", plain(state.State), c.stateTable(state, paint{}, plain).RenderMarkdown())
	}
	fmt.Fprintf(&b, "\n## How to read it\n\n")
	for _, line := range c.legend() {
		fmt.Fprintf(&b, "- %s\n", plain(line))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// warnings are what differs and should not.
func (c *comparison) warnings() (list []string) {
	for _, d := range c.Differences {
		list = append(list, "not the same: "+d.Text(c.Labels()))
	}
	return list
}

// runTable says what the letters stand for.
func (c *comparison) runTable(escape func(string) string) table.Writer {
	t := newTable("", "run", "from", "rehearse", "valid trials", "verdict")
	right(t, 5)
	for _, r := range c.Runs {
		build, valid, verdict := strings.TrimSpace(r.Version+" "+r.Commit), fmt.Sprintf("%d of %d", r.Valid, r.Trials), r.Verdict.String()
		if r.Sabotage != "" {
			build += " with the defect " + r.Sabotage
		}
		if r.Saved {
			build, valid, verdict = numeral.Missing, numeral.Missing, "saved baseline"
		}
		t.AppendRow(table.Row{r.Label, escape(r.ID), escape(r.Source), escape(build), valid, verdict})
	}
	return t
}

// stateTable has a row for each number, and of two groups the interval as well: there is room for it.
func (c *comparison) stateTable(s model.ComparedState, p paint, escape func(string) string) table.Writer {
	wide := len(c.Groups) == 2
	columns, numbers := []any{escape(s.State) + " at " + escape(c.Stage), c.Groups[0].Label}, []int{2}
	var blank []any
	for _, g := range c.Groups[1:] {
		group := []any{g.Label, "change", "95 % interval", ""}
		if !wide {
			group = slices.Delete(group, 2, 3)
		}
		for at := range group[1:] {
			numbers = append(numbers, len(columns)+at+1)
		}
		columns, blank = append(columns, group...), slices.Repeat([]any{""}, len(group)-1)
	}
	t := newTable(columns...)
	right(t, numbers...)
	for _, n := range s.Numbers {
		if !idle(n) {
			t.AppendRow(comparedRow(n, s, p, escape, wide))
		}
	}
	rests := func(name string, on func(i int) string) {
		row := table.Row{name, on(0)}
		for i := range c.Groups[1:] {
			row = append(append(row, on(i+1)), blank...)
		}
		t.AppendRow(row)
	}
	rests("hits", func(i int) string { return believedOr(s, s.Trials, i, numeral.Number(s.Hits[i])) })
	rests("runs/valid trials", func(i int) string { return believedOr(s, s.Trials, i, fmt.Sprintf("%d/%d", s.Runs[i], s.Trials[i])) })
	if !slices.Equal(s.Counted, s.Trials) {
		rests("trials of counts", func(i int) string { return believedOr(s, s.Counted, i, numeral.Count(uint64(s.Counted[i]))) })
	}
	return t
}

// believedOr is the text of the i-th group, unless trials were begun and none of them is believed.
func believedOr(s model.ComparedState, believed []int, i int, text string) string {
	if believed[i] == 0 && s.Begun[i] > 0 {
		return numeral.Void
	}
	return text
}

// comparedText is a number of the i-th group.
func comparedText(s model.ComparedState, n model.ComparedNumber, i int) string {
	believed := s.Counted
	if (model.Key{Metric: n.Metric}).Latency() {
		believed = s.Trials
	}
	if v := n.Values[i]; v.Known() || n.Metric == "errors" {
		return numberText(n, v)
	}
	return believedOr(s, believed, i, numeral.Missing)
}

// idle tells whether a number of one operation says nothing anywhere, as statements that nobody sends.
func idle(n model.ComparedNumber) bool {
	return n.Operation != "" && !slices.ContainsFunc(n.Values, func(v stat.Number) bool { return v.Known() && v != 0 })
}

func comparedRow(n model.ComparedNumber, s model.ComparedState, p paint, escape func(string) string, wide bool) table.Row {
	row := table.Row{escape(comparedName(n)), comparedText(s, n, 0)}
	for i, c := range n.Changes {
		row = append(row, comparedText(s, n, i+1), changeText(n, i))
		if wide {
			row = append(row, model.Interval(model.Estimate{Lo: c.Lo, Hi: c.Hi}))
		}
		row = append(row, comparedVerdict(n, p, i))
	}
	return row
}

func comparedName(n model.ComparedNumber) string {
	if n.Operation == "" {
		return n.Metric
	}
	return n.Metric + "(" + n.Operation + ")"
}

func numberText(n model.ComparedNumber, value stat.Number) string {
	return model.Budget{Unit: n.Unit}.Text(value)
}

// changeText of the i-th other group; from nothing to something has no ratio.
func changeText(n model.ComparedNumber, i int) string {
	if c := n.Changes[i]; c.Ratio.Known() || n.Values[0] != 0 || !n.Values[i+1].Known() {
		return numeral.Change(c.Ratio)
	}
	return "from 0"
}

func comparedVerdict(n model.ComparedNumber, p paint, i int) string {
	if !n.Values[0].Known() || !n.Values[i+1].Known() {
		return numeral.Missing
	}
	switch v := n.Changes[i].Verdict; v {
	case model.Better:
		return p.with(v.String(), text.FgGreen)
	case model.Worse:
		return p.with(v.String(), text.FgRed)
	default:
		return v.String()
	}
}

// finding is a change that is proven.
type finding struct {
	what   string
	extent float64
}

// sentences say of each group what it made of the first, the largest changes first.
func (c *comparison) sentences() (list []string) {
	list = c.collapses()
	for i := range c.Groups[1:] {
		words, unproven := c.findings(i, func(model.ComparedNumber) bool { return true })
		list = append(list, fmt.Sprintf("%s; no proven change in %d numbers", words, unproven))
	}
	return list
}

// collapses name the builds that fell over: beside that no change means anything.
func (c *comparison) collapses() (list []string) {
	list = numeral.Limited(c.collapsed(), findingsTold)
	if c.Verdict() == model.Inconclusive {
		list = append(list, "what is held against a build that collapsed shows no change; measure the first one anew")
	}
	return list
}

func (c *comparison) collapsed() (list []string) {
	for _, one := range c.Collapsed {
		share := numeral.Percent(float64(one.AnsweredRatio))
		if one.AnsweredRatio == 0 {
			share = "none"
		}
		list = append(list, fmt.Sprintf("%s collapsed: %s answered %s of %s hits due at %s (trial %d); work that was not done makes no count better", one.Label,
			one.State, share, numeral.Count(one.Hits), c.Stage, one.Trial+1))
	}
	return list
}

// findings are what is proven of some numbers of the i-th of the other groups, and of how many nothing is.
func (c *comparison) findings(i int, about func(model.ComparedNumber) bool) (words string, unproven int) {
	found := map[model.Effect][]finding{}
	for _, s := range c.States {
		for _, n := range s.Numbers {
			switch v := n.Changes[i].Verdict; {
			case !about(n):
			case v != model.Unclear:
				found[v] = append(found[v], finding{fmt.Sprintf("%s of %s %s", comparedName(n), s.State, changeText(n, i)), extent(n.Changes[i])})
			case n.Values[0].Known() && n.Values[i+1].Known():
				unproven++
			}
		}
	}
	words = fmt.Sprintf("%s against %s at %s: worse: %s; better: %s", c.Groups[i+1].Label, c.Groups[0].Label, c.Stage,
		largest(found[model.Worse]), largest(found[model.Better]))
	if len(found[model.Differs]) > 0 {
		words += "; different: " + largest(found[model.Differs])
	}
	return words, unproven
}

func largest(findings []finding) string {
	if len(findings) == 0 {
		return "nothing"
	}
	slices.SortStableFunc(findings, func(a, b finding) int { return cmp.Compare(b.extent, a.extent) })
	var words []string
	for _, f := range findings {
		words = append(words, f.what)
	}
	return strings.Join(numeral.Limited(words, findingsTold), ", ")
}

// legend says how the marks came about, and what to do where they cannot.
func (c *comparison) legend() []string {
	lines := []string{"~ it is not proven that anything changed; - not known; void not believed"}
	if slices.ContainsFunc(c.States, func(s model.ComparedState) bool { return slices.Min(s.Runs) < 2 }) {
		lines = append(lines, "latencies and errors of one run are never proven to have changed: the machine differs from run to run; "+
			"give two or more runs of each build, best measured in turn")
	}
	counts := fmt.Sprintf("counts: by value, beyond %s, what hits in flight can explain, and what so few statements may differ by (at 95 %%, had each "+
		"come by chance)", numeral.Limit(numeral.Percent(model.CountWorse-1)))
	if c.Chance {
		counts += fmt.Sprintf("; what the cache leaves to the replica hangs on the moment, so beyond %s", numeral.Limit(numeral.Percent(model.CacheSlack)))
	}
	return append(lines, "latencies: of a run the geometric mean over its trials, of several that over the runs; the interval of their ratio is Welch's, of "+
		"two independent samples of runs; up to one in twenty that did not change is marked all the same", counts,
		fmt.Sprintf("errors: by the interval of the difference between runs, as latencies are, beyond %d failures", model.ChanceFailures))
}
