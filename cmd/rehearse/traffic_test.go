package main

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// planOf is the plan of a scenario's text.
func planOf(t *testing.T, name string, text []byte, set ...string) *scenarios.Plan {
	t.Helper()
	f := scenarios.Open(name, text, vocabularies()...)
	f.Beside(scenarios.ShippedFiles())
	for _, assignment := range set {
		f.Set(assignment)
	}
	s, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	return s.Plan()
}

// Where all operations have one curve, it is the only one.
func TestOneCurveForAll(t *testing.T) {
	text := "version: 1\nname: peak\ntraffic: {stages: [{name: rise, ramp: {from: 0/s, to: 60/s}, for: 20s}]}\n"
	if got := operationCurves(planOf(t, "peak", []byte(text))); got != "" {
		t.Errorf("got%s", got)
	}
}

// A line of each operation is drawn where they differ: in the echo of sessions, and between stages of different mixes.
func TestCurvesThatDiffer(t *testing.T) {
	for name, tt := range map[string]struct{ traffic, want string }{
		"sessions": {`{arrivals: even, mix: {login: 100%}, sessions: {steps: [verify], think: 1m, token_life: 20s},
  stages: [{name: surge, hold: 100/s, for: 5s}, {name: after, hold: 0/s, for: 55s}]}`, `
█████               █████               █████                100/s at the peak of all requests, those of sessions included
█████                                                        100/s at the peak of login
                    █████               █████                100/s at the peak of refresh`},
		"mixes": {`{arrivals: even, stages: [{name: a, hold: 50/s, for: 30s, mix: {verify: 100%}}, {name: b, hold: 50/s, for: 30s, mix: {profile: 100%}}]}`, `
██████████████████████████████                               50/s at the peak of verify
                              ██████████████████████████████ 50/s at the peak of profile`},
	} {
		p := planOf(t, name, []byte("version: 1\nname: peak\ntraffic: "+tt.traffic+"\n"))
		if got := operationCurves(p); got != tt.want {
			t.Errorf("%s: got%s\nwant%s", name, got, tt.want)
		}
	}
}

// Few hits are drawn in wide steps, and the whole line is always as long as that of the curve.
func TestWideSteps(t *testing.T) {
	// Hits in every column, of which each one needs so many.
	for hits, want := range map[float64]int{20: 1, 10: 2, 1: 20, 0.5: 60, 0.1: 60} {
		counts := slices.Repeat([]float64{hits}, columns)
		if got := width(counts); got != want {
			t.Errorf("%v hits: got steps of %d columns, want %d", hits, got, want)
		}
		line, peak := drawn(counts)
		if strings.Count(line, "█") != columns || math.Abs(peak-hits) > 1e-9 {
			t.Errorf("%v hits: got %q and a peak of %v", hits, line, peak)
		}
	}
	// What is all in one place is drawn there.
	burst := make([]float64, columns)
	burst[7] = 20
	if line, peak := drawn(burst); line != strings.Repeat(" ", 7)+"█"+strings.Repeat(" ", 52) || peak != 20 {
		t.Errorf("got %q and a peak of %v, want one column", line, peak)
	}
}
