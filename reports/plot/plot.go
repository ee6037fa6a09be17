// Package plot draws the pictures of a report: pairs of bars before and after each phase, series over the run and the
// databases' rates among them, the distribution of a latency; and the picture of a plan: its traffic, stacked by kind over
// the bands of the stages.
//
// Scope: plain numbers and finished texts in, SVG or PNG out. It knows no record and no verdict, and nobody else knows
// the plotting library.
//
// Opinion: a picture has to survive a slide. Its title is the finding, every axis of amounts begins at zero, every bar
// carries its value, names stand beside the data and never on it, no colour means something alone, and where there is
// no data the picture says so. No word vanishes because a font does not have its letters: see [Fonts]. The same input
// gives the same bytes.
//
// Steps: [Bars], [Lines], [Timeline], [Distribution] and [Traffic] are filled by the caller; their Write methods draw them,
// as a [Slide] or, but for traffic, as a [Strip] of a page.
package plot

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"image/png"
	"io"
	"strings"

	"gonum.org/v1/plot/font"
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

// Size is what a picture is for.
type Size int

const (
	// Slide is 1920 by 1080 pixels, with type for the back of a room and a title.
	Slide Size = iota
	// Strip is a part of a web page, 1000 pixels wide, with the type of one and no title: the page has it.
	Strip
)

// look is how large everything is on a canvas.
type look struct {
	width, height, margin vg.Length
	dotsPerInch           int
	// title, subtitle and label are sizes of type; least is the smallest that can still be read. A title of zero is none.
	title, subtitle, label, least vg.Length
	// line is how wide a series is drawn.
	line vg.Length
	// left and right are what an axis and the names of series take beside the data, the same for all panels of a page.
	left, right vg.Length
	// upright is how long a name may be that stands on its end.
	upright vg.Length
	// steps is the most that the vertical axis has.
	steps int
}

// Sizes of a slide, at twice as many dots.
const (
	width     = vg.Length(960)
	height    = vg.Length(540)
	labelSize = vg.Length(15)
)

func (s Size) look() look {
	if s == Strip {
		return look{width: 1000, height: 240, margin: 4, dotsPerInch: 144, label: 12, least: 9, line: 1.6,
			left: 60, right: 160, upright: 64, steps: 5}
	}
	return look{width: width, height: height, margin: 26, dotsPerInch: 144, title: 27, subtitle: 15, label: labelSize, least: 10,
		line: 2.4, left: 72, right: 172, upright: 100, steps: mostTicks}
}

// told is what a picture says beside its data: to those who see it, and to those who have it read to them.
type told struct{ title, subtitle string }

// render draws on a fresh canvas and writes it. Where fonts is nil, those of the system are asked when need be.
func render(w io.Writer, format Format, l look, fonts *Fonts, says told, paint func(draw.Canvas)) error {
	var buffer bytes.Buffer
	switch format {
	case PNG:
		canvas := vgimg.NewWith(vgimg.UseWH(l.width, l.height), vgimg.UseDPI(l.dotsPerInch))
		paint(draw.New(patched{canvas, cmp.Or(fonts, new(Fonts))}))
		// The default takes three times as long for a file a tenth smaller.
		encoder := png.Encoder{CompressionLevel: png.BestSpeed}
		if err := encoder.Encode(&buffer, canvas.Image()); err != nil {
			return fmt.Errorf("draw chart: %w", err)
		}
	case SVG:
		canvas := vgsvg.NewWith(vgsvg.UseWH(l.width, l.height))
		paint(draw.New(canvas))
		if _, err := canvas.WriteTo(&buffer); err != nil {
			return fmt.Errorf("draw chart: %w", err)
		}
		buffer = *bytes.NewBuffer(finished(buffer.Bytes(), l, says))
	default:
		return fmt.Errorf("chart format %q is unknown; use svg or png", format)
	}
	_, err := w.Write(buffer.Bytes())
	return err
}

// families lets an SVG be read where Liberation is not installed, and Hangul where it is: the first of them that has a
// letter draws it. They are those that come with Windows, macOS, Debian and Android.
const families = "font-family:'Liberation Sans',Arimo,Arial,Helvetica,'Noto Sans KR','Noto Sans CJK KR','Apple SD Gothic Neo'," +
	"'Malgun Gothic',NanumGothic,'Nanum Gothic',sans-serif"

// finished is an SVG with fallbacks for its font, a size in pixels, and its words for those who cannot see it. In a strip the
// colours have names.
func finished(picture []byte, l look, says told) []byte {
	picture = bytes.ReplaceAll(picture, []byte("font-family:Liberation Sans"), []byte(families))
	wide, high := float64(l.width), float64(l.height)
	if l.title > 0 {
		wide, high = 2*wide, 2*high
	} else {
		picture = restyled(withoutProlog(picture))
	}
	head, body, found := bytes.Cut(picture, []byte("<svg "))
	_, rest, found2 := bytes.Cut(body, []byte(">"))
	if !found || !found2 {
		return picture
	}
	var b bytes.Buffer
	b.Write(head)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" viewBox="0 0 %g %g" role="img">`+"\n",
		wide, high, float64(l.width), float64(l.height))
	fmt.Fprintf(&b, "<title>%s</title>\n<desc>%s</desc>", escaped(says.title), escaped(says.subtitle))
	b.Write(rest)
	return b.Bytes()
}

func escaped(words string) string {
	var b strings.Builder
	// A builder takes everything.
	_ = xml.EscapeText(&b, []byte(clean(words)))
	return b.String()
}

// patched is a raster that takes from other fonts what its own does not have. It does so piece by piece, while the line
// stays one.
type patched struct {
	*vgimg.Canvas
	fonts *Fonts
}

// FillString implements vg.Canvas.
func (c patched) FillString(face font.Face, at vg.Point, line string) {
	for _, piece := range c.fonts.pieces(face, line) {
		c.Canvas.FillString(piece.face, at, piece.letters)
		at.X += piece.face.Width(piece.letters)
	}
}
