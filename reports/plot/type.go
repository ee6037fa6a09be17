package plot

import (
	"image/color"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// typesetter measures and draws one line of any script. The font that is built in has Latin, Greek and Cyrillic letters;
// what it does not have comes from a font of the reader in an SVG, and in a PNG from one of [Fonts]. Neither is known when
// words are laid out, so each of those letters is given a square, which no script of wide letters exceeds.
type typesetter struct{ text.Plain }

// Box implements text.Handler.
func (t typesetter) Box(words string, f font.Font) (width, height, depth vg.Length) {
	face, squares := t.Fonts.Lookup(f, f.Size), 0
	own := strings.Map(func(letter rune) rune {
		if drawable(face.Face, letter) {
			return letter
		}
		squares++
		return -1
	}, words)
	extents := face.Extents()
	return face.Width(own) + vg.Length(squares)*f.Size, extents.Ascent, extents.Descent
}

// Draw implements text.Handler. The line is handed over whole: cut in pieces it could not be selected, nor read aloud.
func (t typesetter) Draw(c vg.Canvas, words string, style text.Style, at vg.Point) {
	if words == "" {
		return
	}
	face := t.Fonts.Lookup(style.Font, style.Font.Size)
	c.SetColor(style.Color)
	if style.Rotation != 0 {
		c.Push()
		defer c.Pop()
		c.Rotate(style.Rotation)
	}
	sin, cos := math.Sincos(style.Rotation)
	at.X, at.Y = at.Y*vg.Length(sin)+at.X*vg.Length(cos), at.Y*vg.Length(cos)-at.X*vg.Length(sin)
	at.X += vg.Length(style.XAlign) * style.Width(words)
	at.Y += style.Height(words)*vg.Length(style.YAlign) + style.Font.Size - face.Extents().Ascent
	c.FillString(face, at, words)
}

// letters is the style of a text; bold is for titles and values.
func letters(size vg.Length, colour color.Color, bold bool) text.Style {
	style := text.Style{
		Color: colour, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		XAlign: draw.XLeft, YAlign: draw.YBottom, Handler: typesetter{text.Plain{Fonts: font.DefaultCache}},
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

// fitting shrinks a style until the text is at most wide, or as small as can be read.
func fitting(style text.Style, words string, wide, least vg.Length) text.Style {
	for style.Font.Size > least && style.Width(words) > wide {
		style.Font.Size--
	}
	return style
}

// shortened cuts words off so that they and three dots are at most wide.
func shortened(style text.Style, words string, wide vg.Length) string {
	if style.Width(words) <= wide {
		return words
	}
	for words != "" && style.Width(words+"…") > wide {
		_, last := utf8.DecodeLastRuneInString(words)
		words = words[:len(words)-last]
	}
	return words + "…"
}

// wrapped breaks words at blanks into lines that are at most wide, where that is possible.
func wrapped(style text.Style, words string, wide vg.Length) (lines []string) {
	line := ""
	for word := range strings.SplitSeq(glued(words), " ") {
		longer := strings.TrimPrefix(line+" "+word, " ")
		if line != "" && style.Width(longer) > wide {
			lines, longer = append(lines, line), word
		}
		line = longer
	}
	lines = append(lines, line)
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], glue, " ")
	}
	return lines
}

// glue is a blank at which no line ends.
const glue = "\u00a0"

// glued keeps a number and its unit, and the two sides of an arrow, on one line.
func glued(words string) string {
	var b strings.Builder
	var before rune
	letters := []rune(words)
	for i, letter := range letters {
		after := ' '
		if i+1 < len(letters) {
			after = letters[i+1]
		}
		if letter == ' ' && (unicode.IsDigit(before) || strings.ContainsRune("→~", before) || strings.ContainsRune("→%", after)) {
			b.WriteString(glue)
		} else {
			b.WriteRune(letter)
		}
		before = letter
	}
	return b.String()
}

// paragraph shrinks a style until the words fit into so many lines; what does not fit at the least size is cut off.
func paragraph(style text.Style, words string, wide, least vg.Length, most int) (text.Style, []string) {
	lines := wrapped(style, words, wide)
	for style.Font.Size > least && (len(lines) > most || longest(style, lines...) > wide) {
		style.Font.Size--
		lines = wrapped(style, words, wide)
	}
	if len(lines) > most {
		lines[most-1] = strings.Join(lines[most-1:], " ")
	}
	lines = lines[:min(len(lines), most)]
	for i := range lines {
		lines[i] = shortened(style, lines[i], wide)
	}
	return style, lines
}

// longest is the width of the widest of some texts.
func longest(style text.Style, texts ...string) (wide vg.Length) {
	for _, words := range texts {
		wide = max(wide, style.Width(words))
	}
	return wide
}

// clean keeps control characters, which no font draws and XML forbids, out of a picture.
func clean(words string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '\u007f' || r == '\ufffe' || r == '\uffff' {
			return ' '
		}
		return r
	}, words)
}
