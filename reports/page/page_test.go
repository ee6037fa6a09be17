package page

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const hostile = `<script>alert(1)</script> 캐시`

// drawing is an SVG as the plotting package writes a strip.
func drawing(words string) []byte {
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="240" viewBox="0 0 1000 240" role="img">
<title>x</title>
<desc>y</desc>
<g transform="scale(1, -1) translate(0, -240)">
<path d="M60,30L840,200" style="fill:none;stroke:var(--plot-primary,#0072B2);stroke-width:1.6" />
<text x="60" y="-20" transform="scale(1, -1)"
	style="font-family:'Liberation Sans';font-weight:bold;font-size:12px;fill:var(--plot-ink,#222222)">%s</text>
</g></svg>`, strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&#34;", "&", "&amp;").Replace(words))
}

// example has one of everything, and a name in every place where a user's may be.
func example(name string) Page {
	table := Table{Caption: name, Columns: []Column{{Name: name}, {Name: name, Number: true}}, Rows: [][]Cell{{{Text: name}, {Text: name, Tone: Bad}}}}
	chart := Chart{Name: name, Caption: name, SVG: drawing(name), Summary: name, Table: table, Series: &Series{
		Axis: Elapsed, Unit: "ms", To: 60, Bands: []Band{{Span{0, 60}, name}}, Marks: []Mark{{3, name}}, Limits: []Limit{{9, name}},
		Lines: []Line{{Name: name, Colour: Ink, X: []Value{1, 2, 3, 59}, Y: []Value{1, Value(math.NaN()), 5, 10}}}}}
	return Page{Title: name, Footer: name,
		Head: Head{Name: name, Facts: []string{name}, Verdict: Status{name, Good}, Sentence: name, Reasons: []string{name},
			Answers: []Answer{{Question: name, Text: name, Tone: Doubtful, Section: "one"}},
			Figures: []Figure{{Name: name, Before: name, After: name, Change: Status{name, Bad}, Note: name}}},
		Sections: []Section{{ID: "one", Title: name, Text: []string{name}, Tables: []Table{table}, Charts: []Chart{chart},
			Bars:   []Bars{{Title: name, Pairs: []Pair{{Name: name, Before: name, After: name, BeforeShare: 1, AfterShare: math.NaN(), Change: Status{Word: name}}}}},
			Panels: Panels{Name: name, Charts: []Chart{chart}, Spans: []Band{{Span{0, 60}, name}}},
			Lists:  []List{{Title: name, Items: []Answer{{Question: name, Text: name}}}},
			Codes:  []Code{{Title: name, Text: name}, {Title: name, Text: name, Folded: true}}}},
	}
}

func written(t testing.TB, p Page) string {
	t.Helper()
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The page has its own scripts and nobody else's, wherever a name stands.
func TestNamesAreText(t *testing.T) {
	plain, got := written(t, example("name")), written(t, example(hostile))
	if n, want := strings.Count(got, "<script"), strings.Count(plain, "<script"); n != want {
		t.Errorf("got %d scripts, want %d", n, want)
	}
	if strings.Contains(got, "<script>alert") {
		t.Error("a name became a script")
	}
	if n, want := strings.Count(got, "캐시"), strings.Count(plain, "name")-strings.Count(written(t, example("")), "name"); n < want {
		t.Errorf("the name is there %d times, want %d", n, want)
	}
}

// Any name: the same elements, in the same order.
func TestAnyNameLeavesTheMarkup(t *testing.T) {
	tags := regexp.MustCompile(`</?[a-zA-Z][^>\s]*`)
	want := strings.Join(tags.FindAllString(body(written(t, example("name"))), -1), " ")
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{hostile, `"><img src=x>`, "</svg>", "</script>", "]]>", "{{.}}", "<!--", "'+alert(1)+'"})).Draw(r, "name")
		if strings.TrimSpace(name) == "" {
			return // what is empty is left out
		}
		p := example("name")
		p.Title, p.Head.Sentence, p.Sections[0].Title = name, name, name
		p.Sections[0].Tables[0].Rows[0][0].Text, p.Sections[0].Charts[0].Name = name, name
		p.Sections[0].Panels.Charts[0].Series.Lines[0].Name, p.Sections[0].Codes[1].Text = name, name
		if got := strings.Join(tags.FindAllString(body(written(t, p)), -1), " "); got != want {
			r.Fatalf("got elements %s, want %s", got, want)
		}
	})
}

func body(page string) string {
	_, after, _ := strings.Cut(page, "<body>")
	before, _, _ := strings.Cut(after, "<script>")
	return before
}

// Nothing in the file names a place on the network, but for the namespace of its pictures and the address in the license of
// uPlot.
func TestAsksForNothing(t *testing.T) {
	got := written(t, example("name"))
	for _, address := range regexp.MustCompile(`(?:https?:)?//[a-z0-9][a-z0-9.-]+\.[a-z]{2,}[^\s"')]*`).FindAllString(got, -1) {
		if address != "https://github.com/leeoniya/uPlot" && address != "http://www.w3.org/2000/svg" {
			t.Errorf("the page names %s", address)
		}
	}
	for _, what := range []string{"<link", "<img", "<iframe", "@import", "src=", "url("} {
		if strings.Contains(got, what) {
			t.Errorf("the page has %s", what)
		}
	}
}

// The policy names its scripts and styles by what they are, and allows no others.
func TestPolicy(t *testing.T) {
	got := written(t, example("name"))
	_, after, _ := strings.Cut(got, `<meta http-equiv="Content-Security-Policy" content="`)
	policy, _, _ := strings.Cut(after, `"`)
	if !strings.HasPrefix(policy, "default-src &#39;none&#39;;") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("got %s, want nothing allowed but what is named", policy)
	}
	if n := strings.Count(policy, "sha256-"); n != 4 {
		t.Errorf("got %d digests, want two scripts and two styles", n)
	}
	if strings.Contains(body(got), " style=") {
		t.Error("the page has a style of an element, which the policy forbids")
	}
}

// uPlot comes with the load generator's module, which nobody asked to keep it there.
func TestPlotIsBundled(t *testing.T) {
	shared, err := Assets()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(shared.Plot, "/*! https://github.com/leeoniya/uPlot (v1.6.32) */") {
		t.Errorf("got %.60q, want uPlot 1.6.32: read its changes, then name the new version here", shared.Plot)
	}
	if !strings.Contains(shared.PlotStyle, ".u-wrap") || !strings.Contains(shared.Style, "--primary") {
		t.Error("a style is missing")
	}
}

// What runs, loads or is not known is no part of a picture.
func TestPicture(t *testing.T) {
	clean, err := picture([]byte(`<?xml version="1.0"?><!-- c --><svg onload="alert(1)" width="9" viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">
<g transform="scale(1, -1)"><path d="M0,0L9,9" onclick="alert(1)" class="a b-c" xlink:href="#x" style="fill:url(#evil);stroke:var(--plot-ink,#222222);stroke-width:2;behavior:url(x)"/>
<rect fill="#123456" class="x&quot; y" width="3"/><text style="font-family:X;font-size:12px">a &lt; b &amp; 캐시</text></g></svg>`))
	if err != nil {
		t.Fatal(err)
	}
	want := `<svg aria-hidden="true" viewBox="0 0 9 9"><g transform="scale(1, -1)"><path d="M0,0L9,9" stroke-width="2" class="a b-c stroke-ink"></path>` +
		`<rect fill="#123456" width="3"></rect><text font-size="12px">a &lt; b &amp; 캐시</text></g></svg>`
	if string(clean) != want {
		t.Errorf("got  %s\nwant %s", clean, want)
	}
	for _, bad := range []string{`<svg><script>alert(1)</script></svg>`, `<svg><image href="x"/></svg>`, `<svg><foreignObject/></svg>`, `<svg><style>*{}</style></svg>`, `<svg><g></svg>`, `<svg>`} {
		if got, err := picture([]byte(bad)); err == nil {
			t.Errorf("%s became %s, want an error", bad, got)
		}
	}
	broken := example("p95")
	broken.Sections[0].Charts[0].SVG = []byte(`<svg><script/></svg>`)
	if err := broken.Write(&strings.Builder{}); err == nil || !strings.Contains(err.Error(), `chart "p95"`) {
		t.Errorf("got %v, want an error that names the chart", err)
	}
}

func TestValues(t *testing.T) {
	for x, want := range map[float64]string{math.NaN(): "null", math.Inf(1): "null", 0: "0", 3600.5: "3600.5", 1.0 / 3: "0.333333", 12345678: "1.23457e+07", -2: "-2"} {
		got, err := json.Marshal(Value(x))
		if err != nil || string(got) != want {
			t.Errorf("%v became %s, %v; want %s", x, got, err, want)
		}
	}
}

func TestBarsHaveTheirLength(t *testing.T) {
	for share, want := range map[float64]string{1: "80.00", 0.5: "40.00", 0: "0", math.NaN(): "0", 1e-9: "0.30"} {
		if got := percent(share); got != want {
			t.Errorf("%v is %s %% long, want %s", share, got, want)
		}
	}
}

// Every figure has a name, and a table behind it; every section has a heading that names it.
func TestIsRead(t *testing.T) {
	got := written(t, example("name"))
	for what, want := range map[string]int{
		`<main id="report">`: 1, `<a class="skip" href="#report">`: 1, `<h1>`: 1, `<nav `: 1, `<footer `: 1, `<html lang="en">`: 1,
		`<figure class="chart" aria-label="name">`: 2, `<section class="section" id="one" aria-labelledby="one-title">`: 1,
		`role="img" tabindex="0" aria-label="name: name"`: 2, `<summary>The numbers behind it`: 2,
	} {
		if n := strings.Count(got, what); n != want {
			t.Errorf("%s is there %d times, want %d", what, n, want)
		}
	}
}

// Letters are read at 4.5:1 and shapes seen at 3:1, on every ground they stand on, by day and by night. Amber is seen by its
// outline. Source: WCAG 2.2, 1.4.3 and 1.4.11.
func TestContrast(t *testing.T) {
	shared, err := Assets()
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`(?s)--paper: .*?\}`).FindAllString(shared.Style, -1)
	if len(blocks) != 3 || palette(blocks[1])["ink"] != palette(blocks[2])["ink"] || len(palette(blocks[0])) < 20 {
		t.Fatalf("got %d palettes, want light, dark, and dark by the button", len(blocks))
	}
	for name, value := range palette(blocks[1]) {
		if palette(blocks[2])[name] != value {
			t.Errorf("dark %s is not the same by the button", name)
		}
	}
	for _, block := range blocks[:2] {
		colours := palette(block)
		for least, pairs := range map[float64]string{
			4.5: "ink/paper ink/card ink/band ink/highlight muted/paper muted/card primary/paper good/paper good/good-ground bad/paper bad/bad-ground " +
				"doubtful/paper doubtful/doubtful-ground good/card bad/card",
			3: "primary/band primary/highlight before/paper before/highlight after/paper replica-outline/band replica-outline/highlight alert/paper alert/band ink/highlight",
		} {
			for pair := range strings.FieldsSeq(pairs) {
				a, b, _ := strings.Cut(pair, "/")
				if got := contrast(colours[a], colours[b]); got < least {
					t.Errorf("%s %s on %s %s: %.2f, want %v", a, colours[a], b, colours[b], got, least)
				}
			}
		}
	}
}

func palette(block string) map[string]string {
	colours := map[string]string{}
	for _, match := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6})`).FindAllStringSubmatch(block, -1) {
		colours[match[1]] = match[2]
	}
	return colours
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(colour string) (sum float64) {
	var rgb [3]uint8
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); err != nil {
		return math.NaN()
	}
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		part := float64(rgb[i]) / 255
		if part <= 0.04045 {
			sum += weight * part / 12.92
		} else {
			sum += weight * math.Pow((part+0.055)/1.055, 2.4)
		}
	}
	return sum
}
