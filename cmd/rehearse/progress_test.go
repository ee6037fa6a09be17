package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// progressOf shows a trial of 25 s and the beginning of the next one, a value each second.
func progressOf(live bool) string {
	var out bytes.Buffer
	l := newProgressLine(&out, &scenarios.Plan{Trials: make([]scenarios.Trial, 2), Stages: []scenarios.PlannedStage{{End: 27 * time.Second}}})
	l.live = live
	now := l.began
	l.now = func() time.Time { return now }
	p := harness.Progress{Trial: 1, Trials: 2, Round: 1, Rounds: 1, State: "baseline", Step: harness.StepSwitch}
	l.show(p)
	p.Step, p.Stage, p.OfferedRate, p.AchievedRate, p.P95Seconds = harness.StepLoad, "peak", 600, 598, 0.00412
	for range 25 {
		now = now.Add(time.Second)
		l.show(p)
	}
	l.show(harness.Progress{Trial: 2, Trials: 2, Round: 1, Rounds: 1, State: "cache", Step: harness.StepSwitch})
	now = now.Add(time.Second)
	l.show(harness.Progress{Trial: 3, Trials: 3, Round: 1, Rounds: 1, Repeat: true, State: "cache", Step: harness.StepWarm})
	l.close()
	return out.String()
}

// Where nobody watches there is a line for each trial and one every ten seconds, and no control characters.
func TestPlainProgress(t *testing.T) {
	want := `00:00/01:00  trial 1/2 round 1/1  baseline  switch
00:10/01:00  trial 1/2 round 1/1  baseline  peak  598/600 req/s  p95 4.12 ms
00:20/01:00  trial 1/2 round 1/1  baseline  peak  598/600 req/s  p95 4.12 ms
00:25/01:00  trial 2/2 round 1/1  cache  switch
00:26/01:00  once more round 1/1  cache  warm
`
	if diff := cmp.Diff(want, progressOf(false)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// On a terminal one line is rewritten in place and cleared at the end.
func TestLiveProgress(t *testing.T) {
	got := progressOf(true)
	if strings.Contains(got, "\n") || strings.Count(got, "\r") != 29 || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("got %q", got)
	}
}
