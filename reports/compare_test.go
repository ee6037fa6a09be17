package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// candidate is a made-up run as one to compare.
func (m *made) candidate(t *testing.T, source string) judge.Candidate {
	t.Helper()
	return judge.Candidate{Source: source, Run: m.written(t), Scenario: &m.scenario}
}

func compared(t *testing.T, o judge.CompareOptions, candidates ...judge.Candidate) *model.Comparison {
	t.Helper()
	c, err := judge.Compare(candidates, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// changeOf is the change of a number in the i-th other run.
func changeOf(t *testing.T, c *model.Comparison, state, metric, operation string, i int) model.Change {
	t.Helper()
	for _, s := range c.States {
		for _, n := range s.Numbers {
			if s.State == state && n.Metric == metric && n.Operation == operation {
				return n.Changes[i]
			}
		}
	}
	t.Fatalf("%s has no %s(%s)", state, metric, operation)
	return model.Change{}
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

// turns are runs of two builds that take turns. The machine is a per cent slower with every one.
func turns(t *testing.T, each int, before, after func(factor float64) *made) (candidates []judge.Candidate) {
	t.Helper()
	for i := range 2 * each {
		build, commit := before, "abc"
		if i%2 == 1 {
			build, commit = after, "def"
		}
		m := build(1 + 0.01*float64(i))
		m.header.ID, m.header.Commit = fmt.Sprint("run-", i), commit
		m.header.Started = m.header.Started.Add(time.Duration(i) * time.Hour)
		candidates = append(candidates, m.candidate(t, m.header.ID))
	}
	return candidates
}

func TestCompareChanges(t *testing.T) {
	run := func(rounds int) func(float64) *made {
		return func(hour float64) *made { return makeRun(rounds, slower(hour), "baseline", "extract-main") }
	}
	costlier := func(rounds int, times float64) func(float64) *made {
		return func(hour float64) *made {
			m := run(rounds)(hour)
			m.costlier("baseline", times)
			return m
		}
	}
	for _, tt := range []struct {
		name         string
		runs, rounds int
		after        func(hour float64) *made
		// want are the verdicts on p95, primary_qps, primary_statements(verify) and errors of the baseline.
		want [4]model.Effect
	}{
		{"the same", 2, 3, run(3), [4]model.Effect{}},
		{"slower than hours differ by", 2, 3, func(hour float64) *made { return run(3)(1.5 * hour) }, [4]model.Effect{model.Worse}},
		{"faster", 2, 3, func(hour float64) *made { return run(3)(0.5 * hour) }, [4]model.Effect{model.Better}},
		{"slower, in single trials", 2, 1, func(hour float64) *made { return run(1)(1.5 * hour) }, [4]model.Effect{model.Worse}},
		{"slower, in one run", 1, 3, func(hour float64) *made { return run(3)(1.5 * hour) }, [4]model.Effect{}},
		{"slower, as hours are", 2, 8, func(hour float64) *made { return run(8)(1.02 * hour) }, [4]model.Effect{}},
		{"one more read", 1, 1, costlier(1, 1.5), [4]model.Effect{model.Unclear, model.Worse, model.Worse}},
		{"one more read, in each of two runs", 2, 1, costlier(1, 1.5), [4]model.Effect{model.Unclear, model.Worse, model.Worse}},
		{"fewer reads", 1, 1, costlier(1, 0.5), [4]model.Effect{model.Unclear, model.Better, model.Better}},
		{"one per cent more reads", 1, 3, costlier(3, 1.01), [4]model.Effect{}},
		{"some fail each time", 2, 3, func(hour float64) *made { return failing(run(3)(hour), 25, 0, 3, 4) }, [4]model.Effect{model.Unclear, model.Unclear, model.Unclear, model.Worse}},
		{"some fail in one run", 1, 3, func(hour float64) *made { return failing(run(3)(hour), 25, 0, 3, 4) }, [4]model.Effect{}},
		{"one fails each time, as it happens", 2, 3, func(hour float64) *made { return failing(run(3)(hour), 1000, 0) }, [4]model.Effect{}},
		{"some fail once", 2, 3, func(hour float64) *made {
			if hour > 1.02 {
				return run(3)(hour)
			}
			return failing(run(3)(hour), 25, 0)
		}, [4]model.Effect{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := compared(t, judge.CompareOptions{}, turns(t, tt.runs, run(tt.rounds), tt.after)...)
			for i, k := range []model.Key{{Metric: "p95"}, {Metric: "primary_qps"}, {Metric: "primary_statements", Operation: "verify"}, {Metric: "errors"}} {
				if got := changeOf(t, c, "baseline", k.Metric, k.Operation, 0); got.Verdict != tt.want[i] {
					t.Errorf("%s: got %v (%+v), want %v", k.Metric, got.Verdict, got, tt.want[i])
				}
			}
			if got := changeOf(t, c, "extract-main", "primary_qps", "", 0); got.Verdict != model.Unclear {
				t.Errorf("the state nobody touched: got %v", got.Verdict)
			}
			if p95 := changeOf(t, c, "baseline", "p95", "", 0); !p95.Ratio.Known() || p95.Lo.Known() != (tt.runs > 1) {
				t.Errorf("over %d runs: got %v and the interval %v to %v", tt.runs, p95.Ratio, p95.Lo, p95.Hi)
			}
			if got := strings.Contains(strings.Join((&comparison{c}).legend(), "\n"), "give two or more runs of each build"); got != (tt.runs == 1) {
				t.Errorf("over %d runs: got %q", tt.runs, (&comparison{c}).legend())
			}
		})
	}
}

// failing has one of so many hits of these trials fail; of 25, so that their p95 can still be told.
func failing(m *made, of uint64, trials ...int) *made {
	for _, trial := range trials {
		m.windowsOf(trial, "peak", func(w *record.Window) {
			w.Failed = w.Offered / of
			w.Completed = w.Sent - w.Failed
		})
	}
	return m
}

// Whichever build comes first, the same is found, the other way round.
func TestCompareIsSymmetric(t *testing.T) {
	runs := turns(t, 2, func(hour float64) *made { return makeRun(3, slower(hour), "baseline", "cache") }, func(hour float64) *made {
		m := makeRun(3, slower(1.3*hour), "baseline", "cache")
		m.costlier("cache", 2)
		return m
	})
	there := compared(t, judge.CompareOptions{}, runs...)
	slices.Reverse(runs)
	back := compared(t, judge.CompareOptions{}, runs...)
	opposite := map[model.Effect]model.Effect{model.Unclear: model.Unclear, model.Better: model.Worse, model.Worse: model.Better, model.Differs: model.Differs}
	for i, s := range there.States {
		for j, n := range s.Numbers {
			if got, want := back.States[i].Numbers[j].Changes[0], n.Changes[0]; got.Verdict != opposite[want.Verdict] {
				t.Errorf("%s of %s: %+v and back %+v", comparedName(n), s.State, want, got)
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
		candidates := []judge.Candidate{first, m.candidate(t, "b")}
		_, err := judge.Compare(candidates, judge.CompareOptions{})
		if tt.want == "" {
			if err != nil {
				t.Errorf("got %v, want no refusal", err)
			}
			continue
		}
		var refused judge.Incomparable
		if !errors.As(err, &refused) || len(refused.Differences) != 1 || !strings.Contains(err.Error(), "\n  "+tt.want+"\n") || !strings.Contains(err.Error(), "--anyway") {
			t.Errorf("got %v, want it to name %s", err, tt.want)
			continue
		}
		c := compared(t, judge.CompareOptions{Anyway: true}, candidates...)
		want := "not the same: " + strings.NewReplacer("(a)", "(A)", "(b)", "(B)").Replace(tt.want)
		if got := (&comparison{c}).warnings(); len(got) != 1 || got[0] != want {
			t.Errorf("--anyway: got %q, want %q", got, want)
		}
	}
}

// What only one of the records states is no difference, but said.
func TestCompareTellsWhatIsNotStated(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	first := m.candidate(t, "a")
	m.header.Versions["replica"], m.header.Settings["wal_level"] = "15.1", "replica"
	c := compared(t, judge.CompareOptions{}, first, m.candidate(t, "b"))
	want := "not stated by all, so not compared: versions.replica: not stated (A), 15.1 (B); settings.wal_level: not stated (A), replica (B)"
	if got := c.Notes[len(c.Notes)-1]; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCompareStages(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	a, b := m.candidate(t, "a"), m.candidate(t, "b")
	if c := compared(t, judge.CompareOptions{}, a, b); c.Stage != "peak" {
		t.Errorf("got %s, want the headline", c.Stage)
	}
	c := compared(t, judge.CompareOptions{Stage: "calm"}, a, b)
	if c.Stage != "calm" || c.States[0].Hits[1] != 200 {
		t.Errorf("got %s with %v hits", c.Stage, c.States[0].Hits)
	}
	for _, stage := range []string{"warm-up", "night"} {
		if _, err := judge.Compare([]judge.Candidate{a, b}, judge.CompareOptions{Stage: stage}); err == nil || !strings.Contains(err.Error(), "add --stage with one of calm, peak") {
			t.Errorf("%s: got %v", stage, err)
		}
	}
}

func TestCompareWhatCannotBe(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	a := m.candidate(t, "a")
	if _, err := judge.Compare([]judge.Candidate{a}, judge.CompareOptions{}); !errors.Is(err, judge.ErrTooFewRuns) {
		t.Errorf("got %v", err)
	}
	m.header.SelfTest = &record.SelfTest{State: "baseline"}
	if _, err := judge.Compare([]judge.Candidate{a, m.candidate(t, "b")}, judge.CompareOptions{}); !errors.Is(err, judge.ErrSelfTestRun) || !strings.HasPrefix(err.Error(), "b: ") {
		t.Errorf("got %v", err)
	}
}

// A saved baseline stands for its run: the same is found against either. It is one run, which proves nothing of latencies.
func TestCompareWithSaved(t *testing.T) {
	before, after := makeRun(3, wobble, "baseline", "cache"), makeRun(3, slower(2), "baseline", "cache")
	after.costlier("cache", 3)
	old, run := judge.Candidate{Source: "old.json", Saved: saved(t, before)}, after.candidate(t, "after")
	c := compared(t, judge.CompareOptions{}, old, run)
	full := compared(t, judge.CompareOptions{}, before.candidate(t, "before"), run)
	for i, s := range full.States {
		for j, n := range s.Numbers {
			got, want := c.States[i].Numbers[j], n
			if comparedName(got) != comparedName(want) || got.Changes[0].Verdict != want.Changes[0].Verdict {
				t.Errorf("%s of %s: got %+v, want %+v", comparedName(n), s.State, got, want)
			}
			if (model.Key{Metric: n.Metric}).Latency() && (!got.Changes[0].Ratio.Known() || got.Changes[0].Verdict != model.Unclear) {
				t.Errorf("%s of %s: got %+v, want a value that proves nothing", comparedName(n), s.State, got)
			}
		}
	}
	if !strings.HasPrefix(c.Notes[0], "A is a saved baseline") || !c.Runs[0].Saved {
		t.Errorf("got %q", c.Notes)
	}
	both := compared(t, judge.CompareOptions{Stage: "peak"}, old, judge.Candidate{Source: "new.json", Saved: saved(t, after)})
	if got := changeOf(t, both, "cache", "primary_qps", "", 0).Verdict; got != changeOf(t, full, "cache", "primary_qps", "", 0).Verdict {
		t.Errorf("two baselines: got %v", got)
	}
	if _, err := judge.Compare([]judge.Candidate{old, old}, judge.CompareOptions{}); err == nil || !strings.Contains(err.Error(), "saved baselines have no headline stage; add --stage with one of calm, peak") {
		t.Errorf("got %v", err)
	}
	after.header.Host.CPUs, after.header.Stages[2].Hits = 64, 2001
	if _, err := judge.Compare([]judge.Candidate{old, after.candidate(t, "after")}, judge.CompareOptions{}); err == nil ||
		!strings.Contains(err.Error(), "host.cpus: 2 (old.json), 64 (after)") || !strings.Contains(err.Error(), "stage peak: 2,000 hits in 4 s (old.json), 2,001 hits in 4 s (after)") {
		t.Errorf("got %v", err)
	}
}

// A run that ended early is compared as far as it goes, and says so.
func TestCompareIncomplete(t *testing.T) {
	whole, cut := makeRun(1, steady, "baseline", "cache"), makeRun(1, steady, "baseline", "cache")
	cut.events = append(cut.events[:3:3], record.Event{AtSeconds: 20, Trial: 1, Kind: record.EventInterrupted, Text: "interrupt"})
	c := compared(t, judge.CompareOptions{}, whole.candidate(t, "whole"), cut.candidate(t, "cut"))
	if !strings.Contains(strings.Join(c.Notes, "\n"), "B did not reach its end: interrupt") {
		t.Errorf("got %q", c.Notes)
	}
	if got := changeOf(t, c, "cache", "p95", "", 0); got.Ratio.Known() || got.Verdict != model.Unclear {
		t.Errorf("a state without a valid trial: got %+v", got)
	}
}

// A run that is named twice, or beside what was saved of it, says nothing of what two runs differ by.
func TestCompareOneRun(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	run, old := m.candidate(t, "run"), judge.Candidate{Source: "old.json", Saved: saved(t, m)}
	for want, others := range map[string][]judge.Candidate{
		"these are one run, so nothing can differ":                            {run, run},
		"A was saved from the run B: they are one run, so nothing can differ": {old, run},
	} {
		notes := strings.Join(compared(t, judge.CompareOptions{}, others...).Notes, "\n")
		if !strings.Contains(notes, want) || strings.Contains(notes, "the same build") {
			t.Errorf("got %q, want %q", notes, want)
		}
	}
}

// What was measured and is not believed is void, in the words of the reports, and counts beside it say on how many trials they rest.
func TestCompareVoid(t *testing.T) {
	m, other := makeRun(2, steady, "baseline", "cache"), makeRun(2, steady, "baseline", "cache")
	other.header.Commit = "def"
	m.sentLate(0)
	m.sentLate(3)
	c := compared(t, judge.CompareOptions{}, m.candidate(t, "a"), other.candidate(t, "b"))
	for _, want := range []string{
		" p95 void 12.0 ms - - -", " primary_qps 1,500/s 1,500/s ±0 % - ~", " hits void 4,000", " runs/valid trials void 1/2", " trials of counts 2 2",
	} {
		text := strings.Join(strings.FieldsFunc((&comparison{c}).stateTable(c.States[0], paint{}, asIs).Render(), func(r rune) bool { return r == ' ' }), " ")
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant %q", text, want)
		}
	}
	if text := (&comparison{c}).stateTable(c.States[1], paint{}, asIs).Render(); strings.Contains(text, numeral.Void) || strings.Contains(text, "trials of counts") {
		t.Errorf("a whole state: got\n%s", text)
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
	less.header.ID = "less"
	// A trial that did not end has no counts to believe.
	less.events = append(less.events[:3:3], record.Event{AtSeconds: 30, Trial: -1, Kind: record.EventDone})
	c := compared(t, judge.CompareOptions{}, whole.candidate(t, "whole"), less.candidate(t, "less"))
	if got := changeOf(t, c, "baseline", "primary_statements", "", 0); got.Verdict != model.Unclear || got.Ratio != 1 {
		t.Errorf("got %+v, want no change in the round that both have", got)
	}
	if want := "baseline: counts of A and B are compared over the 1 round that both have"; c.Notes[0] != want {
		t.Errorf("got %q, want %q", c.Notes, want)
	}
}

// strangers are three builds with names that want to be something else; they took turns.
func strangers(t *testing.T) *model.Comparison {
	t.Helper()
	const name = "<script>alert(1)</script> 캐시"
	var candidates []judge.Candidate
	for i, build := range []struct {
		commit      string
		slow, reads float64
	}{{"one", 1, 1}, {"two", 1.02, 1}, {"three", 2, 4}, {"one", 1.02, 1}, {"two", 1.01, 1}, {"three", 2.05, 4}} {
		m := makeRun(3, slower(build.slow), "baseline", "cache")
		m.costlier("cache", build.reads)
		for i := range m.header.Trials {
			m.header.Trials[i].State = strings.Replace(m.header.Trials[i].State, "cache", name, 1)
		}
		m.header.States[1], m.header.Commit, m.scenario.Phases = name, build.commit, []string{name}
		m.header.ID, m.header.Started = fmt.Sprint("run-", i), m.header.Started.Add(time.Duration(i)*time.Hour)
		candidates = append(candidates, m.candidate(t, build.commit))
	}
	return compared(t, judge.CompareOptions{}, candidates...)
}

func TestComparisonTold(t *testing.T) {
	old := func(hour float64) *made { return makeRun(3, slower(hour), "baseline", "cache") }
	changed := func(hour float64) *made {
		m := makeRun(3, slower(1.3*hour), "baseline", "cache")
		m.costlier("cache", 2)
		return m
	}
	two := turns(t, 1, old, changed)
	two[1].Run.Header.Seed = 8
	for name, c := range map[string]*model.Comparison{
		"compare-two":   compared(t, judge.CompareOptions{Anyway: true}, two...),
		"compare-turns": compared(t, judge.CompareOptions{}, turns(t, 2, old, changed)...),
		"compare-three": strangers(t),
	} {
		t.Run(name, func(t *testing.T) {
			var terminal, page, data bytes.Buffer
			for _, err := range []error{PrintComparison(&terminal, c, Options{}), comparisonMarkdown(&page, &comparison{c}), JSON(&data, c)} {
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
			var back model.Comparison
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
func about(a, b stat.Number) bool {
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
	for _, o := range (&comparison{c}).overlays(nil) {
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
