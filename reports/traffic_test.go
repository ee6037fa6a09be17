package reports

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// planned is the plan of a scenario with this traffic.
func planned(t *testing.T, traffic string) *scenarios.Plan {
	t.Helper()
	v := scenarios.Vocabulary{
		System: "carshare", Operations: []scenarios.Operation{{Name: "verify", Share: 0.9}, {Name: "login", Share: 0.1}, {Name: "refresh"}},
		Roles: scenarios.Roles{Login: "login", Refresh: "refresh", Logout: "logout"},
	}
	s, err := scenarios.Parse("f.yaml", []byte("version: 1\nname: lunch\nseed: 7\ntraffic:\n"+traffic), v)
	if err != nil {
		t.Fatal(err)
	}
	return s.Plan()
}

// sums are the hits in each layer.
func sums(chart plot.Traffic) map[string]float64 {
	hits := map[string]float64{}
	for _, layer := range chart.Layers {
		for _, rate := range layer.Rates {
			hits[layer.Name] += rate * chart.PartSeconds
		}
	}
	return hits
}

const evenly = `  arrivals: even
  headline: peak
  stages:
    - {name: warm-up, hold: 100/s, for: 5s, measure: false}
    - {name: peak, hold: 600/s, for: 10s}
`

func TestTrafficOfAPlan(t *testing.T) {
	p := planned(t, evenly)
	chart := Traffic(p)
	if want := "lunch: 600/s at peak, 6,500 requests in 15s"; chart.Title != want {
		t.Errorf("got %q, want %q", chart.Title, want)
	}
	if want := "One trial of the first round, all requests counted in 75 parts of 200ms and stacked as in the legend. Arrivals even, seed 7."; chart.Subtitle != want {
		t.Errorf("got  %q\nwant %q", chart.Subtitle, want)
	}
	want := []plot.Stage{
		{Band: plot.Band{Span: plot.Span{From: 0, To: 5}, Name: "warm-up"}},
		{Band: plot.Band{Span: plot.Span{From: 5, To: 15}, Name: "peak"}, Measured: true, Headline: true},
	}
	if diff := cmp.Diff(want, chart.Stages); diff != "" {
		t.Error(diff)
	}
	got := sums(chart)
	for i, count := range p.Count(0) {
		if name := p.Operations[i].Name; math.Abs(got[name]-float64(count)) > 1e-6 {
			t.Errorf("%s: got %v hits, want %d", name, got[name], count)
		}
	}
}

// The line is drawn where it says more than the top of the stack.
func TestCurveWhereItDiffers(t *testing.T) {
	const randomly = "  stages: [{name: peak, hold: 600/s, for: 10s}]\n"
	for traffic, want := range map[string]plot.Piece{
		evenly:   nil,
		randomly: {{X: 0, Y: 600}, {X: 10, Y: 600}},
		"  arrivals: even\n  stages: [{name: rise, ramp: {from: 0/s, to: 600/s}, for: 10s}]\n": nil,
		// Two seconds of an hour are a fifteenth of a part.
		"  arrivals: even\n  stages: [{name: calm, hold: 10/s, for: 59m58s}, {name: burst, hold: 500/s, for: 2s}]\n": {
			{X: 0, Y: 10}, {X: 3598, Y: 10}, {X: 3598, Y: 500}, {X: 3600, Y: 500},
		},
	} {
		if diff := cmp.Diff(want, Traffic(planned(t, traffic)).Curve); diff != "" {
			t.Errorf("%s: %s", traffic, diff)
		}
	}
}

// What no straight line is keeps its hits in the line that is drawn of it.
func TestCurveKeepsItsVolume(t *testing.T) {
	p := planned(t, "  stages: [{name: days, sine: {low: 100/s, high: 500/s, period: 5s}, for: 20s}, {name: stairs, step: {from: 0/s, to: 90/s, steps: 3}, for: 1s}]\n")
	curve := Traffic(p).Curve
	var area float64
	for i := 1; i < len(curve); i++ {
		area += (curve[i].X - curve[i-1].X) * (curve[i].Y + curve[i-1].Y) / 2
	}
	if want := 20*300 + 45.0; math.Abs(area-want) > 1 || len(curve) > 2*curveColumns {
		t.Errorf("got %v hits below %d points, want %v", area, len(curve), want)
	}
}

// Sessions are seen: their hits are in the stack, and the finding tells them from the rate of the stage.
func TestTrafficOfSessions(t *testing.T) {
	p := planned(t, `  mix: {login: 100%}
  sessions: {steps: [verify], repeat: 100, think: 1s, token_life: 10s}
  stages:
    - {name: surge, hold: 30/s, for: 5s}
    - {name: after, hold: 0/s, for: 25s}
  headline: surge
`)
	chart := Traffic(p)
	if !strings.HasPrefix(chart.Title, "lunch: 30/s at surge, ") || !strings.Contains(chart.Title, "/s in the mean with sessions, ") || chart.Curve == nil {
		t.Errorf("got %q and the line %v, want the rate with sessions beside that of the stage", chart.Title, chart.Curve)
	}
	if got := sums(chart); got["login"] != 150 || got["refresh"] < 150 || got["verify"] < 2000 {
		t.Errorf("got %v, want what follows 150 logins as well", got)
	}
}

// The longest trial there may be is drawn at once, of a part of its hits, and the picture says so.
func TestTrafficTooLongToCount(t *testing.T) {
	chart := Traffic(planned(t, "  stages: [{name: days, hold: 20000/s, for: 24h}]\n"))
	if want := "lunch: 20,000/s at days, about 1,730,000,000 requests in 24h"; chart.Title != want {
		t.Errorf("got %q, want %q", chart.Title, want)
	}
	if want := "One trial of the first round, one request in 4,320 counted (all are too many) in 144 parts of 10m "; !strings.HasPrefix(chart.Subtitle, want) {
		t.Errorf("got %q, want %q", chart.Subtitle, want)
	}
	if got := sums(chart); math.Abs(got["verify"]+got["login"]-1.728e9) > 4320 {
		t.Errorf("got %v, want 1,728,000,000 in all", got)
	}
}

func TestTrafficParts(t *testing.T) {
	for _, tt := range []struct {
		length time.Duration
		hits   uint64
		want   int
		why    string
	}{
		{15 * time.Second, 1_000_000, 150, "a round length is worth a few parts more"},
		{15 * time.Second, 6_000, 75, "a hundred hits in each"},
		{15 * time.Second, 100, 30, "a second is seen whatever the hits"},
		{time.Second, 1_000_000, 10, "none is shorter than 100 ms"},
		{50 * time.Millisecond, 50, 1, "there is one at least"},
		{10*time.Minute + 10*time.Second, 91_000, 122, "five seconds"},
		{24 * time.Hour, math.MaxUint64, 144, "ten minutes"},
		{7919 * time.Millisecond, 1_000_000, 79, "no round length divides this"},
	} {
		if got := trafficParts(tt.length, tt.hits); got != tt.want {
			t.Errorf("%v with %d hits: got %d parts, want %d: %s", tt.length, tt.hits, got, tt.want, tt.why)
		}
	}
}

func TestStageRates(t *testing.T) {
	for stage, want := range map[string]string{
		"hold: 12.5/s, for: 10s":                                 "12.5/s at a",
		"ramp: {from: 10/s, to: 2000/s}, for: 10s":               "10/s to 2,000/s at a",
		"sine: {low: 1/s, high: 33.333/s, period: 5s}, for: 10s": "up to 33.3/s at a",
	} {
		if got := Traffic(planned(t, "  stages: [{name: a, "+stage+"}]\n")).Title; !strings.HasPrefix(got, "lunch: "+want+", ") {
			t.Errorf("%s: got %q, want %q", stage, got, want)
		}
	}
}

func TestLasting(t *testing.T) {
	for d, want := range map[time.Duration]string{
		24 * time.Hour: "24h", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m", 200 * time.Millisecond: "200ms", 100 * time.Second: "1m40s",
	} {
		if got := lasting(d); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWriteChart(t *testing.T) {
	dir := t.TempDir()
	chart := Traffic(planned(t, evenly))
	for suffix, begin := range map[string]string{".svg": "<?xml", ".png": "\x89PNG"} {
		path := filepath.Join(dir, "a"+suffix)
		if err := WriteChart(path, chart); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(text), begin) {
			t.Errorf("%s begins with %.5q, %v", path, text, err)
		}
	}
	if err := WriteChart(filepath.Join(dir, "a.gif"), chart); err == nil {
		t.Error("a GIF was written")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*gif*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
