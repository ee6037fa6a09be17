package live

import (
	"archive/zip"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// browserTimeout is for everything a test does in the browser; on an idle machine it takes seconds.
const browserTimeout = 3 * time.Minute

// replayed is a real recorded run, entry by entry in about the order in which they were recorded.
func replayed(t *testing.T) (record.Header, []record.Entry) {
	t.Helper()
	kept, err := zip.OpenReader(filepath.Join("..", "testdata", "run.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(dir, kept); err != nil {
		t.Fatal(err)
	}
	run, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	// It is of a build that did not say so.
	run.Header.Application = &record.Application{Roles: []string{"callers", "auth"}, Services: []string{"auth", "callers"}, Entrance: "callers"}
	type timed struct {
		at float64
		record.Entry
	}
	var all []timed
	began := map[int]float64{}
	for _, e := range run.Events {
		if e.Kind == record.EventTrialBegin {
			began[e.Trial] = e.AtSeconds
		}
		all = append(all, timed{e.AtSeconds, e})
	}
	for _, w := range run.Windows {
		all = append(all, timed{began[w.Trial] + float64(w.Second) + 1, w})
	}
	for _, s := range run.Samples {
		all = append(all, timed{s.AtSeconds, s})
	}
	slices.SortStableFunc(all, func(a, b timed) int { return cmp.Compare(a.at, b.at) })
	entries := make([]record.Entry, len(all))
	for i, e := range all {
		entries[i] = crowded(e.Entry)
	}
	return run.Header, entries
}

// crowded is an entry of a run on whose machine others had half a processor, and the host a tenth, from its begin.
func crowded(e record.Entry) record.Entry {
	sample, is := e.(record.Sample)
	if !is || sample.Source != "cpu" {
		return e
	}
	sample.Values = maps.Clone(sample.Values)
	sample.Values[record.ProcessorsKey], sample.Values[record.ForeignKey] = 2, sample.AtSeconds/2
	sample.Values["steal_seconds_total"] = sample.AtSeconds / 10
	return sample
}

// act is something done in the browser.
type act = chromedp.Action[chromedp.Void]

// call makes an action of a command of the browser's protocol.
func call[P any](command cdp.Command[P, cdp.Empty], p P) act {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, p)
		return err
	})
}

// visit is the page open in a real browser, and what the browser complained of or asked for meanwhile.
type visit struct {
	*testing.T
	ctx         context.Context
	mu          sync.Mutex
	said, asked []string
}

func browse(t *testing.T) *visit {
	t.Helper()
	if testing.Short() {
		t.Skip("-short opens no browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium to look at the page with; as root on Debian .ci/setup tests installs it")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path))
	if os.Getuid() == 0 {
		// Chromium refuses to be root in a sandbox.
		options = append(options, chromedp.NoSandbox)
	}
	v := &visit{T: t}
	ctx, cancel := context.WithTimeout(context.Background(), browserTimeout)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	v.ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	v.do()
	if err := chromedp.Listen(v.ctx, v.listen); err != nil {
		t.Fatal(err)
	}
	v.do(call(network.Enable, network.EnableParams{}))
	return v
}

func (v *visit) listen(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		v.asked = append(v.asked, event.Request.URL)
	case *log.EventEntryAdded:
		v.said = append(v.said, event.Entry.Text)
	case *runtime.EventExceptionThrown:
		v.said = append(v.said, event.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		v.said = append(v.said, fmt.Sprint(event.Type, event.Args))
	}
}

func (v *visit) do(actions ...act) {
	v.Helper()
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.Fatal(err)
	}
}

// ask evaluates a script in the page.
func ask[T any](v *visit, script string) T {
	v.Helper()
	answer, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		v.Fatal(err)
	}
	return answer
}

// until waits for a script to say yes.
func (v *visit) until(script string) {
	v.Helper()
	for !ask[bool](v, script) {
		select {
		case <-v.ctx.Done():
			v.Fatalf("never came true: %s", script)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// keep puts a picture of the page beside the other artifacts of the test.
func (v *visit) keep(name string, width int64, light string) {
	v.Helper()
	v.do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: light}}}),
		call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1}))
	// The charts are drawn anew in the next picture or two.
	v.until(fmt.Sprintf(`rehearseLive.plots.every((p) => p.width <= %d)`, width))
	picture, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		v.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(v.ArtifactDir(), name+".png"), picture, 0o644); err != nil {
		v.Error(err)
	}
}

// inked is, for each chart, how many pixels are of no grey: of a line, that is.
const inked = `rehearseLive.plots.map((p) => {
	const {width, height} = p.ctx.canvas, pixels = p.ctx.getImageData(0, 0, width, height).data;
	let n = 0;
	for (let i = 0; i < pixels.length; i += 4) {
		if (pixels[i + 3] > 128 && Math.max(pixels[i], pixels[i+1], pixels[i+2]) - Math.min(pixels[i], pixels[i+1], pixels[i+2]) > 40) n++;
	}
	return n;
})`

// A real run in a real browser: drawn while it lasts, whole again after a reload, told when it is over; no word in the
// console, no request to anybody else, and names are text.
func TestBrowser(t *testing.T) {
	h, entries := replayed(t)
	h.Scenario = "<script>alert(1)</script> 캐시"
	s, err := New(h)
	if err != nil {
		t.Fatal(err)
	}
	url := listening(t, s)
	v := browse(t)
	v.do(chromedp.Navigate(url))
	v.until(`rehearseLive.run !== null`)
	for _, e := range entries[:len(entries)/2] {
		s.Observe(e)
	}
	s.Observe(record.Event{AtSeconds: 20, Kind: record.EventFault, Text: h.Scenario})
	half := lastSecond(s)
	v.until(fmt.Sprintf(`rehearseLive.points.length > 0 && rehearseLive.points.at(-1).at_seconds > %v - 1e-3`, half))
	before := ask[int](v, `rehearseLive.points.length`)
	if got := ask[string](v, `document.getElementById("name").textContent`); got != h.Scenario {
		t.Errorf("got the name %q, want %q", got, h.Scenario)
	}
	if got := ask[string](v, `document.getElementById("events").textContent`); !strings.Contains(got, "<script>alert(1)</script> 캐시") {
		t.Errorf("got the events %q, want the name among them", got)
	}
	v.keep("lasting", 1280, "light")

	v.do(chromedp.Reload())
	v.until(fmt.Sprintf(`rehearseLive.points.length === %d`, before))
	for _, e := range entries[len(entries)/2:] {
		s.Observe(e)
	}
	s.Finish(Ending{Verdict: "pass", Sentence: h.Scenario, Report: "/out/report.html"})
	v.until(`rehearseLive.ending !== null && !document.getElementById("ending").hidden`)
	s.Wait(t.Context())
	if after := ask[int](v, `rehearseLive.points.length`); after <= before {
		t.Errorf("got %d seconds, want more than the %d of the first half", after, before)
	}
	if got := ask[string](v, `document.getElementById("ending").innerText`); !strings.Contains(got, "PASS") || !strings.Contains(got, "/out/report.html") || !strings.Contains(got, h.Scenario) {
		t.Errorf("got the ending %q", got)
	}
	v.keep("over", 1280, "light")
	for i, n := range ask[[]int](v, inked) {
		// The generator's lag is black.
		if n < 100 && i != 5 {
			t.Errorf("chart %d has %d pixels of colour", i, n)
		}
	}
	for _, empty := range ask[[]string](v, `rehearseLive.plots.flatMap((p) => p.series.slice(1).filter((line, i) => p.data[i + 1].every((y) => y == null)).map((line) => line.label))`) {
		t.Errorf("the line of %s has no value in a run that has all of them", empty)
	}
	zoomed(v)
	v.keep("over-dark-narrow", 390, "dark")
	if wide := ask[int](v, `document.documentElement.scrollWidth`); wide > 390 {
		t.Errorf("the page is %d pixels wide in a window of 390", wide)
	}

	v.mu.Lock()
	defer v.mu.Unlock()
	for _, line := range v.said {
		t.Errorf("the console says: %s", line)
	}
	for _, address := range v.asked {
		if !strings.HasPrefix(address, url+"/") && !strings.HasPrefix(address, "data:,") {
			t.Errorf("the page asked for %s", address)
		}
	}
}

// Where more than five of a hundred hits fail, p95 goes on at the timeout, and the page says that it is more than that.
func TestBrowserInACollapse(t *testing.T) {
	h, _ := replayed(t)
	h.TimeoutSeconds = 5
	s, err := New(h)
	if err != nil {
		t.Fatal(err)
	}
	v, url := browse(t), listening(t, s)
	// A page lets go of a run that is over.
	t.Cleanup(func() { s.Finish(Ending{Verdict: "fail"}) })
	v.do(chromedp.Navigate(url))
	s.Observe(begin(0, 1))
	for second := range 4 {
		failed := uint64(0)
		if second > 1 {
			failed = 20
		}
		s.Observe(hits(second, "verify", 100, failed))
	}
	v.until(`rehearseLive.points.length === 4`)
	const tile = `[...document.querySelectorAll("#figures li")].find((tile) => tile.querySelector(".label").textContent === "p95").querySelector(".value").textContent`
	v.until(tile + ` === "over 5 s"`)
	p95 := ask[[]float64](v, `rehearseLive.plots[1].data[rehearseLive.plots[1].series.findIndex((line) => line.label === "p95")].map((y) => y == null ? -1 : Math.round(y))`)
	if want := []float64{95, 95, 5000, 5000}; !slices.Equal(p95, want) {
		t.Errorf("got p95 drawn at %v ms, want %v", p95, want)
	}
	if got := ask[string](v, `[...document.querySelectorAll("[aria-label]")].map((e) => e.getAttribute("aria-label")).find((label) => label.startsWith("Response"))`); !strings.Contains(got, "p95 over 5 s") {
		t.Errorf("the chart is called %q", got)
	}
	v.keep("collapse", 1280, "light")
}

// lastSecond is when the latest second on the board began.
func lastSecond(s *Server) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.follower.begun + float64(s.follower.latest)
}

// zoomed drags over a chart; all of them then show that stretch, until the button is pressed.
func zoomed(v *visit) {
	v.Helper()
	const shown = `rehearseLive.plots.map((p) => Math.round(p.scales.x.max - p.scales.x.min))`
	whole := ask[[]int](v, shown)
	box := ask[[]float64](v, `(() => {
		rehearseLive.plots[0].over.scrollIntoView({block: "center", behavior: "instant"});
		const box = rehearseLive.plots[0].over.getBoundingClientRect();
		return [box.left, box.top, box.width, box.height];
	})()`)
	mouse := func(kind input.DispatchMouseEventType, share float64) act {
		return call(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: box[0] + share*box[2], Y: box[1] + box[3]/2,
			Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1})
	}
	v.do(mouse("mouseMoved", 0.2), mouse("mousePressed", 0.2), mouse("mouseMoved", 0.3), mouse("mouseMoved", 0.4), mouse("mouseReleased", 0.4))
	for i, n := range ask[[]int](v, shown) {
		if n > whole[i]/2 {
			v.Errorf("chart %d shows %d s of %d after a drag over a fifth", i, n, whole[i])
		}
	}
	ask[bool](v, `document.getElementById("reset").click() === undefined`)
	if again := ask[[]int](v, shown); !slices.Equal(again, whole) {
		v.Errorf("got %v after the reset, want %v", again, whole)
	}
}
