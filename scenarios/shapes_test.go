package scenarios

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// shapes is one of each, some 20,000 hits in 100 s.
func shapes() map[string]Shape {
	spike := Spike{From: 40, To: 600, Rise: 10 * time.Second, Hold: 20 * time.Second, Decay: 70 * time.Second, DecayShape: Linear}
	fading := spike
	fading.DecayShape = Exponential
	return map[string]Shape{
		"step":         Step{From: 40, To: 400, Steps: 4},
		"spike":        spike,
		"fading spike": fading,
		"sine":         Sine{Low: 20, High: 300, Period: 30 * time.Second, PeakAt: 4 * time.Second, Growth: 60},
		"replay":       Replay{Points: []Point{{0, 100}, {20 * time.Second, 500}, {21 * time.Second, 10}, {60 * time.Second, 10}, {100 * time.Second, 400}}},
	}
}

// planOf is a plan of one stage of that shape, of 100 s.
func planOf(arrivals string, shape Shape) *Plan {
	s := &Scenario{Name: "one", Vocabulary: carshare(), Seed: 42, Rounds: 1, Traffic: Traffic{
		Arrivals: arrivals, Stages: []Stage{{Name: "only", Duration: 100 * time.Second, Shape: shape, Measure: true}},
	}}
	return s.Plan()
}

// On the clock of the curve, which runs as fast as hits are due, Poisson arrivals have exponential gaps and are uniform;
// on an ordinary clock they are neither, so the test can tell. See [TestCriticalValues] for the statistic.
func TestPoissonFollowsShapes(t *testing.T) {
	for name, shape := range shapes() {
		p := planOf(Poisson, shape)
		curve := p.Stages[0].Curve
		var plain, changed, uniform []float64
		for hit := range p.Hits(0) {
			y := curve.Volume(hit.Due)
			plain, changed, uniform = append(plain, hit.Due.Seconds()), append(changed, y), append(uniform, y/curve.total())
		}
		gaps := gapsOf(changed)
		if a := exponential(slices.Clone(gaps)); a > gapCritical {
			t.Errorf("%s: A² of the gaps is %v, above the 1%% point %v", name, a, gapCritical)
		}
		if a := andersonDarling(uniform); a > uniformCritical {
			t.Errorf("%s: A² of the arrivals is %v, above the 1%% point %v", name, a, uniformCritical)
		}
		if a := exponential(gapsOf(plain)); a < gapCritical {
			t.Errorf("%s: A² without the curve is %v: the test cannot tell", name, a)
		}
		even := planOf(Even, shape)
		if a := exponential(gapsOf(changedDues(even))); a < gapCritical {
			t.Errorf("%s: A² of even gaps is %v: the test cannot tell them from random ones", name, a)
		}
		if p.Total(0) != even.Total(0) || len(plain) < 10_000 {
			t.Errorf("%s: got %d and %d hits, want as many, and many", name, p.Total(0), even.Total(0))
		}
	}
}

// changedDues are the times of the hits on the clock of their curve.
func changedDues(p *Plan) (at []float64) {
	for hit := range p.Hits(0) {
		at = append(at, p.Stages[0].Curve.Volume(hit.Due))
	}
	return at
}

// A seed makes the same hits to the last bit, whatever the shapes; another seed makes others.
func TestSeedsOfShapes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		s.Traffic.Arrivals = Poisson
		collect := func(s *Scenario) []Hit { return slices.Collect(s.Plan().Hits(0)) }
		one, other := collect(s), collect(reseeded(s))
		if !slices.Equal(one, collect(s)) {
			t.Fatal("the same seed gives other hits")
		}
		// One hit may have no choice, where rounding puts it into a stage of a nanosecond.
		if len(one) > 4 && slices.Equal(one, other) {
			t.Fatal("another seed gives the same hits")
		}
	})
}

// shaped is a scenario of one stage, which is written as given.
func shaped(stage string) string {
	return "version: 1\nname: peak\ntraffic:\n  stages:\n    - {name: only, " + stage + "}\n"
}

const friday = "time,rate\n0,100\n10,500\n20,100\n"

func files() fstest.MapFS {
	return fstest.MapFS{"friday.csv": {Data: []byte(friday)}, "far/friday.csv": {Data: []byte("0s,6k/min\n1m0.5s,200/s\n")}}
}

// Each shape as the documentation spells it.
func TestParseShapes(t *testing.T) {
	points := []Point{{0, 100}, {10 * time.Second, 500}, {20 * time.Second, 100}}
	quicker := []Point{{0, 10}, {2 * time.Second, 50}, {4 * time.Second, 10}}
	for text, want := range map[string]Stage{
		"hold: 600/s, for: 8s":                                {From: 600, To: 600, Duration: 8 * time.Second},
		"ramp: {from: 100/s, to: 600/s}, for: 2s":             {From: 100, To: 600, Duration: 2 * time.Second},
		"step: {from: 100/s, to: 600/s}, for: 2s":             {Shape: Step{100, 600, 1}, Duration: 2 * time.Second},
		"step: {from: 600/s, to: 6k/min, steps: 5}, for: 12s": {Shape: Step{600, 100, 5}, Duration: 12 * time.Second},
		"spike: {from: 100/s, to: 600/s, rise: 2s, hold: 8s, decay: 20s}": {
			Shape: Spike{100, 600, 2 * time.Second, 8 * time.Second, 20 * time.Second, Linear}, Duration: 30 * time.Second,
		},
		"spike: {from: 100/s, to: 600/s, decay: 20s, decay_shape: exponential}": {
			Shape: Spike{From: 100, To: 600, Decay: 20 * time.Second, DecayShape: Exponential}, Duration: 20 * time.Second,
		},
		"sine: {low: 100/s, high: 600/s, period: 24s}, for: 1m": {
			Shape: Sine{Low: 100, High: 600, Period: 24 * time.Second, PeakAt: 12 * time.Second}, Duration: time.Minute,
		},
		"sine: {low: 100/s, high: 600/s, period: 24s, peak_at: 19s, growth: 200/s}, for: 1m": {
			Shape: Sine{100, 600, 24 * time.Second, 19 * time.Second, 200}, Duration: time.Minute,
		},
		"sine: {low: 1/s, high: 2/s, period: 24s, peak_at: 0s}, for: 1m": {
			Shape: Sine{Low: 1, High: 2, Period: 24 * time.Second}, Duration: time.Minute,
		},
		"replay: {file: friday.csv}":                          {Shape: Replay{"friday.csv", points, 1, 1}, Duration: 20 * time.Second},
		"replay: {file: friday.csv, speed: 5, scale: 10%}":    {Shape: Replay{"friday.csv", quicker, 5, 0.1}, Duration: 4 * time.Second},
		"replay: {file: far/friday.csv, speed: 1, scale: 2x}": {Shape: Replay{"far/friday.csv", []Point{{0, 200}, {60500 * time.Millisecond, 400}}, 1, 2}, Duration: 60500 * time.Millisecond},
	} {
		s, err := parseBeside("f", []byte(shaped(text)), files())
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		want.Name, want.Measure = "only", true
		if diff := cmp.Diff([]Stage{want}, s.Traffic.Stages); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// Flags that vary a scenario in its text vary every shape like its curve, and what they write reads as the same.
func TestFlagsVaryShapes(t *testing.T) {
	for _, stage := range []string{
		"hold: 60/s, for: 80s",
		"step: {from: 60/s, to: 6/s, steps: 5}, for: 12m",
		"spike: {from: 100/s, to: 600/s, rise: 2s, hold: 8s, decay: 20s, decay_shape: exponential}",
		"sine: {low: 100/s, high: 600/s, period: 24s, peak_at: 19s, growth: 200/s}, for: 1m",
		"sine: {low: 1/s, high: 2/s, period: 24s}, for: 1h",
		"replay: {file: friday.csv}",
		"replay: {file: far/friday.csv, speed: 0.1, scale: 10%}",
	} {
		f := Open("f", []byte(shaped(stage)), carshare())
		f.Beside(files())
		before, err := f.Read()
		if err != nil {
			t.Fatal(err)
		}
		f.Quick()
		f.Scale(0.5)
		s, err := f.Read()
		if err != nil {
			t.Errorf("%s: %v", stage, err)
			continue
		}
		was, is := before.Traffic.Stages[0], s.Traffic.Stages[0]
		if (is.Duration-quickTrial).Abs() > 10*time.Millisecond || is.Name != was.Name || s.Rounds != 1 {
			t.Errorf("%s: lasts %v now, in\n%s", stage, is.Duration, s.Source)
		}
		// The same curve, half as high, and played in another time.
		grown := 0.5 * is.Duration.Seconds() / was.Duration.Seconds()
		for i := range 11 {
			at := is.Duration * time.Duration(i) / 10
			if got, want := is.curve().Volume(at), grown*was.curve().Volume(was.Duration*time.Duration(i)/10); math.Abs(got-want) > 0.002*is.curve().total() {
				t.Errorf("%s: %v hits by %v, want %v", stage, got, at, want)
			}
		}
	}
}

// A flag may name another series, and its mistakes are those of any other.
func TestSetSeries(t *testing.T) {
	f := Open("f", []byte(shaped("replay: {file: friday.csv}")), carshare())
	f.Beside(files())
	f.Set("traffic.stages[only].replay.file=far/friday.csv")
	if s, err := f.Read(); err != nil || s.Traffic.Stages[0].Duration != 60500*time.Millisecond || len(s.Files) != 1 {
		t.Errorf("got %v, %v", s, err)
	}
	f.Set("traffic.stages[only].replay.file=fridy.csv")
	f.Quick()
	f.Scale(2)
	const want = "--set traffic.stages[only].replay.file: there is no file fridy.csv; put it beside the scenario, or correct the name"
	if _, err := f.Read(); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// A stage may be called like a time.
func TestQuickKeepsNames(t *testing.T) {
	f := Open("f", []byte(strings.Replace(minimal, "name: lunch", "name: 10s", 1)), carshare())
	f.Quick()
	if s, err := f.Read(); err != nil || s.Traffic.Stages[0].Name != "10s" || s.Traffic.Headline != "10s" {
		t.Errorf("got %v, %v", s, err)
	}
}

// The run directory gets exactly the files the scenario names, as they are.
func TestFiles(t *testing.T) {
	src := strings.Replace(shaped("replay: {file: friday.csv}"), "stages:", "stages:\n    - {name: before, replay: {file: friday.csv, speed: 2}}", 1)
	s, err := parseBeside("f", []byte(src), files())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]byte{"friday.csv": []byte(friday)}, s.Files); diff != "" {
		t.Error(diff)
	}
	if s, err := Parse("f", []byte(minimal), carshare()); err != nil || s.Files != nil {
		t.Errorf("got %v and %v, want no files", err, s.Files)
	}
}

// Without a name the headline is the measured stage with the highest mean rate, whatever its shape; unmeasured ones are never it.
func TestHeadlineOfShapes(t *testing.T) {
	stages := map[string]string{
		"step":  "step: {from: 300/s, to: 10/s}, for: 2s",
		"spike": "spike: {from: 1/s, to: 300/s, rise: 1s, decay: 1s}",
		"sine":  "sine: {low: 1/s, high: 300/s, period: 2s}, for: 2s",
		// The wave ends before it peaks.
		"begin":  "sine: {low: 1/s, high: 900/s, period: 8s}, for: 1s",
		"grown":  "sine: {low: 1/s, high: 250/s, period: 2s, growth: 90/s}, for: 4s",
		"replay": "replay: {file: friday.csv, scale: 60%}",
	}
	for name, stage := range stages {
		text := "version: 1\nname: peak\ntraffic:\n  stages:\n    - {name: loudest, hold: 400/s, for: 1s, measure: false}\n    - {name: " + name + ", " + stage +
			"}\n    - {name: quiet, hold: 120/s, for: 1s}\n"
		s, err := parseBeside("f", []byte(text), files())
		want := name
		if name == "begin" {
			want = "quiet"
		}
		if err != nil || s.Traffic.Headline != want {
			t.Errorf("%s: got %v, %v, want %s", name, s, err, want)
		}
	}
	named := strings.Replace(shaped("hold: 9/s, for: 1s}\n    - {name: low, hold: 1/s, for: 1s"), "stages:", "headline: low\n  stages:", 1)
	if s, err := Parse("f", []byte(named), carshare()); err != nil || s.Traffic.Headline != "low" {
		t.Errorf("got %v, %v, want low", s, err)
	}
}

// A quick trial of many stages takes about seven seconds, and keeps every peak.
func TestQuickShapes(t *testing.T) {
	f := Open("f", []byte("version: 1\nname: peak\nrounds: 2\nphases: []\ntraffic:\n  stages:\n"+
		"    - {name: hold, hold: 60/s, for: 80s}\n"+
		"    - {name: ramp, ramp: {from: 6/s, to: 60/s}, for: 90s}\n"+
		"    - {name: step, step: {from: 40/s, to: 400/s, steps: 4}, for: 100s}\n"+
		"    - {name: spike, spike: {from: 40/s, to: 600/s, rise: 10s, hold: 20s, decay: 70s, decay_shape: exponential}}\n"+
		"    - {name: sine, sine: {low: 20/s, high: 300/s, period: 30s, peak_at: 4s, growth: 60/s}, for: 110s}\n"+
		"    - {name: replay, replay: {file: friday.csv, speed: 0.2}}\n"), carshare())
	f.Beside(files())
	whole, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	f.Quick()
	short, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	full, quick := whole.Plan(), short.Plan()
	if (quick.Duration() - quickTrial).Abs() > 250*time.Millisecond {
		t.Errorf("a quick trial takes %v", quick.Duration())
	}
	for i, stage := range quick.Stages {
		// Times are rounded to four digits or so, which moves the peak of a wave that grows.
		if a, b := full.Stages[i].Peak(), stage.Peak(); math.Abs(a-b) > 1e-3*a || stage.Curve.Length() != stage.End-stage.Begin {
			t.Errorf("%s: the peak %v became %v, in %v of %v", stage.Name, a, b, stage.Curve.Length(), stage.End-stage.Begin)
		}
	}
	checkHits(t, quick, 0, 1_000_000)
}

// Times of a planned stage are on the trial's clock, and a stage that was made without a curve has a straight one.
func TestPlannedStage(t *testing.T) {
	stages := place([]Stage{{Duration: time.Second, From: 1, To: 1}, {Duration: 4 * time.Second, Shape: Step{From: 10, To: 30, Steps: 1}}})
	step := stages[1]
	if step.Rate(2*time.Second) != 10 || step.Rate(4*time.Second) != 30 || step.Peak() != 30 || step.From != 10 || step.To != 30 || step.Shape != "step" {
		t.Errorf("got %+v", step)
	}
	bare := PlannedStage{Begin: time.Second, End: 3 * time.Second, From: 10, To: 30}
	if bare.Rate(2*time.Second) != 20 || bare.Peak() != 30 || !slices.Equal(bare.Means(2), []float64{15, 25}) {
		t.Errorf("got %v, %v, %v", bare.Rate(2*time.Second), bare.Peak(), bare.Means(2))
	}
	if stages[0].Shape != "hold" || (Stage{From: 1, To: 2}).kind() != "ramp" {
		t.Errorf("got %q", stages[0].Shape)
	}
}

// A trial is streamed whatever its shapes: finding when a hit is due keeps nothing.
func TestShapesAreStreamed(t *testing.T) {
	for name, shape := range shapes() {
		p := planOf(Poisson, shape)
		allocations := testing.AllocsPerRun(1, func() {
			for range p.Hits(0) {
			}
		})
		if allocations > 100 {
			t.Errorf("%s: got %v allocations for %d hits, want a few", name, allocations, p.Total(0))
		}
	}
}
