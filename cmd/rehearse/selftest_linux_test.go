package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/reports/model"
)

// A self-test goes through its levels, leaves its report, and is reported again from the record alone.
func TestSelfTest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := finished(t, s.command(t, "run", "peak.yaml", "--stack", "processes", "--only", "extract-main", "--self-test", "--pairs", "1", "--no-repeat",
		"--set", "traffic.stages[plateau].for=1s"))
	// One pair of each slowdown, on a machine that may be shared: without a trial to believe nothing is known.
	want := exitPass
	if strings.Contains(first.stdout, "not known without a pair") {
		want = exitInconclusive
	}
	if first.code != want || !strings.Contains(first.stdout, "self-test: extract-main at plateau against itself") {
		t.Fatalf("exit %d, and it says\n%s%s", first.code, first.stdout, first.stderr)
	}
	again := finished(t, s.command(t, "report"))
	if again.stdout != first.stdout || again.code != want {
		t.Errorf("reported again it says\n%s%s", again.stdout, again.stderr)
	}
	var found model.SelfTest
	text, err := os.ReadFile(filepath.Join(s.latest(), reports.SelfTestFile))
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil || found.Trials < 10 || len(found.Levels) != 5 || found.Levels[4].Slowdown != 0.2 {
		t.Errorf("got %+v, %v", found, err)
	}
	s.wantNothingLeft(t)
}
