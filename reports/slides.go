package reports

import (
	"fmt"
	"math"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// panel is a picture of the run's time, without its series.
func (t runSeconds) panel(s *summary, title, unit string) plot.Lines {
	return plot.Lines{Title: title, Subtitle: s.subtitle(), Unit: unit, Bands: t.bands, Highlights: t.highlights,
		HighlightName: s.HeadlineStage, Marks: t.marks, From: t.from, To: t.to}
}

// scaled is pieces in another unit.
func scaled(pieces []plot.Piece, factor float64) (list []plot.Piece) {
	for _, piece := range pieces {
		copied := make(plot.Piece, len(piece))
		for i, point := range piece {
			copied[i] = plot.Point{X: point.X, Y: point.Y * factor}
		}
		list = append(list, copied)
	}
	return list
}

// highest is the largest value of all pieces; NaN without any.
func highest(pieces []plot.Piece) float64 {
	top := math.NaN()
	for _, piece := range pieces {
		for _, point := range piece {
			if !(point.Y <= top) {
				top = point.Y
			}
		}
	}
	return top
}

// farP99 is how many times as high as every p95 a p99 may reach before it is cut off: further up it would press the p95,
// which the picture is about, to the floor.
const farP99 = 3

// latencyChart is the latency over time, with the budgets on its p95.
func latencyChart(s *summary, t runSeconds) plot.Lines {
	l, p99 := t.panel(s, s.latencyTitle(), "ms"), "p99"
	if top, far := highest(t.p95), highest(t.p99); far > farP99*top {
		l.Top, p99 = farP99*top*1e3, "p99, up to "+numeral.Seconds(stat.Number(far))
		if t.over && far >= t.timeoutSeconds {
			p99 = "p99, " + numeral.Waited(stat.Number(math.Inf(1)), t.timeoutSeconds)
		}
	}
	l.Series = []plot.Series{{Name: p99, Colour: plot.Muted, Pieces: scaled(t.p99, 1e3)},
		{Name: "p50", Colour: plot.Ink, Dashed: true, Pieces: scaled(t.p50, 1e3)}, {Name: "p95", Colour: plot.Ink, Pieces: scaled(t.p95, 1e3)}}
	l.Limits = append(s.latencyLimits(), t.overLimits()...)
	return l
}

// latencyLimits are the budgets on p95 of all operations at the headline stage that are in seconds, each height once.
func (s *summary) latencyLimits() (limits []plot.Limit) {
	seen := map[stat.Number]bool{}
	for _, b := range s.Budgets {
		upper := b.Bound == model.BoundMax || b.Bound == model.BoundBelow
		if b.Metric != "p95" || b.Operation != "" || b.Of != "" || b.Stage != s.HeadlineStage || !upper || seen[b.Limit] {
			continue
		}
		seen[b.Limit] = true
		limits = append(limits, plot.Limit{Name: "p95 budget " + b.Allowed(), Y: float64(b.Limit) * 1e3})
	}
	return limits
}

// otherTitle is the finding where there is none on latencies: nothing was compared, or none is believed. Empty otherwise.
func (s *summary) otherTitle(before, after model.State) string {
	if s.nothing(before, after) == "" && !(before.Timeless() && after.Timeless()) {
		return ""
	}
	return s.title()
}

// title is the finding of the run in few words.
func (s *summary) title() string {
	if fell := s.Fallen(s.Find(s.Overall.Before), s.Find(s.Overall.After)); len(fell) > 0 {
		return fallenTitle(fell, "at "+s.HeadlineStage)
	}
	return strings.TrimSuffix(s.sentence(), ".")
}

// latencyTitle is the finding on p95; a single state has a level and no change.
func (s *summary) latencyTitle() string {
	before, after := s.sides(s.Overall)
	if other := s.otherTitle(before, after); other != "" {
		return other
	}
	return fmt.Sprintf("p95 at %s: %s", s.HeadlineStage,
		s.both("%s", before, after, func(state model.State) string { return s.latency(state, state.P95Seconds) }, s.Overall.P95Ratio))
}

// cacheChart is the hit ratio over time.
func cacheChart(s *summary, t runSeconds) plot.Lines {
	l := t.panel(s, s.cacheTitle(), "%")
	l.Series = []plot.Series{{Name: "hit ratio", Colour: plot.Ink, Pieces: scaled(t.hitRatio, 100)}}
	return l
}

// cacheTitle names the states whose cache was asked.
func (s *summary) cacheTitle() string {
	var ratios []string
	for _, state := range s.States {
		if state.CacheHitRatio.Known() {
			ratios = append(ratios, counted(state, numeral.Percent(float64(state.CacheHitRatio)))+" in "+state.Name)
		}
	}
	if len(ratios) == 0 {
		return fmt.Sprintf("No cache was asked at %s", s.HeadlineStage)
	}
	return fmt.Sprintf("The cache has the answer at %s: %s", s.HeadlineStage, strings.Join(ratios, ", "))
}

// lagChart is how far the replica was behind the primary, and the generator, at the 99th percentile of each second, behind
// its schedule.
func lagChart(s *summary, t runSeconds) plot.Lines {
	l := t.panel(s, t.lagTitle(), "ms")
	l.Series = []plot.Series{{Name: "replica lag", Colour: plot.Replica, Pieces: scaled(t.replicaLag, 1e3)},
		{Name: "generator lag p99", Colour: plot.Ink, Dashed: true, Pieces: scaled(t.generatorLag, 1e3)}}
	return l
}

func (t runSeconds) lagTitle() string {
	replica, generator := stat.Number(highest(t.replicaLag)), stat.Number(highest(t.generatorLag))
	switch {
	case replica.Known() && generator.Known():
		return fmt.Sprintf("The replica was at most %s behind, the generator %s late", numeral.Seconds(replica), numeral.Seconds(generator))
	case replica.Known():
		return fmt.Sprintf("The replica was at most %s behind", numeral.Seconds(replica))
	case generator.Known():
		return fmt.Sprintf("The generator was at most %s late", numeral.Seconds(generator))
	}
	return "Neither the replica's lag nor the generator's is known"
}

// distributionChart lays the last state over the first.
func distributionChart(s *summary, d *model.Details) plot.Distribution {
	chart := plot.Distribution{Title: s.percentilesTitle(), Unit: "ms", Subtitle: s.subtitle()}
	for i, of := range d.Distributions {
		curve := plot.Curve{Name: of.State, Colour: plot.After, Points: milliseconds(of.Quantiles)}
		if i == 0 && len(d.Distributions) > 1 {
			curve.Colour, curve.Dashed = plot.Before, true
		}
		chart.Curves = append(chart.Curves, curve)
	}
	return chart
}

// milliseconds are the points of a distribution as they are drawn.
func milliseconds(quantiles []model.Quantile) (points []plot.Quantile) {
	for _, q := range quantiles {
		points = append(points, plot.Quantile{Q: q.Q, Value: q.Seconds * 1e3})
	}
	return points
}

// percentilesTitle is the finding on three percentiles; only that of p95 is judged.
func (s *summary) percentilesTitle() string {
	before, after := s.sides(s.Overall)
	if other := s.otherTitle(before, after); other != "" {
		return other
	}
	told := func(of func(model.State) stat.Number, e model.Estimate) string {
		return s.both("%s", before, after, func(state model.State) string { return s.latency(state, of(state)) }, e)
	}
	return fmt.Sprintf("Latency at %s: p50 %s, p95 %s, p99 %s", s.HeadlineStage, told(func(state model.State) stat.Number { return state.P50Seconds }, model.NoEstimate()),
		told(func(state model.State) stat.Number { return state.P95Seconds }, s.Overall.P95Ratio), told(func(state model.State) stat.Number { return state.P99Seconds }, model.NoEstimate()))
}

// sharesTitle says of p95 what the picture of shares shows.
func (s *summary) sharesTitle() string {
	before, after := s.sides(s.Overall)
	if other := s.otherTitle(before, after); other != "" {
		return other
	}
	if numeral.Lost(before.P95Seconds) || numeral.Lost(after.P95Seconds) {
		return s.latencyTitle()
	}
	if before.Name == after.Name {
		return fmt.Sprintf("95 %% of the hits at %s are answered within %s", s.HeadlineStage, s.latency(before, before.P95Seconds))
	}
	return fmt.Sprintf("95 %% of the hits at %s are answered within %s, before %s%s", s.HeadlineStage,
		s.latency(after, after.P95Seconds), s.latency(before, before.P95Seconds), model.InBrackets(s.Overall.P95Ratio))
}

// unseen is a warning where no font of this machine has the letters of a name: the PNG shows boxes for them.
func unseen(s *summary, d *model.Details, fonts *plot.Fonts) []string {
	names := []string{s.Scenario, s.HeadlineStage, s.Overall.Before, s.Overall.After}
	for _, state := range s.States {
		names = append(names, state.Name)
	}
	for _, phase := range s.Phases {
		names = append(names, phase.Name)
	}
	for _, mark := range d.Curves.Marks {
		names = append(names, mark.Name)
	}
	return boxed(fonts, names...)
}

// boxed is the warning that no font has the letters of some words.
func boxed(fonts *plot.Fonts, words ...string) []string {
	missing := fonts.Missing(strings.Join(words, " "))
	if len(missing) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("no font on this machine has %s: the PNG charts show boxes in their place, the SVG charts keep them; "+
		"install a font that has them, such as fonts-nanum or fonts-noto-cjk for Korean", spelled(missing))}
}

// spelled names some letters.
func spelled(letters []rune) string {
	const most = 8
	var names []string
	for _, letter := range letters[:min(len(letters), most)] {
		names = append(names, fmt.Sprintf("%c (U+%04X)", letter, letter))
	}
	if len(letters) > most {
		names = append(names, fmt.Sprintf("%d more", len(letters)-most))
	}
	return strings.Join(names, ", ")
}
