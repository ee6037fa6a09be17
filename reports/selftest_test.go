package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
)

// selfTested is a record of pairs in which the slower one takes exactly as much longer as it was made, but for a swing of
// the whole machine from pair to pair.
func selfTested(t *testing.T, pairs int) *record.Run {
	t.Helper()
	m := makeRun(1, steady, "cache")
	m.header.Trials, m.windows, m.samples, m.events = nil, nil, nil, nil
	m.header.SelfTest = &record.SelfTest{State: "cache", Levels: []record.Level{{State: "cache again"}, {State: "cache +20%", Slowdown: 0.2}}}
	m.header.States = []string{"cache", "cache again", "cache +20%"}
	for pair := range pairs {
		for i, level := range m.header.SelfTest.Levels {
			swing, noise := 1+0.1*float64(pair%3), 1+0.01*float64(pair%4)
			m.addTrial(2*pair+i, "cache", swing)
			m.addTrial(2*pair+i, "cache", swing*(1+level.Slowdown)*noise)
			m.header.Trials[len(m.header.Trials)-1].State = level.State
		}
	}
	m.events = append(m.events, record.Event{AtSeconds: 6e5, Trial: -1, Kind: record.EventDone})
	return m.written(t)
}

func TestSelfTest(t *testing.T) {
	s, err := judge.Examine(selfTested(t, 20)).SelfTest()
	if err != nil {
		t.Fatal(err)
	}
	none, slow := s.Levels[0], s.Levels[1]
	// The noise of 0 to 3 % lies on one side, so every run of any length calls it what it is.
	if none.Pairs != 20 || slow.Pairs != 20 || math.Abs(float64(slow.P95Ratio.Value)/(1.2*float64(none.P95Ratio.Value))-1) > 0.005 {
		t.Errorf("got ratios %v and %v over %d and %d pairs", none.P95Ratio.Value, slow.P95Ratio.Value, none.Pairs, slow.Pairs)
	}
	if slow.Tries != 5 || slow.Found != 5 || slow.TryRounds != 4 {
		t.Errorf("found %d of %d times in %d rounds, want 5 of 5 in 4", slow.Found, slow.Tries, slow.TryRounds)
	}
	if len(slow.Claims) != 4 || slow.Claims[3] != (model.Claims{Rounds: 12, Worse: 1, Better: 0}) {
		t.Errorf("got claims %+v", slow.Claims)
	}
	var out bytes.Buffer
	if err := PrintSelfTest(&out, s); err != nil {
		t.Fatal(err)
	}
	golden(t, "selftest.txt", out.Bytes())
}

// Few pairs show a ratio and no claims; none at all shows nothing, and an ordinary run is none.
func TestSelfTestOfFewPairs(t *testing.T) {
	for pairs, claims := range map[int]int{1: 0, 3: 0, 4: 1, 6: 2} {
		s, err := judge.Examine(selfTested(t, pairs)).SelfTest()
		if err != nil || len(s.Levels[1].Claims) != claims || s.Levels[1].Pairs != pairs {
			t.Errorf("%d pairs: %+v, %v", pairs, s.Levels[1], err)
		}
		if err := PrintSelfTest(&bytes.Buffer{}, s); err != nil {
			t.Error(err)
		}
	}
	run, _ := makeRun(1, steady, "baseline", "extract-main").summarized(t)
	if _, err := judge.Examine(run).SelfTest(); !errors.Is(err, judge.ErrNoSelfTest) {
		t.Errorf("got %v, want ErrNoSelfTest", err)
	}
}

// A pair whose trial is invalid, as one that never ended, reaches no number.
func TestSelfTestLeavesOutInvalidPairs(t *testing.T) {
	run := selfTested(t, 6)
	for i, e := range run.Events {
		if e.Kind == record.EventTrialEnd && e.Trial == 2 {
			run.Events[i].Kind = record.EventFault
		}
	}
	s, err := judge.Examine(run).SelfTest()
	if err != nil || s.Levels[0].Pairs != 6 || s.Levels[1].Pairs != 5 || s.Invalid != 1 {
		t.Errorf("got %d and %d pairs, %d trials invalid, %v, want 6, 5 and 1", s.Levels[0].Pairs, s.Levels[1].Pairs, s.Invalid, err)
	}
	if text := fmt.Sprint((&selfTest{s}).notes()); !strings.Contains(text, "23 of 24 valid") {
		t.Errorf("got %s", text)
	}
}

// A state that fails its hits says nothing of the machine, however even the pairs are that did not.
func TestSelfTestOfACollapse(t *testing.T) {
	run := selfTested(t, 6)
	for i := range run.Windows {
		if w := &run.Windows[i]; w.Trial == 2 && w.Stage == "peak" {
			w.Failed, w.Completed, w.Response = w.Offered, 0, record.Histogram{}
		}
	}
	s, err := judge.Examine(run).SelfTest()
	if err != nil {
		t.Fatal(err)
	}
	if got := (&selfTest{s}).verdict(); got != model.Inconclusive || !strings.Contains((&selfTest{s}).against(), "cache answered 0 % of 2,000 hits due at peak (trial 3): it collapsed (under 90 %)") {
		t.Errorf("got %v because of %q, want inconclusive for the collapse", got, (&selfTest{s}).against())
	}
	if text := fmt.Sprint((&selfTest{s}).notes()); !strings.Contains(text, "it collapsed") {
		t.Errorf("got %s", text)
	}
}

// A slowdown without a pair of trials to believe is not known, and a test that does not know it all is no pass.
func TestSelfTestOfVoidTrials(t *testing.T) {
	const pairs = 2
	for _, c := range []struct {
		name  string
		ended func(trial int) bool
		want  model.Verdict
		told  string
	}{
		{"all are valid", func(int) bool { return true }, model.Pass, ""},
		{"a pair of each level is left", func(trial int) bool { return trial < 4 }, model.Pass, ""},
		{"the last level has none", func(trial int) bool { return trial%4 < 2 }, model.Inconclusive,
			"not known without a pair of trials to believe: slowdown +20.0 %; no latency is believed of 4 of 8 trials (3, 4, 7, 8), first trial 3 (cache, round 2): the trial did not end; mend that"},
		{"one trial of each pair", func(trial int) bool { return trial%2 == 0 }, model.Inconclusive, "slowdown none and +20.0 %; no latency is believed of 4 of 8 trials (2, 4, 6, 8), first trial 2 (cache again, round 1): the trial did not end"},
		{"none", func(int) bool { return false }, model.Inconclusive, "no latency is believed of 8 of 8 trials"},
	} {
		run := selfTested(t, pairs)
		for i, e := range run.Events {
			if e.Kind == record.EventTrialEnd && !c.ended(e.Trial) {
				run.Events[i].Kind = record.EventFault
			}
		}
		s, err := judge.Examine(run).SelfTest()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := PrintSelfTest(&out, s); err != nil {
			t.Fatal(err)
		}
		if got := (&selfTest{s}).verdict(); got != c.want || !strings.Contains(out.String(), c.told) || ((&selfTest{s}).against() == "") != (c.told == "") {
			t.Errorf("%s: got %v, want %v and %q in\n%s", c.name, got, c.want, c.told, out.String())
		}
	}
}

// The self-test kept here was recorded on a machine of two cores. Its claims follow from its pairs, and they are what is
// promised of such a machine: at most one false alarm in ten, and a slowdown by a fifth found each time.
func TestRecordedSelfTest(t *testing.T) {
	var s model.SelfTest
	text, err := os.ReadFile(filepath.Join("testdata", "selftest", SelfTestFile))
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.Host.CPUs != 2 || len(s.Levels) != 5 || s.Levels[0].Pairs < 30 || !s.Complete {
		t.Fatalf("got %+v, want a complete one of 30 pairs on two cores", s)
	}
	for i, level := range s.Levels {
		var ratios []float64
		for _, ratio := range level.Ratios {
			ratios = append(ratios, float64(ratio))
		}
		again := level
		judge.Claim(&again, ratios, 1+uint64(i))
		if diff := cmp.Diff(level, again); diff != "" {
			t.Errorf("slowdown %v (-recorded +of its pairs):\n%s", level.Slowdown, diff)
		}
	}
	var out bytes.Buffer
	if err := PrintSelfTest(&out, &s); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("selftest", SelfTestTextFile), out.Bytes())
	for _, c := range s.Levels[0].Claims {
		if c.Worse+c.Better > 0.1 {
			t.Errorf("%d rounds: %v false alarms, want at most 0.1", c.Rounds, c.Worse+c.Better)
		}
	}
	if slow := s.Levels[4]; slow.Slowdown != 0.2 || slow.Tries != 5 || slow.Found != 5 {
		t.Errorf("got %+v, want a slowdown by a fifth found in each of five tries", slow)
	}
}
