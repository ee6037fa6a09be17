package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// candidate is a made-up run as one to compare.
func (m *made) candidate(t *testing.T, source string) Candidate {
	t.Helper()
	return Candidate{Source: source, Run: m.written(t), Scenario: &m.scenario}
}

func compared(t *testing.T, o CompareOptions, candidates ...Candidate) *Comparison {
	t.Helper()
	c, err := Compare(candidates, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// changeOf is the change of a number in the i-th other run.
func (c *Comparison) changeOf(t *testing.T, state, metric, operation string, i int) Change {
	t.Helper()
	for _, s := range c.States {
		for _, n := range s.Numbers {
			if s.State == state && n.Metric == metric && n.Operation == operation {
				return n.Changes[i]
			}
		}
	}
	t.Fatalf("%s has no %s(%s)", state, metric, operation)
	return Change{}
}

// costlier makes every statement of a state on the primary be asked so many times.
func (m *made) costlier(state string, times float64) {
	for _, trial := range m.header.Trials {
		if trial.State != state {
			continue
		}
		for _, source := range []string{"primary", "callers", "auth"} {
			m.samplesOf(trial.Index, source, func(s *record.Sample) {
				for key := range s.Values {
					if strings.HasPrefix(key, "statements_total") && !strings.Contains(key, "node=replica") {
						s.Values[key] = 1000 + times*(s.Values[key]-1000) // 1000 were there before; see counters
					}
				}
			})
		}
	}
}

// slower makes every trial of a later build take so much longer, and no two rounds the same.
func slower(factor float64) func(int, string) float64 {
	return func(round int, state string) float64 { return factor * wobble(round+5, state) }
}

func TestCompareChanges(t *testing.T) {
	states := []string{"baseline", "extract-main"}
	for _, tt := range []struct {
		name   string
		rounds int
		after  func() *made
		// want are the verdicts on p95, primary_qps, primary_statements(verify) and errors of the baseline.
		want [4]Effect
	}{
		{"the same", 3, func() *made { return makeRun(3, slower(1), states...) }, [4]Effect{}},
		{"slower by half", 3, func() *made { return makeRun(3, slower(1.5), states...) }, [4]Effect{Worse}},
		{"faster by half", 3, func() *made { return makeRun(3, slower(0.5), states...) }, [4]Effect{Better}},
		{"slower by half, in a single trial", 1, func() *made { return makeRun(1, slower(1.5), states...) }, [4]Effect{}},
		{"one more read", 1, func() *made {
			m := makeRun(1, steady, states...)
			m.costlier("baseline", 1.5)
			return m
		}, [4]Effect{Unclear, Worse, Worse}},
		{"fewer reads", 1, func() *made {
			m := makeRun(1, steady, states...)
			m.costlier("baseline", 0.5)
			return m
		}, [4]Effect{Unclear, Better, Better}},
		{"one per cent more reads", 3, func() *made {
			m := makeRun(3, slower(1), states...)
			m.costlier("baseline", 1.01)
			return m
		}, [4]Effect{}},
		{"some fail each time", 3, func() *made { return failing(makeRun(3, slower(1), states...), 0, 3, 4) }, [4]Effect{Unclear, Unclear, Unclear, Worse}},
		{"some fail once", 3, func() *made { return failing(makeRun(3, slower(1), states...), 0) }, [4]Effect{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := makeRun(tt.rounds, wobble, states...)
			c := compared(t, CompareOptions{}, before.candidate(t, "before"), tt.after().candidate(t, "after"))
			for i, k := range []Key{{Metric: "p95"}, {Metric: "primary_qps"}, {Metric: "primary_statements", Operation: "verify"}, {Metric: "errors"}} {
				if got := c.changeOf(t, "baseline", k.Metric, k.Operation, 0); got.Verdict != tt.want[i] {
					t.Errorf("%s: got %v (%+v), want %v", k.Metric, got.Verdict, got, tt.want[i])
				}
			}
			if got := c.changeOf(t, "extract-main", "primary_qps", "", 0); got.Verdict != Unclear {
				t.Errorf("the state nobody touched: got %v", got.Verdict)
			}
			if p95 := c.changeOf(t, "baseline", "p95", "", 0); p95.Lo.Known() != (tt.rounds > 1) {
				t.Errorf("over %d rounds: got the interval %v to %v", tt.rounds, p95.Lo, p95.Hi)
			}
		})
	}
}

// failing has so many hits of these trials fail that their p95 can still be told.
func failing(m *made, trials ...int) *made {
	for _, trial := range trials {
		m.windowsOf(trial, "peak", func(w *record.Window) {
			w.Failed = w.Offered / 25
			w.Completed = w.Sent - w.Failed
		})
	}
	return m
}

// Whichever run comes first, the same is found, the other way round.
func TestCompareIsSymmetric(t *testing.T) {
	a, b := makeRun(3, wobble, "baseline", "cache"), makeRun(3, slower(1.3), "baseline", "cache")
	b.costlier("cache", 2)
	there := compared(t, CompareOptions{}, a.candidate(t, "a"), b.candidate(t, "b"))
	back := compared(t, CompareOptions{}, b.candidate(t, "b"), a.candidate(t, "a"))
	opposite := map[Effect]Effect{Unclear: Unclear, Better: Worse, Worse: Better, Differs: Differs}
	for i, s := range there.States {
		for j, n := range s.Numbers {
			if got, want := back.States[i].Numbers[j].Changes[0], n.Changes[0]; got.Verdict != opposite[want.Verdict] {
				t.Errorf("%s of %s: %+v and back %+v", n.name(), s.State, want, got)
			}
		}
	}
}

// Everything but the build has to be the same, and what is not is named with both values.
func TestCompareRefuses(t *testing.T) {
	for _, tt := range []struct {
		change func(*record.Header)
		// want are the words of the refusal; empty for none.
		want string
	}{
		{func(h *record.Header) { h.Version, h.Commit = "v9", "fed" }, ""},
		{func(h *record.Header) {
			h.ID, h.Started, h.Command = "x", h.Started.AddDate(0, 0, 1), []string{"other"}
		}, ""},
		{func(h *record.Header) { h.Settings["sabotage"] = "look-twice" }, ""},
		{func(h *record.Header) { h.Settings["revocation_bound"] = "9s" }, ""},
		{func(h *record.Header) { h.Scale = 1 }, ""},
		{func(h *record.Header) { h.Host.MemoryBytes += 4096 }, ""},
		{func(h *record.Header) { h.Scenario = "other" }, "scenario: test (a), other (b)"},
		{func(h *record.Header) { h.Seed = 8 }, "seed: 7 (a), 8 (b)"},
		{func(h *record.Header) { h.Rounds = 2 }, "rounds: 1 (a), 2 (b)"},
		{func(h *record.Header) { h.UntilClear = true }, "rounds: 1 (a), until clear (b)"},
		{func(h *record.Header) { h.Quick = true }, "quick: no (a), yes (b)"},
		{func(h *record.Header) { h.Scale = 0.5 }, "scale: 1 (a), 0.5 (b)"},
		{func(h *record.Header) { h.Only = []string{"cache"} }, "only: all phases (a), cache (b)"},
		{func(h *record.Header) { h.Stack = "containers" }, "stack: processes (a), containers (b)"},
		{func(h *record.Header) { h.Host.OS = "plan9" }, "host.os: linux (a), plan9 (b)"},
		{func(h *record.Header) { h.Host.Kernel = "7" }, "host.kernel: 6 (a), 7 (b)"},
		{func(h *record.Header) { h.Host.CPU = "other" }, "host.cpu: made up (a), other (b)"},
		{func(h *record.Header) { h.Host.CPUs = 64 }, "host.cpus: 2 (a), 64 (b)"},
		{func(h *record.Header) { h.Host.MemoryBytes *= 2 }, "host.memory: 8.00 GiB (a), 16.0 GiB (b)"},
		{func(h *record.Header) { h.Limits = map[string]string{"auth": "1 CPU"} }, "limits: none (a), auth 1 CPU (b)"},
		{func(h *record.Header) { h.Versions["redis"] = "8.0" }, "versions.redis: 7.0 (a), 8.0 (b)"},
		{func(h *record.Header) { h.Settings["fsync"] = "" }, `settings.fsync: on (a), "" (b)`},
	} {
		m := makeRun(1, steady, "baseline")
		first := m.candidate(t, "a")
		tt.change(&m.header)
		candidates := []Candidate{first, m.candidate(t, "b")}
		_, err := Compare(candidates, CompareOptions{})
		if tt.want == "" {
			if err != nil {
				t.Errorf("got %v, want no refusal", err)
			}
			continue
		}
		var refused Incomparable
		if !errors.As(err, &refused) || len(refused.Differences) != 1 || !strings.Contains(err.Error(), "\n  "+tt.want+"\n") || !strings.Contains(err.Error(), "--anyway") {
			t.Errorf("got %v, want it to name %s", err, tt.want)
			continue
		}
		c := compared(t, CompareOptions{Anyway: true}, candidates...)
		want := "not the same: " + strings.NewReplacer("(a)", "(A)", "(b)", "(B)").Replace(tt.want)
		if got := c.warnings(); len(got) != 1 || got[0] != want {
			t.Errorf("--anyway: got %q, want %q", got, want)
		}
	}
}

// What only one of the records states is no difference, but said.
func TestCompareTellsWhatIsNotStated(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	first := m.candidate(t, "a")
	m.header.Versions["replica"], m.header.Settings["wal_level"] = "15.1", "replica"
	c := compared(t, CompareOptions{}, first, m.candidate(t, "b"))
	want := "not stated by all, so not compared: versions.replica: not stated (A), 15.1 (B); settings.wal_level: not stated (A), replica (B)"
	if got := c.Notes[len(c.Notes)-1]; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Two runs of one build show what two runs differ by; of a build with uncommitted changes nobody knows whether it is one.
func TestCompareNotesTheSameBuild(t *testing.T) {
	for commit, want := range map[string]bool{"abc": true, "abc-dirty": false, "unknown": false, "": false} {
		m := makeRun(1, steady, "baseline")
		m.header.Commit = commit
		c := compared(t, CompareOptions{}, m.candidate(t, "a"), m.candidate(t, "b"))
		if got := strings.Contains(strings.Join(c.Notes, "\n"), "A and B are the same build"); got != want {
			t.Errorf("commit %q: got %v in %q", commit, got, c.Notes)
		}
	}
}

func TestCompareStages(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	a, b := m.candidate(t, "a"), m.candidate(t, "b")
	if c := compared(t, CompareOptions{}, a, b); c.Stage != "peak" {
		t.Errorf("got %s, want the headline", c.Stage)
	}
	c := compared(t, CompareOptions{Stage: "calm"}, a, b)
	if c.Stage != "calm" || c.States[0].Hits[1] != 200 {
		t.Errorf("got %s with %v hits", c.Stage, c.States[0].Hits)
	}
	for _, stage := range []string{"warm-up", "night"} {
		if _, err := Compare([]Candidate{a, b}, CompareOptions{Stage: stage}); err == nil || !strings.Contains(err.Error(), "add --stage with one of calm, peak") {
			t.Errorf("%s: got %v", stage, err)
		}
	}
}

func TestCompareWhatCannotBe(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	a := m.candidate(t, "a")
	if _, err := Compare([]Candidate{a}, CompareOptions{}); !errors.Is(err, ErrTooFewRuns) {
		t.Errorf("got %v", err)
	}
	m.header.SelfTest = &record.SelfTest{State: "baseline"}
	if _, err := Compare([]Candidate{a, m.candidate(t, "b")}, CompareOptions{}); !errors.Is(err, ErrSelfTestRun) || !strings.HasPrefix(err.Error(), "b: ") {
		t.Errorf("got %v", err)
	}
}

// A saved baseline stands for its run: the same is found against either, but less of latencies, of which it has only the
// interval.
func TestCompareWithSaved(t *testing.T) {
	before, after := makeRun(3, wobble, "baseline", "cache"), makeRun(3, slower(2), "baseline", "cache")
	after.costlier("cache", 3)
	old, run := Candidate{Source: "old.json", Saved: saved(t, before)}, after.candidate(t, "after")
	c := compared(t, CompareOptions{}, old, run)
	full := compared(t, CompareOptions{}, before.candidate(t, "before"), run)
	for i, s := range full.States {
		for j, n := range s.Numbers {
			got, want := c.States[i].Numbers[j], n
			if got.name() != want.name() || got.Changes[0].Verdict != want.Changes[0].Verdict {
				t.Errorf("%s of %s: got %+v, want %+v", n.name(), s.State, got, want)
			}
			if lo, hi := got.Changes[0].Lo, got.Changes[0].Hi; lo.Known() && !(lo <= want.Changes[0].Lo && hi >= want.Changes[0].Hi) {
				t.Errorf("%s of %s: the interval %v to %v is narrower than that of the whole run", n.name(), s.State, lo, hi)
			}
		}
	}
	if !strings.HasPrefix(c.Notes[0], "A is a saved baseline") || !c.Runs[0].Saved {
		t.Errorf("got %q", c.Notes)
	}
	both := compared(t, CompareOptions{Stage: "peak"}, old, Candidate{Source: "new.json", Saved: saved(t, after)})
	if got := both.changeOf(t, "cache", "primary_qps", "", 0).Verdict; got != full.changeOf(t, "cache", "primary_qps", "", 0).Verdict {
		t.Errorf("two baselines: got %v", got)
	}
	if _, err := Compare([]Candidate{old, old}, CompareOptions{}); err == nil || !strings.Contains(err.Error(), "saved baselines have no headline stage; add --stage with one of calm, peak") {
		t.Errorf("got %v", err)
	}
	after.header.Host.CPUs, after.header.Stages[2].Hits = 64, 2001
	if _, err := Compare([]Candidate{old, after.candidate(t, "after")}, CompareOptions{}); err == nil ||
		!strings.Contains(err.Error(), "host.cpus: 2 (old.json), 64 (after)") || !strings.Contains(err.Error(), "stage peak: 2,000 hits in 4 s (old.json), 2,001 hits in 4 s (after)") {
		t.Errorf("got %v", err)
	}
}

// A run that ended early is compared as far as it goes, and says so.
func TestCompareIncomplete(t *testing.T) {
	whole, cut := makeRun(1, steady, "baseline", "cache"), makeRun(1, steady, "baseline", "cache")
	cut.events = append(cut.events[:3:3], record.Event{AtSeconds: 20, Trial: 1, Kind: record.EventInterrupted, Text: "interrupt"})
	c := compared(t, CompareOptions{}, whole.candidate(t, "whole"), cut.candidate(t, "cut"))
	if !strings.Contains(strings.Join(c.Notes, "\n"), "B did not reach its end: interrupt") {
		t.Errorf("got %q", c.Notes)
	}
	if got := c.changeOf(t, "cache", "p95", "", 0); got.Ratio.Known() || got.Verdict != Unclear {
		t.Errorf("a state without a valid trial: got %+v", got)
	}
}

// A round costs what its hits cost, and not all rounds are alike: counts are held against those of the same rounds.
func TestCompareCountsOfTheSameRounds(t *testing.T) {
	costly := func() *made {
		m := makeRun(2, wobble, "baseline")
		for _, source := range []string{"primary", "callers"} {
			m.samplesOf(1, source, func(s *record.Sample) {
				for key := range s.Values {
					if strings.Contains(key, "kind=read") {
						s.Values[key] = 1000 + 2*(s.Values[key]-1000)
					}
				}
			})
		}
		return m
	}
	whole, less := costly(), costly()
	// A trial that did not end has no counts to believe.
	less.events = append(less.events[:3:3], record.Event{AtSeconds: 30, Trial: -1, Kind: record.EventDone})
	c := compared(t, CompareOptions{}, whole.candidate(t, "whole"), less.candidate(t, "less"))
	if got := c.changeOf(t, "baseline", "primary_statements", "", 0); got.Verdict != Unclear || got.Ratio != 1 {
		t.Errorf("got %+v, want no change in the round that both have", got)
	}
	if want := "baseline: counts of A and B are compared over the 1 round that both have"; c.Notes[0] != want {
		t.Errorf("got %q, want %q", c.Notes, want)
	}
}

// strangers are three runs with names that want to be something else.
func strangers(t *testing.T) *Comparison {
	t.Helper()
	const name = "<script>alert(1)</script> 캐시"
	run := func(source string, slow float64, reads float64) Candidate {
		m := makeRun(3, slower(slow), "baseline", "cache")
		m.costlier("cache", reads)
		for i := range m.header.Trials {
			m.header.Trials[i].State = strings.Replace(m.header.Trials[i].State, "cache", name, 1)
		}
		m.header.States[1], m.header.Commit = name, source
		m.scenario.Phases = []string{name}
		return m.candidate(t, source)
	}
	return compared(t, CompareOptions{}, run("one", 1, 1), run("two", 1.02, 1), run("three", 2, 4))
}

func TestComparisonTold(t *testing.T) {
	a, b := makeRun(3, wobble, "baseline", "cache"), makeRun(3, slower(1.3), "baseline", "cache")
	b.costlier("cache", 2)
	b.header.Seed, b.header.Commit = 8, "def"
	for name, c := range map[string]*Comparison{
		"compare-two":   compared(t, CompareOptions{Anyway: true}, a.candidate(t, "out/a"), b.candidate(t, "out/b")),
		"compare-three": strangers(t),
	} {
		t.Run(name, func(t *testing.T) {
			var terminal, page, data bytes.Buffer
			for _, err := range []error{PrintComparison(&terminal, c, Options{}), comparisonMarkdown(&page, c), JSON(&data, c)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if strings.Contains(page.String(), "<script>") {
				t.Error("a name is markup in compare.md")
			}
			golden(t, name+".txt", terminal.Bytes())
			golden(t, name+".md", page.Bytes())
			golden(t, name+".json", data.Bytes())
			var back Comparison
			if err := json.Unmarshal(data.Bytes(), &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.States, back.States, cmp.Comparer(about)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// about compares numbers as far as JSON keeps them.
func about(a, b Number) bool {
	return !a.Known() && !b.Known() || a == b || approximately(a, float64(b), 1e-5) == nil
}

func TestWriteComparison(t *testing.T) {
	c, dir := strangers(t), filepath.Join(t.TempDir(), "new", "folder")
	if err := WriteComparison(dir, c); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, ComparisonFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range c.overlays(nil) {
		name := o.name
		if !strings.Contains(string(page), "(charts/"+name+".png)") {
			t.Errorf("compare.md does not show %s", name)
		}
		for _, format := range []string{".svg", ".png"} {
			if info, err := os.Stat(filepath.Join(dir, ChartsDir, name+format)); err != nil || info.Size() < 1000 {
				t.Errorf("%s%s: %v", name, format, err)
			}
		}
	}
}
