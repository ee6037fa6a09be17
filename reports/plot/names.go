package plot

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// entry is a name beside the end of a line, with a piece of that line, so that it is known wherever the name has to move.
type entry struct {
	name    string
	at      vg.Length
	strokes []draw.LineStyle
	// fill is that of an area instead of a line.
	fill color.Color
}

// gutter is the names to the right of the data.
type gutter struct {
	look
	entries []entry
}

// gutter has a name for each series that has data, each limit, and what is highlighted.
func (l Lines) gutter(k look, y func(float64) vg.Length, top float64) gutter {
	g := gutter{look: k}
	for _, series := range l.Series {
		if len(series.Pieces) == 0 {
			continue
		}
		piece := series.Pieces[len(series.Pieces)-1]
		g.entries = append(g.entries, entry{name: clean(series.Name), at: y(min(piece[len(piece)-1].Y, top)), strokes: k.strokes(series.Colour, series.Dashed)})
	}
	for _, limit := range l.Limits {
		name := clean(limit.Name)
		if limit.Y > top {
			name += " ↑"
		}
		g.entries = append(g.entries, entry{name: name, at: y(min(limit.Y, top)), strokes: []draw.LineStyle{limitStyle(k)}})
	}
	if len(l.Highlights) > 0 && l.HighlightName != "" {
		g.entries = append(g.entries, entry{name: clean(l.HighlightName), at: y(0), fill: tint()})
	}
	return g
}

// draw puts each name as near to the end of its line as the others allow.
func (g gutter) draw(data draw.Canvas, right vg.Length) {
	slices.SortStableFunc(g.entries, func(a, b entry) int { return cmp.Compare(b.at, a.at) })
	heights := make([]vg.Length, len(g.entries))
	for i, e := range g.entries {
		heights[i] = e.at
	}
	spread(heights, min(g.label*1.3, (data.Max.Y-data.Min.Y)/vg.Length(max(len(heights), 1))), data.Min.Y+g.label*0.5, data.Max.Y)
	sample := g.label * 1.7
	for i, e := range g.entries {
		x, y := data.Max.X+g.label*0.5, heights[i]
		if e.fill != nil {
			low, high := y-g.label*0.4, y+g.label*0.4
			corners := []vg.Point{{X: x, Y: low}, {X: x + sample, Y: low}, {X: x + sample, Y: high}, {X: x, Y: high}, {X: x, Y: low}}
			data.FillPolygon(e.fill, corners)
			data.StrokeLines(draw.LineStyle{Color: muted(), Width: 0.6}, corners)
		}
		for _, stroke := range e.strokes {
			data.StrokeLine2(stroke, x, y, x+sample, y)
		}
		g.name(data, clean(e.name), vg.Point{X: x + sample + g.label*0.4, Y: y}, right)
	}
}

// name writes a name in one line or, where it is too long even in smaller letters, in two.
func (g gutter) name(c draw.Canvas, name string, at vg.Point, right vg.Length) {
	style := fitting(letters(g.label, ink(), false), name, right-at.X, max(g.least, g.label*0.8))
	lines := []string{name}
	if style.Width(name) > right-at.X {
		style.Font.Size = g.least
		style, lines = paragraph(style, name, right-at.X, g.least*0.8, 2)
	}
	style.YAlign = draw.YCenter
	at.Y += style.Font.Size * (0.08 + 0.5*vg.Length(len(lines)-1))
	for _, line := range lines {
		c.FillText(style, at, line)
		at.Y -= style.Font.Size
	}
}

// spread moves heights, which fall, apart until they differ by a distance, and between two bounds as far as they fit.
func spread(heights []vg.Length, distance, low, high vg.Length) {
	for i := range heights {
		if i > 0 {
			high = heights[i-1] - distance
		}
		heights[i] = min(heights[i], high)
	}
	for i, floor := len(heights)-1, low; i >= 0; i, floor = i-1, floor+distance {
		heights[i] = max(heights[i], floor)
	}
}

// bandLabels are the names of bands above the axes: in a line, or on their ends where one is wider than its band.
type bandLabels struct {
	look
	bands []Band
	style text.Style
	onEnd bool
	room  vg.Length
}

// bandNames finds out how much room they take where a second has some width.
func bandNames(k look, bands []Band, second vg.Length) bandLabels {
	n := bandLabels{look: k, bands: bands, style: centred(letters(k.label-1, ink(), false))}
	high := vg.Length(0)
	for _, band := range bands {
		wide := n.style.Width(clean(band.Name))
		high = max(high, min(wide, k.upright))
		n.onEnd = n.onEnd || wide > vg.Length(band.To-band.From)*second*0.98
	}
	switch {
	case high == 0:
	case n.onEnd:
		n.room = high + 10
	default:
		n.room = n.style.Font.Size * 1.7
	}
	return n
}

func (n bandLabels) draw(c draw.Canvas, x func(float64) vg.Length, floor vg.Length) {
	last := vg.Length(math.Inf(-1))
	for _, band := range n.bands {
		name, at := clean(band.Name), vg.Point{X: x((band.From + band.To) / 2), Y: floor + 5}
		if !n.onEnd {
			c.FillText(n.style, at, name)
			continue
		}
		// Names closer than a line would lie on each other: of those the first is shown, and all are in the table beside.
		if at.X-last < n.style.Font.Size*0.95 {
			continue
		}
		last = at.X
		style := n.style
		style.Rotation, style.XAlign, style.YAlign = math.Pi/2, draw.XLeft, draw.YCenter
		c.FillText(style, at, shortened(style, name, n.upright))
	}
}

// markLabels are the names of marks in a row right above the axes, of those that are within them.
type markLabels struct {
	marks []Mark
	style text.Style
	room  vg.Length
}

func markNames(k look, marks []Mark, low, high float64) markLabels {
	m := markLabels{style: letters(k.label-2, vermillion(), false)}
	for _, mark := range marks {
		if mark.At >= low && mark.At <= high {
			m.marks = append(m.marks, mark)
		}
	}
	slices.SortStableFunc(m.marks, func(a, b Mark) int { return cmp.Compare(a.At, b.At) })
	if len(m.marks) > 0 {
		m.room = m.style.Font.Size * 1.5
	}
	return m
}

// draw lets a name begin at its mark and end before the next one or, where it has more room so, end at its mark and begin
// after the name before.
func (m markLabels) draw(c draw.Canvas, x func(float64) vg.Length, left, floor vg.Length) {
	gap, free := m.style.Font.Size*0.4, left
	for i, mark := range m.marks {
		at, end := x(mark.At), c.Max.X
		if i+1 < len(m.marks) {
			end = x(m.marks[i+1].At) - gap
		}
		name := clean(mark.Name)
		right := shortened(m.style, name, end-at)
		if other := shortened(m.style, name, at-free-gap); len(other) > len(right) {
			c.FillText(m.style, vg.Point{X: at - gap/2 - m.style.Width(other), Y: floor + 3}, other)
			free = at
		} else if right != "…" {
			c.FillText(m.style, vg.Point{X: at - 2, Y: floor + 3}, right)
			free = at + m.style.Width(right)
		}
	}
}
