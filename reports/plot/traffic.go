package plot

import (
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Traffic is the picture of what one trial offers: the requests due in equal parts of it, stacked by kind, over the bands
// of the stages.
type Traffic struct {
	// Title is the finding, Subtitle what it was drawn from.
	Title, Subtitle string
	// Fonts are those of the system if nil.
	Fonts *Fonts
	// Stages lie side by side on the axis of seconds since the trial began.
	Stages []Stage
	// Layers are stacked from the bottom up.
	Layers []Layer
	// PartSeconds is how long a part lasts; the first begins at zero.
	PartSeconds float64
	// Curve is the rate per second that the stages ask for, drawn as a line above everything; without one there is none.
	Curve Piece
	// CurveName and HeadlineName stand in the legend, where there is a curve and a headline.
	CurveName, HeadlineName string
}

// Stage is a band of the traffic. What is not measured is greyed; the headline is marked.
type Stage struct {
	Band
	Measured, Headline bool
}

// Layer is one kind of request and its rate per second in each part. It is drawn in steps, for it was counted in steps.
type Layer struct {
	Name  string
	Rates []float64
}

// Write draws the picture.
func (t Traffic) Write(w io.Writer, format Format) error {
	says, l := told{t.Title, t.Subtitle}, Slide.look()
	return render(w, format, l, t.Fonts, says, func(c draw.Canvas) {
		c = heading(c, l, says)
		c = t.legend(c)
		if length, top := t.extent(); length > 0 && top > 0 {
			t.draw(c, length, top)
		} else {
			noData(c, l)
		}
	})
}

// Words of the picture.
const (
	notMeasured = "not measured"
	headline    = "headline"
)

// hues tell layers apart, neighbours best. Source: Okabe and Ito, as for all colours here. After seven they begin again:
// then only the order of the legend tells, as it does in print without colour.
func hues() []color.Color {
	purple, sky, yellow := color.RGBA{0xcc, 0x79, 0xa7, 0xff}, color.RGBA{0x56, 0xb4, 0xe9, 0xff}, color.RGBA{0xf0, 0xe4, 0x42, 0xff}
	return []color.Color{blue(), amber(), grey(), purple, sky, vermillion(), yellow}
}

func (t Traffic) hue(layer int) color.Color { return hues()[layer%len(hues())] }

// legend explains what is in the picture, in as many rows as it takes.
func (t Traffic) legend(c draw.Canvas) draw.Canvas {
	style, l := letters(labelSize, ink(), false), Slide.look()
	var row []legendItem
	x := vg.Length(0)
	for _, item := range t.legendItems() {
		item.words = shortened(style, clean(item.words), 300)
		wide := l.swatch()*3.5 + style.Width(item.words)
		if x+wide > c.Max.X-c.Min.X && len(row) > 0 {
			c, row, x = legend(c, l, row...), nil, 0
		}
		row, x = append(row, item), x+wide
	}
	return legend(c, l, row...)
}

func (t Traffic) legendItems() (items []legendItem) {
	for i, layer := range t.Layers {
		items = append(items, legendItem{layer.Name, t.hue(i), t.hue(i)})
	}
	if len(t.Curve) > 0 {
		items = append(items, legendItem{t.CurveName, color.White, ink()})
	}
	// Bands may be too narrow to say it themselves.
	if slices.ContainsFunc(t.Stages, func(s Stage) bool { return s.Headline }) {
		items = append(items, legendItem{t.HeadlineName, tint(), ink()})
	}
	if slices.ContainsFunc(t.Stages, func(s Stage) bool { return !s.Measured }) {
		items = append(items, legendItem{notMeasured, faint(), muted()})
	}
	return items
}

// extent is how many seconds the trial lasts and where the axis of rates ends; either is zero if there is nothing to draw.
func (t Traffic) extent() (length, top float64) {
	for _, stage := range t.Stages {
		length = max(length, stage.To)
	}
	for _, total := range t.total(len(t.Layers)) {
		top = max(top, total)
	}
	for _, point := range t.Curve {
		top = max(top, point.Y)
	}
	return length, top * 1.05
}

// total is the sum of the lowest layers, part by part.
func (t Traffic) total(layers int) (sums []float64) {
	for _, layer := range t.Layers[:layers] {
		sums = append(sums, make([]float64, max(len(layer.Rates)-len(sums), 0))...)
		for part, rate := range layer.Rates {
			sums[part] += rate
		}
	}
	return sums
}

func (t Traffic) draw(c draw.Canvas, length, top float64) {
	p := axes(Slide.look(), top)
	unit, name := timeUnit(length)
	p.X.Min, p.X.Max = 0, length/unit
	p.X.Tick.Marker = amounts{}
	style := centred(letters(labelSize-1, muted(), false))
	p.X.Label.Text, p.X.Label.TextStyle = "time of the trial, "+name, style
	p.Y.Label.Text, p.Y.Label.TextStyle = "requests per second", style
	p.Y.Label.Padding = 6
	p.Add(sheet{t, unit})
	area := draw.Crop(c, 0, -8, 0, 0)
	// How much room the names take depends on how wide the bands are, which the axes leave open from left to right only.
	data := p.DataCanvas(area)
	area = draw.Crop(area, 0, 0, 0, -t.strip((data.Max.X-data.Min.X)/vg.Length(length)))
	p.Draw(area)
	data = p.DataCanvas(area)
	x, _ := p.Transforms(&data)
	for _, stage := range t.Stages {
		left, right := x(stage.From/unit), x(stage.To/unit)
		stage.label(right-left).draw(c, (left+right)/2, data.Max.Y)
	}
}

// timeUnit is the unit, in seconds, in which a time is read most easily.
func timeUnit(length float64) (unit float64, name string) {
	switch {
	case length <= 300:
		return 1, "seconds"
	case length <= 5*3600:
		return 60, "minutes"
	default:
		return 3600, "hours"
	}
}

// sheet draws what is inside the axes. Its clock runs in units of so many seconds.
type sheet struct {
	Traffic
	unit float64
}

// Plot implements plot.Plotter.
func (s sheet) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := func(seconds, rate float64) vg.Point { return vg.Point{X: x(seconds / s.unit), Y: y(rate)} }
	for i, stage := range s.Stages {
		c.FillPolygon(stage.ground(i), upright(c, at(stage.From, 0).X, at(stage.To, 0).X))
	}
	grid().Plot(c, p)
	s.stack(c, at)
	for i, stage := range s.Stages {
		left, right := at(stage.From, 0).X, at(stage.To, 0).X
		if !stage.Measured {
			c.FillPolygon(veil(), upright(c, left, right))
		}
		if i > 0 {
			c.StrokeLine2(draw.LineStyle{Color: muted(), Width: 0.6}, left, c.Min.Y, left, c.Max.Y)
		}
		if stage.Headline {
			c.StrokeLine2(draw.LineStyle{Color: ink(), Width: 4}, left, c.Max.Y, right, c.Max.Y)
		}
	}
	curve := make([]vg.Point, len(s.Curve))
	for i, point := range s.Curve {
		curve[i] = at(point.X, point.Y)
	}
	// White below keeps the line in sight on every colour.
	c.StrokeLines(draw.LineStyle{Color: color.White, Width: 3.6}, curve)
	c.StrokeLines(draw.LineStyle{Color: ink(), Width: 1.6}, curve)
}

// ground is the colour of a band: neighbours differ, and the headline from both.
func (s Stage) ground(i int) color.Color {
	switch {
	case s.Headline:
		return tint()
	case i%2 == 0:
		return pale()
	default:
		return color.White
	}
}

// veil fades what lies below it.
func veil() color.Color { return color.NRGBA{0xe2, 0xe2, 0xe2, 0xb4} }

// upright is a rectangle from the bottom of a canvas to its top.
func upright(c draw.Canvas, left, right vg.Length) []vg.Point {
	return []vg.Point{{X: left, Y: c.Min.Y}, {X: right, Y: c.Min.Y}, {X: right, Y: c.Max.Y}, {X: left, Y: c.Max.Y}}
}

// stack fills the layers. Each begins at zero, the highest first, so that no seam shows between them, and ends with a white
// line where the next one lies on it.
func (s sheet) stack(c draw.Canvas, at func(seconds, rate float64) vg.Point) {
	for layers := len(s.Layers); layers > 0; layers-- {
		outline := s.steps(s.total(layers), at)
		if len(outline) == 0 {
			continue
		}
		floor := []vg.Point{{X: outline[len(outline)-1].X, Y: c.Min.Y}, {X: outline[0].X, Y: c.Min.Y}}
		c.FillPolygon(s.hue(layers-1), append(floor, outline...))
		if layers < len(s.Layers) {
			c.StrokeLines(draw.LineStyle{Color: color.White, Width: 0.7}, outline)
		}
	}
}

// steps is the line over the rates of all parts.
func (s sheet) steps(rates []float64, at func(seconds, rate float64) vg.Point) (line []vg.Point) {
	for part, rate := range rates {
		line = append(line, at(float64(part)*s.PartSeconds, rate), at(float64(part+1)*s.PartSeconds, rate))
	}
	return line
}

// widest is how long a name may be where it has not got the room for more.
const widest = vg.Length(108)

// stageName is the name of a stage above its band, and what there is to say about it above that.
type stageName struct {
	name, mark string
	style      text.Style
	// turned by a quarter, where the band is too narrow for the name.
	turned bool
}

// label finds what fits over a band of a width: the name, or its begin, or nothing.
func (s Stage) label(wide vg.Length) stageName {
	l := stageName{style: letters(labelSize-1, ink(), s.Headline), name: clean(s.Name)}
	switch {
	case l.style.Width(l.name) <= wide*0.98 || wide > widest:
		l.name = shortened(l.style, l.name, wide*0.98)
	case wide > l.style.Font.Size*1.15:
		l.name, l.turned = shortened(l.style, l.name, widest), true
	default:
		return stageName{style: l.style}
	}
	switch {
	case s.Headline:
		l.mark = headline
	case !s.Measured:
		l.mark = notMeasured
	}
	if l.turned || l.markStyle().Width(l.mark) > wide*0.98 {
		l.mark = ""
	}
	return l
}

func (l stageName) markStyle() text.Style { return centred(letters(labelSize-3, muted(), false)) }

// height is how much room the label takes.
func (l stageName) height() vg.Length {
	line := l.style.Font.Size * 1.6
	switch {
	case l.turned:
		return l.style.Width(l.name) + 12
	case l.mark != "":
		return line * 1.7
	default:
		return line
	}
}

func (l stageName) draw(c draw.Canvas, centre, floor vg.Length) {
	if l.turned {
		style := l.style
		style.Rotation, style.XAlign, style.YAlign = math.Pi/2, draw.XLeft, draw.YCenter
		c.FillText(style, vg.Point{X: centre, Y: floor + 7}, l.name)
		return
	}
	c.FillText(centred(l.style), vg.Point{X: centre, Y: floor + 5}, l.name)
	c.FillText(l.markStyle(), vg.Point{X: centre, Y: floor + 5 + l.style.Font.Size*1.2}, l.mark)
}

// strip is how much room the labels take above the axes.
func (t Traffic) strip(perSecond vg.Length) (room vg.Length) {
	for _, stage := range t.Stages {
		room = max(room, stage.label(vg.Length(stage.To-stage.From)*perSecond).height())
	}
	return room
}
