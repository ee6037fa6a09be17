package reports

import (
	"archive/zip"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// realRun is a recorded one of ci-gate, on two virtual cores.
func realRun(t *testing.T) (*record.Run, *model.Summary) {
	t.Helper()
	kept, err := zip.OpenReader(filepath.Join("testdata", "run.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(dir, kept); err != nil {
		t.Fatal(err)
	}
	run := open(t, dir)
	sc := &scenarios.Scenario{Name: run.Header.Scenario, Phases: run.Header.States[1:], Budgets: []scenarios.Budget{
		{Metric: "p95", Max: new(0.003), Line: 41}, {Metric: "primary_statements", Of: scenarios.Baseline, Max: new(0.1), Line: 35},
		{Metric: "errors", Max: new(0.001), Line: 48}, {Metric: "wrong_user", Max: new(0.0), Line: 49},
	}}
	s, err := judge.Examine(run).Summarize(nil, sc)
	if err != nil {
		t.Fatal(err)
	}
	return run, s
}

// browserTimeout is for all visits of a test; each takes a second or two.
const browserTimeout = 5 * time.Minute

// visit is a report open in a browser, and what the browser complained of or asked for meanwhile.
type visit struct {
	testing.TB
	ctx context.Context
	mu  sync.Mutex
	// said are errors and warnings of the console, asked the addresses of requests.
	said, asked []string
}

// browser starts one for all visits of a test. Its end is the end of the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(chromium(t)))
	if os.Getuid() == 0 {
		// Chromium refuses to be root in a sandbox.
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := context.WithTimeout(context.Background(), browserTimeout)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// browse opens a file in a window so wide.
func browse(t *testing.T, browser context.Context, file string, wide int64, before ...act) *visit {
	t.Helper()
	v := &visit{TB: t}
	var cancel context.CancelFunc
	v.ctx, cancel = chromedp.NewContext(browser)
	t.Cleanup(cancel)
	if err := chromedp.Listen(v.ctx, v.listen); err != nil {
		t.Fatal(err)
	}
	address := (&url.URL{Scheme: "file", Path: file}).String()
	v.do(call(network.Enable, network.EnableParams{}),
		call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: wide, Height: 900, DeviceScaleFactor: 1}))
	v.do(append(before, chromedp.Navigate(address))...)
	if asked := v.list(&v.asked); len(asked) != 1 || asked[0] != address {
		t.Errorf("the page asked for %q, want nothing but itself", asked)
	}
	return v
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

// prefer says which light the reader likes.
func prefer(light string) act {
	return call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: light}}})
}

// chromium is where the browser is.
func chromium(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short opens no browser")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no chromium to look at the report with; as root on Debian .ci/setup tests installs it")
	return ""
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

func (v *visit) list(of *[]string) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string(nil), *of...)
}

func (v *visit) do(actions ...act) {
	v.Helper()
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.Fatal(err)
	}
}

// ask evaluates a script in the page.
func ask[T any](v *visit, script string) (answer T) {
	v.Helper()
	answer, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		v.Fatal(err)
	}
	return answer
}

// quiet demands that nothing was complained of.
func (v *visit) quiet() {
	v.Helper()
	for _, line := range v.list(&v.said) {
		v.Errorf("the console says: %s", line)
	}
}

// looking keeps a picture of the page with the other artifacts of the test.
func (v *visit) looking(t *testing.T, name string) {
	t.Helper()
	picture, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), picture, 0o644); err != nil {
		t.Error(err)
	}
}

// reported writes the reports of a run and returns where report.html is.
func reported(t *testing.T, run *record.Run, s *model.Summary) string {
	t.Helper()
	dir := t.TempDir()
	if err := writeAll(dir, run, s, &plot.Fonts{}); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, HTMLFile)
}
