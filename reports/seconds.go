package reports

import (
	"math"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// runSeconds are the curves of a run as they are drawn; see [Curves].
type runSeconds struct {
	from, to   float64
	bands      []plot.Band
	highlights []plot.Span
	marks      []plot.Mark

	due, offered, achieved, failed []plot.Piece
	p50, p95, p99                  []plot.Piece
	timeoutSeconds                 float64
	over                           bool
	primaryQPS, replicaQPS         []plot.Piece
	hitRatio                       []plot.Piece
	replicaLag, generatorLag       []plot.Piece
	steal, foreign                 []plot.Piece
}

// drawnSeconds makes curves fit to be drawn.
func drawnSeconds(c model.Curves) runSeconds {
	t := runSeconds{from: c.From, to: c.To, bands: drawnBands(c.Bands), timeoutSeconds: c.TimeoutSeconds, over: c.Over}
	for _, s := range c.Highlights {
		t.highlights = append(t.highlights, plot.Span(s))
	}
	for _, m := range c.Marks {
		t.marks = append(t.marks, plot.Mark(m))
	}
	for _, one := range []struct {
		to   *[]plot.Piece
		from model.Line
	}{
		{&t.due, c.Due}, {&t.offered, c.Offered}, {&t.achieved, c.Achieved}, {&t.failed, c.Failed}, {&t.p50, c.P50}, {&t.p95, c.P95}, {&t.p99, c.P99},
		{&t.primaryQPS, c.PrimaryQPS}, {&t.replicaQPS, c.ReplicaQPS}, {&t.hitRatio, c.HitRatio},
		{&t.replicaLag, c.ReplicaLag}, {&t.generatorLag, c.GeneratorLag}, {&t.steal, c.Steal}, {&t.foreign, c.Foreign},
	} {
		*one.to = pieces(one.from)
	}
	return t
}

func drawnBands(bands []model.Band) (list []plot.Band) {
	for _, b := range bands {
		list = append(list, plot.Band{Span: plot.Span(b.Span), Name: b.Name})
	}
	return list
}

// pieces are those of a line as they are drawn.
func pieces(l model.Line) (list []plot.Piece) {
	for _, p := range l {
		piece := make(plot.Piece, len(p.X))
		for i := range p.X {
			piece[i] = plot.Point{X: p.X[i], Y: p.Y[i]}
		}
		list = append(list, piece)
	}
	return list
}

// overLimits is the line at which latencies are drawn that are over the timeout; none where there are none.
func (t *runSeconds) overLimits() []plot.Limit {
	if !t.over {
		return nil
	}
	return []plot.Limit{{Name: numeral.Waited(stat.Number(math.Inf(1)), t.timeoutSeconds), Y: t.timeoutSeconds * 1e3}}
}
