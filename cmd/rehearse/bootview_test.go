package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// bootOf tells of a boot of 26 s that was thought to take 20 s, and of the trial after it.
func bootOf(t *testing.T, set func(*progressView)) string {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		v := newProgressView(&out, &scenarios.Plan{Trials: make([]scenarios.Trial, 2), Stages: []scenarios.PlannedStage{{End: 7 * time.Second}}}, reading.Declared{})
		v.outlook.boot = 20 * time.Second
		set(v)
		v.start()
		v.boots("initdb", 0, 0)
		time.Sleep(2100 * time.Millisecond)
		for rows := range 20 {
			v.boots("seeding", 100_000*rows, 2_000_000)
			time.Sleep(time.Second)
		}
		v.boots("seeding", 2_000_000, 2_000_000)
		time.Sleep(2 * time.Second)
		v.boots("starting the \x1b[31mreplica", 0, 0)
		time.Sleep(2 * time.Second)
		v.show(harness.Progress{Trial: 1, Trials: 2, Round: 1, Rounds: 1, State: "baseline", Step: harness.StepSwitch})
		v.close()
	})
	return out.String()
}

// From the first moment there is word of what is done, how far it is, and how long all of it will take.
func TestPlainBoot(t *testing.T) {
	want := `00:00/00:40  initdb
00:10/00:44  seeding: 700,000 of 2,000,000 rows
00:20/00:43  seeding: 1,700,000 of 2,000,000 rows
00:26/00:46  trial 1/2 round 1/1  baseline  switch
`
	if diff := cmp.Diff(want, bootOf(t, func(*progressView) {})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestLiveBoot(t *testing.T) {
	var pictures []string
	screen(t, bootOf(t, func(v *progressView) { v.live, v.width = true, func() int { return 100 } }), func(lines []string) {
		pictures = append(pictures, strings.Join(lines, "\n"))
	})
	text := strings.Join(pictures, "\n")
	for _, want := range []string{"00:00  about 00:39 left\ninitdb", "seeding: 300,000 of 2,000,000 rows", "seeding: all 2,000,000 rows are there, indexes are built", "starting the \ufffd[31mreplica"} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s\n\nwant %q in it", text, want)
		}
	}
}

// What takes time is in the estimate: data that has to be made, passwords, the archive job each time it runs.
func TestOutlay(t *testing.T) {
	plan := &scenarios.Plan{States: []string{"baseline", "archive"}, Stages: []scenarios.PlannedStage{{End: 10 * time.Second}},
		Trials: []scenarios.Trial{{State: "baseline"}, {State: "archive"}, {State: "archive"}, {State: "baseline"}}}
	data := &scenarios.Scenario{System: scenarios.System{Values: map[string]any{
		"data.users": 50_000, "data.dead_tokens": 2_000_000, "data.live_tokens": 200_000, "password_iterations": 1000,
	}}}
	kept, fresh := outlayOf(data, plan, true), outlayOf(data, plan, false)
	if fresh.boot < 2*kept.boot || fresh.trial != kept.trial {
		t.Errorf("got %+v of data that is kept and %+v of data that is made", kept, fresh)
	}
	twice := *plan
	twice.Trials = append(twice.Trials, plan.Trials...)
	if one, two := kept.trial*4, outlayOf(data, &twice, true).trial*8; two != 2*one {
		t.Errorf("got %v for the trials of a round and %v for those of two", one, two)
	}
	little := &scenarios.Scenario{System: scenarios.System{Values: map[string]any{"data.users": 1, "data.live_tokens": 1}}}
	if none := outlayOf(little, plan, true); none.trial >= kept.trial || none.boot >= kept.boot {
		t.Errorf("got %+v of no data, %+v of much", none, kept)
	}
}
