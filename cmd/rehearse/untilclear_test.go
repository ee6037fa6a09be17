package main

import (
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// summaryOf has one phase whose effect on p95 lies between lo and hi, over so many rounds.
func summaryOf(rounds int, lo, hi stat.Number, verdict model.Effect) *model.Summary {
	return &model.Summary{Provenance: model.Provenance{Rounds: rounds}, Phases: []model.Phase{{Name: "cache", P95Ratio: model.Estimate{
		Value: (lo + hi) / 2, Lo: lo, Hi: hi, Verdict: verdict, Rounds: rounds,
	}}}}
}

// collapsed has a state that fell over as well.
func collapsed(s *model.Summary) *model.Summary {
	s.States = []model.State{{Name: "baseline"}, {Name: "extract-main", Collapse: &model.Collapse{}}}
	return s
}

func TestUntilClearDecides(t *testing.T) {
	for _, tt := range []struct {
		name    string
		summary *model.Summary
		most    int
		took    time.Duration
		more    bool
		why     string
	}{
		{"decided", summaryOf(3, 0.5, 0.9, model.Better), 9, time.Minute, false, "all is clear"},
		{"known well enough", summaryOf(3, 0.95, 1.05, model.Unclear), 9, time.Minute, false, "all is clear"},
		{"open", summaryOf(3, 0.8, 1.4, model.Unclear), 9, time.Minute, true, "one more round: cache: p95 changes by −20.0 % to +40.0 %"},
		{"open, and failed for good", collapsed(summaryOf(3, 0.8, 1.4, model.Unclear)), 9, time.Minute, false, "extract-main collapsed, and no further round mends that"},
		{"clear, and failed for good", collapsed(summaryOf(3, 0.5, 0.9, model.Better)), 9, time.Minute, false, "extract-main collapsed"},
		{"no token left", summaryOf(9, 0.8, 1.4, model.Unclear), 9, time.Minute, false, "raise system.data.live_tokens"},
		{"no time left", summaryOf(3, 0.8, 1.4, model.Unclear), 9, 8 * time.Minute, false, "one more round would end after --max-time 10m0s"},
		{"just time enough", summaryOf(4, 0.8, 1.4, model.Unclear), 9, 8 * time.Minute, true, "one more round"},
	} {
		u := untilClear{on: true, maxTime: 10 * time.Minute, precision: 0.1}
		more, why := u.decide(tt.summary, tt.most, tt.took)
		if more != tt.more || !strings.Contains(why, tt.why) {
			t.Errorf("%s: got %v, %q, want %v, %q", tt.name, more, why, tt.more, tt.why)
		}
	}
}

// A budget that the interval touches is open too, and several open ones are counted.
func TestUntilClearCountsBudgets(t *testing.T) {
	s := summaryOf(3, 0.8, 1.4, model.Unclear)
	s.Budgets = []model.Budget{{Key: model.Key{Metric: "p95"}, Verdict: model.Inconclusive, Reason: "the interval contains the limit"}, {Verdict: model.Pass}}
	if got := judge.Undecided(s, 0.1); len(got) != 2 || !strings.HasPrefix(got[0], "budget p95") {
		t.Errorf("got %q", got)
	}
	if _, why := (untilClear{maxTime: time.Hour, precision: 0.1}).decide(s, 9, time.Minute); !strings.HasSuffix(why, "; and 1 more") {
		t.Errorf("got %q", why)
	}
}
