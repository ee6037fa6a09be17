package reports

import (
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/reports/plot"
)

// Each slide says what was found, or that there is nothing to say.
func TestSlideTitles(t *testing.T) {
	for _, c := range []struct {
		run  string
		want map[string]string
	}{
		{"fail", map[string]string{
			"latency": "p95 at peak: 12.0 → 10.0 ms (−16.7 %)",
			"cache":   "No cache was asked at peak",
			"lag":     "The generator was at most 100 µs late",
			"shares":  "95 % of the hits at peak are answered within 10.0 ms, before 12.0 ms (−16.7 %)",
		}},
		{"pass", map[string]string{
			"cache":       "The cache has the answer at peak: 75.0 % in cache, 75.0 % in archive",
			"lag":         "The replica was at most 2.50 s behind, the generator 100 µs late",
			"percentiles": "Latency at peak: p50 3.03 ms → 500 µs, p95 12.0 → 1.99 ms (−83.4 %), p99 12.1 → 2.00 ms",
		}},
		{"inconclusive", map[string]string{"latency": "p95 at peak: 12.0 → 1.99 ms (~ −83.4 %)"}},
		{"one-state", map[string]string{
			"latency": "p95 at peak: 12.0 ms", "shares": "95 % of the hits at peak are answered within 12.0 ms",
			"percentiles": "Latency at peak: p50 3.00 ms, p95 12.0 ms, p99 12.0 ms",
		}},
		{"hopeless", map[string]string{"latency": "Nothing to compare at peak", "percentiles": "Nothing to compare", "shares": "Nothing to compare"}},
	} {
		run, s := told()[c.run]().summarized(t)
		titles := map[string]string{"latency": (&summary{s}).latencyTitle(), "cache": (&summary{s}).cacheTitle(), "lag": runSecondsOf(run, s).lagTitle(),
			"percentiles": (&summary{s}).percentilesTitle(), "shares": (&summary{s}).sharesTitle()}
		for name, want := range c.want {
			if !strings.HasPrefix(titles[name], want) {
				t.Errorf("%s of %s: got %q, want %q", name, c.run, titles[name], want)
			}
		}
	}
}

// The budgets on p95 are drawn, at their heights; those on ratios, of one operation or of another stage are of another
// picture.
func TestBudgetLines(t *testing.T) {
	for name, want := range map[string][]plot.Limit{
		"fail": {{Name: "p95 budget 5 ms", Y: 5}}, "pass": {{Name: "p95 budget 50 ms", Y: 50}}, "one-state": nil,
		// Six budgets of one height are one line.
		"hopeless": {{Name: "p95 budget 100 µs", Y: 0.1}}, "gates": {{Name: "p95 budget 20 ms", Y: 20}},
	} {
		_, s := told()[name]().summarized(t)
		if got := (&summary{s}).latencyLimits(); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// A p99 far above all p95 is cut off, and its name says how far it went.
func TestFarP99(t *testing.T) {
	run, s := told()["one-state"]().summarized(t)
	of := runSecondsOf(run, s)
	if chart := latencyChart(&summary{s}, of); chart.Top != 0 || chart.Series[0].Name != "p99" {
		t.Errorf("got an axis to %v for %q, want the usual one", chart.Top, chart.Series[0].Name)
	}
	of.p99 = []plot.Piece{{{X: 6, Y: 2}}}
	if chart := latencyChart(&summary{s}, of); chart.Top < 35 || chart.Top > 37 || chart.Series[0].Name != "p99, up to 2.00 s" {
		t.Errorf("got an axis to %v for %q, want one to 36 ms", chart.Top, chart.Series[0].Name)
	}
}

// A name nobody expected is text in each chart. Where no font has its letters a warning says so, once, and the picture shows
// boxes.
func TestNamesInCharts(t *testing.T) {
	const name = "<script>alert(1)</script> 캐시"
	m := makeRun(1, steady, "baseline", "cache")
	m.header.States[1], m.header.Trials[1].State, m.scenario.Phases = name, name, []string{name}
	run, s := m.summarized(t)
	dir, bare := t.TempDir(), &plot.Fonts{Dirs: []string{t.TempDir()}}
	for range 2 {
		if err := writeAll(dir, run, s, bare); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.Warnings) == 0 || !strings.Contains(s.Warnings[len(s.Warnings)-1], "캐 (U+CE90), 시 (U+C2DC)") ||
		len(slices.Compact(slices.Clone(s.Warnings))) != len(s.Warnings) {
		t.Errorf("got warnings %q, want one that names the letters", s.Warnings)
	}
	if page, err := os.ReadFile(filepath.Join(dir, MarkdownFile)); err != nil || !strings.Contains(string(page), "U+CE90") {
		t.Errorf("report.md does not tell: %v", err)
	}
	for chart := range slides(&summary{s}, looksOf(run, s), bare) {
		svg, err := os.ReadFile(filepath.Join(dir, ChartsDir, chart+".svg"))
		if err != nil || strings.Contains(string(svg), "<script") || chart != "lag" && !strings.Contains(string(svg), "캐시") {
			t.Errorf("%s.svg does not have the name as text: %v", chart, err)
		}
		file, err := os.Open(filepath.Join(dir, ChartsDir, chart+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if size, err := png.DecodeConfig(file); err != nil || size.Width != 1920 || size.Height != 1080 {
			t.Errorf("%s.png is of %d by %d dots, want a slide: %v", chart, size.Width, size.Height, err)
		}
		file.Close()
	}
}

// Where a font has them there is nothing to warn of.
func TestNoWarningBesideAFont(t *testing.T) {
	fonts := &plot.Fonts{Dirs: []string{"/usr/share/fonts/truetype/nanum"}}
	if len(fonts.Missing("캐")) > 0 {
		t.Skip("no Korean font is installed; apt-get install fonts-nanum")
	}
	m := makeRun(1, steady, "baseline", "캐시")
	run, s := m.summarized(t)
	if got := unseen(&summary{s}, detailsOf(run, s), fonts); got != nil {
		t.Errorf("got %q, want no warning", got)
	}
}
