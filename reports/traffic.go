package reports

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// ChartSuffixes are the endings of file names by which [WriteChart] knows a form.
func ChartSuffixes() []string { return []string{"." + string(plot.SVG), "." + string(plot.PNG)} }

// WriteChart draws a picture into the file at path, which replaces what was there; its suffix decides the form.
func WriteChart(path string, picture interface {
	Write(w io.Writer, format plot.Format) error
}) error {
	return replace(path, func(w io.Writer) error {
		return picture.Write(w, plot.Format(strings.TrimPrefix(filepath.Ext(path), ".")))
	})
}

// Traffic is the picture of what a trial of p offers: the first one, which has the same traffic as all of its round.
func Traffic(p *scenarios.Plan) plot.Traffic {
	o := offer(p)
	parts := len(o.counts)
	t := plot.Traffic{
		Title: o.title(), Subtitle: o.subtitle(), PartSeconds: p.Duration().Seconds() / float64(parts),
		CurveName: "rate of the stages, line", HeadlineName: "headline " + p.Headline,
	}
	for i, op := range p.Operations {
		layer := plot.Layer{Name: op.Name}
		for _, part := range o.counts {
			layer.Rates = append(layer.Rates, float64(part[i]*o.oneIn)/t.PartSeconds)
		}
		t.Layers = append(t.Layers, layer)
	}
	for _, s := range p.Stages {
		t.Stages = append(t.Stages, plot.Stage{
			Band:     plot.Band{Span: plot.Span{From: s.Begin.Seconds(), To: s.End.Seconds()}, Name: s.Name},
			Measured: s.Measure, Headline: s.Name == p.Headline,
		})
	}
	if o.differs() {
		t.Curve = stagesRate(p)
	}
	return t
}

// offered is what a trial of a plan offers, in parts; each count stands for oneIn hits.
type offered struct {
	*scenarios.Plan
	counts [][]uint64
	oneIn  uint64
}

// offer counts in as many parts as the number of hits allows, which with sessions is known only then.
func offer(p *scenarios.Plan) offered {
	o := offered{Plan: p}
	o.counts, o.oneIn = p.Sample(0, trafficParts(p.Duration(), math.MaxUint64))
	if parts := trafficParts(p.Duration(), o.due()); parts != len(o.counts) {
		o.counts, o.oneIn = p.Sample(0, parts)
	}
	return o
}

// due is the number of all hits.
func (o offered) due() (sum uint64) {
	for part := range o.counts {
		sum += o.in(part)
	}
	return sum
}

// in is the number of hits in a part.
func (o offered) in(part int) (sum uint64) {
	for _, count := range o.counts[part] {
		sum += count * o.oneIn
	}
	return sum
}

// edge is where so many parts are over.
func (o offered) edge(part int) time.Duration {
	return o.Duration() * time.Duration(part) / time.Duration(len(o.counts))
}

// mean is the rate of hits over a stage, by the parts that have their middle in it; NaN if none has.
func (o offered) mean(s scenarios.PlannedStage) float64 {
	var hits, seconds float64
	for part := range o.counts {
		begin, end := o.edge(part), o.edge(part+1)
		if middle := begin + (end-begin)/2; middle >= s.Begin && middle < s.End {
			hits, seconds = hits+float64(o.in(part)), seconds+(end-begin).Seconds()
		}
	}
	return hits / seconds
}

// Bounds of the parts of a picture.
const (
	mostParts    = 120
	fewestParts  = 30
	hitsPerPart  = 100 // in the mean; the number of random hits in a part then deviates by a tenth
	shortestPart = 100 * time.Millisecond
)

// trafficParts is in how many parts a trial is counted: many, to show what is short, unless few hits would be in each, so
// that their chance would drown the shape. Parts of a length that a person would choose are preferred: stages begin at
// their edges, most of the time.
func trafficParts(length time.Duration, hits uint64) int {
	wanted := int(min(max(hits/hitsPerPart, fewestParts), mostParts))
	wanted = max(min(wanted, int(length/shortestPart)), 1)
	const ms = time.Millisecond
	for _, part := range []time.Duration{
		100 * ms, 200 * ms, 250 * ms, 500 * ms, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second,
		20 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute,
	} {
		if parts := int(length / part); length%part == 0 && parts <= wanted*5/4 && parts >= wanted/2 {
			return parts
		}
	}
	return wanted
}

// curveColumns is into how many parts the curve of a trial is cut; more would not be seen.
const curveColumns = 600

// stagesRate is the rate that the stages ask for. Where it is no straight line it is a mean over each column, so that what
// is narrower than one still counts.
func stagesRate(p *scenarios.Plan) (curve plot.Piece) {
	for _, s := range p.Stages {
		begin, length := s.Begin.Seconds(), (s.End - s.Begin).Seconds()
		curve = append(curve, plot.Point{X: begin, Y: s.From})
		if !s.Straight() {
			columns := max(int(curveColumns*length/p.Duration().Seconds()), 2)
			for i, rate := range s.Means(columns) {
				curve = append(curve, plot.Point{X: begin + length*(float64(i)+0.5)/float64(columns), Y: rate})
			}
		}
		curve = append(curve, plot.Point{X: s.End.Seconds(), Y: s.To})
	}
	return curve
}

// differs tells whether the curve says more than the counts: where they are not the integral of it but for rounding, as
// those of random arrivals and of sessions, or where its peak is narrower than a part.
func (o offered) differs() bool {
	var highest, peak float64
	for _, s := range o.Stages {
		peak = max(peak, s.Peak())
	}
	for part := range o.counts {
		begin, end, hits := o.edge(part), o.edge(part+1), float64(o.in(part))
		if math.Abs(hits-(o.volume(end)-o.volume(begin))) > 1.01*float64(o.oneIn) {
			return true
		}
		highest = max(highest, hits/(end-begin).Seconds())
	}
	return peak > highest*1.1
}

// volume is the number of hits that the rates of the stages made due by a time.
func (o offered) volume(at time.Duration) (sum float64) {
	for _, s := range o.Stages {
		sum += s.Curve.Volume(at - s.Begin)
	}
	return sum
}

// title is the finding: how much, also with what sessions add to the rate of the stage, and how long.
func (o offered) title() string {
	due := numeral.Count(o.due())
	if o.oneIn > 1 {
		due = "about " + numeral.Figure(float64(o.due()))
	}
	parts := append(o.headline(), fmt.Sprintf("%s requests in %s", due, lasting(o.Duration())))
	return o.Scenario + ": " + strings.Join(parts, ", ")
}

// headline tells the rates of the headline stage.
func (o offered) headline() []string {
	i := slices.IndexFunc(o.Stages, func(s scenarios.PlannedStage) bool { return s.Name == o.Headline })
	if i < 0 {
		return nil
	}
	s := o.Stages[i]
	rates := []string{stageRate(s) + " at " + s.Name}
	// Chance makes less of a difference than a twentieth, and who sees less needs no word.
	asked := float64(s.Hits) / (s.End - s.Begin).Seconds()
	if mean := o.mean(s); o.Sessions != nil && mean > asked*1.05 {
		rates = append(rates, numeral.Figure(mean)+"/s in the mean with sessions")
	}
	return rates
}

// subtitle says how the picture came about.
func (o offered) subtitle() string {
	counted := "all requests counted"
	if o.oneIn > 1 {
		counted = fmt.Sprintf("one request in %s counted (all are too many)", numeral.Count(o.oneIn))
	}
	part := o.Duration() / time.Duration(len(o.counts))
	if part > time.Second {
		part = part.Round(time.Millisecond)
	}
	return fmt.Sprintf("One trial of the first round, %s in %d parts of %s and stacked as in the legend. Arrivals %s, seed %d.",
		counted, len(o.counts), lasting(part), o.Arrivals, o.Seed)
}

// stageRate says a rate as the stage has it.
func stageRate(s scenarios.PlannedStage) string {
	rate := func(x float64) string { return numeral.Limit(numeral.Figure(x)) + "/s" }
	switch {
	case !s.Straight():
		return "up to " + rate(s.Peak())
	case s.From != s.To:
		return rate(s.From) + " to " + rate(s.To)
	default:
		return rate(s.From)
	}
}

// lasting is d without the zeros that end it: 24h and not 24h0m0s.
func lasting(d time.Duration) string {
	words := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(words, zero) {
			words = words[:len(words)-2]
		}
	}
	return words
}
