package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// overlay is a picture of a comparison, with the name of its files.
type overlay struct {
	name string
	picture
}

// overlays lay builds over one another: bars of each of the others beside the first, and of all runs that were recorded the
// latencies of the last state and the load of the primary over time.
func (c *comparison) overlays(fonts *plot.Fonts) (list []overlay) {
	for i, g := range c.Groups[1:] {
		bars := c.bars(i)
		bars.Fonts = fonts
		list = append(list, overlay{"compare-" + strings.ToLower(g.Label), bars})
	}
	latency, primary := c.distribution(), c.primaryChart()
	latency.Fonts, primary.Fonts = fonts, fonts
	return append(list, overlay{"compare-latency", latency}, overlay{"compare-primary", primary})
}

// unseen is what no font has letters for.
func (c *comparison) unseen(fonts *plot.Fonts) []string {
	words := []string{c.Stage}
	for _, s := range c.States {
		words = append(words, s.State)
	}
	return boxed(fonts, words...)
}

func (c *comparison) charts(dir string, fonts *plot.Fonts) (errs []error) {
	for _, o := range c.overlays(fonts) {
		errs = append(errs, drawn(dir, o.name, o)...)
	}
	return errs
}

// bars are the p95 and the primary QPS of each state in the first group and in the i-th of the others.
func (c *comparison) bars(i int) plot.Bars {
	p95 := plot.Panel{Title: "p95 latency at " + c.Stage + ", milliseconds"}
	qps := plot.Panel{Title: "primary (master DB) QPS at " + c.Stage}
	for _, s := range c.States {
		for _, n := range s.Numbers {
			switch n.Metric {
			case "p95":
				p95.Pairs = append(p95.Pairs, comparedPair(n, s.State, i, 1e3))
			case "primary_qps":
				qps.Pairs = append(qps.Pairs, comparedPair(n, s.State, i, 1))
			}
		}
	}
	title, _ := c.findings(i, func(n model.ComparedNumber) bool { return n.Metric == "p95" || n.Metric == "primary_qps" })
	return plot.Bars{Title: title, Panels: []plot.Panel{p95, qps},
		Subtitle: fmt.Sprintf("before is %s, after is %s. ~ marks a change that is not proven.", c.toldGroup(0), c.toldGroup(i+1))}
}

// toldGroup is a group by its label, and by its run or by how many there are.
func (c *comparison) toldGroup(i int) string {
	g := c.Groups[i]
	if len(g.Runs) > 1 {
		return fmt.Sprintf("%s (%d runs)", g.Label, len(g.Runs))
	}
	at := slices.IndexFunc(c.Runs, func(r model.ComparedRun) bool { return r.Label == g.Runs[0] })
	return fmt.Sprintf("%s (%s)", g.Label, c.Runs[at].ID)
}

func comparedPair(n model.ComparedNumber, state string, i int, unit stat.Number) plot.Pair {
	before, after := n.Values[0]*unit, n.Values[i+1]*unit
	return plot.Pair{Name: state, Before: finite(before), After: finite(after), BeforeText: numeral.Number(before), AfterText: numeral.Number(after), Change: toldChange(n, i)}
}

// distribution lays the latencies of the last state over one another.
func (c *comparison) distribution() plot.Distribution {
	d := plot.Distribution{Title: c.title("p95"), Subtitle: c.subtitle(), Unit: "ms"}
	for _, o := range c.Overlays {
		curve := plot.Curve{Name: o.Label, Points: milliseconds(o.Latencies)}
		curve.Colour, curve.Dashed = c.overlaid(o.Label)
		d.Curves = append(d.Curves, curve)
	}
	return d
}

// title is a number of the last state in all groups.
func (c *comparison) title(metric string) string {
	last := c.States[len(c.States)-1]
	at := slices.IndexFunc(last.Numbers, func(n model.ComparedNumber) bool { return n.Metric == metric })
	var words []string
	for i, g := range c.Groups {
		words = append(words, g.Label+" "+numberText(last.Numbers[at], last.Numbers[at].Values[i]))
		if i > 0 {
			words[i] += " (" + toldChange(last.Numbers[at], i-1) + ")"
		}
	}
	return fmt.Sprintf("%s of %s at %s: %s", metric, last.State, c.Stage, strings.Join(words, ", "))
}

// toldChange is the change of the i-th other group, marked where it is not proven.
func toldChange(n model.ComparedNumber, i int) string {
	if change := changeText(n, i); n.Changes[i].Verdict != model.Unclear || change == numeral.Missing {
		return change
	}
	return "~ " + changeText(n, i)
}

// primaryChart is the load of the primary over the time since the first trial of each run began; their boots took
// different times.
func (c *comparison) primaryChart() plot.Lines {
	l := plot.Lines{Title: "Primary (master DB): " + c.title("primary_qps"), Subtitle: c.subtitle() + " Bands are the trials of the first.", Unit: "per second"}
	for i, o := range c.Overlays {
		line := plot.Series{Name: o.Label, Pieces: pieces(o.Primary)}
		line.Colour, line.Dashed = c.overlaid(o.Label)
		l.Series = append(l.Series, line)
		if i == 0 {
			l.Bands = drawnBands(o.Bands)
		}
	}
	return l
}

// overlaid is how a run is drawn: those of the first group like a state before. Lines are dashed where colours repeat, and
// of all runs of a group but its first.
func (c *comparison) overlaid(label string) (colour plot.Colour, dashed bool) {
	at := slices.IndexFunc(c.Groups, func(g model.ComparedGroup) bool { return slices.Contains(g.Runs, label) })
	dashed = c.Groups[at].Runs[0] != label
	if at == 0 {
		return plot.Before, dashed
	}
	others := []plot.Colour{plot.After, plot.Primary, plot.Alert, plot.Ink}
	return others[(at-1)%len(others)], dashed || (at-1)/len(others)%2 == 1
}

func (c *comparison) subtitle() string {
	var runs []string
	for _, r := range c.Runs {
		runs = append(runs, r.Label+" is "+r.ID)
	}
	return strings.Join(numeral.Limited(runs, findingsTold), ", ") + "."
}

// extent orders changes by size, whichever way they went. What has come from nothing is the largest.
func extent(c model.Change) float64 {
	if !c.Ratio.Known() || c.Ratio <= 0 {
		return math.Inf(1)
	}
	return math.Abs(math.Log(float64(c.Ratio)))
}
