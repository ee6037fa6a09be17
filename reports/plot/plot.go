// Package plot draws the two pictures of a report, pairs of bars before and after each phase and the timeline of two rates
// over bands, and the picture of a plan: its traffic, stacked by kind over the bands of the stages.
//
// Scope: plain numbers and finished texts in, SVG or PNG out. It knows no record and no verdict, and nobody else knows
// the plotting library.
//
// Opinion: a picture has to survive a slide. Its title is the finding, every axis of amounts begins at zero, every bar
// carries its value, names stand beside the data and never on it, no colour means something alone, and where there is
// no data the picture says so. The same input gives the same bytes.
//
// Steps: [Bars], [Timeline] and [Traffic] are filled by the caller; their Write methods draw them.
package plot

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Format is a file format, named like its file's extension.
type Format string

// Formats.
const (
	SVG Format = "svg"
	PNG Format = "png"
)

// The canvas has the shape of a slide; at this density a PNG is 1600 by 900.
const (
	width         = vg.Length(1200)
	height        = vg.Length(675)
	dotsPerInch   = 96
	margin        = vg.Length(30)
	titleSize     = vg.Length(25)
	minimumSize   = vg.Length(14)
	subtitleSize  = vg.Length(15)
	labelSize     = vg.Length(14)
	headingHeight = vg.Length(72)
)

// render draws on a fresh canvas and writes it.
func render(w io.Writer, format Format, paint func(draw.Canvas)) error {
	var target io.WriterTo
	switch format {
	case PNG:
		canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dotsPerInch))
		paint(draw.New(canvas))
		target = vgimg.PngCanvas{Canvas: canvas}
	case SVG:
		canvas := vgsvg.NewWith(vgsvg.UseWH(width, height))
		paint(draw.New(canvas))
		target = canvas
	default:
		return fmt.Errorf("chart format %q is unknown; use svg or png", format)
	}
	var buffer bytes.Buffer
	if _, err := target.WriteTo(&buffer); err != nil {
		return fmt.Errorf("draw chart: %w", err)
	}
	_, err := w.Write(fallbackFonts(buffer.Bytes()))
	return err
}

// fallbackFonts lets an SVG be read where Liberation is not installed; the name is matched with its attribute, so a PNG
// never contains it.
func fallbackFonts(picture []byte) []byte {
	return bytes.ReplaceAll(picture, []byte("font-family:Liberation Sans"),
		[]byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif"))
}

// Colours tell apart without red and green, also in grey. Source: Okabe and Ito, Color Universal Design.
func blue() color.Color  { return color.RGBA{0x00, 0x72, 0xb2, 0xff} }
func amber() color.Color { return color.RGBA{0xe6, 0x9f, 0x00, 0xff} }

// brown is amber for letters and outlines: amber itself is too pale to read on white.
func brown() color.Color { return color.RGBA{0x8a, 0x5a, 0x00, 0xff} }
func green() color.Color { return color.RGBA{0x00, 0x9e, 0x73, 0xff} }
func grey() color.Color  { return color.RGBA{0x76, 0x76, 0x76, 0xff} }
func ink() color.Color   { return color.RGBA{0x22, 0x22, 0x22, 0xff} }
func faint() color.Color { return color.RGBA{0xe2, 0xe2, 0xe2, 0xff} }

// letters is the style of a text; bold is for titles and values.
func letters(size vg.Length, colour color.Color, bold bool) text.Style {
	style := text.Style{
		Color: colour, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		XAlign: draw.XLeft, YAlign: draw.YBottom, Handler: plot.DefaultTextHandler,
	}
	if bold {
		style.Font.Weight = 3 // bold, in the scale of golang.org/x/image/font
	}
	return style
}

func centred(style text.Style) text.Style {
	style.XAlign = draw.XCenter
	return style
}

// fitting shrinks a style until the text is at most wide, or as small as can be read from the back of a room.
func fitting(style text.Style, words string, wide, least vg.Length) text.Style {
	for style.Font.Size > least && style.Width(words) > wide {
		style.Font.Size--
	}
	return style
}

// heading draws title and subtitle and returns the canvas below them.
func heading(c draw.Canvas, title, subtitle string) draw.Canvas {
	c = draw.Crop(c, margin, -margin, margin*2/3, -margin)
	wide := c.Max.X - c.Min.X
	big := fitting(letters(titleSize, ink(), true), title, wide, minimumSize)
	small := fitting(letters(subtitleSize, grey(), false), subtitle, wide, minimumSize-4)
	big.YAlign, small.YAlign = draw.YTop, draw.YTop
	c.FillText(big, vg.Point{X: c.Min.X, Y: c.Max.Y}, title)
	c.FillText(small, vg.Point{X: c.Min.X, Y: c.Max.Y - titleSize*1.45}, subtitle)
	return draw.Crop(c, 0, 0, 0, -headingHeight)
}

// legendItem is a swatch and its words.
type legendItem struct {
	words         string
	fill, outline color.Color
}

const swatch = vg.Length(16)

// legend draws a row of items from the left and returns the canvas below it.
func legend(c draw.Canvas, items ...legendItem) draw.Canvas {
	x, y := c.Min.X, c.Max.Y-swatch
	for _, item := range items {
		box := []vg.Point{{X: x, Y: y}, {X: x + swatch, Y: y}, {X: x + swatch, Y: y + swatch*0.8}, {X: x, Y: y + swatch*0.8}, {X: x, Y: y}}
		c.FillPolygon(item.fill, box)
		c.StrokeLines(draw.LineStyle{Color: item.outline, Width: 1}, box)
		style := letters(labelSize, ink(), false)
		c.FillText(style, vg.Point{X: x + swatch*1.5, Y: y}, item.words)
		x += swatch*3.5 + style.Width(item.words)
	}
	return draw.Crop(c, 0, 0, 0, -swatch*1.8)
}

// noData says what an empty axis would not.
func noData(c draw.Canvas) {
	style := centred(letters(subtitleSize*1.3, grey(), false))
	style.YAlign = draw.YCenter
	c.FillText(style, c.Center(), "no data")
}

// axes is an empty plot in the house style with a vertical axis from zero to top.
func axes(top float64) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.Y.Min, p.Y.Max = 0, top
	p.Y.Tick.Marker = amounts{}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Tick.Label = letters(labelSize-1, grey(), false)
		axis.LineStyle.Color, axis.Tick.LineStyle.Color = grey(), grey()
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

// clean keeps control characters, which no font draws, out of a picture.
func clean(words string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, words)
}
