package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"pgregory.net/rapid"
)

type picture interface {
	Write(io.Writer, Format) error
}

func drawn(t testing.TB, p picture, format Format) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b, format); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// words lists the texts of an SVG, which has to be well-formed.
func words(t testing.TB, svg string) (list []string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "text" {
			var text string
			if err := decoder.DecodeElement(&text, &start); err != nil {
				t.Fatal(err)
			}
			list = append(list, text)
		}
	}
}

// heights are those of the filled rectangles of one colour, without the swatch of the legend.
func heights(t testing.TB, svg, colour string) (list []float64) {
	t.Helper()
	shape := regexp.MustCompile(`d="M[\d.]+,([\d.]+)L[\d.]+,[\d.]+L[\d.]+,([\d.]+)L[^"]*Z" style="fill:` + colour)
	for _, match := range shape.FindAllStringSubmatch(svg, -1)[1:] {
		floor, err := strconv.ParseFloat(match[1], 64)
		ceiling, err2 := strconv.ParseFloat(match[2], 64)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		list = append(list, ceiling-floor)
	}
	return list
}

func example() Bars {
	return Bars{Title: "12 → 6", Subtitle: "made up", Panels: []Panel{
		{Title: "left", Pairs: []Pair{{Name: "one", Before: 12, After: 6, BeforeText: "12.0", AfterText: "6.00", Change: "−50 %"}}},
		{Title: "right", Pairs: []Pair{{Name: "one", Before: 3, After: math.NaN(), BeforeText: "3.00", Change: "-"}}},
	}}
}

func exampleTimeline() Timeline {
	return Timeline{Title: "falls", Subtitle: "made up", PrimaryName: "primary", ReplicaName: "replica", MarkName: "peak",
		Bands:   []Band{{Span{0, 60}, "before"}, {Span{70, 130}, "after"}},
		Marks:   []Span{{20, 50}, {90, 120}},
		Primary: []Piece{{{1, 100}, {2, 1000}, {59, 900}}, {{71, 10}, {130, 90}}},
		Replica: []Piece{{{1, 0}, {59, 0}}, {{100, 500}}},
		Offered: []Piece{{{0, 50}, {60, 3000}}, {{70, 50}, {130, 3000}}}, OfferedName: "offered",
	}
}

// Zero-based: half the value is half the height, and what is not known has no bar.
func TestBarsHaveTheirLength(t *testing.T) {
	svg := drawn(t, example(), SVG)
	before, after := heights(t, svg, "#767676"), heights(t, svg, "#5B3A8C")
	if len(before) != 2 || len(after) != 1 {
		t.Fatalf("got %d and %d bars, want 2 and 1", len(before), len(after))
	}
	if ratio := after[0] / before[0]; math.Abs(ratio-0.5) > 0.001 {
		t.Errorf("6 is drawn %v as high as 12, want half", ratio)
	}
	got := words(t, svg)
	for _, want := range []string{"12 → 6", "made up", "before", "after", "left", "right", "one", "12.0", "6.00", "−50 %", "no data", "0"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
}

// What stands alone has one bar, and nobody is told of a before.
func TestBarsAlone(t *testing.T) {
	bars := Bars{Panels: []Panel{{Title: "p95", Pairs: []Pair{{Name: "baseline", Before: 99, After: 12, AfterText: "12.0", Alone: true}}}}}
	svg := drawn(t, bars, SVG)
	if got := words(t, svg); slices.Contains(got, "before") || slices.Contains(got, "no data") || !slices.Contains(got, "12.0") || slices.Contains(got, "80") {
		t.Errorf("got %q", got)
	}
	if strings.Contains(svg, "fill:#767676") || strings.Contains(svg, "fill:#5B3A8C") || !strings.Contains(svg, `Z" style="fill:#5E5E5E`) {
		t.Error("the bar is not drawn in a colour of neither side")
	}
}

func TestTimelineNamesWhatItShows(t *testing.T) {
	got := words(t, drawn(t, exampleTimeline(), SVG))
	for _, want := range []string{"falls", "primary", "replica", "peak", "offered", "before", "after", "00:00", "02:00", "0", "3,000", "per second"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
}

// A gap is no line: each piece is a path of its own, and a single point a dot.
func TestGapsStayGaps(t *testing.T) {
	svg := drawn(t, exampleTimeline(), SVG)
	// One more of each is beside its name.
	if n := strings.Count(svg, "stroke:#0072B2;stroke-width:2.4"); n != 3 {
		t.Errorf("got %d primary lines, want 2", n-1)
	}
	if n := strings.Count(svg, "stroke:#E69F00;stroke-width:2.4"); n != 2 {
		t.Errorf("got %d replica lines, want 1 beside the dot", n-1)
	}
}

// What was offered is within the picture, as broken lines, and a picture without it does not speak of it.
func TestOfferedIsDashed(t *testing.T) {
	svg := drawn(t, exampleTimeline(), SVG)
	if n := strings.Count(svg, "stroke-dasharray:"); n != 3 {
		t.Errorf("got %d dashed lines, want 2 and one beside their name", n)
	}
	bare := exampleTimeline()
	bare.Offered = nil
	svg = drawn(t, bare, SVG)
	if strings.Contains(svg, "stroke-dasharray") || slices.Contains(words(t, svg), "offered") {
		t.Error("a timeline without offered rates shows some")
	}
}

func TestNoData(t *testing.T) {
	for name, p := range map[string]picture{
		"no series": Lines{Bands: []Band{{Span{0, 1}, "a"}}, From: 0, To: 1, Limits: []Limit{{"limit", 3}}},
		"no curves": Distribution{}, "empty curves": Distribution{Curves: []Curve{{Name: "a"}}},
		"no shares":     Distribution{ECDF: true, Curves: []Curve{{Name: "a"}}},
		"nothing known": Distribution{ECDF: true, Curves: []Curve{{Points: []Quantile{{0.5, math.NaN()}, {0.9, math.Inf(1)}}}}},
		"a strip":       Lines{Size: Strip},
		"no panels":     Bars{Title: "x"}, "no phases": Bars{Panels: []Panel{{Title: "left"}}}, "no readings": Timeline{},
		"bands only": Timeline{Bands: []Band{{Span{0, 1}, "a"}}},
		"a moment":   Timeline{Primary: []Piece{{{1, 1}}}},
		"a plan":     Timeline{Offered: []Piece{{{0, 1}, {1, 1}}}},
	} {
		got := words(t, drawn(t, p, SVG))
		if name != "no panels" && !slices.Contains(got, "no data") {
			t.Errorf("%s: %q does not say that there is no data", name, got)
		}
		drawn(t, p, PNG)
	}
}

func TestZeroIsDrawn(t *testing.T) {
	bars := Bars{Panels: []Panel{{Pairs: []Pair{{Name: "a", BeforeText: "0", AfterText: "0"}}}}}
	if got := words(t, drawn(t, bars, SVG)); slices.Contains(got, "no data") {
		t.Errorf("zero was drawn as no data: %q", got)
	}
	flat := Timeline{Primary: []Piece{{{0, 0}, {10, 0}}}}
	if got := words(t, drawn(t, flat, SVG)); slices.Contains(got, "no data") {
		t.Errorf("a rate of zero was drawn as no data: %q", got)
	}
}

// Where nothing can be drawn for one reason, that is said.
func TestOneReasonIsSaid(t *testing.T) {
	void := Pair{Name: "a", Before: math.NaN(), After: math.NaN(), BeforeText: "void", AfterText: "void"}
	alone, unread := void, void
	alone.Alone, alone.BeforeText, unread.AfterText = true, "", "-"
	for _, tt := range []struct {
		pair Pair
		want string
	}{{void, "void"}, {alone, "void"}, {unread, "no data"}} {
		if got := words(t, drawn(t, Bars{Panels: []Panel{{Title: "left", Pairs: []Pair{tt.pair}}}}, SVG)); !slices.Contains(got, tt.want) {
			t.Errorf("%+v: %q does not say %q", tt.pair, got, tt.want)
		}
	}
}

func TestSameInputSameBytes(t *testing.T) {
	for _, format := range []Format{SVG, PNG} {
		for _, p := range []picture{example(), exampleTimeline(), exampleLines(), exampleDistribution(), exampleShares()} {
			if first, again := drawn(t, p, format), drawn(t, p, format); first != again {
				t.Errorf("%T as %s differs from itself", p, format)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	strip, bars, timeline := exampleLines(), example(), exampleTimeline()
	strip.Size, bars.Size, timeline.Size = Strip, Strip, Strip
	for _, c := range []struct {
		picture    picture
		wide, high int
		svg        string
	}{
		{example(), 1920, 1080, `width="1920" height="1080"`}, {exampleTimeline(), 1920, 1080, `width="1920" height="1080"`},
		{exampleLines(), 1920, 1080, `width="1920" height="1080"`}, {exampleDistribution(), 1920, 1080, `width="1920" height="1080"`},
		{exampleTraffic(), 1920, 1080, `width="1920" height="1080"`},
		// Twice as many dots as pixels of the page, for screens that have them.
		{strip, 2000, 480, `width="1000" height="240"`}, {bars, 2000, 480, `width="1000" height="240"`}, {timeline, 2000, 480, `width="1000" height="240"`},
	} {
		picture, err := png.Decode(strings.NewReader(drawn(t, c.picture, PNG)))
		if err != nil {
			t.Fatal(err)
		}
		if size := picture.Bounds().Size(); size.X != c.wide || size.Y != c.high {
			t.Errorf("%T: got %v, want %d by %d", c.picture, size, c.wide, c.high)
		}
		if svg := drawn(t, c.picture, SVG); !strings.Contains(svg, c.svg) {
			t.Errorf("%T: the SVG is not of %s: %.300s", c.picture, c.svg, svg)
		}
	}
}

// A page has the title of a strip, and decides on its colours; nothing but the SVG itself is in it.
func TestStripIsPartOfAPage(t *testing.T) {
	strip := exampleLines()
	strip.Size, strip.Series[0].Name = Strip, "#0072B2"
	svg := drawn(t, strip, SVG)
	if !strings.HasPrefix(svg, "<svg ") || !strings.Contains(svg, "var(--plot-primary,#0072B2)") || !strings.Contains(svg, ">#0072B2</text>") {
		t.Errorf("got %.600s", svg)
	}
	if slices.Contains(words(t, svg), strip.Title) {
		t.Error("the title is drawn")
	}
}

// Every colour in a picture has a name, so that a page can restyle all of it.
func TestPaletteIsComplete(t *testing.T) {
	known := map[string]bool{}
	for _, colour := range Palette() {
		if known[colour] {
			t.Errorf("%s has two names", colour)
		}
		known[colour] = true
	}
	for _, p := range []picture{example(), exampleTimeline(), exampleLines(), exampleDistribution()} {
		for _, colour := range regexp.MustCompile(`#[0-9A-F]{6}`).FindAllString(drawn(t, p, SVG), -1) {
			if !known[colour] {
				t.Errorf("%T: %s has no name", p, colour)
			}
		}
	}
}

// Who cannot see a picture is told what it shows.
func TestPicturesAreNamed(t *testing.T) {
	bars := example()
	bars.Title = "<b> & c"
	for _, size := range []Size{Slide, Strip} {
		bars.Size = size
		svg := drawn(t, bars, SVG)
		for _, want := range []string{`role="img"`, "<title>&lt;b&gt; &amp; c</title>", "<desc>made up</desc>"} {
			if !strings.Contains(svg, want) {
				t.Errorf("%s is missing in %.500s", want, svg)
			}
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if err := example().Write(io.Discard, "gif"); err == nil || !strings.Contains(err.Error(), "gif") {
		t.Errorf("got %v, want an error that names gif", err)
	}
}

func TestHostileNames(t *testing.T) {
	bars := example()
	bars.Title, bars.Panels[0].Pairs[0].Name = "</text><script>\x00", strings.Repeat("long & <", 40)
	words(t, drawn(t, bars, SVG))
	drawn(t, bars, PNG)
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
		of        func(low, high float64) string
	}{
		{0, 13.2, "0 2 4 6 8 10 12", amountLabels},
		{0, 1650, "0 500 1,000 1,500", amountLabels},
		{0, 0.9, "0.0 0.2 0.4 0.6 0.8", amountLabels},
		{0, 1, "0.0 0.2 0.4 0.6 0.8 1.0", amountLabels},
		{0, 90, "00:00 00:10 00:20 00:30 00:40 00:50 01:00 01:10 01:20 01:30", clockLabels},
		{25, 600, "01:00 02:00 03:00 04:00 05:00 06:00 07:00 08:00 09:00 10:00", clockLabels},
		{0, 7200, "0:00:00 0:10:00 0:20:00 0:30:00 0:40:00 0:50:00 1:00:00 1:10:00 1:20:00 1:30:00 1:40:00 1:50:00 2:00:00", clockLabels},
		{0, 13.2, "0 5 10", fewLabels},
		{0, 2.5, "0 % 50 % 75 % 90 % 95 % 99 % 99.5 %", nineLabels},
		{math.Log10(0.3), math.Log10(12), "0.5 1 2 5 10", decadeLabels},
		{-2, 4, "0.01 0.1 1 10 100 1,000 10,000", decadeLabels},
	} {
		if got := c.of(c.low, c.high); got != c.want {
			t.Errorf("%v to %v: got %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

func labelsOf(ticks []plot.Tick) string {
	var labels []string
	for _, tick := range ticks {
		labels = append(labels, tick.Label)
	}
	return strings.Join(labels, " ")
}

func amountLabels(low, high float64) string { return labelsOf(amounts{}.Ticks(low, high)) }
func fewLabels(low, high float64) string    { return labelsOf(amounts{5}.Ticks(low, high)) }
func clockLabels(low, high float64) string  { return labelsOf(elapsed{}.Ticks(low, high)) }
func nineLabels(low, high float64) string   { return labelsOf(nines{}.Ticks(low, high)) }
func decadeLabels(low, high float64) string { return labelsOf(decades{}.Ticks(low, high)) }

// Whatever the range, an axis has a few labels, all of them different and inside.
func TestTicksAreFewAndDifferent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		top := math.Pow(10, rapid.Float64Range(-6, 9).Draw(t, "magnitude"))
		ticks := amounts{}.Ticks(0, top)
		if len(ticks) < 4 || len(ticks) > mostTicks+1 {
			t.Fatalf("0 to %v has %d labels", top, len(ticks))
		}
		seen := map[string]bool{}
		for _, tick := range ticks {
			if seen[tick.Label] || tick.Value < 0 || tick.Value > top*(1+1e-6) {
				t.Fatalf("0 to %v: %+v", top, ticks)
			}
			seen[tick.Label] = true
		}
	})
}
