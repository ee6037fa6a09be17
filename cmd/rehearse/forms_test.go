package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// neverBegan is the directory of a run whose boot failed.
func neverBegan(t *testing.T, change func(*record.Header)) string {
	t.Helper()
	return eventful(t, change, record.Event{AtSeconds: 2, Trial: -1, Kind: record.EventInterrupted, Text: "Docker does not answer"})
}

// eventful is the directory of a run of two trials with nothing on record but some events.
func eventful(t *testing.T, change func(*record.Header), events ...record.Event) string {
	t.Helper()
	const source = "version: 1\nname: small\ntraffic: {stages: [{name: warm-up, hold: 10/s, for: 2s, measure: false}, {name: lunch, hold: 10/s, for: 4s}]}\nphases: [extract-main]\n"
	h := record.Header{ID: "20260701T090000Z-small-00ff", Scenario: "small", Stack: "processes", Rounds: 1, Headline: "lunch",
		States: []string{"baseline", "extract-main"}, Operations: []string{"verify"},
		Stages: []record.Stage{{Name: "warm-up", EndSeconds: 2, FromRate: 10, ToRate: 10, Hits: 20},
			{Name: "lunch", BeginSeconds: 2, EndSeconds: 6, FromRate: 10, ToRate: 10, Hits: 40, Measure: true}},
		Trials: []record.Trial{{State: "baseline"}, {Index: 1, State: "extract-main"}}}
	change(&h)
	dir := filepath.Join(t.TempDir(), "run")
	w, err := record.Create(dir, h, []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := w.AddEvent(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A workflow is told once what went wrong, whatever kind of run it was, and finds every file.
func TestReportOfRunsThatNeverBegan(t *testing.T) {
	for name, change := range map[string]func(*record.Header){
		"ordinary": func(*record.Header) {},
		"cutover": func(h *record.Header) {
			h.Stages = append(h.Stages, record.Stage{Name: "extract-main", BeginSeconds: 6, EndSeconds: 10, FromRate: 10, ToRate: 10, Hits: 40, Measure: true})
			h.Trials, h.Cutover = h.Trials[:1], &record.Cutover{States: []string{"baseline", "baseline", "extract-main"}}
		},
		"self-test": func(h *record.Header) {
			h.SelfTest = &record.SelfTest{State: "baseline", Levels: []record.Level{{State: "extract-main"}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, step := neverBegan(t, change), filepath.Join(t.TempDir(), "step.md")
			t.Setenv("GITHUB_ACTIONS", "true")
			t.Setenv("GITHUB_STEP_SUMMARY", step)
			var stdout, stderr bytes.Buffer
			if code := run(context.Background(), []string{"report", dir}, &stdout, &stderr); code != exitInconclusive {
				t.Errorf("got %d, want %d: %s", code, exitInconclusive, stderr.String())
			}
			if errors, warnings := strings.Count(stderr.String(), "::error "), strings.Count(stderr.String(), "::warning "); errors != 1 || warnings != 0 {
				t.Errorf("got %d errors and %d warnings, want one and none:\n%s", errors, warnings, stderr.String())
			}
			if told, err := os.ReadFile(step); err != nil || !bytes.Contains(told, []byte("Docker does not answer")) {
				t.Errorf("the summary of the step says %q: %v", told, err)
			}
			for _, file := range []string{"report.md", "junit.xml", "metrics.txt", "bench.txt", "windows.csv"} {
				text, err := os.ReadFile(filepath.Join(dir, file))
				if err != nil {
					t.Error(err)
				}
				if file == "junit.xml" && strings.Count(string(text), "<error ") != 1 {
					t.Errorf("junit.xml has %d errors, want one:\n%s", strings.Count(string(text), "<error "), text)
				}
				if file == "report.md" && !strings.HasPrefix(string(text), "<!-- rehearse:small -->\n") {
					t.Errorf("report.md begins with %.80q", text)
				}
			}
		})
	}
}

// A self-test that measured nothing is no pass, neither after run nor after report.
func TestReportOfASelfTestOfVoidTrials(t *testing.T) {
	dir := eventful(t, func(h *record.Header) {
		h.SelfTest = &record.SelfTest{State: "baseline", Levels: []record.Level{{State: "extract-main"}}}
	}, record.Event{AtSeconds: 1, Kind: record.EventTrialBegin}, record.Event{AtSeconds: 2, Trial: -1, Kind: record.EventDone})
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), []string{"report", dir}, &stdout, &stderr)
	if told := "of 2 of 2 trials (1, 2), first trial 1 (baseline, round 1): the trial did not end"; code != exitInconclusive || !strings.Contains(stderr.String(), told) {
		t.Errorf("got %d, want %d and %q:\n%s%s", code, exitInconclusive, told, stdout.String(), stderr.String())
	}
}
