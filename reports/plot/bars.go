package plot

import (
	"image/color"
	"io"
	"math"

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
}

// Write draws the picture.
func (b Bars) Write(w io.Writer, format Format) error {
	says, l := told{b.Title, b.Subtitle}, b.Size.look()
	return render(w, format, b.Size, b.Fonts, says, func(c draw.Canvas) {
		c = heading(c, l, says)
		c = legend(c, l, legendItem{"before", grey(), grey()}, legendItem{"after", green(), green()})
		for i, panel := range b.Panels {
			panel.draw(b.place(c, l, i), l)
		}
	})
}

// widestPairs is how many phases a panel shows that has half of a slide.
const widestPairs = 3

// place is where a panel is drawn: side by side, or below each other on a slide with more phases than can be read so.
func (b Bars) place(c draw.Canvas, l look, i int) draw.Canvas {
	n, gap := vg.Length(len(b.Panels)), l.label*1.8
	pairs := 0
	for _, panel := range b.Panels {
		pairs = max(pairs, len(panel.Pairs))
	}
	if b.Size == Slide && pairs > widestPairs {
		high := (c.Max.Y - c.Min.Y - gap/2*(n-1)) / n
		low := (high + gap/2) * (n - 1 - vg.Length(i))
		return draw.Crop(c, 0, 0, low, low+high-(c.Max.Y-c.Min.Y))
	}
	each := (c.Max.X - c.Min.X - gap*(n-1)) / n
	left := (each + gap) * vg.Length(i)
	return draw.Crop(c, left, left+each-(c.Max.X-c.Min.X), 0, 0)
}

func (p Panel) draw(c draw.Canvas, l look) {
	style, title := paragraph(letters(l.label+1, ink(), true), clean(p.Title), c.Max.X-c.Min.X, l.least, 1)
	style.YAlign = draw.YTop
	c.FillText(style, vg.Point{X: c.Min.X, Y: c.Max.Y}, title[0])
	// Room for the value on the highest bar as well.
	c = draw.Crop(c, 0, 0, 0, -l.label*2.9)
	top := p.top()
	if math.IsNaN(top) {
		noData(c, l)
		return
	}
	// Every bar says its value: a few steps are enough.
	l.steps = 5
	plot := axes(l, top)
	plot.X.Min, plot.X.Max = -0.5, float64(len(p.Pairs))-0.5
	plot.X.Tick.Length, plot.X.Tick.Marker = 0, nameless{}
	plot.Add(grid())
	names := p.names(l, (c.Max.X-c.Min.X)*0.9/vg.Length(len(p.Pairs)))
	area := placed(draw.Crop(c, 0, 0, names.room, 0), plot, c.Min.X+l.left*0.7, c.Max.X-l.label*0.5)
	plot.Draw(area)
	data := plot.DataCanvas(area)
	x, y := plot.Transforms(&data)
	slot := x(1) - x(0)
	for i, pair := range p.Pairs {
		centre, bar := x(float64(i)), min(slot*0.4, l.label*5)
		floor := y(0)
		column{centre - bar, centre, pair.Before, pair.BeforeText, grey()}.draw(data, l, floor, y)
		column{centre, centre + bar, pair.After, pair.AfterText, green()}.draw(data, l, floor, y)
		names.draw(c, vg.Point{X: centre, Y: floor}, slot*0.96, pair)
	}
}

// top is the largest value, NaN when none is known.
func (p Panel) top() float64 {
	top := math.NaN()
	for _, pair := range p.Pairs {
		for _, value := range []float64{pair.Before, pair.After} {
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

// column is one bar with its value on it.
type column struct {
	left, right vg.Length
	value       float64
	words       string
	fill        color.Color
}

func (b column) draw(c draw.Canvas, l look, floor vg.Length, y func(float64) vg.Length) {
	words, ceiling := clean(b.words), floor
	if math.IsNaN(b.value) || math.IsInf(b.value, 0) {
		words = "no data"
	} else {
		ceiling = y(b.value)
		inset := (b.right - b.left) * 0.03
		c.FillPolygon(b.fill, []vg.Point{{X: b.left + inset, Y: floor}, {X: b.right - inset, Y: floor},
			{X: b.right - inset, Y: ceiling}, {X: b.left + inset, Y: ceiling}})
	}
	style := letters(l.label, ink(), true)
	// Beside a bar there is some white to its neighbour, and values are all digits.
	if room := (b.right - b.left) * 1.08; fitting(style, words, room, l.least).Width(words) <= room {
		style = fitting(style, words, room, l.least)
		c.FillText(centred(style), vg.Point{X: (b.left + b.right) / 2, Y: ceiling + 3}, words)
		return
	}
	style.Font.Size, style.Rotation, style.XAlign, style.YAlign = l.least, math.Pi/2, draw.XLeft, draw.YCenter
	c.FillText(style, vg.Point{X: (b.left + b.right) / 2, Y: ceiling + 3}, words)
}

// captions are the names of the phases and their changes, under the axis.
type captions struct {
	look
	// room is how much they take. A name that is too wide for its phase stands on its end, and all others with it.
	room     vg.Length
	onItsEnd bool
}

func (p Panel) names(l look, slot vg.Length) captions {
	k := captions{look: l, room: l.label * 3.1}
	style, high := letters(l.label, ink(), false), vg.Length(0)
	for _, pair := range p.Pairs {
		name := clean(pair.Name)
		k.onItsEnd = k.onItsEnd || fitting(style, name, slot*0.96, l.least).Width(name) > slot*1.2
		high = max(high, min(style.Width(name), l.upright))
	}
	if k.onItsEnd {
		k.room = l.label*1.8 + high + 4
	}
	return k
}

func (k captions) draw(c draw.Canvas, at vg.Point, wide vg.Length, pair Pair) {
	style, name, change := letters(k.label, ink(), false), clean(pair.Name), clean(pair.Change)
	line := at.Y - k.label*0.4
	bold, lines := paragraph(letters(k.label, ink(), true), change, wide, k.least-2, 1)
	bold.XAlign, bold.YAlign = draw.XCenter, draw.YTop
	if k.onItsEnd {
		c.FillText(bold, vg.Point{X: at.X, Y: line}, lines[0])
		style.Rotation, style.XAlign, style.YAlign = math.Pi/2, draw.XRight, draw.YCenter
		c.FillText(style, vg.Point{X: at.X, Y: line - k.label*1.4}, shortened(style, name, k.upright))
		return
	}
	style = fitting(style, name, wide, k.least)
	style.XAlign, style.YAlign = draw.XCenter, draw.YTop
	c.FillText(style, vg.Point{X: at.X, Y: line}, shortened(style, name, wide))
	c.FillText(bold, vg.Point{X: at.X, Y: line - k.label*1.3}, lines[0])
}
