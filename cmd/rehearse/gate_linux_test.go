package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// abortive is shortPeak with a budget that the first state under it breaches at once and for good.
func abortive(t *testing.T, s site) string {
	t.Helper()
	text := shortPeak + "  - {metric: achieved_rate, state: extract-main, min: 1000/s, for: 2s, abort: true}\n"
	if err := os.WriteFile(filepath.Join(s.dir, "abort.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return "abort.yaml"
}

// A budget that ends the run does so in the trial that breaches it; the verdict is a fail, and the record can be read.
func TestAbort(t *testing.T) {
	s := newSite(t)
	got := finished(t, s.command(t, "run", abortive(t, s), "--stack", "processes"))
	const budget = "budget achieved_rate of extract-main at plateau min 1,000/s for 2s: outside the limit for 2s"
	if got.code != exitBreached || !strings.Contains(got.stderr, "ended early: "+budget) || !strings.Contains(got.stdout, budget) {
		t.Errorf("got exit %d:\n%s%s", got.code, got.stdout, got.stderr)
	}
	summary := s.summary(t)
	if summary.Complete || summary.States[0].Trials != 1 || summary.States[1].Trials != 0 || summary.States[2].N != 0 {
		t.Errorf("got complete %v and states %+v, want the run to end in its second trial", summary.Complete, summary.States)
	}
	again := finished(t, s.command(t, "report"))
	if again.code != exitBreached || again.stdout != got.stdout {
		t.Errorf("judged again: exit %d, %s%s", again.code, again.stdout, again.stderr)
	}
	s.wantNothingLeft(t)
}
