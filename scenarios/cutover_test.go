package scenarios

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func cutoverScenario(stages ...Stage) *Scenario {
	return &Scenario{
		Name: "cut", Vocabulary: cutoverVocabulary(), Seed: 3, Rounds: 3, Phases: []string{"extract", "cache"},
		Traffic: Traffic{Arrivals: Even, Timeout: time.Second, Headline: stages[len(stages)-1].Name, Stages: stages},
	}
}

func hold(name string, rate float64, length time.Duration, measure bool) Stage {
	return Stage{Name: name, From: rate, To: rate, Duration: length, Measure: measure}
}

func cutoverVocabulary() Vocabulary {
	return Vocabulary{Phases: []string{"extract", "cache"}, Operations: []Operation{{Name: "verify", Share: 0.75}, {Name: "login", Share: 0.25}}}
}

func TestCutoverPlan(t *testing.T) {
	s := cutoverScenario(hold("warm-up", 10, 5*time.Second, false), hold("peak", 40, 8*time.Second, true))
	s.Traffic.Stages[1].Mix = map[string]float64{"verify": 0.5, "login": 0.5}
	for _, tt := range []struct {
		back bool
		want []string
	}{
		{false, []string{"warm-up 0s-5s baseline", "baseline 5s-12s baseline", "extract 12s-19s extract", "cache 19s-26s cache"}},
		{true, []string{"warm-up 0s-5s baseline", "baseline 5s-12s baseline", "extract 12s-19s extract", "cache 19s-26s cache",
			"extract again 26s-33s extract", "baseline again 33s-40s baseline"}},
	} {
		p, states := s.Plan().Cutover(7*time.Second, tt.back)
		var got []string
		for i, stage := range p.Stages {
			got = append(got, fmt.Sprintf("%s %v-%v %s", stage.Name, stage.Begin, stage.End, states[i]))
			if stage.From != 40 || stage.To != 40 || stage.Measure != (i > 0) || !slices.Equal(stage.Shares, []float64{0.5, 0.5}) {
				t.Errorf("%+v, want the rate and the mix of the peak", stage)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("and back %v (-want +got):\n%s", tt.back, diff)
		}
		if len(p.Trials) != 1 || p.Trials[0].State != Baseline || p.Rounds != 1 || p.Repeats() != 0 || p.Headline != Baseline {
			t.Errorf("got %+v, %d rounds, %d repeats, headline %s", p.Trials, p.Rounds, p.Repeats(), p.Headline)
		}
	}
}

// A headline that moves is held at its mean, and nothing warms up in no time.
func TestCutoverRate(t *testing.T) {
	for _, tt := range []struct {
		stage Stage
		want  float64
	}{
		{Stage{Name: "peak", From: 100, To: 300, Duration: 8 * time.Second, Measure: true}, 200},
		{Stage{Name: "peak", Shape: Spike{From: 0, To: 100, Hold: time.Second, Decay: 2 * time.Second, DecayShape: Linear}, Duration: 3 * time.Second, Measure: true}, 67},
		{hold("peak", 0.25, time.Minute, true), 0.25},
	} {
		p, _ := cutoverScenario(tt.stage).Plan().Cutover(3*time.Second, false)
		if p.Stages[0].End != shortestWarmUp || p.Stages[1].From != tt.want {
			t.Errorf("got a warm-up of %v and %v/s, want %v and %v/s", p.Stages[0].End, p.Stages[1].From, shortestWarmUp, tt.want)
		}
	}
}

// Whatever the scenario: names are unique, stages are back to back, every hit of the trial is due in one of them.
func TestCutoverIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate, length := rapid.Float64Range(1, 50).Draw(t, "rate"), time.Duration(rapid.Int64Range(1e9, 5e9).Draw(t, "length"))
		p, states := cutoverScenario(hold("peak", rate, time.Second, true)).Plan().Cutover(length, rapid.Bool().Draw(t, "back"))
		names, end, hits := map[string]bool{}, time.Duration(0), uint64(0)
		for _, stage := range p.Stages {
			if stage.Begin != end || names[stage.Name] {
				t.Fatalf("%s begins at %v after %v", stage.Name, stage.Begin, end)
			}
			names[stage.Name], end = true, stage.End
		}
		for range p.Hits(0) {
			hits++
		}
		if len(states) != len(p.Stages) || hits != p.Trials[0].Hits || hits != p.Total(0) {
			t.Fatalf("%d states of %d stages; %d hits, planned %d", len(states), len(p.Stages), hits, p.Trials[0].Hits)
		}
	})
}
