package plot

import (
	"bytes"
	"fmt"
	"image/color"
	"regexp"
)

// Colour is a role, not a hue: it means the same in every picture.
type Colour int

// Roles. Before and After are the two sides of a comparison, Alert is a limit or a failure, Ink is everything else, and
// Muted what of it matters less: it is drawn thin.
const (
	Ink Colour = iota
	Primary
	Replica
	Before
	After
	Alert
	Muted
)

// fill is the colour of lines and areas.
func (c Colour) fill() color.Color {
	switch c {
	case Primary:
		return blue()
	case Replica:
		return amber()
	case Before:
		return grey()
	case After:
		return violet()
	case Alert:
		return vermillion()
	case Muted:
		return muted()
	default:
		return ink()
	}
}

// outline is what the fill is seen by on white; only amber needs another.
func (c Colour) outline() color.Color {
	if c == Replica {
		return brown()
	}
	return c.fill()
}

// Colours tell apart without red and green, also in grey. Source: Okabe and Ito, Color Universal Design; their green is left
// to verdicts, so what was after a change is violet, whether that was better or worse.
func blue() color.Color       { return color.RGBA{0x00, 0x72, 0xb2, 0xff} }
func amber() color.Color      { return color.RGBA{0xe6, 0x9f, 0x00, 0xff} }
func violet() color.Color     { return color.RGBA{0x5b, 0x3a, 0x8c, 0xff} }
func vermillion() color.Color { return color.RGBA{0xd5, 0x5e, 0x00, 0xff} }

// brown is amber for letters and outlines: amber itself is too pale to read on white.
func brown() color.Color { return color.RGBA{0x8a, 0x5a, 0x00, 0xff} }
func grey() color.Color  { return color.RGBA{0x76, 0x76, 0x76, 0xff} }
func ink() color.Color   { return color.RGBA{0x22, 0x22, 0x22, 0xff} }

// muted is for words beside the data as well, so it is not the grey of what was before.
func muted() color.Color { return color.RGBA{0x5e, 0x5e, 0x5e, 0xff} }
func faint() color.Color { return color.RGBA{0xe2, 0xe2, 0xe2, 0xff} }
func tint() color.Color  { return color.RGBA{0xd9, 0xe2, 0xe8, 0xff} }
func pale() color.Color  { return color.RGBA{0xf5, 0xf5, 0xf5, 0xff} }

// Palette is every colour of [Bars], [Lines], [Timeline] and [Distribution], by its name. An SVG of the size [Strip]
// writes each as var(--plot-NAME, #RRGGBB), so a page that defines --plot-ink and the others restyles its pictures, as for
// a dark screen; where it does not, and in every [Slide], the colour is the one given here.
func Palette() map[string]string {
	palette := map[string]string{}
	for name, c := range map[string]color.Color{
		"ink": ink(), "muted": muted(), "grid": faint(), "band": pale(), "highlight": tint(), "paper": color.White,
		"primary": blue(), "replica": amber(), "replica-outline": brown(), "before": grey(), "after": violet(), "alert": vermillion(),
	} {
		palette[name] = hex(c)
	}
	return palette
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02X%02X%02X", r>>8, g>>8, b>>8)
}

// restyled names the colours of an SVG. Words are left alone: a quotation mark in them is escaped, so they contain no
// attribute.
func restyled(picture []byte) []byte {
	names := map[string]string{}
	for name, c := range Palette() {
		names[c] = "var(--plot-" + name + "," + c + ")"
	}
	shade := regexp.MustCompile(`#[0-9A-F]{6}`)
	return regexp.MustCompile(`style="[^"]*"`).ReplaceAllFunc(picture, func(style []byte) []byte {
		return shade.ReplaceAllFunc(style, func(c []byte) []byte {
			if name, known := names[string(c)]; known {
				return []byte(name)
			}
			return c
		})
	})
}

// withoutProlog is an SVG as it stands inside of a page.
func withoutProlog(picture []byte) []byte {
	return picture[max(bytes.Index(picture, []byte("<svg")), 0):]
}
