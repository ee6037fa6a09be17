package reports

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// box is where something is on the page.
type box struct {
	Name                     string
	Left, Top, Width, Height float64
	Pixels                   int
}

// canvases are what scripts have drawn, with the number of pixels that are not left blank.
const canvases = `rehearseCharts.map(c => {
	const box = c.host.getBoundingClientRect(), canvas = c.host.querySelector("canvas");
	const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
	let drawn = 0;
	for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) drawn++;
	return {Name: c.figure.getAttribute("aria-label"), Left: box.left, Top: box.top, Width: box.width, Height: box.height, Pixels: drawn};
})`

// pictures are the SVGs that are to be seen, with the number of their shapes.
const pictures = `[...document.querySelectorAll(".chart .drawing svg")].map(svg => {
	const box = svg.getBoundingClientRect();
	return {Name: svg.closest(".chart").getAttribute("aria-label"), Left: box.left, Top: box.top, Width: box.width, Height: box.height,
		Pixels: svg.querySelectorAll("path").length};
})`

// aside is by how much the page is wider than its window.
const aside = `document.documentElement.scrollWidth - document.documentElement.clientWidth`

// What a report of a real run has to be in a browser.
func TestReportInABrowser(t *testing.T) {
	browser := browser(t)
	run, s := realRun(t)
	file := reported(t, run, s)
	for name, check := range map[string]func(t *testing.T, browser context.Context, file string, s *model.Summary){
		"drawn": checkDrawn, "zoom": checkZoom, "theme": checkTheme, "without scripts": checkWithoutScripts, "paper": checkPaper,
		"keyboard": checkKeyboard,
	} {
		t.Run(name, func(t *testing.T) { check(t, browser, file, s) })
	}
}

// checkDrawn demands that a report is whole in every width and light: nothing is asked for or complained of, every chart
// is drawn, nothing sticks out.
func checkDrawn(t *testing.T, browser context.Context, file string, s *model.Summary) {
	for _, light := range []string{"light", "dark"} {
		for _, wide := range []int64{1280, 390} {
			t.Run(fmt.Sprintf("%s %d", light, wide), func(t *testing.T) {
				v := browse(t, browser, file, wide, prefer(light))
				drawn := ask[[]box](v, canvases)
				if figures := ask[int](v, `document.querySelectorAll(".chart").length`); len(drawn) != figures || figures < 6 {
					t.Errorf("%d of %d charts are drawn by the script, want all", len(drawn), figures)
				}
				for _, c := range drawn {
					if c.Width < float64(wide)/3 || c.Height < 150 || c.Pixels < 2000 {
						t.Errorf("chart is small or empty: %+v", c)
					}
				}
				if n := ask[float64](v, aside); n > 0 {
					t.Errorf("the page is %v pixels wider than its window", n)
				}
				if bars := ask[int](v, `[...document.querySelectorAll(".bars rect")].filter(r => r.getBoundingClientRect().width > 0).length`); bars < 2*len(s.Phases) {
					t.Errorf("got %d bars, want at least one pair for each of %d phases", bars, len(s.Phases))
				}
				v.looking(t, fmt.Sprintf("report-%s-%d", light, wide))
				v.quiet()
			})
		}
	}
}

// checkZoom draws over one panel: all panels look closer; the button, a double click and the list of trials do what they say.
func checkZoom(t *testing.T, browser context.Context, file string, _ *model.Summary) {
	v := browse(t, browser, file, 1280)
	scales := func() [][2]float64 {
		return ask[[][2]float64](v, `rehearseCharts.filter(c => c.group).map(c => [c.plot.scales.x.min, c.plot.scales.x.max])`)
	}
	whole := scales()
	same := func(when string, want [2]float64) {
		t.Helper()
		for i, got := range scales() {
			if got != want {
				t.Errorf("%s: panel %d shows %v, want %v", when, i, got, want)
			}
		}
	}
	v.do(chromedp.ScrollIntoView(chromedp.CSS(".panels .canvas")))
	over := ask[box](v, `(() => { const b = rehearseCharts[0].plot.over.getBoundingClientRect(); return {Left: b.left, Top: b.top, Width: b.width, Height: b.height}; })()`)
	at := func(share float64) (x, y float64) { return over.Left + share*over.Width, over.Top + over.Height/2 }
	mouse := func(kind input.DispatchMouseEventType, share float64) act {
		x, y := at(share)
		return call(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: x, Y: y, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1})
	}
	v.do(mouse("mouseMoved", 0.25), mouse("mousePressed", 0.25), mouse("mouseMoved", 0.4), mouse("mouseMoved", 0.5), mouse("mouseReleased", 0.5))
	near := scales()[0]
	length := whole[0][1] - whole[0][0]
	if got := (near[1] - near[0]) / length; got < 0.2 || got > 0.3 {
		t.Fatalf("a quarter of the width shows %v of the time: %v of %v", got, near, whole[0])
	}
	same("after the drag", near)
	if legend := ask[string](v, `document.querySelector(".panels output").textContent`); !strings.Contains(legend, ":") {
		t.Errorf("the cursor tells %q, want the time and what it is in", legend)
	}
	v.do(chromedp.Click(chromedp.CSS(".panels .reset")))
	same("after the reset", whole[0])
	ask[bool](v, `(() => { const s = document.querySelector(".panels .spans"); s.selectedIndex = 2; return s.dispatchEvent(new Event("change")); })()`)
	if second := scales()[0]; !(second[0] > whole[0][0]) || !(second[1]-second[0] < length/2) {
		t.Errorf("the second trial is %v of %v", second, whole[0])
	}
	x, y := at(0.5)
	v.do(chromedp.MouseClickXY(x, y, chromedp.ClickCount(2)))
	same("after a double click", whole[0])
	v.quiet()
}

// checkTheme presses the button, which changes the light of page and charts.
func checkTheme(t *testing.T, browser context.Context, file string, _ *model.Summary) {
	v := browse(t, browser, file, 1280, prefer("light"))
	ground := `getComputedStyle(document.body).backgroundColor + " " + rehearseCharts[0].plot.axes[0].stroke()`
	light := ask[string](v, ground)
	v.do(chromedp.Click(chromedp.CSS("#theme")))
	dark := ask[string](v, ground)
	v.do(chromedp.Click(chromedp.CSS("#theme")))
	if dark == light || ask[string](v, ground) != light {
		t.Errorf("got %q, then %q by the button", light, dark)
	}
	if n := ask[int](v, `rehearseCharts.filter(c => c.host.querySelectorAll("canvas").length !== 1).length`); n != 0 {
		t.Errorf("%d charts are there twice or not at all", n)
	}
	v.quiet()
}

// checkWithoutScripts demands that without scripts every figure is there: pictures instead of canvases, and nothing that would need a script.
func checkWithoutScripts(t *testing.T, browser context.Context, file string, _ *model.Summary) {
	for _, wide := range []int64{1280, 390} {
		v := browse(t, browser, file, wide, call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
		drawn := ask[[]box](v, pictures)
		if figures := ask[int](v, `document.querySelectorAll(".chart").length`); len(drawn) != figures || figures < 6 {
			t.Errorf("%d of %d charts have a picture", len(drawn), figures)
		}
		for _, p := range drawn {
			if p.Width < 300 || p.Height < 60 || p.Pixels < 4 {
				t.Errorf("picture is small or empty: %+v", p)
			}
		}
		if n := ask[int](v, `[...document.querySelectorAll(".canvas, .needs-script")].filter(e => e.getBoundingClientRect().height > 0).length`); n > 0 {
			t.Errorf("%d things are shown that need a script", n)
		}
		if n := ask[float64](v, aside); n > 0 {
			t.Errorf("the page is %v pixels wider than its window", n)
		}
		v.looking(t, fmt.Sprintf("report-without-scripts-%d", wide))
		v.quiet()
	}
}

// A4 without its margins, in CSS pixels.
const (
	paperWide = (210 - 24) * 96 / 25.4
	paperHigh = (297 - 28) * 96 / 25.4
)

// checkPaper demands that on paper the pictures are back, each fits a page and is not to be cut, and the colours are those of the day.
func checkPaper(t *testing.T, browser context.Context, file string, _ *model.Summary) {
	v := browse(t, browser, file, int64(math.Round(paperWide)), prefer("dark"))
	pdf, err := chromedp.Run(v.ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize(), chromedp.PDFPrintBackground()))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), "report.pdf"), pdf, 0o644); err != nil || !strings.HasPrefix(string(pdf), "%PDF") {
		t.Errorf("got %.9q and %v, want a PDF", pdf, err)
	}
	v.do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}))
	if ground := ask[string](v, `getComputedStyle(document.body).backgroundColor`); ground != "rgb(255, 255, 255)" {
		t.Errorf("the paper is %s", ground)
	}
	for _, p := range ask[[]box](v, pictures) {
		if p.Width < 200 || p.Width > paperWide+1 || p.Height < 40 {
			t.Errorf("picture is not on paper: %+v", p)
		}
	}
	type figure struct {
		Name, Breaks string
		Height       float64
	}
	for _, f := range ask[[]figure](v, `[...document.querySelectorAll(".chart, .bars tr, .figures li")].map(f => ({Name: f.textContent.slice(0, 40),
		Breaks: getComputedStyle(f).breakInside, Height: f.getBoundingClientRect().height}))`) {
		if f.Breaks != "avoid" || f.Height > paperHigh {
			t.Errorf("may be cut over a page: %+v", f)
		}
	}
	if n := ask[float64](v, aside); n > 0 {
		t.Errorf("the page is %v pixels wider than the paper", n)
	}
	v.quiet()
}

// checkKeyboard uses the keyboard alone: the first key leads past the top, and what scrolls can be reached.
func checkKeyboard(t *testing.T, browser context.Context, file string, _ *model.Summary) {
	v := browse(t, browser, file, 390)
	v.do(chromedp.KeyEvent("\t"))
	if got := ask[string](v, `document.activeElement.textContent + getComputedStyle(document.activeElement).outlineStyle`); got != "Skip to the reportsolid" {
		t.Errorf("the first key leads to %q", got)
	}
	scrolling := `[...document.querySelectorAll("*")].filter(e => e.scrollWidth > e.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(e).overflowX))`
	if n := ask[int](v, scrolling+`.filter(e => e.tabIndex < 0 || !(e.getAttribute("aria-label") || e.tagName === "PRE")).length`); n > 0 {
		t.Errorf("%d things scroll that no key reaches or that have no name", n)
	}
	if n := ask[int](v, scrolling+`.length`); n == 0 {
		t.Error("no table scrolls on a phone: the test does not see what it is about")
	}
	v.quiet()
}

// Whatever happened there is a report, and a browser shows it.
func TestReportsOfAllKinds(t *testing.T) {
	browser := browser(t)
	for name, of := range oddRuns() {
		t.Run(name, func(t *testing.T) {
			run, s := of().summarized(t)
			file := filepath.Join(t.TempDir(), HTMLFile)
			if err := replace(file, func(w io.Writer) error { return html(w, &summary{s}, detailsOf(run, s), looksOf(run, s)) }); err != nil {
				t.Fatal(err)
			}
			v := browse(t, browser, file, 1280)
			text := ask[string](v, `document.body.innerText`)
			for _, want := range []string{s.Scenario, (&summary{s}).sentence(), "Can I trust this run?", "How to reproduce it"} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing", want)
				}
			}
			if got := ask[string](v, `document.querySelector(".badge").textContent.trim()`); got != s.Verdict.String() {
				t.Errorf("the page says %q, the verdict is %s", got, s.Verdict)
			}
			for _, nonsense := range []string{"NaN", "Inf", "undefined", "%!", "<nil>"} {
				if strings.Contains(text, nonsense) {
					t.Errorf("the page says %s", nonsense)
				}
			}
			if n := ask[float64](v, aside); n > 0 {
				t.Errorf("the page is %v pixels wider than its window", n)
			}
			v.looking(t, "report")
			v.quiet()
		})
	}
}

const hostile = `<script>alert(1)</script> 캐시`

// oddRuns are those that are easily forgotten.
func oddRuns() map[string]func() *made {
	return map[string]func() *made{
		"short": func() *made {
			m := makeRun(1, steady, "baseline", "cache")
			for i := range m.header.Stages {
				m.header.Stages[i].BeginSeconds, m.header.Stages[i].EndSeconds = float64(i), float64(i+1)
			}
			m.unread = true
			return m
		},
		"interrupted": told()["truncated"],
		"no hits": func() *made {
			m := makeRun(2, steady, "baseline", "cache")
			m.windows = slices.DeleteFunc(m.windows, func(w record.Window) bool { return w.Stage == "peak" })
			m.header.Stages[2].Hits, m.header.Stages[2].FromRate, m.header.Stages[2].ToRate = 0, 0, 0
			return m
		},
		"failed start": func() *made {
			m := makeRun(2, steady, "baseline", "cache")
			m.windows, m.samples = nil, nil
			m.events = []record.Event{{AtSeconds: 1, Trial: -1, Kind: record.EventInterrupted, Text: "the primary did not start"}}
			return m
		},
		"nothing at all": func() *made {
			m := makeRun(1, steady, "baseline", "cache")
			m.windows, m.samples, m.events = nil, nil, nil
			return m
		},
		"one state":    told()["one-state"],
		"fail":         told()["fail"],
		"inconclusive": told()["inconclusive"],
		"hopeless":     told()["hopeless"],
		"hostile": func() *made {
			m := makeRun(2, wobble, "baseline", "cache")
			m.header.States[1], m.header.Scenario, m.unread = hostile, hostile, true
			m.scenario.Name, m.scenario.Phases = hostile, []string{hostile}
			for i := range m.header.Trials {
				if m.header.Trials[i].State == "cache" {
					m.header.Trials[i].State = hostile
				}
			}
			m.header.Operations[0], m.header.Command = hostile, []string{"rehearse", "run", hostile}
			for i := range m.windows {
				if m.windows[i].Op == "login" {
					m.windows[i].Op, m.windows[i].Failed, m.windows[i].Completed = hostile, 1, m.windows[i].Completed-1
					m.windows[i].Errors = map[string]uint64{hostile: 1}
				}
			}
			m.events = append([]record.Event{{AtSeconds: 3, Trial: -1, Kind: record.EventFault, Text: hostile}}, m.events...)
			m.scenario.Budgets = []scenarios.Budget{{Metric: "p95", State: hostile, Max: new(0.05), Line: 3}}
			return m
		},
	}
}

// No number of a state that collapsed is called better, and against one that did none is worse; that a healthy state fell over is
// told.
func TestNothingIsBetterInACollapse(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after float64
		want          page.Tone
		why           string
	}{
		{"both", 0.999, 0.99, page.Neutral, "baseline and extract-main collapsed, so no change can be told"},
		{"both, the other worse", 0.99, 0.999, page.Neutral, "baseline and extract-main collapsed, so no change can be told"},
		{"the first", 0.9, 0, page.Neutral, "baseline collapsed, so no change can be told"},
		{"the other", 0, 0.9, page.Bad, ""},
	} {
		m := makeRun(2, steady, "baseline", "extract-main")
		for i, one := range m.header.Trials {
			m.fail(i, "peak", map[string]float64{"baseline": c.before, "extract-main": c.after}[one.State])
		}
		_, s := m.summarized(t)
		for _, card := range (&summary{s}).keyFigures()[2:] {
			if card.Change.Tone != c.want || !strings.Contains(card.Note, c.why) || c.want == page.Neutral && card.Change.Word != "~" {
				t.Errorf("%s: got %+v, want tone %v and %q", c.name, card, c.want, c.why)
			}
		}
		for _, phase := range s.Compared() {
			for _, e := range []model.Estimate{phase.P95Ratio, phase.PrimaryQPSRatio} {
				if e.Verdict == model.Better || e.Why == "" {
					t.Errorf("%s: got %+v, want no improvement", c.name, e)
				}
			}
		}
	}
}

// A change in points is what a reader finds who subtracts the numbers beside it.
func TestPointsAreOfTheNumbersShown(t *testing.T) {
	for _, c := range []struct {
		before, after stat.Number
		want          string
	}{
		{0.0002, 0.000444, "+0.0244 points"}, {0.9998, 0.99956, "unchanged"}, {1, 0.9987, "−0.100 points"},
		{0.5, 0.25, "−25.0 points"}, {0, 0.00004, "unchanged"}, {stat.Unknown(), 0, numeral.Missing},
	} {
		if got := points(c.before, c.after, 1).Word; got != c.want {
			t.Errorf("%v to %v: got %q, want %q", c.before, c.after, got, c.want)
		}
	}
}
