package reports

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// panel is one chart of the timeline.
type panel struct {
	name, caption string
	plot.Lines
}

// timelineSection is the run second by second, in panels over one clock.
func (s *summary) timelineSection(t runSeconds, events []model.Event) (page.Section, error) {
	section := page.Section{
		ID: "timeline", Title: "The run, second by second",
		Text:   []string{"All panels share the time elapsed since the run began. The bands are the trials, by state; the darker stretch in each is stage " + s.HeadlineStage + ", of which the numbers above speak. What was not measured is a gap."},
		Panels: page.Panels{Name: "the whole run"},
	}
	for i, band := range t.bands {
		name := fmt.Sprintf("%d: %s", i+1, band.Name)
		section.Panels.Spans = append(section.Panels.Spans, page.Band{Span: spanOf(band.Span), Name: name})
	}
	if column := plot.ColumnSeconds(t.from, t.to); column > 0 {
		section.Text = append(section.Text, fmt.Sprintf("Of every %s s the smallest and the largest value are drawn; all of them are in the run directory.", scenarios.Plain(column, 6)))
	}
	panels := s.panels(t)
	if len(panels) == 0 {
		section.Text, section.Panels.Spans = []string{"Nothing was recorded in any trial, so there is nothing to draw."}, nil
	}
	for _, p := range panels {
		chart, err := p.chart(t)
		if err != nil {
			return section, err
		}
		section.Panels.Charts = append(section.Panels.Charts, chart)
	}
	if events := eventsTable(events); len(events.Rows) > 0 {
		section.Tables = []page.Table{events}
	}
	return section, nil
}

// eventsTable is what was done and what happened between the trials and in them.
func eventsTable(events []model.Event) page.Table {
	t := page.Table{Caption: "Events and faults", Columns: columns("time elapsed", "event", "trial", "what happened"), Folded: true}
	for _, e := range events {
		trial := numeral.Missing
		if e.Trial >= 0 {
			trial = fmt.Sprint(e.Trial + 1)
		}
		t.Rows = append(t.Rows, cells(numeral.ElapsedClock(e.AtSeconds), e.Kind, trial, e.Text))
	}
	return t
}

// panels are the charts of the timeline; one for which nothing was recorded is left out.
func (s *summary) panels(t runSeconds) []panel {
	list := []panel{
		{"Offered and achieved rate", "Hits due per second, and those answered.", plot.Lines{Unit: "per second", Series: []plot.Series{
			{Name: "achieved", Colour: plot.Ink, Pieces: t.achieved}, {Name: "failed or missed", Colour: plot.Alert, Pieces: t.failed},
			{Name: "offered", Colour: plot.Ink, Dashed: true, Pieces: t.offered}}}},
		{"Latency", "Response of the hits due in each second, from their due time.", plot.Lines{Unit: "ms", Limits: append(s.latencyLimits(), t.overLimits()...), Series: []plot.Series{
			{Name: "p99", Colour: plot.Before, Pieces: scaled(t.p99, 1e3)}, {Name: "p95", Colour: plot.Ink, Pieces: scaled(t.p95, 1e3)},
			{Name: "p50", Colour: plot.After, Dashed: true, Pieces: scaled(t.p50, 1e3)}}}},
		{"Database QPS", "Statements per second of the application, as the servers counted them.", plot.Lines{Unit: "per second", Series: []plot.Series{
			{Name: "replica", Colour: plot.Replica, Pieces: t.replicaQPS}, {Name: "primary (master DB)", Colour: plot.Primary, Pieces: t.primaryQPS}}}},
		{"Cache hit ratio", "Hits of all look-ups in the services' cache.", plot.Lines{Unit: "%", Series: []plot.Series{
			{Name: "hit ratio", Colour: plot.Ink, Pieces: scaled(t.hitRatio, 100)}}}},
		{"Replica lag", "How far the replica was behind the primary.", plot.Lines{Unit: "ms", Series: []plot.Series{
			{Name: "replica lag", Colour: plot.Replica, Pieces: scaled(t.replicaLag, 1e3)}}}},
		{"Generator lag", "How late hits left the generator, as p99 of each second: the instrument's own error.", plot.Lines{Unit: "ms", Series: []plot.Series{
			{Name: "lag p99", Colour: plot.Ink, Pieces: scaled(t.generatorLag, 1e3)}}}},
		{"Processors taken by others", fmt.Sprintf("What the host (steal) and other processes had of them; beyond %s of other processes over a stage no latency is believed.", numeral.Limit(numeral.Percent(reading.ForeignLimit))),
			plot.Lines{Unit: "%", Series: []plot.Series{{Name: "other processes", Colour: plot.Alert, Pieces: scaled(t.foreign, 100)},
				{Name: "steal", Colour: plot.Ink, Dashed: true, Pieces: scaled(t.steal, 100)}}}},
	}
	return slices.DeleteFunc(list, func(p panel) bool {
		return !slices.ContainsFunc(p.Series, func(s plot.Series) bool { return len(s.Pieces) > 0 })
	})
}

// chart draws a panel over the clock of the run.
func (p panel) chart(t runSeconds) (page.Chart, error) {
	p.Title, p.Subtitle = p.name, p.caption
	p.Bands, p.Highlights, p.Marks, p.From, p.To, p.Size = t.bands, t.highlights, t.marks, t.from, t.to, plot.Strip
	chart := page.Chart{Name: p.name + ", " + p.Unit, Caption: p.caption, Summary: p.summary(), Table: p.table()}
	p.Series = slices.Clone(p.Series)
	for i := range p.Series {
		p.Series[i].Pieces = plot.Thinned(p.Series[i].Pieces, plot.ColumnSeconds(t.from, t.to))
	}
	chart.Series = p.series()
	var err error
	chart.SVG, err = svg(p.Lines)
	return chart, err
}

func svg(p picture) ([]byte, error) {
	var b bytes.Buffer
	err := p.Write(&b, plot.SVG)
	return b.Bytes(), err
}

// series are those of a panel as a script draws them.
func (p panel) series() *page.Series {
	s := &page.Series{Axis: page.Elapsed, Unit: p.Unit, From: page.Value(p.From), To: page.Value(p.To)}
	for _, band := range p.Bands {
		s.Bands = append(s.Bands, page.Band{Span: spanOf(band.Span), Name: band.Name})
	}
	for _, span := range p.Highlights {
		s.Highlights = append(s.Highlights, spanOf(span))
	}
	for _, mark := range p.Marks {
		s.Marks = append(s.Marks, page.Mark{At: page.Value(mark.At), Name: mark.Name})
	}
	for _, l := range p.Limits {
		// As in the picture: a limit far above would press all data to the floor.
		if l.Y <= 3*p.top() {
			s.Limits = append(s.Limits, page.Limit{Y: page.Value(l.Y), Name: l.Name})
		}
	}
	for _, series := range p.Series {
		if len(series.Pieces) > 0 {
			s.Lines = append(s.Lines, lineOf(series))
		}
	}
	return s
}

func spanOf(s plot.Span) page.Span { return page.Span{From: page.Value(s.From), To: page.Value(s.To)} }

// lineOf puts the pieces of a series into one line, with a gap after each.
func lineOf(s plot.Series) page.Line {
	line := page.Line{Name: s.Name, Colour: colourOf(s.Colour), Dashed: s.Dashed}
	for i, piece := range s.Pieces {
		for _, point := range piece {
			line.X, line.Y = append(line.X, page.Value(point.X)), append(line.Y, page.Value(point.Y))
		}
		if i+1 < len(s.Pieces) && len(piece) > 0 && len(s.Pieces[i+1]) > 0 {
			line.X = append(line.X, page.Value((piece[len(piece)-1].X+s.Pieces[i+1][0].X)/2))
			line.Y = append(line.Y, page.Value(math.NaN()))
		}
	}
	return line
}

func colourOf(c plot.Colour) page.Colour {
	switch c {
	case plot.Primary:
		return page.Primary
	case plot.Replica:
		return page.Replica
	case plot.Before:
		return page.Before
	case plot.After:
		return page.After
	case plot.Alert:
		return page.Alert
	default:
		return page.Ink
	}
}

// spreadText is the mean of a series, and between which values it went.
func spreadText(s plot.Spread) string {
	if s.N == 0 {
		return numeral.Missing
	}
	return fmt.Sprintf("%s (%s to %s)", numeral.Figure(s.Mean), numeral.Figure(s.Low), numeral.Figure(s.High))
}

// top is the highest point of all series.
func (p panel) top() (top float64) {
	for _, series := range p.Series {
		if s := plot.SpreadOf(series.Pieces, math.Inf(-1), math.Inf(1)); s.N > 0 {
			top = max(top, s.High)
		}
	}
	return top
}

// summary says what a panel shows to somebody who does not see it.
func (p panel) summary() string {
	var parts []string
	for _, series := range p.Series {
		if s := plot.SpreadOf(series.Pieces, math.Inf(-1), math.Inf(1)); s.N > 0 {
			parts = append(parts, fmt.Sprintf("%s from %s to %s, mean %s", series.Name, numeral.Figure(s.Low), numeral.Figure(s.High), numeral.Figure(s.Mean)))
		}
	}
	return strings.Join(parts, "; ") + "; in " + p.Unit
}

// table has each series over each trial.
func (p panel) table() page.Table {
	names := []string{"trial"}
	for _, series := range p.Series {
		names = append(names, "#"+series.Name+", "+p.Unit)
	}
	t := page.Table{Caption: p.name + ": mean (smallest to largest) of the seconds of each trial, warm-up included", Columns: columns(names...)}
	lines := make([]plot.Piece, len(p.Series))
	for i, series := range p.Series {
		lines[i] = plot.InOrder(series.Pieces)
	}
	for i, band := range p.Bands {
		row := []any{fmt.Sprintf("%d: %s", i+1, band.Name)}
		for _, line := range lines {
			row = append(row, spreadText(plot.SpreadOf([]plot.Piece{line.During(band.Span)}, band.From, band.To)))
		}
		t.Rows = append(t.Rows, cells(row...))
	}
	return t
}

// distributionSection shows the response at the headline stage, before and after.
func (s *summary) distributionSection(curves []plot.Curve) (page.Section, error) {
	section := page.Section{ID: "distribution", Title: "Distribution of the latency", Text: []string{
		"Response of all hits due at stage " + s.HeadlineStage + " in valid trials, from their due time. Hits that failed lie beyond the end of a curve."}}
	curves = slices.DeleteFunc(curves, func(c plot.Curve) bool { return len(c.Points) == 0 })
	if len(curves) == 0 {
		section.Text = []string{s.undistributed()}
		return section, nil
	}
	table := quantilesTable(curves, s.TimeoutSeconds)
	for _, d := range []struct {
		name, caption string
		ecdf          bool
	}{
		{"By percentile, ms", "Each step to the right is a tenth of the hits that were left.", false},
		{"As empirical distribution, %", "The share of hits that took at most so long.", true},
	} {
		drawn, err := svg(plot.Distribution{Title: d.name, Subtitle: d.caption, Unit: "ms", Curves: curves, ECDF: d.ecdf, Size: plot.Strip})
		if err != nil {
			return section, err
		}
		section.Charts = append(section.Charts, page.Chart{Name: d.name, Caption: d.caption, SVG: drawn,
			Summary: readOut(table), Table: table, Series: distributionSeries(curves, d.ecdf)})
	}
	return section, nil
}

// undistributed says why no distribution is drawn: it is of two states, and others may have latencies to believe.
func (s *summary) undistributed() string {
	drawn, others := []string{s.Overall.Before}, []string{}
	if s.Overall.After != s.Overall.Before {
		drawn = append(drawn, s.Overall.After)
	}
	for _, state := range s.States {
		if state.N > 0 && !slices.Contains(drawn, state.Name) {
			others = append(others, state.Name)
		}
	}
	told := fmt.Sprintf("No latency of %s at stage %s is believed, so there is no distribution to draw", numeral.Listed(drawn), s.HeadlineStage)
	if len(others) > 0 {
		told += "; those of " + numeral.Listed(others) + " stand in the tables"
	}
	return told + "."
}

// readOut reads a table out.
func readOut(t page.Table) string {
	var rows []string
	for _, row := range t.Rows {
		var parts []string
		for i, cell := range row[1:] {
			parts = append(parts, t.Columns[i+1].Name+" "+cell.Text)
		}
		rows = append(rows, row[0].Text+": "+strings.Join(parts, ", "))
	}
	return strings.Join(rows, "; ")
}

// quantilesTable has the points people ask for.
func quantilesTable(curves []plot.Curve, timeoutSeconds float64) page.Table {
	names := []string{"percentile"}
	for _, c := range curves {
		names = append(names, "#"+c.Name)
	}
	t := page.Table{Caption: "Response at percentiles", Columns: columns(names...)}
	for _, q := range []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999} {
		row, any := []any{"p" + strconv.FormatFloat(q*100, 'f', -1, 64)}, false
		for _, c := range curves {
			value := latencyAt(c, q)
			any = any || value.Known() || numeral.Lost(value)
			row = append(row, numeral.Waited(value, timeoutSeconds))
		}
		if any {
			t.Rows = append(t.Rows, cells(row...))
		}
	}
	return t
}

// latencyAt is a curve's latency in seconds at a quantile; unknown where the curve does not reach so far.
func latencyAt(c plot.Curve, q float64) stat.Number {
	for _, p := range c.Points {
		if p.Q >= q-1e-9 {
			return stat.Number(p.Value / 1e3)
		}
	}
	return stat.Unknown()
}

// distributionSeries are the curves as a script draws them.
func distributionSeries(curves []plot.Curve, ecdf bool) *page.Series {
	s := &page.Series{Axis: page.Percentile, Unit: "ms", From: 1, To: 1}
	if ecdf {
		s = &page.Series{Axis: page.Amount, Unit: "%", From: page.Value(math.Inf(1))}
	}
	for _, c := range curves {
		line := page.Line{Name: c.Name, Colour: colourOf(c.Colour), Dashed: c.Dashed}
		for _, p := range c.Points {
			x, y := 1/(1-p.Q), p.Value
			if ecdf {
				x, y = p.Value, p.Q*100
			}
			if math.IsInf(x, 0) || !(x > 0) || math.IsInf(y, 0) {
				continue
			}
			line.X, line.Y = append(line.X, page.Value(x)), append(line.Y, page.Value(y))
			s.From, s.To = min(s.From, page.Value(x)), max(s.To, page.Value(x))
		}
		s.Lines = append(s.Lines, line)
	}
	return s
}
