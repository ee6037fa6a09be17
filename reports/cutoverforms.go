package reports

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// cutoverStage is what other formats call the one long stage of a cutover.
const cutoverStage = "cutover"

// markdown writes report.md: fewer than 60 lines, with the mark of a comment first, as of any run.
func (c *cutover) markdown(w io.Writer) error {
	list := append([]section{marker(c.Scenario)}, c.sections(markdownReasons)...)
	fit(list, markdownLines, markdownBytes)
	return writeSections(w, list)
}

// CutoverStepSummary is [StepSummary] of a cutover.
func CutoverStepSummary(w io.Writer, c *model.Cutover, limit int) error {
	list := (&cutover{c}).sections(terminalReasons)
	fit(list, limit, limit)
	return writeSections(w, list)
}

// sections are what a reader asks first, and folded below it what that rests on.
func (c *cutover) sections(reasons int) []section {
	head := []string{fmt.Sprintf("# %s, cutover: %s", plain(c.Scenario), c.Verdict), ""}
	for _, a := range []page.Answer{c.passed(), c.trusted()} {
		head = append(head, fmt.Sprintf("- **%s** %s", a.Question, plain(a.Text)))
	}
	return []section{
		{open: append(head, "- In all: "+plain(c.sentence()), "")},
		bulleted("- ", numeral.Limited(c.Reasons, reasons)).apart(),
		bulleted("- warning: ", numeral.Limited(c.Warnings, reasons)).apart(),
		c.collapseSection(),
		tabled(c.switchTable(asIs), 9, 2, 3, 4, 5, 6, 7, 8, 9).apart(),
		tabled(c.stateTable(asIs), 11, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11).folded("States (%d)", len(c.States)),
		bulleted("- ", c.footnotes(reasons)).folded("What it rests on"),
		bulleted("- ", append([]string{"charts, page and all numbers are in the run directory: " + strings.Join(CutoverFiles(), ", ")},
			provenance(c.Provenance)...)).folded("How it was run"),
	}
}

// collapseSection is empty where nothing fell over.
func (c *cutover) collapseSection() section {
	if len(c.Fallen()) == 0 {
		return section{}
	}
	return tabled(collapseTable(c.Fallen()), 8, 2, 3, 4, 5, 6).apart()
}

// CutoverAnnotations is [Annotations] of a cutover. Its warnings are about switches; all else is one notice.
func CutoverAnnotations(c *model.Cutover) (list []Annotation) {
	about := func(level, text string) Annotation {
		return Annotation{Level: level, Title: c.Scenario + ", cutover: " + c.Verdict.String(), Message: text}
	}
	for _, reason := range c.Reasons {
		list = append(list, about(levelError, reason))
	}
	list = shown(list)
	for _, text := range numeral.Limited(only(c.Warned(), model.AboutGround), mostDoubts) {
		list = append(list, about(levelWarning, text))
	}
	if rest := only(c.Warned(), model.AboutRun); len(rest) > 0 {
		list = append(list, about(levelNotice, remarks(rest, "", stepAndPage)))
	}
	return list
}

// stateNumbers are those of a state that have a name elsewhere.
func stateNumbers(s model.CutoverState) model.Numbers {
	n := model.UnknownNumbers()
	n.N, n.P50Seconds, n.P95Seconds, n.P99Seconds = s.N, s.P50Seconds, s.P95Seconds, s.P99Seconds
	n.PrimaryQPS, n.PrimaryReadsQPS, n.PrimaryWritesQPS = s.PrimaryQPS, s.PrimaryReadsQPS, s.PrimaryWritesQPS
	n.ReplicaQPS, n.CacheHitRatio = s.ReplicaQPS, s.CacheHitRatio
	n.ErrorsRatio = stat.Number(float64(s.Errors+s.Missed) / float64(s.N))
	n.AchievedRate = stat.Number(float64(s.N-min(s.N, s.Errors+s.Missed))) / (s.ToSeconds - s.FromSeconds)
	return n
}

// openMetrics writes metrics.txt: of each state what an ordinary run has of its states, and of each switch what it took.
func (c *cutover) openMetrics(w io.Writer) error {
	g := newGauges(c.Scenario)
	g.set("verdict", "1 for the verdict of the run.", 1, "verdict", c.Verdict.String())
	if c.Total.N > 0 {
		g.answers(c.Declared, c.Total.Correctness)
	}
	for _, s := range c.States {
		if s.N > 0 {
			g.figures(stateNumbers(s), s.Stage, cutoverStage)
		}
	}
	for _, s := range c.Switches {
		if !s.Done {
			continue
		}
		g.set("switch_seconds", "How long a switch of the state took.", s.Seconds, "from", s.From, "to", s.To)
		g.set("switch_errors", "Hits that failed around a switch.", stat.Number(s.Errors), "from", s.From, "to", s.To)
		g.set("switch_p95_seconds", "Response time that 95 of 100 hits around a switch stay below.", s.P95AroundSeconds, "from", s.From, "to", s.To)
	}
	return g.write(w)
}

// benchmarks writes bench.txt: a line for each state, so that benchstat holds one cutover against another.
func (c *cutover) benchmarks(w io.Writer) error {
	out := bufio.NewWriter(w)
	benchHead(out, c.Provenance)
	for _, s := range c.States {
		fmt.Fprint(out, benchLine(s.Stage, cutoverStage, s.N, model.FiguresOf(stateNumbers(s))))
	}
	return out.Flush()
}

// pictures are the slides of a cutover, by the names of their files.
func (c *cutover) pictures(d *model.Details, fonts *plot.Fonts) map[string]picture {
	timeline := c.timeline(d)
	timeline.Fonts = fonts
	seen, none := drawnSeconds(d.Curves), &summary{&model.Summary{}}
	seen.bands, seen.highlights = timeline.Bands, timeline.Marks
	latency, cache, lag := latencyChart(none, seen), cacheChart(none, seen), lagChart(none, seen)
	first, last := c.States[0], c.States[c.Turn()]
	latency.Title = fmt.Sprintf("p95 while traffic flowed: %s → %s: %s", first.Stage, last.Stage, numeral.Arrow(c.latency(first.P95Seconds), c.latency(last.P95Seconds)))
	cache.Title = c.cacheTitle()
	for _, l := range []*plot.Lines{&latency, &cache, &lag} {
		l.Subtitle, l.HighlightName, l.Fonts = timeline.Subtitle, timeline.MarkName, fonts
	}
	return map[string]picture{"timeline": timeline, "latency": latency, "cache": cache, "lag": lag}
}

// cacheTitle names the states whose cache was asked.
func (c *cutover) cacheTitle() string {
	var ratios []string
	for _, s := range c.States[:c.Turn()+1] {
		if s.CacheHitRatio.Known() {
			ratios = append(ratios, numeral.Percent(float64(s.CacheHitRatio))+" in "+s.Stage)
		}
	}
	if len(ratios) == 0 {
		return "No cache was asked while traffic flowed"
	}
	return "The cache has the answer while traffic flowed: " + strings.Join(ratios, ", ")
}
