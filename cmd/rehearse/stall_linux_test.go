package main

import (
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/reports/model"
)

// The primary stands still over the end of the stage that the report speaks of, in the state after a phase that costs it
// nothing and saves it nothing. What hits in flight then ask for is counted after the stage: the primary's QPS falls, and
// that is no finding.
func TestStallAtTheEndOfAStage(t *testing.T) {
	s := newSite(t)
	_, talk, ended := s.runSabotaged(t)
	const stalled = 2
	if s.awaitPlateau(t, stalled, ended) {
		time.Sleep(2900 * time.Millisecond)
		s.pausePrimary(t, time.Second)
	}
	<-ended
	s.wantNothingLeft(t)
	summary := s.summary(t)
	t.Log(talk.String())
	if len(summary.Phases) != 1 || summary.Validity[stalled].State != "cache" {
		t.Fatalf("got phases %+v and trials %+v, want the one before the cache", summary.Phases, summary.Validity)
	}
	check, ratio := summary.Validity[stalled], summary.Phases[0].PrimaryQPSRatio
	if !check.Valid {
		t.Logf("the trial is invalid, so there is no number: %q", check.Reasons)
		return
	}
	if told := strings.Join(check.Doubts, "; "); !strings.Contains(told, "primary QPS at plateau is between ") {
		t.Errorf("got doubts %q, want one about the primary's QPS", told)
	}
	if ratio.Verdict != model.Unclear {
		t.Errorf("the primary's QPS changed by a factor of %v, and that is called %v; want ~", ratio.Value, ratio.Verdict)
	}
}
