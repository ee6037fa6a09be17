package plot

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

func exampleLines() Lines {
	return Lines{Title: "p95: 4 → 2 ms", Subtitle: "made up", Unit: "ms", From: 0, To: 130,
		Bands: []Band{{Span{0, 60}, "before"}, {Span{60, 130}, "after"}}, Highlights: []Span{{20, 50}}, HighlightName: "peak",
		Marks: []Mark{{62, "replica killed"}}, Limits: []Limit{{"budget 3 ms", 3}},
		Series: []Series{{"p95", Primary, false, []Piece{{{1, 4}, {59, 4.2}}, {{61, 2}, {129, 2}}}},
			{"p50", Replica, true, []Piece{{{1, 1}, {129, 1}}}}}}
}

func TestLinesNameWhatTheyShow(t *testing.T) {
	for _, size := range []Size{Slide, Strip} {
		lines := exampleLines()
		lines.Size = size
		got := words(t, drawn(t, lines, SVG))
		for _, want := range []string{"ms", "before", "after", "peak", "replica killed", "budget 3 ms", "p95", "p50", "00:00", "02:00", "0", "4"} {
			if !slices.Contains(got, want) {
				t.Errorf("size %v: %q is missing in %q", size, want, got)
			}
		}
	}
}

// A limit far above all data would press them to the floor: it is named, with an arrow, and not drawn.
func TestFarLimits(t *testing.T) {
	lines := exampleLines()
	lines.Limits = []Limit{{"budget", 100}}
	svg := drawn(t, lines, SVG)
	if got := words(t, svg); !slices.Contains(got, "budget ↑") || slices.Contains(got, "100") {
		t.Errorf("got %q, want the limit named and out of the picture", got)
	}
	if near := drawn(t, exampleLines(), SVG); strings.Count(near, "#D55E00") != strings.Count(svg, "#D55E00")+1 {
		t.Error("the far limit is drawn")
	}
}

// Panels of one page share a clock: whatever stands on their vertical axes, their data begin and end at the same places.
func TestPanelsShareAClock(t *testing.T) {
	ends := func(scale float64) [2]float64 {
		lines := Lines{Size: Strip, From: 0, To: 100, Series: []Series{{"a", Primary, false, []Piece{{{0, scale}, {100, scale}}}}}}
		shape := points(t, drawn(t, lines, SVG), `fill:none;stroke:var\(--plot-primary,#0072B2\)`)[0]
		return [2]float64{shape[0].X, shape[1].X}
	}
	want := ends(1)
	for _, scale := range []float64{0.001, 30, 1e6} {
		if got := ends(scale); math.Abs(got[0]-want[0]) > 0.1 || math.Abs(got[1]-want[1]) > 0.1 {
			t.Errorf("at %v the data lie between %v, at 1 between %v", scale, got, want)
		}
	}
}

// Thinning keeps every peak, the order, and both ends, and is bounded by the columns.
func TestThinned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, columns := rapid.IntRange(1, 3000).Draw(t, "points"), rapid.IntRange(1, 400).Draw(t, "columns")
		piece := make(Piece, n)
		for i := range piece {
			piece[i] = Point{float64(i), rapid.Float64Range(0, 1000).Draw(t, "y")}
		}
		thin := piece.thinned(0, float64(n-1), columns)
		if len(thin) > max(2*columns, 4*(columns+1)) {
			t.Fatalf("%d points in %d columns", len(thin), columns)
		}
		byHeight := func(a, b Point) int { return int(math.Copysign(1, a.Y-b.Y)) }
		if slices.MaxFunc(thin, byHeight).Y != slices.MaxFunc(piece, byHeight).Y || slices.MinFunc(thin, byHeight).Y != slices.MinFunc(piece, byHeight).Y {
			t.Fatal("a peak is lost")
		}
		if thin[0] != piece[0] || thin[len(thin)-1] != piece[n-1] || !slices.IsSortedFunc(thin, func(a, b Point) int { return int(a.X - b.X) }) {
			t.Fatalf("got %v", thin)
		}
	})
}

// Names beside the data never lie on each other, and stay between the bounds as long as there is room.
func TestSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var heights []vg.Length
		for range rapid.IntRange(0, 9).Draw(t, "names") {
			heights = append(heights, vg.Length(rapid.Float64Range(-50, 250).Draw(t, "height")))
		}
		slices.Sort(heights)
		slices.Reverse(heights)
		const distance, low, high = 20, 0, 200
		spread(heights, distance, low, high)
		for i, at := range heights {
			if at < low-1e-9 || at > high+1e-9 || i > 0 && heights[i-1]-at < distance-1e-9 {
				t.Fatalf("got %v", heights)
			}
		}
	})
}

// Values nobody can draw do not keep the others from being drawn.
func TestLinesWithOddValues(t *testing.T) {
	lines := exampleLines()
	lines.Series[0].Pieces = []Piece{{{1, math.NaN()}, {2, 3}, {3, math.Inf(1)}, {4, 2}}, {}, {{-5, 1}, {500, 1}}}
	lines.Marks = append(lines.Marks, Mark{-1, "outside"}, Mark{math.NaN(), "never"})
	if got := words(t, drawn(t, lines, SVG)); !slices.Contains(got, "p95") {
		t.Errorf("got %q", got)
	}
	drawn(t, lines, PNG)
}

// Any names in any number: the picture is well-formed, and nothing leaves its frame.
func TestLinesStayInTheirFrame(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		lines := drawLines(r)
		svg, k := drawn(t, lines, SVG), lines.Size.look()
		words(t, svg)
		for _, shape := range points(t, svg, "") {
			for _, corner := range shape {
				if corner.X < -1 || corner.X > float64(k.width)+1 || corner.Y < -1 || corner.Y > float64(k.height)+1 {
					r.Fatalf("%v is outside of the picture", corner)
				}
			}
		}
	})
}

func drawLines(t *rapid.T) Lines {
	name := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("한글이름 로그인-peak"))),
		rapid.SampledFrom([]string{"", "peak", "</text>", strings.Repeat("w", 63)}))
	lines := Lines{Title: name.Draw(t, "title"), Unit: name.Draw(t, "unit"), HighlightName: name.Draw(t, "highlight"), Size: Size(rapid.IntRange(0, 1).Draw(t, "size"))}
	at := 0.0
	for range rapid.IntRange(0, 20).Draw(t, "bands") {
		begin := at
		at += rapid.Float64Range(0.001, 1000).Draw(t, "seconds")
		lines.Bands = append(lines.Bands, Band{Span{begin, at}, name.Draw(t, "band")})
		lines.Highlights = append(lines.Highlights, Span{begin, (begin + at) / 2})
		lines.Marks = append(lines.Marks, Mark{begin, name.Draw(t, "mark")})
	}
	for range rapid.IntRange(0, 5).Draw(t, "series") {
		series := Series{Name: name.Draw(t, "series"), Colour: Colour(rapid.IntRange(0, 5).Draw(t, "colour")), Dashed: rapid.Bool().Draw(t, "dashed")}
		for i := range rapid.IntRange(0, 3).Draw(t, "pieces") {
			series.Pieces = append(series.Pieces, Piece{{float64(10 * i), rapid.Float64Range(0, 1e6).Draw(t, "y")}, {float64(10*i + 5), rapid.Float64Range(0, 1e6).Draw(t, "y")}})
		}
		lines.Series = append(lines.Series, series)
		lines.Limits = append(lines.Limits, Limit{name.Draw(t, "limit"), rapid.Float64Range(0, 1e7).Draw(t, "limit")})
	}
	return lines
}
