package reports

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// CutoverFile is what [WriteCutover] leaves in a run directory beside report.md and the picture.
const CutoverFile = "cutover.json"

// CutoverFiles are what [WriteCutover] leaves, for a person to find.
func CutoverFiles() []string {
	return []string{HTMLFile, MarkdownFile, ChartsDir + "/", CutoverFile, model.DetailsFile, JUnitFile, MetricsFile, BenchmarksFile, WindowsFile}
}

// WriteCutover leaves its [CutoverFiles] in dir. Where no font of this machine has the
// letters of a name, c is given a warning.
func WriteCutover(dir string, judged *model.Cutover, d *model.Details, windows func(io.Writer) error) error {
	c := &cutover{judged}
	if err := makeCharts(dir); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	fonts := &plot.Fonts{}
	for _, warning := range boxed(fonts, c.names()...) {
		if !slices.Contains(c.Warnings, warning) {
			c.Warn(model.AboutRun, warning)
		}
	}
	errs := []error{
		replace(filepath.Join(dir, CutoverFile), func(w io.Writer) error { return JSON(w, c.Cutover) }),
		replace(filepath.Join(dir, model.DetailsFile), func(w io.Writer) error { return JSON(w, d) }),
		replace(filepath.Join(dir, MarkdownFile), func(w io.Writer) error { return c.markdown(w) }),
		replace(filepath.Join(dir, HTMLFile), func(w io.Writer) error { return c.html(w, d) }),
		replace(filepath.Join(dir, JUnitFile), func(w io.Writer) error { return c.junit(w) }),
		replace(filepath.Join(dir, MetricsFile), func(w io.Writer) error { return c.openMetrics(w) }),
		replace(filepath.Join(dir, BenchmarksFile), func(w io.Writer) error { return c.benchmarks(w) }),
		replace(filepath.Join(dir, WindowsFile), windows),
	}
	pictures := c.pictures(d, fonts)
	for _, name := range slices.Sorted(maps.Keys(pictures)) {
		errs = append(errs, drawn(filepath.Join(dir, ChartsDir), name, pictures[name])...)
	}
	return errors.Join(errs...)
}

// junit writes junit.xml of a cutover, with a test for each switch.
func (c *cutover) junit(w io.Writer) error {
	list := slices.Clone(c.Checks)
	if len(list) > 0 {
		list[0].Notes = c.Warnings
	}
	return writeJUnit(w, c.Provenance, list)
}

// names are all that stand in a picture.
func (c *cutover) names() []string {
	list := []string{c.Scenario}
	for _, s := range c.States {
		list = append(list, s.State)
	}
	return list
}

// PrintCutover writes the tables for the terminal.
func PrintCutover(w io.Writer, judged *model.Cutover, o Options) error {
	c := &cutover{judged}
	p := paint(o)
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s: %s %s\n", p.with(strings.ToUpper(c.Verdict.String()), text.Bold, verdictColour(c.Verdict)),
		c.Scenario, c.sentence(), c.account())
	for _, reason := range numeral.Limited(c.Reasons, terminalReasons) {
		fmt.Fprintf(&b, "  %s\n", reason)
	}
	for _, warning := range numeral.Limited(c.Warnings, terminalReasons) {
		fmt.Fprintf(&b, "  %s %s\n", p.with("warning:", text.FgYellow), warning)
	}
	as := func(name string) string { return name }
	if fell := c.Fallen(); len(fell) > 0 {
		fmt.Fprintf(&b, "\n%s\n", trimmed(collapseTable(fell).Render()))
	}
	fmt.Fprintf(&b, "\n%s\n\n%s\n\n", trimmed(c.stateTable(as).Render()), trimmed(c.switchTable(as).Render()))
	for _, line := range c.footnotes(terminalReasons) {
		fmt.Fprintln(&b, line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sentence says what the phases did to the primary while the traffic flowed, or why it cannot.
func (c *cutover) sentence() string {
	first, last := c.States[0], c.States[c.Turn()]
	if fell := c.Fallen(); len(fell) > 0 {
		told := fallenSentence(fell[:min(len(fell), 2)], "while traffic flowed")
		if more := len(fell) - 2; more > 0 {
			told = strings.TrimSuffix(told, ".") + fmt.Sprintf("; %s collapsed, too.", numeral.Plural(more, "more state"))
		}
		return told
	}
	if !first.PrimaryQPS.Known() || !last.PrimaryQPS.Known() {
		return fmt.Sprintf("%s → %s at %s/s while traffic flowed: the primary's QPS is not known at both ends.",
			first.Stage, last.Stage, numeral.Number(c.OfferedRate))
	}
	back := ""
	if end := c.States[len(c.States)-1]; c.AndBack && end.PrimaryQPS.Known() {
		back = ", and back: " + numeral.Number(end.PrimaryQPS)
	}
	return fmt.Sprintf("%s → %s at %s/s while traffic flowed: primary (master DB) %s QPS (%s)%s; p95 %s.",
		first.Stage, last.Stage, numeral.Number(c.OfferedRate), numeral.Arrow(numeral.Number(first.PrimaryQPS), numeral.Number(last.PrimaryQPS)),
		c.primaryChange(), back, numeral.Arrow(c.latency(first.P95Seconds), c.latency(last.P95Seconds)))
}

// primaryChange is what became of the primary's QPS, marked where that is not of the same work.
func (c *cutover) primaryChange() string {
	told := numeral.Change(c.States[c.Turn()].PrimaryQPS / c.States[0].PrimaryQPS)
	if c.Unlike() != "" && told != numeral.Missing {
		return "~ " + told
	}
	return told
}

// latency prints one.
func (c *cutover) latency(n stat.Number) string { return numeral.Waited(n, c.TimeoutSeconds) }

// account says what the switches cost the users.
func (c *cutover) account() string {
	done, longest := 0, stat.Unknown()
	for _, s := range c.Switches {
		if s.Done {
			done, longest = done+1, numeral.Larger(longest, s.Seconds)
		}
	}
	took := ""
	if done > 0 {
		took = " of at most " + numeral.Seconds(longest)
	}
	return fmt.Sprintf("%d switches%s: %s errors and %s wrong answers in %s hits.", done, took, numeral.Count(c.Total.Errors),
		numeral.Count(c.Declared.Wrong(c.Total.Correctness)), numeral.Count(c.Total.N))
}

// stateTable lists the states. As makes a name fit for where it is written.
func (c *cutover) stateTable(as func(string) string) table.Writer {
	t := newTable("state", "from", "for", "n", "p50", "p95", "p99", "primary QPS (reads/writes)", "replica QPS", "hit ratio", "errors")
	right(t, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	for _, s := range c.States {
		t.AppendRow(table.Row{as(s.Stage), numeral.Seconds(s.FromSeconds), numeral.Seconds(s.ToSeconds - s.FromSeconds), numeral.Count(s.N),
			c.latency(s.P50Seconds), c.latency(s.P95Seconds), c.latency(s.P99Seconds),
			fmt.Sprintf("%s (%s/%s)", numeral.Number(s.PrimaryQPS), numeral.Number(s.PrimaryReadsQPS), numeral.Number(s.PrimaryWritesQPS)),
			numeral.Number(s.ReplicaQPS), numeral.Percent(float64(s.CacheHitRatio)), numeral.Count(s.Errors)})
	}
	return t
}

func (c *cutover) switchTable(as func(string) string) table.Writer {
	titles := []any{"switch", "at", "took", "hits around it", "errors"}
	for _, title := range checkTitles(c.Declared, "") {
		titles = append(titles, title)
	}
	titles = append(titles, "p95 before → around")
	t := newTable(titles...)
	var numbers []int
	for i := range titles[1:] {
		numbers = append(numbers, i+2)
	}
	right(t, numbers...)
	for _, s := range c.Switches {
		row := table.Row{as(s.Name()), numeral.Seconds(s.BeginSeconds), numeral.Seconds(s.Seconds)}
		if !s.Done {
			for range titles[3:] {
				row = append(row, numeral.Missing)
			}
		} else {
			row = append(append(row, numeral.Count(s.N), numeral.Count(s.Errors)), checkCounts(c.Declared, s.Correctness)...)
			row = append(row, numeral.Arrow(c.latency(s.P95BeforeSeconds), c.latency(s.P95AroundSeconds)))
		}
		t.AppendRow(row)
	}
	return t
}

// footnotes are the lines under the tables.
func (c *cutover) footnotes(most int) []string {
	lines := []string{}
	for _, job := range c.Jobs {
		lines = append(lines, "job: "+jobLine(job, c.TimeoutSeconds))
	}
	if len(c.Limits) > 0 {
		lines = append(lines, limitsLine(c.Limits))
	}
	lines = append(lines, model.AnswersTold(c.Declared, c.Total.Correctness))
	valid := "the traffic was as planned"
	if !c.Validity.Valid {
		valid = "the traffic or its measurement was not as planned: " + strings.Join(numeral.Limited(c.Validity.Reasons, most), "; ")
	}
	lines = append(lines, valid+"; "+c.Validity.Generator.Taken(""))
	for _, note := range numeral.Limited(c.notes(), most) {
		lines = append(lines, "note: "+note)
	}
	return append(lines, "A state is told over the longest time in which nothing was done to it, its hits over the whole seconds in that; around a switch are the seconds it touches "+
		"and one more on either side; - not known")
}

// notes are what else went on. When is told on the clock of the traffic.
func (c *cutover) notes() []string {
	if len(c.Validity.Notes) == 0 {
		return c.Provenance.Notes
	}
	return slices.Concat([]string{"since the traffic began: " + strings.Join(numeral.Limited(c.Validity.Notes, terminalReasons), "; ")}, c.Provenance.Notes)
}

// jobLine tells of a job.
func jobLine(j model.CutoverJob, timeoutSeconds float64) string {
	return fmt.Sprintf("%s, beside the traffic from %s on; p95 around it %s, %s errors", j.Text, numeral.Seconds(j.BeginSeconds),
		numeral.Waited(j.P95Seconds, timeoutSeconds), numeral.Count(j.Errors))
}

// title is the finding on the primary.
func (c *cutover) title() string {
	first, last, end := c.States[0].PrimaryQPS, c.States[c.Turn()].PrimaryQPS, c.States[len(c.States)-1].PrimaryQPS
	back := ""
	if c.AndBack {
		back = fmt.Sprintf(", and back to %s", numeral.Number(end))
	}
	if fell := c.Fallen(); len(fell) > 0 {
		return fallenTitle(fell[:min(len(fell), 4)], "while traffic flowed")
	}
	if !first.Known() || !last.Known() {
		return strings.TrimSuffix(c.sentence(), ".")
	}
	return fmt.Sprintf("Primary (master DB) while traffic flowed: %s QPS (%s)%s", numeral.Arrow(numeral.Number(first), numeral.Number(last)), c.primaryChange(), back)
}

// timeline is the picture in which the primary's line steps down. Its bands are the states as they were, and not as they were
// planned.
func (c *cutover) timeline(d *model.Details) plot.Timeline {
	begin, end := d.Curves.From, d.Curves.To
	picture := plot.Timeline{Title: c.title(), MarkName: "switches, jobs",
		Subtitle:    fmt.Sprintf("scenario %s, cutover on %s, verdict %s. %s", c.Scenario, c.Stack, c.Verdict, c.account()),
		PrimaryName: "primary (master DB)", ReplicaName: "replica", OfferedName: "requests due",
		Primary: pieces(d.Curves.PrimaryQPS), Replica: pieces(d.Curves.ReplicaQPS)}
	if !(begin < end) {
		return picture
	}
	from := begin
	for i, s := range c.States {
		to := end
		if i < len(c.Switches) && c.Switches[i].Done {
			to = float64(c.Switches[i].BeginSeconds)
		}
		picture.Bands = append(picture.Bands, plot.Band{Span: plot.Span{From: from, To: to}, Name: s.State})
		if i == len(c.Switches) || !c.Switches[i].Done {
			break
		}
		from = c.Switches[i].End()
		picture.Marks = append(picture.Marks, plot.Span{From: to, To: from})
	}
	for _, job := range c.Jobs {
		picture.Marks = append(picture.Marks, plot.Span{From: float64(job.BeginSeconds), To: float64(job.BeginSeconds + job.Seconds)})
	}
	picture.Offered = pieces(d.Curves.Due)
	return picture
}

// checkTitles are the columns of counts of wrong answers, each behind a mark.
func checkTitles(d reading.Declared, mark string) (titles []string) {
	for _, check := range d.Checks {
		titles = append(titles, mark+check.Title)
	}
	return titles
}

// checkCounts are the cells below them.
func checkCounts(d reading.Declared, c reading.Correctness) (cells []any) {
	for _, check := range d.Checks {
		cells = append(cells, numeral.Count(c.Of(check.Name)))
	}
	return cells
}
