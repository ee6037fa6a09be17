package reports

import (
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// picture is one that can be drawn in any form.
type picture interface {
	Write(w io.Writer, format plot.Format) error
}

// visuals are what a run looks like over time and over its latencies. The page and the slides both draw them.
type visuals struct {
	timeline  runSeconds
	latencies plot.Distribution
}

func visualsOf(s *summary, d *model.Details) visuals {
	return visuals{drawnSeconds(d.Curves), distributionChart(s, d)}
}

// charts draws all pictures into dir, as slides.
func charts(dir string, s *summary, v visuals, fonts *plot.Fonts) (errs []error) {
	pictures := slides(s, v, fonts)
	for _, name := range slices.Sorted(maps.Keys(pictures)) {
		errs = append(errs, drawn(dir, name, pictures[name])...)
	}
	return errs
}

// drawn puts a picture into dir in both formats.
func drawn(dir, name string, p picture) (errs []error) {
	for _, format := range []plot.Format{plot.SVG, plot.PNG} {
		errs = append(errs, replace(filepath.Join(dir, name+"."+string(format)), func(w io.Writer) error { return p.Write(w, format) }))
	}
	return errs
}

// slides are all pictures of a run, by the names of their files. One without data says so; none is left out.
func slides(s *summary, v visuals, fonts *plot.Fonts) map[string]picture {
	t, percentiles := v.timeline, v.latencies
	phases, databases, latencies := phaseChart(s), timelineChart(s, t), latencyChart(s, t)
	cache, lag := cacheChart(s, t), lagChart(s, t)
	shares := percentiles
	shares.ECDF, shares.Title = true, s.sharesTitle()
	for _, f := range []**plot.Fonts{&phases.Fonts, &databases.Fonts, &latencies.Fonts, &cache.Fonts, &lag.Fonts, &percentiles.Fonts, &shares.Fonts} {
		*f = fonts
	}
	return map[string]picture{"phases": phases, "timeline": databases, "latency": latencies, "cache": cache, "lag": lag,
		"distribution": percentiles, "ecdf": shares}
}

func phaseChart(s *summary) plot.Bars {
	p95 := plot.Panel{Title: "p95 latency at " + s.HeadlineStage + ", milliseconds"}
	qps := plot.Panel{Title: "primary (master DB) QPS at " + s.HeadlineStage}
	for _, phase := range s.Phases {
		before, after := s.sides(phase)
		p95.Pairs = append(p95.Pairs, pair(phase.Name, s.milliseconds(before), s.milliseconds(after), phase.P95Ratio))
		qps.Pairs = append(qps.Pairs, pair(phase.Name, qpsBar(before), qpsBar(after), phase.PrimaryQPSRatio))
	}
	if len(s.Phases) == 0 {
		for _, state := range s.States {
			p95.Pairs = append(p95.Pairs, alone(state.Name, s.milliseconds(state)))
			qps.Pairs = append(qps.Pairs, alone(state.Name, qpsBar(state)))
		}
	}
	return plot.Bars{Title: s.title(), Subtitle: s.subtitle(), Panels: []plot.Panel{p95, qps}}
}

// bar is how high one is, and what stands on it.
type bar struct {
	value stat.Number
	text  string
}

// milliseconds are those of a p95. One that is a hit without an answer is drawn at the timeout, which it is over: no bar at
// all would say that nothing happened.
func (s *summary) milliseconds(state model.State) bar {
	switch p95 := state.P95Seconds; {
	case numeral.Lost(p95) && s.TimeoutSeconds > 0:
		return bar{stat.Number(s.TimeoutSeconds * 1e3), numeral.Waited(p95, s.TimeoutSeconds)}
	case state.Timeless():
		return bar{stat.Unknown(), numeral.Void}
	default:
		return bar{p95 * 1e3, numeral.Number(p95 * 1e3)}
	}
}

// waiting is the same, each in the unit in which it is read best.
func (s *summary) waiting(state model.State) bar {
	one := s.milliseconds(state)
	one.text = s.latency(state, state.P95Seconds)
	return one
}

func qpsBar(state model.State) bar {
	return bar{state.PrimaryQPS, counted(state, numeral.Number(state.PrimaryQPS))}
}

// alone is a state that was compared with no other.
func alone(name string, one bar) plot.Pair {
	return plot.Pair{Name: name, After: finite(one.value), AfterText: one.text, Alone: true}
}

func pair(name string, before, after bar, e model.Estimate) plot.Pair {
	return plot.Pair{Name: name, Before: finite(before.value), After: finite(after.value),
		BeforeText: before.text, AfterText: after.text, Change: model.Judged(e)}
}

func finite(n stat.Number) float64 {
	if !n.Known() {
		return math.NaN()
	}
	return float64(n)
}

// subtitle says what the finding rests on.
func (s *summary) subtitle() string {
	return fmt.Sprintf("scenario %s, %s on %s, verdict %s%s. ~ marks a change that is not clear.", s.Scenario, numeral.Rounds(s.Rounds), s.Stack, s.Verdict, s.crowded())
}

// crowded says what other processes took of the machine, where that was too much.
func (s *summary) crowded() string {
	worst := stat.Unknown()
	for _, t := range s.Validity {
		worst = numeral.Larger(worst, t.Generator.ForeignRatio)
	}
	if !(reading.Foreign{Share: float64(worst)}).Crowded() {
		return ""
	}
	return fmt.Sprintf(", other processes took up to %s of the processors", numeral.Percent(float64(worst)))
}

func timelineChart(s *summary, t runSeconds) plot.Timeline {
	p := plot.Timeline{Title: s.timelineTitle(), Subtitle: s.subtitle(), MarkName: "stage " + s.HeadlineStage,
		PrimaryName: "primary (master DB)", ReplicaName: "replica", OfferedName: "requests due",
		Primary: t.primaryQPS, Replica: t.replicaQPS, Bands: t.bands, Marks: t.highlights, Offered: t.due}
	return p
}

// timelineTitle is the finding on the databases; a single state has a level and no change.
func (s *summary) timelineTitle() string {
	before, after := s.sides(s.Overall)
	if s.nothing(before, after) != "" || before.Uncounted() && after.Uncounted() {
		return s.title()
	}
	told := func(of func(model.State) stat.Number, e model.Estimate) string {
		return s.both("%s QPS", before, after, func(state model.State) string { return counted(state, numeral.Number(of(state))) }, e)
	}
	return fmt.Sprintf("Primary (master DB) at %s: %s, replica: %s", s.HeadlineStage,
		told(func(state model.State) stat.Number { return state.PrimaryQPS }, s.Overall.PrimaryQPSRatio),
		told(func(state model.State) stat.Number { return state.ReplicaQPS }, model.NoEstimate()))
}
