package scenarios

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawScenario makes any valid small scenario.
func drawScenario(t *rapid.T) *Scenario {
	s := &Scenario{
		Version: 1, Name: "drawn", Seed: rapid.Uint64().Draw(t, "seed"), Rounds: rapid.IntRange(1, 4).Draw(t, "rounds"),
		Vocabulary: carshare(), System: System{"carshare", map[string]any{"data.users": 10, "data.live_tokens": 1_000_000_000, "password_iterations": 1}},
		Traffic: Traffic{
			Arrivals: rapid.SampledFrom([]string{Poisson, Even}).Draw(t, "arrivals"), Timeout: time.Second,
		},
		Phases: carshare().Phases[:rapid.IntRange(0, 5).Draw(t, "phases")],
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "stages") {
		stage := drawStage(t)
		stage.Name, stage.Measure = string(rune('a'+i)), i > 0
		if rapid.Bool().Draw(t, "mixed") {
			stage.Mix = map[string]float64{"verify": 0.5, "login": 0.5}
		}
		s.Traffic.Stages = append(s.Traffic.Stages, stage)
	}
	return s
}

// drawSessions gives s sessions.
func drawSessions(t *rapid.T, s *Scenario) {
	ms := func(name string, least, most int) time.Duration {
		return time.Duration(rapid.IntRange(least, most).Draw(t, name)) * time.Millisecond
	}
	s.Traffic.Sessions = &Sessions{
		Steps:  rapid.SliceOfN(rapid.SampledFrom([]string{"verify", "profile"}), 1, 3).Draw(t, "steps"),
		Repeat: rapid.IntRange(1, 4).Draw(t, "repeat"), Think: ms("think", 1, 2000), Logout: rapid.Float64Range(0, 1).Draw(t, "logout"),
	}
	if rapid.Bool().Draw(t, "exchanged") {
		s.Traffic.Sessions.TokenLife, s.Traffic.Sessions.Jitter = ms("life", 100, 2000), rapid.Float64Range(0, 0.9).Draw(t, "jitter")
	}
}

// fataler is what checkHits needs of a test, a fuzz target or a property.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkHits streams a trial, at most limit hits, and demands of each hit what its documentation says.
func checkHits(t fataler, p *Plan, trial int, limit uint64) []Hit {
	t.Helper()
	var hits []Hit
	var due time.Duration
	seen, own, inStage := make([]uint64, len(p.Operations)), make([]uint64, len(p.Operations)), make([]uint64, len(p.Stages))
	counts, dealt := p.Count(trial), p.dealt()
	for hit := range p.Hits(trial) {
		if uint64(len(hits)) == limit {
			return hits
		}
		stage := p.Stages[hit.Stage]
		op := hit.Operation
		switch {
		case hit.Seq != uint64(len(hits)):
			t.Fatalf("hit %d is number %d", len(hits), hit.Seq)
		case hit.Due < due || hit.Due < stage.Begin || hit.Due >= stage.End:
			t.Fatalf("hit %d is due at %v, after one at %v, in the stage from %v to %v", hit.Seq, hit.Due, due, stage.Begin, stage.End)
		case hit.Step == 0 && hit.N != uint64(trial)*dealt[op]+own[op]:
			t.Fatalf("hit %d is %s %d, want %d", hit.Seq, p.Operations[op].Name, hit.N, uint64(trial)*dealt[op]+own[op])
		}
		due, hits = hit.Due, append(hits, hit)
		seen[op]++
		if hit.Step == 0 {
			own[op]++
			inStage[hit.Stage]++
		}
	}
	for i, stage := range p.Stages {
		if inStage[i] != stage.Hits {
			t.Fatalf("stage %s has %d hits, want %d", stage.Name, inStage[i], stage.Hits)
		}
	}
	if !slices.Equal(seen, counts) || !slices.Equal(own, dealt) || uint64(len(hits)) != p.Total(trial) {
		t.Fatalf("got %v, %d in all, want %v, %d in all", seen, len(hits), counts, p.Total(trial))
	}
	return hits
}

// Every hit of every trial is where and what it should be; N of an operation counts through the whole run, so no two
// trials share a token; and all trials of a round see the same traffic.
func TestHitsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		if rapid.Bool().Draw(t, "sessions") {
			drawSessions(t, s)
		}
		p := s.Plan()
		rounds := map[int][]Hit{}
		for _, trial := range p.Trials {
			hits := checkHits(t, p, trial.Index, math.MaxUint64)
			for i := range hits {
				hits[i].N = 0
			}
			if first, seen := rounds[trial.Round]; seen && !slices.Equal(first, hits) {
				t.Fatalf("trial %d differs from another of round %d", trial.Index, trial.Round)
			}
			rounds[trial.Round] = hits
		}
	})
}

// Counts equal the integral of the rate: within one hit for each stage, within half a hit from the begin to any edge.
func TestCountsAreTheIntegral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		var sum float64
		var hits uint64
		for i, stage := range s.Plan().Stages {
			d := s.Traffic.Stages[i]
			volume := integral(d, d.Duration.Seconds())
			if math.Abs(float64(stage.Hits)-volume) > 1+1e-4 {
				t.Fatalf("stage %d has %d hits, want %v", i, stage.Hits, volume)
			}
			sum, hits = sum+volume, hits+stage.Hits
			if math.Abs(float64(hits)-sum) > 0.5+1e-4 {
				t.Fatalf("%d hits at the end of stage %d, want %v", hits, i, sum)
			}
		}
	})
}

// Even hit k is due when the cumulative curve passes k + 1/2.
func TestEvenFollowsTheCurve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		s.Traffic.Arrivals = Even
		p := s.Plan()
		for hit := range p.Hits(0) {
			got := cumulative(p.Stages, hit.Due)
			// A due time is cut to the nanosecond and kept a nanosecond inside its stage; at 300/s neither is a
			// thousandth of a hit, except that a root near zero rate loses half its digits.
			if want := float64(hit.Seq) + 0.5; math.Abs(got-want) > 1e-3 {
				t.Fatalf("hit %d is due at %v, when the curve is at %v", hit.Seq, hit.Due, got)
			}
		}
	})
}

// cumulative is the integral of the rate from the begin of the trial to at.
func cumulative(stages []PlannedStage, at time.Duration) float64 {
	var sum float64
	for _, s := range stages {
		sum += s.curve().Volume(max(at-s.Begin, 0))
	}
	return sum
}

func TestSeeds(t *testing.T) {
	s := vary(t, "stay-launch", func(f *File) { f.Quick(); f.Set("rounds=2") })
	collect := func(s *Scenario, trial int) []Hit { return slices.Collect(s.Plan().Hits(trial)) }
	one := collect(s, 0)
	if again := collect(s, 0); !slices.Equal(one, again) {
		t.Error("the same seed gives other hits")
	}
	for name, other := range map[string][]Hit{"seed": collect(reseeded(s), 0), "round": collect(s, 6)} {
		same := 0
		for i := range one {
			if one[i].Due == other[i].Due {
				same++
			}
		}
		if same > 0 {
			t.Errorf("another %s: %d of %d hits are due at the same time", name, same, len(one))
		}
	}
}

// Stopping early stops.
func TestHitsBreak(t *testing.T) {
	n := 0
	for range read(t, "stay-launch").Plan().Hits(0) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("got %d hits, want 3", n)
	}
}

// An hour is streamed, not stored: nothing is allocated per hit. It takes well under a second; the bound is the promise.
func TestOneHour(t *testing.T) {
	s := read(t, "stay-launch")
	s.Traffic.Stages = []Stage{
		{Name: "rise", Duration: 30 * time.Minute, From: 0, To: 600, Measure: true},
		{Name: "hold", Duration: 30 * time.Minute, From: 600, To: 600, Measure: true},
	}
	p := s.Plan()
	begin := time.Now()
	allocations := testing.AllocsPerRun(1, func() {
		var n uint64
		for range p.Hits(0) {
			n++
		}
		if n != 1_620_000 || n != p.Total(0) {
			t.Fatalf("got %d hits, want 1,620,000", n)
		}
	})
	if took := time.Since(begin) / 2; took > 10*time.Second {
		t.Errorf("an hour took %v, want less than 10s", took)
	}
	if allocations > 100 {
		t.Errorf("got %v allocations, want a few: the stream grows with the hits", allocations)
	}
}

// A curve that ends on half a hit rounds it up: the hit is due at the last moment of its stage, not in the next one.
func TestLastMoment(t *testing.T) {
	for _, arrivals := range []string{Even, Poisson} {
		s := &Scenario{Name: "half", Rounds: 1, Vocabulary: carshare(), Traffic: Traffic{Arrivals: arrivals, Stages: []Stage{
			{Name: "half", Duration: time.Second / 2, From: 1, To: 1}, {Name: "rest", Duration: 3 * time.Second, From: 1, To: 1},
		}}}
		if hits := checkHits(t, s.Plan(), 0, 10); len(hits) != 4 {
			t.Errorf("%s: got %d hits, want 4", arrivals, len(hits))
		}
	}
}

func TestExpected(t *testing.T) {
	// 6 states in 3 rounds; a trial takes 2 + 3 + 2 + 8 seconds and the allowance of 3.
	if got, want := read(t, "stay-launch").Plan().Expected(), 18*(15+3)*time.Second; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if p := (&Plan{}); p.Expected() != 0 || p.Duration() != 0 || p.Total(0) != 0 {
		t.Error("an empty plan takes time")
	}
}

func TestTrialsAlternate(t *testing.T) {
	got := trials([]string{"baseline", "a", "b"}, 3)
	var states []string
	for i, trial := range got {
		if trial.Index != i || trial.Round != i/3 {
			t.Errorf("trial %d is %+v", i, trial)
		}
		states = append(states, trial.State)
	}
	// At each turn one state is measured twice in a row.
	want := []string{"baseline", "a", "b", "b", "a", "baseline", "baseline", "a", "b"}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Error(diff)
	}
}

// A plan that is extended round by round is the plan of as many rounds, but for the numbers that repeats took; the one it
// came from stays as it was.
func TestExtend(t *testing.T) {
	s := vary(t, "game-event", func(f *File) { f.Quick(); f.Set("rounds=5") })
	want := s.Plan()
	s.Rounds = 3
	short := s.Plan()
	got := short.Extend().Extend()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Plan{}, PlannedSessions{})); diff != "" {
		t.Errorf("five rounds (-planned +extended):\n%s", diff)
	}
	if len(short.Trials) != 18 || short.Rounds != 3 || len(short.counted) != 3 {
		t.Errorf("the shorter plan has %d trials in %d rounds now", len(short.Trials), short.Rounds)
	}
	repeated := short.Repeat(0).Extend()
	if last := repeated.Trials[19]; last.Index != 19 || last.Round != 3 || last.State != short.States[len(short.States)-1] || last.Hits == 0 {
		t.Errorf("after a repeat a round begins with %+v", last)
	}
}

func TestMostRounds(t *testing.T) {
	s := read(t, "stay-launch")
	most := s.MostRounds()
	if most <= s.Rounds || most >= MaxRounds {
		t.Fatalf("got %d rounds", most)
	}
	for rounds, fits := range map[int]bool{most: true, most + 1: false} {
		s.Rounds = rounds
		none := func(string) bool { return false }
		c := &checker{s: s, systems: []string{s.System.Name}, broken: none, reading: reading{given: none}}
		if c.all(); (len(c.found) == 0) != fits {
			t.Errorf("%d rounds of at most %d: %v", rounds, most, c.found)
		}
	}
}

// A single round has no turn, so its last state is measured once more.
func TestControl(t *testing.T) {
	want := []Trial{{Index: 0, State: "baseline"}, {Index: 1, State: "a"}, {Index: 2, Round: 1, State: "a", Control: true}}
	if diff := cmp.Diff(want, trials([]string{"baseline", "a"}, 1)); diff != "" {
		t.Error(diff)
	}
	if got := trials([]string{"baseline", "a"}, 2); len(got) != 4 {
		t.Errorf("two rounds have %d trials, want 4", len(got))
	}
}

// Shares are kept exactly, whatever the total: off by less than one hit each, and the sum is the total.
func TestCountKeepsShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &Plan{Stages: []PlannedStage{{Hits: rapid.Uint64Range(0, 2_000_000_000).Draw(t, "hits")}}}
		var sum float64
		for _, weight := range rapid.SliceOfN(rapid.Float64Range(1e-6, 1), 1, 8).Draw(t, "weights") {
			p.Operations = append(p.Operations, Operation{Share: weight})
			sum += weight
		}
		var counted uint64
		for i := range p.Operations {
			p.Operations[i].Share /= sum
		}
		for i, count := range p.Count(0) {
			counted += count
			if want := p.Operations[i].Share * float64(p.Total(0)); math.Abs(float64(count)-want) > 1 {
				t.Fatalf("operation %d: got %d, want %v", i, count, want)
			}
		}
		if counted != p.Total(0) {
			t.Fatalf("got %d in all, want %d", counted, p.Total(0))
		}
	})
}

// The pack is shuffled: each operation's hits are spread over the trial like its share.
func TestOperationsAreSpread(t *testing.T) {
	p := read(t, "stay-launch").Plan()
	counts := p.Count(0)
	half := make([]float64, len(counts))
	for hit := range p.Hits(0) {
		if hit.Seq < p.Total(0)/2 {
			half[hit.Operation]++
		}
	}
	for i, count := range counts {
		// Hypergeometric with half of the pack drawn: variance count/4 at most, and four deviations are 1 in 16,000.
		if want := float64(count) / 2; math.Abs(half[i]-want) > 4*math.Sqrt(float64(count)/4) {
			t.Errorf("%s: %v of %d hits in the first half", p.Operations[i].Name, half[i], count)
		}
	}
}
