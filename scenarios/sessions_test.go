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

// surge is a minute of logins, twenty a second, by people who stay to the end of the trial; their token lives half a
// minute.
const surge = `version: 1
name: surge
traffic:
  arrivals: ARRIVALS
  mix: {login: 100%}
  sessions: {steps: [verify, profile], repeat: 60, think: 2s, token_life: 30s, jitter: JITTER}
  stages:
    - {name: logins, hold: 20/s, for: 1m}
    - {name: after, hold: 0/s, for: 1m}
system: {data: {live_tokens: 1000}}
`

// planned is one of the file with names filled in.
func planned(t *testing.T, text string, fill ...string) *Plan {
	t.Helper()
	s, err := Parse("f.yaml", []byte(filled(text, fill...)), carshare())
	if err != nil {
		t.Fatal(err)
	}
	return s.Plan()
}

// filled is text with names replaced by values, given in turns.
func filled(text string, fill ...string) string { return strings.NewReplacer(fill...).Replace(text) }

func wantMistake(t *testing.T, about string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got %v, want %q", about, err, want)
	}
}

// perSecond counts the hits of an operation by the second in which they are due.
func perSecond(p *Plan, trial int, operation string) []float64 {
	counts := make([]float64, int(p.Duration().Seconds()))
	for hit := range p.Hits(trial) {
		if p.Operations[hit.Operation].Name == operation {
			counts[int(hit.Due/time.Second)]++
		}
	}
	return counts
}

// Without jitter each token is exchanged exactly when it is 30 s old: what is seen each second is what was seen half a
// minute ago, of logins and of earlier exchanges.
func TestEcho(t *testing.T) {
	for _, arrivals := range []string{Even, Poisson} {
		p := planned(t, surge, "ARRIVALS", arrivals, "JITTER", "0%")
		logins, refreshes := perSecond(p, 0, "login"), perSecond(p, 0, "refresh")
		want := make([]float64, len(logins))
		for second := 30; second < len(want); second++ {
			want[second] = logins[second-30] + want[second-30]
		}
		if diff := cmp.Diff(want, refreshes); diff != "" {
			t.Errorf("%s: refreshes per second (-computed +planned):\n%s", arrivals, diff)
		}
		if logins[59] == 0 || logins[60] != 0 || refreshes[29] != 0 || refreshes[30] == 0 {
			t.Errorf("%s: the surge is not where it should be: %v, %v", arrivals, logins, refreshes)
		}
	}
}

// irwinHall is the chance that the sum of n uniform numbers from 0 to 1 is at most x: sum over k up to x of
// (-1)^k C(n,k) (x-k)^n / n! (Irwin and Hall 1927).
func irwinHall(n int, x float64) float64 {
	if x >= float64(n) {
		return 1
	}
	var sum float64
	factorial, choose := 1.0, 1.0
	for k := range n {
		factorial *= float64(k + 1)
	}
	for k := 0; float64(k) < x; k++ {
		sum += math.Pow(-1, float64(k)) * choose * math.Pow(x-float64(k), float64(n))
		choose *= float64(n-k) / float64(k+1)
	}
	return sum / factorial
}

// With a jitter of 20 % the k-th exchange comes k*24 s to k*30 s after the login, as the sum of k uniform times, so each
// echo is the block of the logins with its edges rounded off. The expected number in a second is the integral of that
// over the minute of the logins.
func TestEchoFlattens(t *testing.T) {
	p := planned(t, surge, "ARRIVALS", Even, "JITTER", "20%")
	expected := func(second int) float64 {
		const grid = 1000
		var sum float64
		for i := range 60 * grid {
			login := (float64(i) + 0.5) / grid
			for k := 1; k <= 5; k++ {
				since := float64(second) - login - 24*float64(k)
				sum += irwinHall(k, max(since+1, 0)/6) - irwinHall(k, max(since, 0)/6)
			}
		}
		return 20 * sum / grid
	}
	refreshes := perSecond(p, 0, "refresh")
	var chi2, first float64
	var cells int
	for second, got := range refreshes {
		want := expected(second)
		if want < 1 {
			if got > 0 && want == 0 {
				t.Errorf("%v refreshes in second %d, want none", got, second)
			}
			continue
		}
		chi2 += (got - want) * (got - want) / want
		cells++
		if second == 26 {
			first = want
		}
	}
	// The rise from 24 s to 30 s is a straight line: in the middle of second 26 it is at 2.5/6 of 20.
	if math.Abs(first-20*2.5/6) > 0.01 {
		t.Errorf("the computation itself is wrong: %v in second 26", first)
	}
	// Even logins make the counts vary less than Poisson's, so chi-squared over n cells stays below its mean n and four
	// deviations of sqrt(2n).
	if limit := float64(cells) + 4*math.Sqrt(2*float64(cells)); chi2 > limit || cells < 90 {
		t.Errorf("chi-squared is %v over %d seconds, want at most %v: %v", chi2, cells, limit, refreshes)
	}
	// Without jitter the echo begins from one second to the next with all of its twenty.
	sharp := perSecond(planned(t, surge, "ARRIVALS", Even, "JITTER", "0%"), 0, "refresh")
	if sharp[29] != 0 || sharp[30] != 20 || refreshes[24] > 10 || refreshes[23] != 0 {
		t.Errorf("the echo begins with %v; with jitter with %v", sharp[29:31], refreshes[23:31])
	}
}

// A session is a chain: a login, then steps in their order with exchanges at their time, and last, if ever, a logout.
func TestSessionProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		drawSessions(t, s)
		p := s.Plan()
		rules := s.Traffic.Sessions
		sessions := map[uint64][]Hit{}
		inStage := make([]uint64, len(p.Stages))
		for hit := range p.Hits(0) {
			name := p.Operations[hit.Operation].Name
			if !hit.Session && (hit.Step != 0 || hit.Last) || hit.Session && (hit.Step == 0) != (name == "login") {
				t.Fatalf("no session has %s %+v", name, hit)
			}
			if hit.Session {
				sessions[hit.N] = append(sessions[hit.N], hit)
			}
			inStage[hit.Stage]++
		}
		for i, counts := range p.CountStages(0) {
			var sum uint64
			for _, count := range counts {
				sum += count
			}
			if sum != inStage[i] {
				t.Fatalf("stage %d: %d hits are counted, and %d come", i, sum, inStage[i])
			}
		}
		for _, hits := range sessions {
			checkSession(t, p, rules, hits)
		}
	})
}

func checkSession(t *rapid.T, p *Plan, rules *Sessions, hits []Hit) {
	steps, issued := 0, hits[0].Due
	for i, hit := range hits {
		last := i == len(hits)-1
		if hit.Step != i || hit.Last != last {
			t.Fatalf("hit %d of %d is %+v", i, len(hits), hit)
		}
		age := hit.Due - issued
		switch name := p.Operations[hit.Operation].Name; name {
		case "login":
		case "refresh":
			if life := float64(rules.TokenLife); age > rules.TokenLife || float64(age) < life*(1-rules.Jitter)-1 {
				t.Fatalf("a token is exchanged after %v", age)
			}
			issued = hit.Due
		case "logout":
			if !last || steps != len(rules.Steps)*rules.Repeat || rules.Logout == 0 {
				t.Fatalf("logout after %d steps", steps)
			}
		default:
			if want := rules.Steps[steps%len(rules.Steps)]; name != want {
				t.Fatalf("step %d is %s, want %s", steps, name, want)
			}
			steps++
		}
		if rules.TokenLife > 0 && age > rules.TokenLife {
			t.Fatalf("%v after its issue a token is still in use", age)
		}
	}
}

// Of many sessions that the end of the trial does not cut short, the share that logs out is the one asked for, and the
// pauses have the mean asked for. Half of a pause is exponential, so the mean of n deviates by half of 1/sqrt(n) of itself.
func TestSessionsInTheMean(t *testing.T) {
	p := planned(t, `version: 1
name: mean
traffic:
  mix: {login: 100%}
  sessions: {steps: [verify], repeat: 3, think: 500ms, logout: 30%}
  stages:
    - {name: logins, hold: 500/s, for: 20s}
    - {name: after, hold: 0/s, for: 1m}
`)
	counts := p.Count(0)
	logins, steps, logouts := float64(counts[1]), float64(counts[0]), float64(counts[2])
	if steps != 3*logins {
		t.Errorf("%v steps of %v people, want 3 each", steps, logins)
	}
	// Binomial: 10,000 people, deviation sqrt(0.3*0.7/10000) = 0.0046.
	if share := logouts / logins; math.Abs(share-0.3) > 4*0.0046 {
		t.Errorf("%v log out, want 0.3", share)
	}
	var pauses, shortest float64
	before := map[uint64]time.Duration{}
	for hit := range p.Hits(0) {
		if hit.Step > 0 {
			pause := (hit.Due - before[hit.N]).Seconds()
			pauses += pause
			if shortest == 0 || pause < shortest {
				shortest = pause
			}
		}
		before[hit.N] = hit.Due
	}
	n := steps + logouts
	if mean := pauses / n; math.Abs(mean/0.5-1) > 2/math.Sqrt(n) || shortest < 0.25 || shortest > 0.251 {
		t.Errorf("people pause for %v s, %v s at least, want 0.5 and 0.25", mean, shortest)
	}
}

// A stage's own mix holds in that stage alone.
func TestMixOfAStage(t *testing.T) {
	p := planned(t, `version: 1
name: mixes
traffic:
  arrivals: even
  mix: {verify: 75%, login: 25%}
  stages:
    - {name: usual, hold: 40/s, for: 1s}
    - {name: surge, hold: 40/s, for: 1s, mix: {login: 90%, profile: 10%}}
`)
	got := make([]map[string]int, 2)
	for hit := range p.Hits(0) {
		if got[hit.Stage] == nil {
			got[hit.Stage] = map[string]int{}
		}
		got[hit.Stage][p.Operations[hit.Operation].Name]++
	}
	if diff := cmp.Diff([]map[string]int{{"verify": 30, "login": 10}, {"login": 36, "profile": 4}}, got); diff != "" {
		t.Error(diff)
	}
}

// Weights of APIs decide how often each operation occurs, unless a mix does.
func TestWeightsOfAPIs(t *testing.T) {
	const text = `version: 1
name: weights
traffic:
  arrivals: even
  apis: {GET main/v1/home: 6, GET rental/v1/cars/status: 1, POST main/v1/login: 1, GET main/v1/me: 0}
  MIX
  stages: [{name: only, hold: 800/s, for: 1s}]
`
	for _, tt := range []struct {
		mix  string
		want []uint64
	}{{"", []uint64{700, 100}}, {"mix: {verify: 50%, login: 50%}", []uint64{400, 400}}} {
		if got := planned(t, text, "MIX", tt.mix).Count(0); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %v, want %v", tt.mix, got, tt.want)
		}
	}
}

func TestSessionMistakes(t *testing.T) {
	for _, tt := range []struct{ sessions, want string }{
		{"{think: 1s}", "traffic.sessions.steps: it is missing; list what people do"},
		{"{steps: [verify]}", "traffic.sessions.think: it is missing; say how long"},
		{"{steps: [], think: 1s}", "there are no steps; list some of verify, profile"},
		{"{steps: [login], think: 1s}", `traffic.sessions.steps[0]: "login" is no step of a session; remove it: the session begins with its login`},
		{"{steps: [refresh], think: 1s}", "and write token_life"},
		{"{steps: [verify, logout], think: 1s}", `traffic.sessions.steps[1]: "logout" is no step of a session; remove it, and write logout`},
		{"{steps: [verfy], think: 1s}", "did you mean verify?"},
		{"{steps: [verify], think: 0s}", "traffic.sessions.think"},
		{"{steps: [verify], think: 1s, repeat: 0}", "0 times are out of range"},
		{"{steps: [verify], think: 1s, logout: 120%}", "more than everybody cannot log out"},
		{"{steps: [verify], think: 1s, jitter: 20%}", "there is nothing to spread"},
		{"{steps: [verify], think: 1s, token_life: 1s, jitter: 100%}", "cannot be exchanged before it is there"},
		{"{steps: [verify], think: 1s, token_life: 1ms}", "1ms is no life"},
		{"{steps: [verify], think: 1ms, repeat: 10000}", "/s in the mean are beyond what one generator can pace"},
	} {
		_, err := Parse("f.yaml", []byte(filled(surge, "ARRIVALS", Poisson, "{steps: [verify, profile], repeat: 60, think: 2s, token_life: 30s, jitter: JITTER}", tt.sessions)), carshare())
		wantMistake(t, tt.sessions, err, tt.want)
	}
	for _, tt := range []struct{ traffic, want string }{
		{"mix: {verify: 100%}\n  sessions: {steps: [verify], think: 1s}", "nobody logs in, so no session begins; give login a share of the mix"},
		{"apis: {main/v1/home: 1}", `API "main/v1/home" is unknown; did you mean GET main/v1/home?`},
		{"apis: {GET main/v1/home: 0}", "no API has a weight"},
		{"apis: {GET main/v1/home: 1}\n  mix: {login: 100%}", `operation "login" occurs, and no API with a weight causes it; give a weight to an API that causes it: POST main/v1/login`},
		{"apis: {GET main/v1/home: x}", "traffic.apis.GET main/v1/home"},
	} {
		_, err := Parse("f.yaml", []byte("version: 1\nname: x\ntraffic:\n  "+tt.traffic+"\n  stages: [{name: a, hold: 10/s, for: 1s}]\n"), carshare())
		wantMistake(t, tt.traffic, err, tt.want)
	}
}

// Sessions shrink with a quick trial, so that it still shows the echo.
func TestQuickSessions(t *testing.T) {
	f := Open("f.yaml", []byte(filled(surge, "ARRIVALS", Poisson, "JITTER", "0%")), carshare())
	f.Quick()
	s, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	p, sessions := s.Plan(), s.Traffic.Sessions
	if got, want := sessions.TokenLife.Seconds()/p.Duration().Seconds(), 0.25; math.Abs(got-want) > 0.01 {
		t.Errorf("a token lives for %v of the trial, want %v", got, want)
	}
	if got, want := sessions.Think.Seconds()/sessions.TokenLife.Seconds(), 2.0/30; math.Abs(got-want) > 0.001 {
		t.Errorf("people pause for %v of a token's life, want %v", got, want)
	}
	// Twenty logins a second, each followed by a step every 2 s of the long trial: as many at once as there.
	if got := perSecond(p, 0, "verify"); got[3] == 0 {
		t.Errorf("verifications per second: %v", got)
	}
}
