package scenarios

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func seconds(s ...float64) []Stage {
	var stages []Stage
	for _, one := range s {
		stages = append(stages, Stage{Duration: time.Duration(one * float64(time.Second))})
	}
	return stages
}

func TestShorten(t *testing.T) {
	for _, tt := range []struct {
		name       string
		have, want []Stage
	}{
		{"in proportion", seconds(20, 20, 40), seconds(1.8, 1.8, 3.5)},
		{"short already", seconds(1.25, 2), seconds(1.25, 2)},
		{"no stage below a second", seconds(10, 100), seconds(1, 6)},
		{"a stage under a second stays", seconds(0.5, 100), seconds(0.5, 6.5)},
		{"one falls after the other", seconds(1, 9, 10, 60), seconds(1, 1, 1, 4)},
		{"more stages than seconds", seconds(5, 5, 5, 5, 5, 5, 5, 5, 5, 5), seconds(1, 1, 1, 1, 1, 1, 1, 1, 1, 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i, got := range shorten(tt.have) {
				if want := tt.want[i].Duration; got != want {
					t.Errorf("stage %d: got %v, want %v", i, got, want)
				}
			}
		})
	}
}

// A quick trial takes about seven seconds; no stage grows, none falls below a second, and longer ones stay longer.
func TestShortenProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stages := seconds(rapid.SliceOfN(rapid.Float64Range(0.001, 4000), 1, 7).Draw(t, "seconds")...)
		short := shorten(stages)
		var sum, total time.Duration
		for i, s := range stages {
			if short[i] > s.Duration || short[i] < min(s.Duration, time.Second) {
				t.Fatalf("stage %d of %v takes %v", i, s.Duration, short[i])
			}
			for j := range i {
				if s.Duration > stages[j].Duration && short[i] < short[j] {
					t.Fatalf("%v became %v, and %v became %v", s.Duration, short[i], stages[j].Duration, short[j])
				}
			}
			sum, total = sum+short[i], total+s.Duration
		}
		// Rounding to tenths moves each stage by half a tenth at most.
		slack := time.Duration(len(stages)) * 50 * time.Millisecond
		if want := min(total, quickTrial); (sum - want).Abs() > slack {
			t.Fatalf("a quick trial takes %v, want %v", sum, want)
		}
	})
}

func TestDataSizes(t *testing.T) {
	for _, size := range DataSizes() {
		if err := Open("f", []byte(minimal), carshare()).Data(size); err != nil {
			t.Error(err)
		}
	}
	if err := Open("f", []byte(minimal), carshare()).Data("smal"); err == nil || !strings.Contains(err.Error(), "did you mean small?") {
		t.Errorf("got %v, want a hint", err)
	}
}

func TestScale(t *testing.T) {
	scaled := func(factor float64) func(*File) { return func(f *File) { f.Scale(factor) } }
	one, half := read(t, "stay-launch").Plan(), vary(t, "stay-launch", scaled(0.5)).Plan()
	if math.Abs(float64(one.Total(0))-2*float64(half.Total(0))) > 2 || one.Duration() != half.Duration() {
		t.Errorf("got %d hits in %v, want half of %d in %v", half.Total(0), half.Duration(), one.Total(0), one.Duration())
	}
	for _, factor := range []float64{1000, math.Inf(1), math.NaN(), -1, 0} {
		if _, err := try("stay-launch", scaled(factor)); err == nil {
			t.Errorf("scaled by %v: got no mistake, want one", factor)
		}
	}
}

func TestOnly(t *testing.T) {
	s := read(t, "stay-launch")
	for _, tt := range []struct {
		only   []string
		states string
		phases []PlannedPhase
	}{
		{[]string{"extract-main"}, "baseline extract-main", []PlannedPhase{{"extract-main", "baseline", "extract-main"}}},
		{[]string{"cache"}, "baseline extract-writes cache", []PlannedPhase{{"cache", "extract-writes", "cache"}}},
		{[]string{"archive", "extract-main"}, "baseline extract-main cache archive", []PlannedPhase{
			{"extract-main", "baseline", "extract-main"}, {"archive", "cache", "archive"},
		}},
	} {
		p := vary(t, "stay-launch", func(f *File) { f.Only(tt.only...) }).Plan()
		if got := strings.Join(p.States, " "); got != tt.states {
			t.Errorf("%v: got states %s, want %s", tt.only, got, tt.states)
		}
		if diff := cmp.Diff(tt.phases, p.Phases); diff != "" {
			t.Errorf("%v: %s", tt.only, diff)
		}
		if len(p.Trials) != len(p.States)*s.Rounds {
			t.Errorf("%v: got %d trials", tt.only, len(p.Trials))
		}
		// A named phase always follows the state it changes, so a reader of the states alone pairs them rightly.
		for _, phase := range p.Phases {
			if i := slices.Index(p.States, phase.After); p.States[i-1] != phase.Before {
				t.Errorf("%v: %s follows %s", tt.only, phase.After, p.States[i-1])
			}
		}
	}
}

// Budgets without a state mean the last one that is measured; those about states left out are set aside, not lost.
func TestOnlyBudgets(t *testing.T) {
	p := vary(t, "stay-launch", func(f *File) { f.Only("cache") }).Plan()
	if len(p.Budgets) != 3 || len(p.Unjudged) != 1 || p.Unjudged[0].State != "archive" {
		t.Fatalf("got %+v and unjudged %+v", p.Budgets, p.Unjudged)
	}
	for _, b := range p.Budgets {
		if b.State != "cache" || b.Stage != "plateau" {
			t.Errorf("got %+v, want the defaults filled in", b)
		}
	}
}

// What makes no sense because of a flag is told of the flag, or of the value in the file that no longer suffices.
func TestVariationMistakes(t *testing.T) {
	for _, tt := range []struct {
		flags func(*File)
		want  string
	}{
		{func(f *File) { f.Only("cach") }, `--only: phase "cach" is not in the scenario; did you mean cache?`},
		{func(f *File) { f.SetBy("--rounds", "rounds", "0") }, "--rounds: 0 rounds are out of range; write a number from 1 to 100"},
		{func(f *File) { f.Scale(40) }, "--scale 40: traffic.stages[2].ramp.to: 24000/s is beyond what one generator can pace; stay at or below 20000/s\n" +
			"--scale 40: traffic.stages[3].hold: 24000/s is beyond what one generator can pace; stay at or below 20000/s"},
		{func(f *File) { f.Set("rounds=28") }, "stay-launch:15:59: system.data.live_tokens: refresh uses up 67200 live tokens in 168 trials and 56 repeats; " +
			"of 200000 it gets 50000; seed at least 268800, or offer less, shorter or in fewer rounds"},
	} {
		if _, err := try("stay-launch", tt.flags); err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}

// The number of tokens that a refusal asks for is enough, and one less per operation is not.
func TestTokensAskedForSuffice(t *testing.T) {
	for tokens, want := range map[string]bool{"268800": true, "268799": false} {
		if _, err := try("stay-launch", func(f *File) { f.Set("rounds=28"); f.Set("system.data.live_tokens=" + tokens) }); (err == nil) != want {
			t.Errorf("%s tokens: got %v", tokens, err)
		}
	}
}

func TestFindMetric(t *testing.T) {
	for _, want := range Metrics(carshare()) {
		if got, found := FindMetric(want.Name, carshare()); !found || got != want {
			t.Errorf("got %v, %v, want %v", got, found, want)
		}
	}
	if m, found := FindMetric("p96", carshare()); found {
		t.Errorf("got %v, want none", m)
	}
}

// A quick look keeps budgets with a time: it shrinks with their stage, in whole seconds.
func TestQuickBudgets(t *testing.T) {
	const text = `version: 1
name: peak
traffic:
  stages:
    - {name: calm, hold: 10/s, for: 20s}
    - {name: lunch, hold: 60/s, for: 80s}
    - {name: brief, hold: 20/s, for: 1s}
budgets:
  - {metric: p95, max: 50ms, for: 40s}
  - {metric: p95, max: 50ms, for: 20s, stage: calm}
  - {metric: p95, max: 50ms, for: 1s, stage: brief}
  - {metric: p95, max: 50ms, stage: calm}
`
	f := Open("f", []byte(text), carshare())
	f.Quick()
	s, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []time.Duration{2 * time.Second, time.Second, time.Second, 0} {
		if got := s.Budgets[i].For; got != want {
			t.Errorf("budget %d lasts %v, want %v", i, got, want)
		}
	}
	if !strings.Contains(string(s.Source), "for: 2s # --quick; the file says 40s") {
		t.Errorf("the text does not say so:\n%s", s.Source)
	}
}
