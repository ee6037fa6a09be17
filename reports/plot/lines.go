package plot

import (
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Lines is one panel of series over the run. Panels of one page have the same range, and so share one clock.
type Lines struct {
	// Title is the finding, Subtitle what it was found on.
	Title, Subtitle string
	// Unit is that of the vertical axis, as in "ms" or "per second".
	Unit string
	// Bands lie below everything, with their names above the axes where they have one; Highlights are the stretches the
	// finding speaks of, and HighlightName says what they are.
	Bands         []Band
	Highlights    []Span
	HighlightName string
	Marks         []Mark
	Limits        []Limit
	// Series are drawn in this order, the last on top.
	Series []Series
	// From and To are the range of the horizontal axis; where they are equal it is that of bands and series.
	From, To float64
	// Top is where the vertical axis ends at the latest, if not zero: what is above is cut off.
	Top  float64
	Size Size
	// Fonts are those of the system if nil.
	Fonts *Fonts
}

// Series is a line of readings. What was not measured is between its pieces.
type Series struct {
	Name   string
	Colour Colour
	Dashed bool
	Pieces []Piece
}

// Mark is a moment worth a vertical line, such as a fault.
type Mark struct {
	At   float64
	Name string
}

// Limit is a horizontal line.
type Limit struct {
	Name string
	Y    float64
}

// Span is a stretch of time in seconds elapsed.
type Span struct{ From, To float64 }

// Band is a named span.
type Band struct {
	Span
	Name string
}

// Piece is a line without a gap.
type Piece []Point

// Point is a value at a time, in seconds elapsed.
type Point struct{ X, Y float64 }

// Write draws the picture.
func (l Lines) Write(w io.Writer, format Format) error {
	says := told{l.Title, l.Subtitle}
	l.Series = l.clipped()
	return render(w, format, l.Size.look(), l.Fonts, says, func(c draw.Canvas) {
		c = heading(c, l.Size.look(), says)
		if low, high, top := l.extent(); high > low {
			l.draw(c, low, high, top)
		} else {
			noData(c, l.Size.look())
		}
	})
}

// clipped are the series within the range, without what is not a number.
func (l Lines) clipped() (list []Series) {
	for _, series := range l.Series {
		pieces := series.Pieces
		series.Pieces = nil
		for _, piece := range pieces {
			piece = slices.DeleteFunc(slices.Clone(piece), func(p Point) bool {
				return math.IsNaN(p.X+p.Y) || l.To > l.From && (p.X < l.From || p.X > l.To)
			})
			if len(piece) > 0 {
				series.Pieces = append(series.Pieces, piece)
			}
		}
		list = append(list, series)
	}
	return list
}

// farLimit is how many times as high as all data a limit may be and still be drawn: further up it would press them to the
// floor.
const farLimit = 3

// extent is the range of the axes; high is not above low where there is nothing to draw.
func (l Lines) extent() (low, high, top float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, series := range l.Series {
		for _, piece := range series.Pieces {
			for _, point := range piece {
				low, high = min(low, point.X), max(high, point.X)
				if !math.IsInf(point.Y, 0) {
					top = max(top, point.Y)
				}
			}
		}
	}
	if math.IsInf(low, 0) {
		return 0, 0, 0
	}
	for _, band := range l.Bands {
		low, high = min(low, band.From), max(high, band.To)
	}
	if l.To > l.From {
		low, high = l.From, l.To
	}
	data := top
	for _, limit := range l.Limits {
		if limit.Y <= farLimit*data {
			top = max(top, limit.Y)
		}
	}
	if l.Top > 0 {
		top = min(top, l.Top)
	}
	// Nothing smaller is measured in any unit: all is zero, and an axis still needs a length.
	if top < 1e-9 {
		top = 1
	}
	return low, high, top * 1.05
}

func (l Lines) draw(c draw.Canvas, low, high, top float64) {
	k := l.Size.look()
	p := axes(k, top)
	p.X.Min, p.X.Max = low, high
	p.X.Tick.Marker = elapsed{}
	if l.Size == Slide {
		p.X.Label.Text, p.X.Label.TextStyle = "time elapsed", centred(letters(k.label-1, muted(), false))
	}
	p.Add(bands(l.Bands), shade{l.Highlights, []color.Color{tint()}}, grid(), faults(l.Marks))
	for _, limit := range l.Limits {
		if limit.Y <= top {
			p.Add(limitLine(k, limit, low, high)...)
		}
	}
	columns := int((c.Max.X - c.Min.X) / 2)
	for _, series := range l.Series {
		for _, piece := range series.Pieces {
			p.Add(series.lines(k, piece.below(top).thinned(low, high, columns))...)
		}
	}
	left, right := c.Min.X+k.left, c.Max.X-k.right
	names, marks := bandNames(k, l.Bands, (right-left)/vg.Length(high-low)), markNames(k, l.Marks, low, high)
	area := placed(draw.Crop(c, 0, 0, 0, -max(names.room, k.label*1.7)-marks.room), p, left, right)
	p.Draw(area)
	data := p.DataCanvas(area)
	x, y := p.Transforms(&data)
	marks.draw(c, x, left, data.Max.Y)
	names.draw(c, x, data.Max.Y+marks.room)
	k.unit(c, left, data.Max.Y, l.Unit)
	l.gutter(k, y, top).draw(data, c.Max.X)
}

// below cuts off what is above the axis.
func (piece Piece) below(top float64) Piece {
	cut := slices.Clone(piece)
	for i := range cut {
		cut[i].Y = min(cut[i].Y, top)
	}
	return cut
}

// thinned has no more points than can be told apart: of each column the first, the lowest, the highest and the last, so
// that no peak is lost.
func (piece Piece) thinned(low, high float64, columns int) (thin Piece) {
	if len(piece) <= 2*columns {
		return piece
	}
	column := func(point Point) int { return int((point.X - low) / (high - low) * float64(columns)) }
	for begin := 0; begin < len(piece); {
		end, lowest, highest := begin, begin, begin
		for ; end < len(piece) && column(piece[end]) == column(piece[begin]); end++ {
			if piece[end].Y < piece[lowest].Y {
				lowest = end
			}
			if piece[end].Y > piece[highest].Y {
				highest = end
			}
		}
		last := -1
		for _, i := range []int{begin, min(lowest, highest), max(lowest, highest), end - 1} {
			if i > last {
				thin, last = append(thin, piece[i]), i
			}
		}
		begin = end
	}
	return thin
}

// lines draws a piece, outlined where its colour is too pale for white; a single point becomes a dot, for a line of one
// point is invisible.
func (s Series) lines(k look, piece Piece) (list []plot.Plotter) {
	points := make(plotter.XYs, len(piece))
	for i, point := range piece {
		points[i] = plotter.XY(point)
	}
	for _, stroke := range k.strokes(s.Colour, s.Dashed) {
		if len(points) == 1 {
			if dot, err := plotter.NewScatter(points); err == nil {
				dot.GlyphStyle = draw.GlyphStyle{Color: stroke.Color, Radius: stroke.Width * 0.8, Shape: draw.CircleGlyph{}}
				list = append(list, dot)
			}
		} else if line, err := plotter.NewLine(points); err == nil {
			line.LineStyle = stroke
			list = append(list, line)
		}
	}
	return list
}

// limitStyle is dotted, unlike any series.
func limitStyle(k look) draw.LineStyle {
	return draw.LineStyle{Color: vermillion(), Width: k.line * 0.8, Dashes: []vg.Length{k.line * 0.9, k.line * 1.2}}
}

func limitLine(k look, limit Limit, low, high float64) []plot.Plotter {
	line, err := plotter.NewLine(plotter.XYs{{X: low, Y: limit.Y}, {X: high, Y: limit.Y}})
	if err != nil {
		return nil
	}
	line.LineStyle = limitStyle(k)
	return []plot.Plotter{line}
}

// shade fills spans from the bottom to the top of the axis, in turn with its colours. It has no say in the range: that is
// fixed before.
type shade struct {
	spans []Span
	fills []color.Color
}

// Plot implements plot.Plotter.
func (s shade) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for i, span := range s.spans {
		if from, to := max(span.From, p.X.Min), min(span.To, p.X.Max); from < to {
			c.FillPolygon(s.fills[i%len(s.fills)], upright(c, x(from), x(to)))
		}
	}
}

// bands differ from their neighbours, so that two that touch can be told apart.
func bands(list []Band) plot.Plotter {
	s := shade{fills: []color.Color{pale(), color.White}}
	for _, band := range list {
		s.spans = append(s.spans, band.Span)
	}
	return s
}

// faults are vertical lines.
type faults []Mark

// Plot implements plot.Plotter.
func (f faults) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	style := draw.LineStyle{Color: vermillion(), Width: 1.2, Dashes: []vg.Length{6, 2, 1, 2}}
	for _, mark := range f {
		if mark.At >= p.X.Min && mark.At <= p.X.Max {
			c.StrokeLine2(style, x(mark.At), c.Min.Y, x(mark.At), c.Max.Y)
		}
	}
}
