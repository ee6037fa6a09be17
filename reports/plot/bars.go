package plot

import (
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bars is the picture of what each phase did: panels, each with a pair of bars for each phase.
type Bars struct {
	// Title is the finding, Subtitle what it was found on.
	Title, Subtitle string
	Panels          []Panel
	Size            Size
	// Fonts are those of the system if nil.
	Fonts *Fonts
}

// Panel shows one number.
type Panel struct {
	// Title names the number and its unit.
	Title string
	Pairs []Pair
}

// Pair is one phase. NaN is a value nobody knows.
type Pair struct {
	Name          string
	Before, After float64
	// BeforeText and AfterText stand on the bars; Change under the name.
	BeforeText, AfterText, Change string
	// Alone tells that there was nothing before, as where one state was measured: After is all there is.
	Alone bool
}

// Write draws the picture.
func (b Bars) Write(w io.Writer, format Format) error {
	says, l := told{b.Title, b.Subtitle}, b.look()
	return render(w, format, l, b.Fonts, says, func(c draw.Canvas) {
		c = heading(c, l, says)
		if b.compares() {
			c = legend(c, l, legendItem{"before", grey(), grey()}, legendItem{"after", violet(), violet()})
		}
		if b.stacked() {
			b.stack(c, l)
			return
		}
		n, gap := vg.Length(len(b.Panels)), l.label*1.8
		each := (c.Max.X - c.Min.X - gap*(n-1)) / n
		for i, panel := range b.Panels {
			left := (each + gap) * vg.Length(i)
			panel.draw(draw.Crop(c, left, left+each-(c.Max.X-c.Min.X), 0, 0), l, panel.names(l, each))
		}
	})
}

// compares tells whether there is anything before and after.
func (b Bars) compares() bool {
	return !slices.ContainsFunc(b.Panels, func(p Panel) bool {
		return slices.ContainsFunc(p.Pairs, func(pair Pair) bool { return pair.Alone })
	})
}

// How many phases can be read in a panel that has half of the width.
const (
	widestOnSlide = 3
	widestOnStrip = 6
)

// stacked tells whether panels lie below each other.
func (b Bars) stacked() bool {
	most := widestOnSlide
	if b.Size == Strip {
		most = widestOnStrip
	}
	return slices.ContainsFunc(b.Panels, func(p Panel) bool { return len(p.Pairs) > most })
}

// look makes a strip as high as its panels are.
func (b Bars) look() look {
	l := b.Size.look()
	if b.Size == Strip && b.stacked() {
		l.height *= vg.Length(len(b.Panels))
	}
	return l
}

// stack draws panels of one height below each other. Names that stand on their ends take so much room that they are told
// once, below the last panel: the bars above them are of the same phases.
func (b Bars) stack(c draw.Canvas, l look) {
	gap, high := l.label*0.6, c.Max.Y-c.Min.Y
	names := make([]captions, len(b.Panels))
	for i, panel := range b.Panels {
		names[i] = panel.names(l, c.Max.X-c.Min.X)
		if names[i].onItsEnd && i < len(b.Panels)-1 {
			names[i].changeOnly, names[i].room = true, l.label*1.8
		}
		high -= names[i].room + gap
	}
	high = (high + gap) / vg.Length(len(b.Panels))
	for i, panel := range b.Panels {
		own := c
		own.Min.Y = c.Max.Y - high - names[i].room
		panel.draw(own, l, names[i])
		c.Max.Y = own.Min.Y - gap
	}
}

func (p Panel) draw(c draw.Canvas, l look, names captions) {
	style, title := paragraph(letters(l.label+1, ink(), true), clean(p.Title), c.Max.X-c.Min.X, l.least, 1)
	style.YAlign = draw.YTop
	c.FillText(style, vg.Point{X: c.Min.X, Y: c.Max.Y}, title[0])
	// Room for the value on the highest bar as well.
	c = draw.Crop(c, 0, 0, 0, -l.label*2.9)
	top := p.top()
	if math.IsNaN(top) {
		instead(c, l, p.nothing())
		return
	}
	// Every bar says its value: a few steps are enough.
	l.steps = 5
	bar := min(names.slot*0.4, l.label*5)
	values, high := p.values(l, bar), c.Max.Y-c.Min.Y-names.room
	plot := axes(l, top*float64(high/max(high-values.room, high/2)))
	plot.X.Min, plot.X.Max = -0.5, float64(len(p.Pairs))-0.5
	plot.X.Tick.Length, plot.X.Tick.Marker = 0, nameless{}
	plot.Add(grid())
	area := placed(draw.Crop(c, 0, 0, names.room, 0), plot, c.Min.X+l.left*0.7, c.Max.X-l.label*0.5)
	plot.Draw(area)
	data := plot.DataCanvas(area)
	x, y := plot.Transforms(&data)
	for i, pair := range p.Pairs {
		centre, floor := x(float64(i)), y(0)
		if pair.Alone {
			column{centre - bar/2, centre + bar/2, pair.After, pair.AfterText, muted()}.draw(data, values, floor, y)
		} else {
			column{centre - bar, centre, pair.Before, pair.BeforeText, grey()}.draw(data, values, floor, y)
			column{centre, centre + bar, pair.After, pair.AfterText, violet()}.draw(data, values, floor, y)
		}
		names.draw(c, vg.Point{X: centre, Y: floor}, pair)
	}
}

// nothing says why no value is known: what all bars would say, if it is the same.
func (p Panel) nothing() string {
	words := p.texts()
	if len(words) == 0 || slices.ContainsFunc(words, func(other string) bool { return other != words[0] }) {
		return unknown
	}
	return words[0]
}

// texts are what stands on the bars.
func (p Panel) texts() (texts []string) {
	for _, pair := range p.Pairs {
		texts = append(texts, column{value: pair.After, words: pair.AfterText}.text())
		if !pair.Alone {
			texts = append(texts, column{value: pair.Before, words: pair.BeforeText}.text())
		}
	}
	return texts
}

// top is the largest value, NaN when none is known.
func (p Panel) top() float64 {
	top := math.NaN()
	for _, pair := range p.Pairs {
		for _, value := range []float64{pair.Before, pair.After} {
			if pair.Alone {
				value = pair.After
			}
			if !math.IsNaN(value) && !math.IsInf(value, 0) && !(value <= top) {
				top = value
			}
		}
	}
	if top == 0 {
		return 1 // all bars are zero: an axis still needs a length
	}
	return top
}

// values are how the values of a panel stand on its bars: all of them on their ends if one is too wide for its bar.
type values struct {
	style    text.Style
	onItsEnd bool
	// room is what they then take above the highest bar.
	room vg.Length
}

func (p Panel) values(l look, bar vg.Length) values {
	v, texts := values{style: letters(l.label, ink(), true)}, p.texts()
	for _, words := range texts {
		v.style = fitting(v.style, words, bar*0.98, l.least)
	}
	if longest(v.style, texts...) > bar*0.98 {
		v.onItsEnd, v.room = true, longest(v.style, texts...)
		v.style.Rotation, v.style.XAlign, v.style.YAlign = math.Pi/2, draw.XLeft, draw.YCenter
	} else {
		v.style = centred(v.style)
	}
	return v
}

// column is one bar with its value on it.
type column struct {
	left, right vg.Length
	value       float64
	words       string
	fill        color.Color
}

func (b column) known() bool { return !math.IsNaN(b.value) && !math.IsInf(b.value, 0) }

func (b column) text() string {
	if !b.known() && (b.words == "" || b.words == "-") {
		return unknown
	}
	return clean(b.words)
}

func (b column) draw(c draw.Canvas, v values, floor vg.Length, y func(float64) vg.Length) {
	ceiling := floor
	if b.known() {
		ceiling = y(b.value)
		inset := (b.right - b.left) * 0.03
		c.FillPolygon(b.fill, []vg.Point{{X: b.left + inset, Y: floor}, {X: b.right - inset, Y: floor},
			{X: b.right - inset, Y: ceiling}, {X: b.left + inset, Y: ceiling}})
	}
	c.FillText(v.style, vg.Point{X: (b.left + b.right) / 2, Y: ceiling + 3}, b.text())
}

// captions are the names of the phases and their changes, under the axis.
type captions struct {
	look
	// room is how high they are, slot how wide a phase is.
	room, slot vg.Length
	// onItsEnd is every name, where one is too wide for its phase and more of it can be read so.
	onItsEnd bool
	// changeOnly leaves the names out.
	changeOnly bool
}

// names finds out how they are written in a panel of a width.
func (p Panel) names(l look, wide vg.Length) captions {
	k := captions{look: l, room: l.label * 3.1, slot: (wide - l.left*0.7 - l.label*0.5) / vg.Length(max(len(p.Pairs), 1))}
	style, high, fits := letters(l.label, ink(), false), vg.Length(0), true
	for _, pair := range p.Pairs {
		name := clean(pair.Name)
		fits = fits && fitting(style, name, k.slot*0.96, l.least).Width(name) <= k.slot*0.96
		high = max(high, min(style.Width(name), l.upright))
	}
	if k.onItsEnd = !fits && k.slot/l.least < l.upright/l.label; k.onItsEnd {
		k.room = l.label*2.1 + high
	}
	return k
}

func (k captions) draw(c draw.Canvas, at vg.Point, pair Pair) {
	style, name, change, wide := letters(k.label, ink(), false), clean(pair.Name), clean(pair.Change), k.slot*0.96
	line := at.Y - k.label*0.4
	bold := fitting(letters(k.label, ink(), true), change, wide, k.least*0.7)
	bold.XAlign, bold.YAlign = draw.XCenter, draw.YTop
	switch {
	case k.changeOnly:
	case k.onItsEnd:
		style.Rotation, style.XAlign, style.YAlign = math.Pi/2, draw.XRight, draw.YCenter
		c.FillText(style, vg.Point{X: at.X, Y: line - k.label*1.4}, shortened(style, name, k.upright))
	default:
		style = fitting(style, name, wide, k.least)
		style.XAlign, style.YAlign = draw.XCenter, draw.YTop
		c.FillText(style, vg.Point{X: at.X, Y: line}, shortened(style, name, wide))
		line -= k.label * 1.3
	}
	c.FillText(bold, vg.Point{X: at.X, Y: line}, shortened(bold, change, wide))
}
