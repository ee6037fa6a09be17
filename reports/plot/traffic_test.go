package plot

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

func exampleTraffic() Traffic {
	return Traffic{
		Title: "launch: 600/s", Subtitle: "made up", CurveName: "asked for", HeadlineName: "headline plateau", PartSeconds: 5,
		Stages: []Stage{
			{Band: Band{Span{0, 5}, "warm-up"}}, {Band: Band{Span{5, 10}, "calm"}, Measured: true},
			{Band: Band{Span{10, 20}, "plateau"}, Measured: true, Headline: true},
		},
		Layers: []Layer{{"verify", []float64{80, 100, 400, 500}}, {"login", []float64{20, 0, 200, 100}}},
		Curve:  Piece{{0, 100}, {10, 100}, {10, 600}, {20, 600}},
	}
}

// points are the corners of all shapes of one style, shape by shape.
func points(t testing.TB, svg, style string) (shapes [][]Point) {
	t.Helper()
	number := regexp.MustCompile(`([-\d.]+),([-\d.]+)`)
	for _, shape := range regexp.MustCompile(`d="([^"]*)" style="`+style).FindAllStringSubmatch(svg, -1) {
		var corners []Point
		for _, pair := range number.FindAllStringSubmatch(shape[1], -1) {
			x, err := strconv.ParseFloat(pair[1], 64)
			y, err2 := strconv.ParseFloat(pair[2], 64)
			if err != nil || err2 != nil {
				t.Fatalf("%q is no point", pair[0])
			}
			corners = append(corners, Point{x, y})
		}
		shapes = append(shapes, corners)
	}
	return shapes
}

// rise is how far a shape reaches up from its lowest point.
func rise(shape []Point) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, point := range shape {
		low, high = min(low, point.Y), max(high, point.Y)
	}
	return high - low
}

func TestTrafficNamesWhatItShows(t *testing.T) {
	got := words(t, drawn(t, exampleTraffic(), SVG))
	for _, want := range []string{"launch: 600/s", "made up", "verify", "login", "asked for", "headline plateau", "not measured", "headline",
		"warm-up", "calm", "plateau", "requests per second", "time of the trial, seconds", "0", "600", "20"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	if n := strings.Count(strings.Join(got, "|"), notMeasured); n != 2 {
		t.Errorf("%q says %d times that something is not measured, want it of the warm-up and in the legend", got, n)
	}
}

// The stack is zero-based and adds up: login lies on verify, and each step is as long as its part.
func TestLayersAddUp(t *testing.T) {
	svg := drawn(t, exampleTraffic(), SVG)
	// After the swatch of the legend.
	verify, login := points(t, svg, "fill:#0072B2")[1], points(t, svg, "fill:#E69F00")[1]
	if ratio := rise(verify) / rise(login); math.Abs(ratio-500.0/600) > 0.001 {
		t.Errorf("500 is drawn %v as high as the 600 it is a part of", ratio)
	}
	// Two corners on the floor, then from left to right along the steps.
	steps := login[2:]
	for part, want := range []float64{100, 100, 600, 600} {
		left, right := steps[2*part], steps[2*part+1]
		if left.Y != right.Y || math.Abs((left.Y-login[0].Y)/rise(login)-want/600) > 0.001 {
			t.Errorf("part %d is drawn from %v to %v above %v, want %v of 600 all along", part, left, right, login[0].Y, want)
		}
		if wide := (right.X - left.X) / (login[0].X - login[1].X); math.Abs(wide-0.25) > 0.001 {
			t.Errorf("part %d takes %v of the width, want a quarter", part, wide)
		}
	}
	// The line is on the same axes as the stack.
	if line := points(t, svg, "fill:none;stroke:#222222;stroke-width:1.6")[0]; math.Abs(line[3].Y-steps[7].Y) > 0.02 || line[3].X != steps[7].X {
		t.Errorf("the line ends at %v, the stack of the same rate at %v", line[3], steps[7])
	}
}

// What is not measured is greyed, all of it and nothing else.
func TestNotMeasuredIsGreyed(t *testing.T) {
	traffic := exampleTraffic()
	veils := points(t, drawn(t, traffic, SVG), "fill:#E1E1E1;fill-opacity:0.7")
	whole := points(t, drawn(t, traffic, SVG), "fill:#D9E2E8")
	if len(veils) != 1 || math.Abs((veils[0][1].X-veils[0][0].X)*2-(whole[1][1].X-whole[1][0].X)) > 0.05 {
		t.Fatalf("got %v, want one that is half as wide as the headline's band %v", veils, whole)
	}
	traffic.Stages[0].Measured = true
	svg := drawn(t, traffic, SVG)
	if strings.Contains(svg, "fill-opacity") || slices.Contains(words(t, svg), notMeasured) {
		t.Error("a trial that is measured from begin to end shows something that is not")
	}
}

func TestTrafficWithoutACurve(t *testing.T) {
	traffic := exampleTraffic()
	traffic.Curve = nil
	svg := drawn(t, traffic, SVG)
	if strings.Contains(svg, "stroke-width:1.6") || slices.Contains(words(t, svg), "asked for") {
		t.Error("a picture without a curve shows one")
	}
}

func TestTrafficWithoutData(t *testing.T) {
	bare, silent := exampleTraffic(), exampleTraffic()
	bare.Stages = nil
	silent.Layers, silent.Curve = []Layer{{"verify", []float64{0, 0}}}, nil
	for name, traffic := range map[string]Traffic{"nothing": {}, "no stages": bare, "no requests": silent} {
		if got := words(t, drawn(t, traffic, SVG)); !slices.Contains(got, "no data") {
			t.Errorf("%s: %q does not say that there is no data", name, got)
		}
		drawn(t, traffic, PNG)
	}
}

// Any name and any number of stages and layers: the picture is well-formed, says the same twice, and stays in its frame.
func TestTrafficStaysInItsFrame(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		traffic := drawTraffic(r)
		svg := drawn(t, traffic, SVG)
		words(t, svg)
		for _, shape := range points(t, svg, "") {
			for _, corner := range shape {
				if corner.X < 0 || corner.X > float64(width) || corner.Y < 0 || corner.Y > float64(height) {
					r.Fatalf("%v is outside of the picture", corner)
				}
			}
		}
		if drawn(t, traffic, SVG) != svg {
			r.Fatal("the same input gives other bytes")
		}
		for _, stage := range traffic.Stages {
			checkLabel(r, stage, vg.Length(rapid.Float64Range(0, 1200).Draw(r, "band")))
		}
	})
}

// checkLabel demands that what is written over a band stays over it.
func checkLabel(t *rapid.T, stage Stage, wide vg.Length) {
	l := stage.label(wide)
	along, up := l.style.Width(l.name), l.style.Font.Size
	if l.turned {
		along, up = up, along
	}
	if l.name != "" && along > wide || up > widest {
		t.Fatalf("%q, turned %v, takes %v by %v over a band of %v", l.name, l.turned, along, up, wide)
	}
	if l.markStyle().Width(l.mark) > wide {
		t.Fatalf("%q does not fit over a band of %v", l.mark, wide)
	}
}

func drawTraffic(t *rapid.T) Traffic {
	name := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("한글이름 로그인-peak"))),
		rapid.SampledFrom([]string{"", "peak", "</text>", strings.Repeat("w", 63)}))
	traffic := Traffic{Title: name.Draw(t, "title"), CurveName: name.Draw(t, "curve"), HeadlineName: name.Draw(t, "headline")}
	at := 0.0
	for i := range rapid.IntRange(1, 40).Draw(t, "stages") {
		begin := at
		at += rapid.Float64Range(0.001, 10_000).Draw(t, "seconds")
		stage := Stage{Band: Band{Span{begin, at}, name.Draw(t, "name")}, Measured: rapid.Bool().Draw(t, "measured"), Headline: i == 0}
		traffic.Stages = append(traffic.Stages, stage)
		traffic.Curve = append(traffic.Curve, Point{at, rapid.Float64Range(0, 20_000).Draw(t, "rate")})
	}
	parts := rapid.IntRange(1, 20).Draw(t, "parts")
	traffic.PartSeconds = at / float64(parts)
	for range rapid.IntRange(1, 9).Draw(t, "layers") {
		rates := rapid.SliceOfN(rapid.Float64Range(0, 2000), parts, parts).Draw(t, "rates")
		traffic.Layers = append(traffic.Layers, Layer{name.Draw(t, "layer"), rates})
	}
	return traffic
}

// Forty stages whose names do not fit: those that have room are told, shortened, and the others left out.
func TestManyStages(t *testing.T) {
	traffic := exampleTraffic()
	traffic.Stages = nil
	for i := range 40 {
		begin, end := float64(i)*0.4, float64(i+1)*0.4
		if i == 39 {
			begin, end = 15.6, 15.61
		}
		traffic.Stages = append(traffic.Stages, Stage{Band: Band{Span{begin, end}, fmt.Sprintf("stage-%d-%s", i, strings.Repeat("long-", 9))}})
	}
	got := strings.Join(words(t, drawn(t, traffic, SVG)), "\n")
	if n := strings.Count(got, "stage-"); n != 39 || strings.Contains(got, "stage-39") || !strings.Contains(got, "stage-38-long-l…") {
		t.Errorf("got %d names of stages, want 39, shortened:\n%s", n, got)
	}
}

func TestShortened(t *testing.T) {
	style := letters(labelSize, ink(), false)
	if got := shortened(style, "plateau", style.Width("plateau")); got != "plateau" {
		t.Errorf("got %q, want what fits as it is", got)
	}
	if got := shortened(style, "plateau", style.Width("plat…")); got != "plat…" {
		t.Errorf("got %q, want plat…", got)
	}
}

func TestTimeUnits(t *testing.T) {
	for length, want := range map[float64]string{0.5: "seconds", 300: "seconds", 301: "minutes", 18_000: "minutes", 86_400: "hours"} {
		if _, got := timeUnit(length); got != want {
			t.Errorf("%v s: got %s, want %s", length, got, want)
		}
	}
}

// Every layer can be told from its neighbours.
func TestLayersDiffer(t *testing.T) {
	traffic := exampleTraffic()
	seen := map[string]bool{}
	for i := range hues() {
		seen[fmt.Sprint(traffic.hue(i))] = true
	}
	if len(seen) != 7 {
		t.Errorf("got %d colours, want seven different ones", len(seen))
	}
}
