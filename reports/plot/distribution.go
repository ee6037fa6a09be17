package plot

import (
	"cmp"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"
)

// Distribution is a latency at its quantiles, of several states on each other. On the percentile axis equal steps go ten
// times nearer to the slowest of all, so the tail is seen; as an empirical distribution function it shows which share was
// answered within each latency, and its axis of latencies is logarithmic.
type Distribution struct {
	// Title is the finding, Subtitle what it was found on.
	Title, Subtitle string
	// Unit is that of the values, as in "ms".
	Unit   string
	Curves []Curve
	ECDF   bool
	Size   Size
	// Fonts are those of the system if nil.
	Fonts *Fonts
}

// Curve is one state.
type Curve struct {
	Name   string
	Colour Colour
	Dashed bool
	// Points ascend. Values that are not finite are left out: they are beyond every latency.
	Points []Quantile
}

// Quantile is the value that a share Q of all does not exceed.
type Quantile struct{ Q, Value float64 }

// Write draws the picture.
func (d Distribution) Write(w io.Writer, format Format) error {
	says := told{d.Title, d.Subtitle}
	return render(w, format, d.Size.look(), d.Fonts, says, func(c draw.Canvas) {
		k := d.Size.look()
		c = heading(c, k, says)
		axis := d.percentiles
		if d.ECDF {
			axis = d.shares
		}
		if p, lines := axis(k); p != nil {
			d.draw(c, k, p, lines)
		} else {
			noData(c, k)
		}
	})
}

// known are the points of a curve that can be drawn.
func (u Curve) known() (points []Quantile) {
	for _, point := range u.Points {
		if !math.IsNaN(point.Value) && !math.IsInf(point.Value, 0) && point.Q >= 0 && point.Q <= 1 {
			points = append(points, point)
		}
	}
	return points
}

// depth is where a quantile is on the percentile axis: one for each nine.
func depth(q float64) float64 { return -math.Log10(1 - q) }

// percentiles is the plot with the percentile axis, and what to draw on it; nil without data.
func (d Distribution) percentiles(k look) (*plot.Plot, []Piece) {
	end, top := 0.0, 0.0
	var lines []Piece
	for _, curve := range d.Curves {
		var line Piece
		for _, point := range curve.known() {
			if point.Q < 1 {
				line = append(line, Point{depth(point.Q), point.Value})
				end, top = max(end, depth(point.Q)), max(top, point.Value)
			}
		}
		lines = append(lines, line)
	}
	if end == 0 {
		return nil, nil
	}
	p := axes(k, cmp.Or(top, 1)*1.05)
	p.X.Min, p.X.Max, p.X.Tick.Marker = 0, end, nines{}
	return p, lines
}

// shares is the plot of the distribution function, and what to draw on it; nil without data.
func (d Distribution) shares(k look) (*plot.Plot, []Piece) {
	low, high := math.Inf(1), math.Inf(-1)
	var lines []Piece
	for _, curve := range d.Curves {
		var line Piece
		for _, point := range curve.known() {
			if point.Value > 0 {
				x := math.Log10(point.Value)
				low, high = min(low, x), max(high, x)
				line = append(line, Point{x, point.Q * 100})
			}
		}
		if len(line) > 0 && line[0].Y > 0 {
			line = slices.Insert(line, 0, Point{line[0].X, 0})
		}
		lines = append(lines, line)
	}
	if math.IsInf(low, 0) {
		return nil, nil
	}
	if high-low < 0.1 {
		low, high = low-0.05, high+0.05
	}
	p := axes(k, 100)
	p.X.Min, p.X.Max, p.X.Tick.Marker = low, high, decades{}
	return p, lines
}

func (d Distribution) draw(c draw.Canvas, k look, p *plot.Plot, lines []Piece) {
	across, up := "percentile", d.Unit
	if d.ECDF {
		across, up = "answered within, "+d.Unit, "% of hits"
	}
	p.X.Label.Text, p.X.Label.TextStyle = clean(across), centred(letters(k.label-1, muted(), false))
	p.Add(grid())
	for i, curve := range d.Curves {
		if len(lines[i]) > 0 {
			p.Add(Series{Colour: curve.Colour, Dashed: curve.Dashed}.lines(k, lines[i])...)
		}
	}
	left := c.Min.X + k.left
	area := placed(draw.Crop(c, 0, 0, 0, -k.label*1.7), p, left, c.Max.X-k.right)
	p.Draw(area)
	data := p.DataCanvas(area)
	_, y := p.Transforms(&data)
	k.unit(c, left, data.Max.Y, up)
	g := gutter{look: k}
	for i, curve := range d.Curves {
		if n := len(lines[i]); n > 0 {
			g.entries = append(g.entries, entry{name: clean(curve.Name), at: y(lines[i][n-1].Y), strokes: k.strokes(curve.Colour, curve.Dashed)})
		}
	}
	g.draw(data, c.Max.X)
}

// nines labels a percentile axis.
type nines struct{}

// Ticks implements plot.Ticker.
func (nines) Ticks(_, high float64) (list []plot.Tick) {
	for _, label := range []string{"0", "50", "75", "90", "95", "99", "99.5", "99.9", "99.99", "99.999", "99.9999"} {
		percent, err := strconv.ParseFloat(label, 64)
		if at := depth(percent / 100); err == nil && at <= high+1e-9 {
			list = append(list, plot.Tick{Value: at, Label: label + " %"})
		}
	}
	return list
}

// decades labels a logarithmic axis at 1, 2 and 5 times powers of ten, at 1 alone where that would be too many.
type decades struct{}

// Ticks implements plot.Ticker.
func (decades) Ticks(low, high float64) (list []plot.Tick) {
	factors := []float64{1, 2, 5}
	if high-low > 4 {
		factors = factors[:1]
	}
	for power := math.Floor(low); power <= high; power++ {
		for _, factor := range factors {
			if at := power + math.Log10(factor); at >= low-1e-9 && at <= high+1e-9 {
				digits := max(0, -int(power))
				list = append(list, plot.Tick{Value: at, Label: thousands(strconv.FormatFloat(factor*math.Pow(10, power), 'f', digits, 64))})
			}
		}
	}
	return list
}
