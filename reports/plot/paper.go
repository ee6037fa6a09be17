package plot

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// heading draws title and subtitle and returns the canvas below them. A strip has neither.
func heading(c draw.Canvas, l look, says told) draw.Canvas {
	c = draw.Crop(c, l.margin, -l.margin, l.margin*2/3, -l.margin)
	if l.title == 0 {
		return c
	}
	wide := c.Max.X - c.Min.X
	big, lines := paragraph(letters(l.title, ink(), true), clean(says.title), wide, l.subtitle, 2)
	small, more := paragraph(letters(l.subtitle, muted(), false), clean(says.subtitle), wide, l.least, 1)
	big.YAlign, small.YAlign = draw.YTop, draw.YTop
	y := c.Max.Y
	for _, line := range lines {
		c.FillText(big, vg.Point{X: c.Min.X, Y: y}, line)
		y -= big.Font.Size * 1.2
	}
	c.FillText(small, vg.Point{X: c.Min.X, Y: y - l.subtitle*0.2}, more[0])
	return draw.Crop(c, 0, 0, 0, y-c.Max.Y-l.subtitle*2.1)
}

// legendItem is a swatch and its words.
type legendItem struct {
	words         string
	fill, outline color.Color
}

// swatch is as high as the letters beside it.
func (l look) swatch() vg.Length { return l.label * 1.1 }

// legend draws a row of items from the left and returns the canvas below it.
func legend(c draw.Canvas, l look, items ...legendItem) draw.Canvas {
	swatch := l.swatch()
	x, y := c.Min.X, c.Max.Y-swatch
	for _, item := range items {
		box := []vg.Point{{X: x, Y: y}, {X: x + swatch, Y: y}, {X: x + swatch, Y: y + swatch*0.8}, {X: x, Y: y + swatch*0.8}, {X: x, Y: y}}
		c.FillPolygon(item.fill, box)
		c.StrokeLines(draw.LineStyle{Color: item.outline, Width: 1}, box)
		style := letters(l.label, ink(), false)
		c.FillText(style, vg.Point{X: x + swatch*1.5, Y: y}, item.words)
		x += swatch*3.5 + style.Width(item.words)
	}
	return draw.Crop(c, 0, 0, 0, -swatch*1.8)
}

// noData says what an empty axis would not.
func noData(c draw.Canvas, l look) { instead(c, l, unknown) }

// unknown is said where there is no value.
const unknown = "no data"

// instead puts words in the place of what could not be drawn.
func instead(c draw.Canvas, l look, words string) {
	style := centred(letters(l.label*1.3, muted(), false))
	style.YAlign = draw.YCenter
	c.FillText(style, c.Center(), words)
}

// axes is an empty plot in the house style with a vertical axis from zero to top.
func axes(l look, top float64) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.Y.Min, p.Y.Max = 0, top
	p.Y.Tick.Marker = amounts{l.steps}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Tick.Label = letters(l.label-1, muted(), false)
		axis.LineStyle.Color, axis.Tick.LineStyle.Color = muted(), muted()
		axis.Padding = 0
	}
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XCenter, draw.YTop
	p.Y.Tick.Label.XAlign, p.Y.Tick.Label.YAlign = draw.XRight, draw.YCenter
	p.Y.LineStyle.Width, p.Y.Tick.Length = 0, 4
	return p
}

// grid is faint lines at the amounts, behind everything.
func grid() plot.Plotter {
	g := plotter.NewGrid()
	g.Vertical.Color = nil
	g.Horizontal = draw.LineStyle{Color: faint(), Width: 0.8}
	return g
}

// placed is the part of a canvas in which p has to be drawn so that its data lie between left and right. How much room an
// axis takes depends on its labels, and panels below each other have to share one clock.
func placed(c draw.Canvas, p *plot.Plot, left, right vg.Length) draw.Canvas {
	// The last label reaches beyond the data by a part that depends on the width: twice is exact enough.
	for range 2 {
		data := p.DataCanvas(c)
		c.Min.X += left - data.Min.X
		c.Max.X += right - data.Max.X
	}
	return c
}

// lineStyle is how a series is drawn.
func (l look) lineStyle(c color.Color, wide vg.Length, dashed bool) draw.LineStyle {
	style := draw.LineStyle{Color: c, Width: wide}
	if dashed {
		style.Dashes = []vg.Length{l.line * 2.5, l.line * 1.8}
	}
	return style
}

// strokes are what a line is drawn with, one over the other: an outline where its colour is too pale for white, and itself.
// What is muted is thin.
func (l look) strokes(c Colour, dashed bool) []draw.LineStyle {
	if c == Muted {
		l.line *= 0.6
	}
	strokes := []draw.LineStyle{l.lineStyle(c.fill(), l.line, dashed)}
	if c.outline() != c.fill() {
		strokes = append([]draw.LineStyle{l.lineStyle(c.outline(), l.line*1.7, dashed)}, strokes...)
	}
	return strokes
}

// unit writes what the amounts of the vertical axis are above its labels.
func (l look) unit(c draw.Canvas, left, ceiling vg.Length, words string) {
	words = clean(words)
	style := fitting(letters(l.label-1, muted(), false), words, l.left-4, l.least)
	style.XAlign = draw.XRight
	c.FillText(style, vg.Point{X: left - 4, Y: ceiling + l.label*0.7}, shortened(style, words, l.left-4))
}
