package reports

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
)

func TestCompareGroups(t *testing.T) {
	type header = record.Header
	built := func(commit string) func(*header) { return func(h *header) { h.Commit = commit } }
	release := func(version string) func(*header) {
		return func(h *header) { h.Version, h.Commit = version, "unknown" }
	}
	for _, tt := range []struct {
		name string
		runs []func(*header)
		// want are the labels of the runs of each group; notes are parts of what is noted.
		want, notes string
	}{
		{"builds take turns", []func(*header){built("a"), built("b"), built("a"), built("b"), built("b")}, "[A1 A2] [B1 B2 B3]", ""},
		{"one build", []func(*header){built("a"), built("a"), built("a")}, "[A] [B] [C]", "A and B and C are the same build"},
		{"one run twice", []func(*header){built("a"), built("b"), func(h *header) { h.Commit, h.ID = "a", "run-0" }}, "[A] [B]", "c is the same run as a"},
		{"one run, and nothing else", []func(*header){built("a"), func(h *header) { h.Commit, h.ID = "a", "run-0" }}, "[A] [B]", "these are one run, so nothing can differ"},
		{"planted defects", []func(*header){built("a"), built("a"), func(h *header) { h.Commit, h.Settings["sabotage"] = "a", "look-twice" }}, "[A1 A2] [B]", ""},
		{"versions", []func(*header){built("a"), built("a"), func(h *header) { h.Commit, h.Version = "a", "v9" }}, "[A1 A2] [B]", ""},
		{"releases have no commit", []func(*header){release("v1.2.3"), release("v1.2.3"), release("v1.2.4")}, "[A1 A2] [B]", ""},
		{"uncommitted changes", []func(*header){built("a"), built("a-dirty"), built("a"), built("a-dirty")}, "[A1 A2] [B] [C]", "B and C are of a build that no commit tells"},
		{"uncommitted changes, by the version", []func(*header){release("v1.2.3+dirty"), release("v1.2.3+dirty"), built("a")}, "[A] [B] [C]", "A and B are of a build that"},
		{"another seed", []func(*header){built("a"), func(h *header) { h.Commit, h.Seed = "a", 8 }, built("a"), func(h *header) { h.Commit, h.Seed = "a", 8 }}, "[A1 A2] [B1 B2]", ""},
		{"one after the other", []func(*header){built("a"), built("a"), built("b"), built("b")}, "[A1 A2] [B1 B2]", "all runs of A began before those of B"},
		{"one after the other, named the other way", []func(*header){
			func(h *header) { h.Commit, h.Started = "a", h.Started.AddDate(1, 0, 0) }, func(h *header) { h.Commit, h.Started = "a", h.Started.AddDate(1, 0, 0) },
			built("b"), built("b"),
		}, "[A1 A2] [B1 B2]", "all runs of B began before those of A"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var candidates []judge.Candidate
			for i, change := range tt.runs {
				m := makeRun(1, steady, "baseline")
				m.header.ID, m.header.Started = fmt.Sprint("run-", i), m.header.Started.Add(time.Duration(i)*time.Hour)
				change(&m.header)
				candidates = append(candidates, m.candidate(t, string(rune('a'+i))))
			}
			c := compared(t, judge.CompareOptions{Anyway: true}, candidates...)
			var got []string
			for _, g := range c.Groups {
				got = append(got, fmt.Sprint(g.Runs))
			}
			if groups := strings.Join(got, " "); groups != tt.want {
				t.Errorf("got %s, want %s", groups, tt.want)
			}
			if notes := strings.Join(c.Notes, "\n"); !strings.Contains(notes, tt.notes) || tt.notes == "" && notes != "" {
				t.Errorf("got the notes %q, want %q", notes, tt.notes)
			}
		})
	}
}

// Two runs of one build show what two runs differ by; of a build with uncommitted changes nobody knows whether it is one.
func TestCompareNotesTheSameBuild(t *testing.T) {
	for commit, want := range map[string]bool{"abc": true, "abc-dirty": false, "unknown": false, "": false} {
		m := makeRun(1, steady, "baseline")
		m.header.Commit = commit
		first := m.candidate(t, "a")
		m.header.ID = "another"
		c := compared(t, judge.CompareOptions{}, first, m.candidate(t, "b"))
		if got := strings.Contains(strings.Join(c.Notes, "\n"), "A and B are the same build"); got != want {
			t.Errorf("commit %q: got %v in %q", commit, got, c.Notes)
		}
	}
}

// Latencies of a build are the geometric mean over its runs, whatever number of trials each has; counts are their mean.
func TestRunsCountAlike(t *testing.T) {
	long, short := makeRun(8, steady, "baseline"), makeRun(1, func(int, string) float64 { return 4 }, "baseline")
	short.header.ID, short.header.Rounds = "short", 8
	other := makeRun(8, steady, "baseline")
	other.header.Commit = "def"
	c := compared(t, judge.CompareOptions{}, other.candidate(t, "other"), long.candidate(t, "long"), short.candidate(t, "short"))
	if err := approximately(changeOf(t, c, "baseline", "p95", "", 0).Ratio, 2, 1e-3); err != nil {
		t.Error(err)
	}
	if got := changeOf(t, c, "baseline", "primary_qps", "", 0); got.Ratio != 1 || got.Verdict != model.Unclear {
		t.Errorf("a count that is the same in all: got %+v", got)
	}
	if s := c.States[0]; s.Runs[1] != 2 || s.Trials[1] != 9 || s.Hits[1] != 18000 {
		t.Errorf("got %d runs with %d trials and %v hits", s.Runs[1], s.Trials[1], s.Hits[1])
	}
	short.events = short.events[:1]
	c = compared(t, judge.CompareOptions{}, other.candidate(t, "other"), long.candidate(t, "long"), short.candidate(t, "short"))
	if got := changeOf(t, c, "baseline", "p95", "", 0); c.States[0].Runs[1] != 1 || got.Ratio != 1 || got.Lo.Known() {
		t.Errorf("a run without a valid trial: got %d runs, %+v", c.States[0].Runs[1], got)
	}
}
