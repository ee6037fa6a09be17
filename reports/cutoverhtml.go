package reports

import (
	"fmt"
	"io"
	"slices"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/page"
)

// html writes report.html.
func (c *cutover) html(w io.Writer, d *model.Details) error {
	timeline, err := c.timelineSection(d)
	if err != nil {
		return err
	}
	p := page.Page{
		Title: fmt.Sprintf("%s, cutover: %s", c.Scenario, c.Verdict), Head: c.head(), Footer: footer(c.Provenance),
		Sections: []page.Section{c.collapsedSection(), timeline, c.switchesSection(), c.statesSection(), c.trustSection(), reproduceSection(c.Provenance, d.Text)},
	}
	p.Sections = slices.DeleteFunc(p.Sections, func(section page.Section) bool { return section.ID == "" })
	return writePage(w, p)
}

// collapsedSection is what is to be known of the states that fell over.
func (c *cutover) collapsedSection() page.Section {
	return collapsedSection(c.Fallen(), "In all of the time of each state, on the run's clock",
		fmt.Sprintf("A state has collapsed where fewer than %s of the hits due in it were answered.", numeral.Limit(numeral.Percent(model.AnsweredLeast))))
}

// head is the first screen.
func (c *cutover) head() page.Head {
	first, last := c.States[0], c.States[c.Turn()]
	return page.Head{
		Name: c.Scenario, Facts: facts(c.Provenance, "cutover on "+c.Stack, fmt.Sprintf("%s/s held", numeral.Number(c.OfferedRate))),
		Verdict: page.Status{Word: c.Verdict.String(), Tone: verdictTone(c.Verdict)}, Sentence: c.sentence(),
		Doubt:   "One run has no interval, so it does not tell how sure a change of p95 is. Counts are nearly exact.",
		Reasons: numeral.Limited(c.Reasons, terminalReasons),
		Answers: []page.Answer{c.passed(),
			{Question: "What did it change?", Text: c.sentence(), Section: "states"}, c.trusted()},
		Figures: []page.Figure{
			{Name: "Primary (master DB) QPS", Before: numeral.Number(first.PrimaryQPS), After: numeral.Number(last.PrimaryQPS),
				Change: page.Status{Word: c.primaryChange()}, Note: c.backNote()},
			{Name: "Replica QPS", Before: numeral.Number(first.ReplicaQPS), After: numeral.Number(last.ReplicaQPS)},
			{Name: "Failed hits", After: numeral.Count(c.Total.Errors), Note: fmt.Sprintf("of %s due", numeral.Count(c.Total.N))},
			{Name: "Wrong answers", After: numeral.Count(c.Declared.Wrong(c.Total.Correctness)), Note: model.EvidenceTold(c.Declared, c.Total.Correctness)},
		},
	}
}

// backNote is what the primary came back to.
func (c *cutover) backNote() string {
	if !c.AndBack {
		return ""
	}
	return fmt.Sprintf("and back at %s: %s", c.States[len(c.States)-1].Stage, numeral.Number(c.States[len(c.States)-1].PrimaryQPS))
}

func (c *cutover) passed() page.Answer {
	word := map[model.Verdict]string{model.Pass: "Yes: ", model.Fail: "No: ", model.Inconclusive: "It cannot be told: "}[c.Verdict]
	return page.Answer{Question: "Did it pass?", Text: word + c.account(), Tone: verdictTone(c.Verdict), Section: "switches"}
}

func (c *cutover) trusted() page.Answer {
	a := page.Answer{Question: "Can I trust it?", Text: "Yes: the traffic was as planned.", Tone: page.Good, Section: "trust"}
	switch {
	case !c.Complete:
		a.Text, a.Tone = "Only in part: the run did not reach its end.", page.Bad
	case !c.Validity.Valid:
		a.Text, a.Tone = "Not all of it: the traffic or its measurement was not as planned.", page.Bad
	case len(c.Warnings) > 0:
		a.Text, a.Tone = "Yes, with "+numeral.Plural(len(c.Warnings), "warning")+".", page.Doubtful
	}
	return a
}

// timelineSection is the run second by second, over the states as they were.
func (c *cutover) timelineSection(d *model.Details) (page.Section, error) {
	section := page.Section{
		ID: "timeline", Title: "The run, second by second",
		Text: []string{"All panels share the time elapsed since the run began. The bands are the states; the darker stretches are the " +
			"switches, and the work they need. What was not measured is a gap."},
		Panels: page.Panels{Name: "the whole run"}, Tables: []page.Table{eventsTable(d.Events)},
	}
	t, picture := drawnSeconds(d.Curves), c.timeline(d)
	t.bands, t.highlights = picture.Bands, picture.Marks
	for i, band := range t.bands {
		section.Panels.Spans = append(section.Panels.Spans, page.Band{Span: spanOf(band.Span), Name: c.States[i].Stage})
	}
	for _, p := range (&summary{&model.Summary{}}).panels(t) {
		chart, err := p.chart(t)
		if err != nil {
			return section, err
		}
		section.Panels.Charts = append(section.Panels.Charts, chart)
	}
	return section, nil
}

func (c *cutover) switchesSection() page.Section {
	t := page.Table{Caption: "Around each switch: the seconds it touches and one more on either side",
		Columns: columns(slices.Concat([]string{"switch", "#at", "#took", "#late", "#hits", "#errors"}, checkTitles(c.Declared, "#"), []string{"#p95 before", "#p95 around"})...)}
	for _, s := range c.Switches {
		if !s.Done {
			t.Rows = append(t.Rows, cells(append([]any{s.Name()}, slices.Repeat([]any{numeral.Missing}, len(t.Columns)-1)...)...))
			continue
		}
		row := []any{s.Name(), numeral.Seconds(s.BeginSeconds), numeral.Seconds(s.Seconds), numeral.Seconds(max(s.LateSeconds, 0)), numeral.Count(s.N), numeral.Count(s.Errors)}
		row = append(append(row, checkCounts(c.Declared, s.Correctness)...), c.latency(s.P95BeforeSeconds), c.latency(s.P95AroundSeconds))
		t.Rows = append(t.Rows, cells(row...))
	}
	section := page.Section{ID: "switches", Title: "The switches", Tables: []page.Table{t}}
	for _, job := range c.Jobs {
		section.Text = append(section.Text, jobLine(job, c.TimeoutSeconds))
	}
	return section
}

func (c *cutover) statesSection() page.Section {
	t := page.Table{Caption: "Each state over the longest time in which nothing was done to it, its hits over the whole seconds in that",
		Columns: columns("state", "#from", "#for", "#n", "#p50", "#p95", "#p99", "#primary QPS", "#reads", "#writes", "#replica QPS", "#hit ratio", "#errors")}
	for _, s := range c.States {
		t.Rows = append(t.Rows, cells(s.Stage, numeral.Seconds(s.FromSeconds), numeral.Seconds(s.ToSeconds-s.FromSeconds), numeral.Count(s.N), c.latency(s.P50Seconds),
			c.latency(s.P95Seconds), c.latency(s.P99Seconds), numeral.Number(s.PrimaryQPS), numeral.Number(s.PrimaryReadsQPS), numeral.Number(s.PrimaryWritesQPS),
			numeral.Number(s.ReplicaQPS), numeral.Percent(float64(s.CacheHitRatio)), numeral.Count(s.Errors)))
	}
	return page.Section{ID: "states", Title: "The states", Tables: []page.Table{t}}
}

// trustSection says what speaks for these numbers and what against.
func (c *cutover) trustSection() page.Section {
	list := page.List{}
	say := func(tone page.Tone, text string) {
		list.Items = append(list.Items, page.Answer{Tone: tone, Text: text})
	}
	say(c.trusted().Tone, c.trusted().Text)
	for _, reason := range c.Validity.Reasons {
		say(page.Bad, reason)
	}
	say(page.Neutral, c.Validity.Generator.Taken(""))
	for _, warning := range c.Warnings {
		say(page.Doubtful, "warning: "+warning)
	}
	tone := page.Good
	if c.Declared.Wrong(c.Total.Correctness) > 0 {
		tone = page.Bad
	}
	say(tone, model.AnswersTold(c.Declared, c.Total.Correctness))
	for _, note := range c.notes() {
		say(page.Neutral, "note: "+note)
	}
	return page.Section{ID: "trust", Title: "Can I trust this run?", Lists: []page.List{list}}
}
