package plot

import (
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bars is the picture of what each phase did: panels side by side, each with a pair of bars for each phase.
type Bars struct {
	// Title is the finding, Subtitle what it was found on.
	Title, Subtitle string
	Panels          []Panel
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
	return render(w, format, func(c draw.Canvas) {
		c = heading(c, clean(b.Title), clean(b.Subtitle))
		c = legend(c, legendItem{"before", grey(), grey()}, legendItem{"after", green(), green()})
		gap := vg.Length(36)
		each := (c.Max.X - c.Min.X - gap*vg.Length(len(b.Panels)-1)) / vg.Length(max(len(b.Panels), 1))
		for i, panel := range b.Panels {
			left := (each + gap) * vg.Length(i)
			panel.draw(draw.Crop(c, left, left+each-(c.Max.X-c.Min.X), 0, 0))
		}
	})
}

func (p Panel) draw(c draw.Canvas) {
	style := letters(labelSize+2, ink(), true)
	style.YAlign = draw.YTop
	c.FillText(style, vg.Point{X: c.Min.X, Y: c.Max.Y}, clean(p.Title))
	c = draw.Crop(c, 0, 0, 0, -style.Font.Size*2)
	top := p.top()
	if math.IsNaN(top) {
		noData(c)
		return
	}
	plot := axes(top * 1.1)
	plot.X.Min, plot.X.Max = -0.5, float64(len(p.Pairs))-0.5
	plot.X.Tick.Length, plot.X.Tick.Marker = 0, nameless{}
	plot.Add(grid())
	area := draw.Crop(c, 0, 0, labelSize*3.4, 0)
	plot.Draw(area)
	data := plot.DataCanvas(area)
	x, y := plot.Transforms(&data)
	slot := x(1) - x(0)
	for i, pair := range p.Pairs {
		centre, bar := x(float64(i)), min(slot*0.38, 60)
		floor := y(0)
		column{centre - bar, centre, pair.Before, pair.BeforeText, grey()}.draw(data, floor, y)
		column{centre, centre + bar, pair.After, pair.AfterText, green()}.draw(data, floor, y)
		caption(c, centre, floor, slot, pair)
	}
}

// top is the largest value, NaN when none is known.
func (p Panel) top() float64 {
	top := math.NaN()
	for _, pair := range p.Pairs {
		for _, value := range []float64{pair.Before, pair.After} {
			if !math.IsNaN(value) && !(value <= top) {
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

func (b column) draw(c draw.Canvas, floor vg.Length, y func(float64) vg.Length) {
	words, ceiling := clean(b.words), floor
	if math.IsNaN(b.value) {
		words = "no data"
	} else {
		ceiling = y(b.value)
		inset := (b.right - b.left) * 0.03
		c.FillPolygon(b.fill, []vg.Point{{X: b.left + inset, Y: floor}, {X: b.right - inset, Y: floor},
			{X: b.right - inset, Y: ceiling}, {X: b.left + inset, Y: ceiling}})
	}
	style := fitting(centred(letters(labelSize, ink(), true)), words, (b.right-b.left)*1.05, 8)
	c.FillText(style, vg.Point{X: (b.left + b.right) / 2, Y: ceiling + 3}, words)
}

// caption names a phase and its change under the axis.
func caption(c draw.Canvas, centre, floor, wide vg.Length, pair Pair) {
	name, change := clean(pair.Name), clean(pair.Change)
	for line, words := range []string{name, change} {
		style := fitting(letters(labelSize, ink(), line == 1), words, wide*0.96, 8)
		style.XAlign, style.YAlign = draw.XCenter, draw.YTop
		c.FillText(style, vg.Point{X: centre, Y: floor - 6 - vg.Length(line)*labelSize*1.3}, words)
	}
}
