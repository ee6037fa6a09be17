package main

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"
	"pgregory.net/rapid"

	"github.com/rehearse-dev/rehearse/harness"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/live"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// progressOf tells of a trial of 25 s, with a word from somebody else in its midst, and of the beginning of the next ones.
func progressOf(t *testing.T, set func(*progressView)) string {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		v := newProgressView(&out, &scenarios.Plan{Trials: make([]scenarios.Trial, 2), Stages: []scenarios.PlannedStage{{End: 27 * time.Second}}}, reading.Declared{Application: record.Application{Roles: []string{"auth"}}})
		set(v)
		v.start()
		p := harness.Progress{Trial: 1, Trials: 2, Round: 1, Rounds: 1, State: "baseline", Step: harness.StepSwitch, Length: 27 * time.Second}
		v.show(p)
		v.Observe(record.Event{Kind: record.EventTrialBegin})
		p.Step, p.Stage, p.OfferedRate, p.AchievedRate, p.P95Seconds = harness.StepLoad, "peak", 600, 598, 0.00412
		for second := range 25 {
			time.Sleep(time.Second)
			v.Observe(serverReading("primary", second, 900))
			v.Observe(serverReading("replica", second, 310))
			p.Elapsed += time.Second
			v.show(p)
			if second == 12 {
				fmt.Fprintln(v, "somebody says something")
			}
		}
		v.show(harness.Progress{Trial: 2, Trials: 2, Round: 1, Rounds: 1, State: "cache", Step: harness.StepSwitch})
		time.Sleep(time.Second)
		v.show(harness.Progress{Trial: 3, Trials: 3, Round: 1, Rounds: 1, Repeat: true, Why: "the generator was late, lag p99 40 ms", State: "cache", Step: harness.StepWarm})
		time.Sleep(time.Second)
		v.close()
		v.close()
	})
	return out.String()
}

// serverReading is what a server with so many statements a second says.
func serverReading(source string, second int, rate float64) record.Sample {
	return record.Sample{AtSeconds: float64(second), Source: source,
		Values: map[string]float64{"statements_total{kind=read,role=auth}": rate * float64(second)}}
}

// Where nobody watches there is a line for each trial and one every ten seconds, and no control characters.
func TestPlainProgress(t *testing.T) {
	want := `00:00/01:00  trial 1/2 round 1/1  baseline  switch
00:10/00:57  trial 1/2 round 1/1  baseline  peak  598/600 req/s  p95 4.12 ms  primary 900/s  replica 310/s  0 failed
somebody says something
00:20/00:57  trial 1/2 round 1/1  baseline  peak  598/600 req/s  p95 4.12 ms  primary 900/s  replica 310/s  0 failed
00:25/00:55  trial 2/2 round 1/1  cache  switch
00:26/00:56  once more round 1/1  cache  warm  because the generator was late, lag p99 40 ms
`
	if diff := cmp.Diff(want, progressOf(t, func(*progressView) {})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// screen is what a terminal shows after it was sent text, and after each piece of it that ends in a picture.
func screen(t *testing.T, sent string, each func(lines []string)) {
	t.Helper()
	lines, row := []string{""}, 0
	for _, part := range regexp.MustCompile(`\x1b\[\d*[A-Z]|\x1b\[[\d;]*m|[\r\n]|[^\x1b\r\n]+`).FindAllString(sent, -1) {
		var up int
		switch {
		case part == "\r":
		case part == "\n":
			if row++; row == len(lines) {
				lines = append(lines, "")
			}
		case part == "\x1b[J":
			each(lines)
			lines = append(lines[:row], "")
		case strings.HasSuffix(part, "A"):
			if fmt.Sscanf(part, "\x1b[%dA", &up); up > row {
				t.Fatalf("goes up %d lines from line %d", up, row)
			}
			row -= up
		case strings.HasSuffix(part, "m") && part[0] == '\x1b':
		default:
			lines[row] += part
		}
	}
	each(lines)
}

// A p95 that is a hit without an answer is told just when everybody looks.
func TestPictureOfACollapse(t *testing.T) {
	p := picture{Progress: harness.Progress{Step: harness.StepLoad, OfferedRate: 5000, AchievedRate: 164, P95Seconds: math.Inf(1), TimeoutSeconds: 5}}
	if text := p.line() + strings.Join(p.lines(200), "\n"); strings.Count(text, "p95 over 5 s") != 2 {
		t.Errorf("got %s", text)
	}
}

// What a collapse makes of numbers is still read at a glance: no exponents, seconds where milliseconds have too many digits.
func TestPictureOfLargeNumbers(t *testing.T) {
	p := picture{Progress: harness.Progress{Step: harness.StepLoad, OfferedRate: 12345678, AchievedRate: 2e6, P95Seconds: 3.85, Failed: 1e9},
		Readings: live.Readings{PrimaryQPS: 1e7, ReplicaQPS: 0, CacheHitRatio: 1}, elapsed: 300 * time.Hour, left: 1e6 * time.Second}
	text := p.line() + "\n" + strings.Join(p.lines(200), "\n")
	if !strings.Contains(text, "p95 3.85 s") || regexp.MustCompile(`\de[+-]?\d`).MatchString(text) {
		t.Errorf("got %s", text)
	}
}

// On a terminal the same lines are rewritten in place, what others say stands above them, and nothing of them is left.
func TestLiveProgress(t *testing.T) {
	var pictures []string
	screen(t, progressOf(t, func(v *progressView) { v.live, v.width = true, func() int { return 100 } }), func(lines []string) {
		pictures = append(pictures, strings.Join(lines, "\n"))
	})
	want := `somebody says something
███████████░░░░░░░░░░░░░░░░░░░  35 %  00:20  about 00:37 left
baseline  peak  trial 1/2 round 1/1
598/600 req/s  p95 4.12 ms  primary 900/s  replica 310/s  0 failed`
	if !slices.Contains(pictures, want) {
		t.Errorf("got %s\n\nwant among them\n%s", strings.Join(pictures, "\n\n"), want)
	}
	if last := pictures[len(pictures)-1]; last != "somebody says something\n" {
		t.Errorf("got %q at the end, want nothing but what somebody said", last)
	}
	// A change of a second is one picture; 27 s cannot have more than four in each.
	if len(pictures) < 27 || len(pictures) > 4*27 {
		t.Errorf("got %d pictures in 27 s", len(pictures))
	}
}

// However often it is told something, a terminal is written to at most four times a second.
func TestProgressIsCalm(t *testing.T) {
	var out counting
	synctest.Test(t, func(t *testing.T) {
		v := newProgressView(&out, &scenarios.Plan{Trials: make([]scenarios.Trial, 1)}, reading.Declared{Application: record.Application{Roles: []string{"auth"}}})
		v.live = true
		v.start()
		for n := range 5000 {
			v.show(harness.Progress{Trial: 1, Trials: 1, State: "baseline", Step: harness.StepLoad, OfferedRate: float64(n)})
			time.Sleep(2 * time.Millisecond)
		}
		v.close()
	})
	if out.writes > 4*10+2 {
		t.Errorf("got %d writes in 10 s, want at most four a second and two for the end", out.writes)
	}
}

// counting counts writes.
type counting struct{ writes int }

func (c *counting) Write(p []byte) (int, error) {
	if len(p) > 0 {
		c.writes++
	}
	return len(p), nil
}

// A narrow terminal shows what matters most.
func TestProgressFits(t *testing.T) {
	p := picture{
		Progress: harness.Progress{Trial: 3, Trials: 18, Round: 1, Rounds: 3, State: "extract-main", Step: harness.StepLoad, Stage: "plateau",
			OfferedRate: 600, AchievedRate: 598, P95Seconds: 0.00412, Failed: 7},
		Readings: live.Readings{PrimaryQPS: 882, ReplicaQPS: 291, CacheHitRatio: 0.619},
		elapsed:  42 * time.Second, left: 312 * time.Second,
	}
	for width, want := range map[int]string{
		100: `████░░░░░░░░░░░░░░░░░░░░░░░░░░  12 %  00:42  about 05:12 left
extract-main  plateau  trial 3/18 round 1/3
598/600 req/s  p95 4.12 ms  primary 882/s  replica 291/s  cache 61.9 %  7 failed`,
		40: `12 %  00:42  about 05:12 left
extract-main  plateau
p95 4.12 ms  primary 882/s  7 failed`,
		20: `12 %
extract-main
7 failed`,
		5: `12 %
extra
7 fai`,
	} {
		if diff := cmp.Diff(want, strings.Join(p.lines(width), "\n")); diff != "" {
			t.Errorf("%d columns: -want +got:\n%s", width, diff)
		}
	}
}

// Whatever the names and however wide the terminal, no line is wider, and none does anything but stand there.
func TestProgressIsNeverTooWide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := picture{Progress: harness.Progress{Trial: 3, Trials: 18, Step: harness.StepLoad, OfferedRate: 600, P95Seconds: 0.00412, Failed: 7}}
		q.State, q.Stage = rapid.String().Draw(t, "state"), rapid.StringMatching(`[가-힣a-z\x00-\x1f]{0,20}`).Draw(t, "stage")
		q.colour = rapid.Bool().Draw(t, "colour")
		q.CacheHitRatio = rapid.SampledFrom([]page.Value{0.5, page.Value(math.NaN())}).Draw(t, "hits")
		width := rapid.IntRange(2, 120).Draw(t, "width")
		for _, line := range q.lines(width) {
			if got := text.StringWidthWithoutEscSequences(line); got > width {
				t.Fatalf("%q takes %d columns, want at most %d", line, got, width)
			}
			plain := regexp.MustCompile(`\x1b\[[\d;]*m`).ReplaceAllString(line, "")
			if !q.colour && plain != line || strings.ContainsAny(plain, "\x1b\r\n\a") {
				t.Fatalf("%q controls the terminal", line)
			}
		}
	})
}

// In colour the primary is blue and what failed is red; NO_COLOR and TERM=dumb are heeded where the view is made.
func TestProgressInColour(t *testing.T) {
	p := picture{Progress: harness.Progress{Step: harness.StepLoad, Missed: 2}, Readings: live.Readings{PrimaryQPS: 882}, colour: true}
	got := p.lines(100)[2]
	for _, want := range []string{"\x1b[94mprimary 882/s\x1b[0m", "\x1b[31;1m2 failed\x1b[0m"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
}

// What is left is estimated anew with every trial: one that is run once more pushes the others back.
func TestOutlook(t *testing.T) {
	plan := &scenarios.Plan{Trials: make([]scenarios.Trial, 3), Stages: []scenarios.PlannedStage{{End: 27 * time.Second}}}
	o := newOutlook(plan)
	for _, c := range []struct {
		name string
		p    harness.Progress
		ago  time.Duration
		want time.Duration
	}{
		{"at the begin", harness.Progress{Trial: 1, Trials: 3, Step: harness.StepWarm}, 0, 90 * time.Second},
		{"a moment later", harness.Progress{Trial: 1, Trials: 3, Step: harness.StepWarm}, 2 * time.Second, 88 * time.Second},
		{"a step that hangs", harness.Progress{Trial: 1, Trials: 3, Step: harness.StepWarm}, 5 * time.Minute, 60 * time.Second},
		{"under load", harness.Progress{Trial: 1, Trials: 3, Step: harness.StepLoad, Elapsed: 20 * time.Second, Length: 27 * time.Second}, 0, 67 * time.Second},
		{"settling", harness.Progress{Trial: 1, Trials: 3, Step: harness.StepSettle}, 0, 60 * time.Second},
		{"once more", harness.Progress{Trial: 4, Trials: 4, Repeat: true, Step: harness.StepWarm}, 0, 90 * time.Second},
		{"the next one", harness.Progress{Trial: 2, Trials: 4, Step: harness.StepWarm}, 0, 60 * time.Second},
		{"the last one", harness.Progress{Trial: 3, Trials: 4, Step: harness.StepSettle}, 0, 0},
	} {
		o.hear(c.p)
		if got := o.left(c.p, c.ago); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
