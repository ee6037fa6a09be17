package plot

import (
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Timeline is the picture of a whole run: the rates of primary and replica, and what was offered, over the bands of the
// states.
type Timeline struct {
	// Title is the finding, Subtitle what it was found on.
	Title, Subtitle string
	// Bands and Marks are on the axis of seconds elapsed. Bands carry names; marks are the stretches the finding
	// speaks of, and MarkName says what they are.
	Bands    []Band
	Marks    []Span
	MarkName string
	// Primary and Replica are rates per second, in pieces: what was not measured is a gap.
	Primary, Replica []Piece
	// Offered is the rate of requests that were due, a piece for each band; it is drawn as a dashed line.
	Offered []Piece
	// PrimaryName, ReplicaName and OfferedName stand in the legend.
	PrimaryName, ReplicaName, OfferedName string
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

// Point is a rate at a time, in seconds elapsed.
type Point struct{ X, Y float64 }

// Write draws the picture.
func (t Timeline) Write(w io.Writer, format Format) error {
	return render(w, format, func(c draw.Canvas) {
		c = heading(c, clean(t.Title), clean(t.Subtitle))
		items := []legendItem{{t.PrimaryName, blue(), blue()}, {t.ReplicaName, amber(), brown()}, {t.MarkName, tint(), grey()}}
		if len(t.Offered) > 0 {
			items = append(items, legendItem{t.OfferedName, color.White, ink()})
		}
		c = legend(c, items...)
		if low, high, top := t.extent(); high > low {
			t.draw(c, low, high, top)
		} else {
			noData(c)
		}
	})
}

func tint() color.Color { return color.RGBA{0xd9, 0xe2, 0xe8, 0xff} }
func pale() color.Color { return color.RGBA{0xf5, 0xf5, 0xf5, 0xff} }

func (t Timeline) draw(c draw.Canvas, low, high, top float64) {
	p := axes(top)
	p.X.Min, p.X.Max = low, high
	p.X.Tick.Marker = elapsed{}
	p.X.Label.Text, p.X.Label.TextStyle = "time elapsed", centred(letters(labelSize-1, grey(), false))
	p.Add(t.bands(), shade{t.Marks, tint()}, grid())
	for _, piece := range t.Replica {
		p.Add(lines(piece, brown(), 4)...)
		p.Add(lines(piece, amber(), 2.4)...)
	}
	for _, piece := range t.Primary {
		p.Add(lines(piece, blue(), 2.8)...)
	}
	for _, piece := range t.Offered {
		p.Add(dashed(piece)...)
	}
	strip, upright := t.strip((c.Max.X - c.Min.X) * 0.94 / vg.Length(high-low))
	area := draw.Crop(c, 0, -8, 0, -strip)
	p.Draw(area)
	t.names(c, p, area, upright)
}

// extent is the range of the axes; high is not above low where there is nothing to draw.
func (t Timeline) extent() (low, high, top float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, pieces := range [][]Piece{t.Primary, t.Replica} {
		for _, piece := range pieces {
			for _, point := range piece {
				low, high, top = min(low, point.X), max(high, point.X), max(top, point.Y)
			}
		}
	}
	if math.IsInf(low, 0) {
		return 0, 0, 0
	}
	for _, band := range t.Bands {
		low, high = min(low, band.From), max(high, band.To)
	}
	for _, piece := range t.Offered {
		for _, point := range piece {
			top = max(top, point.Y)
		}
	}
	if top == 0 {
		top = 1
	}
	return low, high, top * 1.05
}

// shade fills spans from the bottom to the top of the axis. It has no say in the range: that is fixed before.
type shade struct {
	spans []Span
	fill  color.Color
}

// Plot implements plot.Plotter.
func (s shade) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, span := range s.spans {
		c.FillPolygon(s.fill, []vg.Point{{X: x(span.From), Y: c.Min.Y}, {X: x(span.To), Y: c.Min.Y},
			{X: x(span.To), Y: c.Max.Y}, {X: x(span.From), Y: c.Max.Y}})
	}
}

func (t Timeline) bands() plot.Plotter {
	s := shade{fill: pale()}
	for _, band := range t.Bands {
		s.spans = append(s.spans, band.Span)
	}
	return s
}

// lines draws a piece; a single point becomes a dot, for a line of one point is invisible.
func lines(piece Piece, colour color.Color, wide vg.Length) []plot.Plotter {
	points := make(plotter.XYs, len(piece))
	for i, point := range piece {
		points[i] = plotter.XY(point)
	}
	if len(points) == 1 {
		dot, err := plotter.NewScatter(points)
		if err != nil {
			return nil
		}
		dot.GlyphStyle = draw.GlyphStyle{Color: colour, Radius: wide * 0.8, Shape: draw.CircleGlyph{}}
		return []plot.Plotter{dot}
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return nil
	}
	line.LineStyle = draw.LineStyle{Color: colour, Width: wide}
	return []plot.Plotter{line}
}

// dashed draws a piece of what was planned, thin and broken, beside what was measured.
func dashed(piece Piece) []plot.Plotter {
	drawn := lines(piece, ink(), 1.2)
	for _, one := range drawn {
		if line, ok := one.(*plotter.Line); ok {
			line.Dashes = []vg.Length{5, 4}
		}
	}
	return drawn
}

func nameStyle() draw.TextStyle { return centred(letters(labelSize-1, ink(), false)) }

// strip is how much room the names of the bands take above the axis: a line, or, where one is wider than its band, the
// longest name upright.
func (t Timeline) strip(perSecond vg.Length) (room vg.Length, upright bool) {
	style, longest := nameStyle(), vg.Length(0)
	for _, band := range t.Bands {
		wide := style.Width(clean(band.Name))
		longest = max(longest, wide)
		upright = upright || wide > vg.Length(band.To-band.From)*perSecond*0.98
	}
	if upright {
		return longest + 10, true
	}
	return style.Font.Size * 1.6, false
}

func (t Timeline) names(c draw.Canvas, p *plot.Plot, area draw.Canvas, upright bool) {
	data := p.DataCanvas(area)
	x, _ := p.Transforms(&data)
	style := nameStyle()
	style.YAlign = draw.YBottom
	if upright {
		style.Rotation, style.XAlign, style.YAlign = math.Pi/2, draw.XLeft, draw.YCenter
	}
	for _, band := range t.Bands {
		c.FillText(style, vg.Point{X: x((band.From + band.To) / 2), Y: data.Max.Y + 5}, clean(band.Name))
	}
}
