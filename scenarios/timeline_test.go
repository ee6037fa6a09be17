package scenarios

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Every hit is in the part that holds its due time, whatever the number of parts; none is lost at an edge.
func TestTimelineCountsEveryHit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawScenario(t).Plan()
		trial, parts := rapid.IntRange(0, len(p.Trials)-1).Draw(t, "trial"), rapid.IntRange(1, 300).Draw(t, "parts")
		want := make([][]uint64, parts)
		for i := range want {
			want[i] = make([]uint64, len(p.Operations))
		}
		for hit := range p.Hits(trial) {
			// The last part whose begin is not after the hit.
			part := parts - 1
			for p.Duration()*time.Duration(part)/time.Duration(parts) > hit.Due {
				part--
			}
			want[part][hit.Operation]++
		}
		got := p.Timeline(trial, parts)
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("got %v, want %v", got, want)
		}
		sums := make([]uint64, len(p.Operations))
		for _, part := range got {
			for i, count := range part {
				sums[i] += count
			}
		}
		if counts := p.Count(trial); !slices.Equal(sums, counts) {
			t.Fatalf("got %v hits in all parts, want %v", sums, counts)
		}
	})
}

// A hit at the edge of two parts is in the later one: hits are due at half seconds here, where parts begin.
func TestTimelineAtAnEdge(t *testing.T) {
	p := stageOf(Even, 1, 1)
	for part, of := range p.Timeline(0, 200) {
		var got uint64
		for _, count := range of {
			got += count
		}
		if want := uint64(part % 2); got != want {
			t.Fatalf("got %d hits in part %d, want %d", got, part, want)
		}
	}
}

// Hits of sessions are among the others, where they are due.
func TestTimelineShowsTheEcho(t *testing.T) {
	p := planned(t, surge, "ARRIVALS", Poisson, "JITTER", "0%")
	timeline := p.Timeline(0, 120)
	for i, op := range p.Operations {
		for second, want := range perSecond(p, 0, op.Name) {
			if got := timeline[second][i]; float64(got) != want {
				t.Errorf("%s in second %d: got %d, want %v", op.Name, second, got, want)
			}
		}
	}
}

func TestTimelineOfNothing(t *testing.T) {
	p := stageOf(Even, 1, 1)
	for _, parts := range []int{0, -1} {
		if got := p.Timeline(0, parts); len(got) != 0 {
			t.Errorf("%d parts: got %v", parts, got)
		}
	}
}

// What can be looked at is looked at.
func TestSampleIsExactWherePossible(t *testing.T) {
	for _, name := range Shipped() {
		p := read(t, name).Plan()
		got, oneIn := p.Sample(0, 60)
		if want := p.Timeline(0, 60); oneIn != 1 || !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: one in %d of %d hits, or other counts than the timeline", name, oneIn, p.Total(0))
		}
	}
}

// The longest trial there may be, of any arrivals and shapes, is not walked through; what is looked at has its shape, and
// the mix of each stage.
func TestSampleOfTheLongestTrial(t *testing.T) {
	const parts = 96
	for _, arrivals := range []string{Even, Poisson} {
		s := &Scenario{Name: "long", Vocabulary: carshare(), Seed: 7, Rounds: 1, Traffic: Traffic{Arrivals: arrivals, Stages: []Stage{
			{Name: "rise", Duration: 12 * time.Hour, From: 0, To: MaxRate, Measure: true, Mix: map[string]float64{"login": 1}},
			{Name: "days", Duration: 12 * time.Hour, Shape: Sine{Low: 0, High: MaxRate, Period: 6 * time.Hour}, Measure: true},
		}}}
		p := s.Plan()
		counts, oneIn := p.Sample(0, parts)
		login := slices.IndexFunc(p.Operations, func(op Operation) bool { return op.Name == "login" })
		var seen, logins float64
		for part, of := range counts {
			var got float64
			for _, count := range of {
				got += float64(count)
			}
			begin, end := 24*time.Hour*time.Duration(part)/parts, 24*time.Hour*time.Duration(part+1)/parts
			want := (cumulative(p.Stages, end) - cumulative(p.Stages, begin)) / float64(oneIn)
			// Even hits are off by rounding, random ones by the deviation of a Poisson variable.
			slack := 1.001
			if arrivals == Poisson {
				slack += 5 * math.Sqrt(want)
			}
			if math.Abs(got-want) > slack {
				t.Errorf("%s: part %d has %v of one in %d, want %v", arrivals, part, got, oneIn, want)
			}
			seen += got
			if part < parts/2 {
				logins += float64(of[login])
			}
		}
		if seen < sampledHits/2 || seen > sampledHits*1.1 {
			t.Errorf("%s: looked at %v hits, want about %d", arrivals, seen, sampledHits)
		}
		if rising := float64(p.Stages[0].Hits) / float64(oneIn); math.Abs(logins-rising) > 1 {
			t.Errorf("%s: %v logins in the stage that has nothing else, want %v", arrivals, logins, rising)
		}
	}
}

// Sessions multiply the hits, and are sampled with the logins that began them.
func TestSampleOfSessions(t *testing.T) {
	p := planned(t, surge, "ARRIVALS", Poisson, "JITTER", "10%")
	for i := range p.Stages {
		// A thousand times the people, who are too many to be sent, but not to be looked at.
		p.Stages[i] = PlannedStage{Begin: p.Stages[i].Begin, End: p.Stages[i].End, Shares: p.Stages[i].Shares,
			From: p.Stages[i].From * 1000, To: p.Stages[i].To * 1000, Hits: p.Stages[i].Hits * 1000}
	}
	few := planned(t, surge, "ARRIVALS", Poisson, "JITTER", "10%").Count(0)
	counts, oneIn := p.Sample(0, 10)
	sums, seen := make([]float64, len(p.Operations)), 0.0
	for _, part := range counts {
		for i, count := range part {
			sums[i] += float64(count * oneIn)
			seen += float64(count)
		}
	}
	if oneIn < 50 || seen > sampledHits*1.5 {
		t.Errorf("looked at %v hits, one in %d, want about %d", seen, oneIn, sampledHits)
	}
	for i, op := range p.Operations {
		// Twelve hundred sessions have their means within a few per cent.
		if want := float64(few[i]) * 1000; math.Abs(sums[i]/want-1) > 0.05 {
			t.Errorf("%s: got %v, want about %v", op.Name, sums[i], want)
		}
	}
}

// A curve divided by a number is that in its rate, its volume and its peak, and its inverse is still one.
func TestThinnedCurve(t *testing.T) {
	for name, shape := range shapes() {
		whole := planOf(Even, shape).Stages[0].Curve
		thin := whole.thinned(40)
		for part := range 101 {
			at := time.Duration(part) * time.Second
			for what, pair := range map[string][2]float64{
				"rate": {thin.Rate(at), whole.Rate(at)}, "volume": {thin.Volume(at), whole.Volume(at)}, "peak": {thin.Peak(), whole.Peak()},
			} {
				if math.Abs(pair[0]*40-pair[1]) > 1e-6 {
					t.Errorf("%s: %s at %v is %v, want a fortieth of %v", name, what, at, pair[0], pair[1])
				}
			}
			if again := thin.Volume(thin.When(thin.Volume(at))); math.Abs(again-thin.Volume(at)) > 1e-6 {
				t.Errorf("%s: the volume at %v is %v, and %v when it is reached", name, at, thin.Volume(at), again)
			}
		}
	}
}
