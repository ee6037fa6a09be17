package reports

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// recorded is a real run under testdata/runs, and what has to come of it whatever the reports look like: the exit code
// hangs on it.
type recorded struct {
	name     string
	verdict  model.Verdict
	complete bool
	// valid of the trials reach the numbers.
	trials, valid int
	// reasons of the verdict; each contains one of these, in order.
	reasons []string
	// budgets are the verdicts, in the order of the scenario.
	budgets []model.Verdict
}

func recordedRuns() []recorded {
	return []recorded{
		{"pass", model.Pass, true, 4, 4, nil, []model.Verdict{model.Pass, model.Pass, model.Pass}},
		{"fail", model.Fail, true, 4, 4, []string{"primary_statements(verify) of baseline at peak max 3: it is 3.98; outside the limit"}, []model.Verdict{model.Fail, model.Pass, model.Pass}},
		{"inconclusive", model.Inconclusive, true, 3, 3, []string{"p95 of extract-main at peak max 20 ms: it is 16.0 ms; interval 9."}, []model.Verdict{model.Inconclusive, model.Pass}},
		{"truncated", model.Inconclusive, false, 4, 1, []string{"; nor is there a valid trial of extract-main; that leaves 2 budgets undecided"}, []model.Verdict{model.Pass, model.Inconclusive, model.Inconclusive}},
		{"overload", model.Fail, true, 3, 0, []string{"baseline and extract-main collapsed at peak and climb: under 90 % answered"},
			[]model.Verdict{model.Fail, model.Fail, model.Inconclusive, model.Inconclusive}},
		{"stalled", model.Fail, true, 4, 3, []string{"extract-main collapsed at peak: under 90 % answered", "budget errors of extract-main at peak max 0.1 %: it is 7.50 %; outside the limit"},
			[]model.Verdict{model.Fail, model.Pass}},
		{"checksums", model.Pass, true, 4, 4, nil, []model.Verdict{model.Pass, model.Pass, model.Pass}},
		{"older", model.Pass, true, 4, 2, nil, []model.Verdict{model.Pass, model.Pass, model.Pass}},
	}
}

// largestRecording keeps the repository small: whoever needs more traffic than this needs a test of another kind. A collapse
// takes more: its waits are of every length.
const (
	largestRecording = 300_000
	largestCollapse  = 670_000
)

// Runs that this or an earlier rehearse has recorded are judged as they were, without the machine they ran on.
func TestRecordedRuns(t *testing.T) {
	for _, want := range recordedRuns() {
		t.Run(want.name, func(t *testing.T) {
			c := recordedRun(t, want.name)
			s, err := judge.Examine(c.Run).Summarize(nil, c.Scenario)
			if err != nil {
				t.Fatal(err)
			}
			want.check(t, s)
			var summary, terminal bytes.Buffer
			if err := JSON(&summary, s); err != nil {
				t.Fatal(err)
			}
			if err := Print(&terminal, s, Options{}); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("runs", want.name+".json"), summary.Bytes())
			golden(t, filepath.Join("runs", want.name+".txt"), terminal.Bytes())
		})
	}
}

func (r recorded) check(t *testing.T, s *model.Summary) {
	t.Helper()
	if s.Verdict != r.verdict || s.Complete != r.complete {
		t.Errorf("got %v and complete %v, want %v and %v: %q", s.Verdict, s.Complete, r.verdict, r.complete, s.Reasons)
	}
	if valid := len(s.Validity) - len(s.Invalid()); len(s.Validity) != r.trials || valid != r.valid {
		t.Errorf("got %d of %d trials valid, want %d of %d: %q", valid, len(s.Validity), r.valid, r.trials, s.Invalid())
	}
	if len(s.Reasons) < len(r.reasons) || r.verdict == model.Pass && len(s.Reasons) > 0 {
		t.Fatalf("got the reasons %q, want %q", s.Reasons, r.reasons)
	}
	for i, reason := range r.reasons {
		if !strings.Contains(s.Reasons[i], reason) {
			t.Errorf("got %q, want %q in it", s.Reasons[i], reason)
		}
	}
	var budgets []model.Verdict
	for _, b := range s.Budgets {
		budgets = append(budgets, b.Verdict)
	}
	if !slices.Equal(budgets, r.budgets) {
		t.Errorf("got the budgets %v, want %v", budgets, r.budgets)
	}
}

// recordedRun reads a run under testdata/runs as the report command does.
func recordedRun(t *testing.T, name string) judge.Candidate {
	t.Helper()
	run := open(t, filepath.Join("testdata", "runs", name))
	sc, err := scenarios.Open(record.ScenarioFile, run.Scenario, carshare()).Read()
	if err != nil {
		t.Fatal(err)
	}
	return judge.Candidate{Source: name, Run: run, Scenario: sc}
}

// carshare is the reference system in the words of the scenario language, as far as the recorded scenarios use them.
func carshare() scenarios.Vocabulary {
	v := scenarios.Vocabulary{System: "carshare", Phases: allStates()[1:]}
	for _, op := range []string{"verify", "profile", "login", "refresh", "logout"} {
		v.Operations = append(v.Operations, scenarios.Operation{Name: op, Share: 0.2})
	}
	v.Checks, v.Acknowledged = []scenarios.Check{{Name: "wrong_user"}, {Name: "rejected_valid"}, {Name: "accepted_revoked"}}, scenarios.Acknowledged{Says: "Rechecks."}
	v.Aliases = []scenarios.Alias{{Name: "primary_statements_per_verify", Metric: "primary_statements", Operation: "verify"}}
	for _, key := range []string{"data.users", "data.dead_tokens", "data.live_tokens", "password_iterations"} {
		v.Keys = append(v.Keys, scenarios.Key{Path: key, Standard: "1"})
	}
	return v
}

// All that lies there is judged, is small, and tells nothing of the machine's folders.
func TestRecordedRunsAreFixtures(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join("testdata", "runs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		if !slices.ContainsFunc(recordedRuns(), func(r recorded) bool { return r.name == entry.Name() }) {
			t.Errorf("%s: nobody says what has to come of it", entry.Name())
		}
		size := int64(0)
		err := filepath.WalkDir(filepath.Join("testdata", "runs", entry.Name()), func(path string, file fs.DirEntry, err error) error {
			if err != nil || file.IsDir() {
				return err
			}
			info, err := file.Info()
			size += info.Size()
			return err
		})
		most := int64(largestRecording)
		if entry.Name() == "overload" || entry.Name() == "stalled" {
			most = largestCollapse
		}
		if err != nil || size > most {
			t.Errorf("%s: %d bytes, want at most %d: %v", entry.Name(), size, most, err)
		}
		for _, word := range recordedRun(t, entry.Name()).Run.Header.Command {
			if filepath.IsAbs(word) {
				t.Errorf("%s: the command names %s; record it from a directory of its own, by relative paths", entry.Name(), word)
			}
		}
	}
}

// The older run is one in truth: what was added to the record since is not in it.
func TestOlderRunIsOlder(t *testing.T) {
	run := recordedRun(t, "older").Run
	windows, err := os.ReadFile(filepath.Join(run.Dir, record.WindowsFile))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(windows, []byte(`"response":"HIST`)) {
		t.Error("its histograms are not in the first encoding")
	}
	if slices.ContainsFunc(run.Samples, func(s record.Sample) bool { return s.Source == "load" }) {
		t.Error("it counts hits in flight")
	}
	for _, stage := range run.Header.Stages {
		if stage.Shape != "" {
			t.Errorf("stage %s tells its shape", stage.Name)
		}
	}
	for _, trial := range run.Header.Trials {
		if trial.Hits != 0 || trial.Control {
			t.Errorf("trial %d tells its hits, or is a control", trial.Index)
		}
	}
}

// The truncated one ends in the middle of a line.
func TestTruncatedRunIsCutShort(t *testing.T) {
	run := recordedRun(t, "truncated").Run
	if len(run.Notes) == 0 || !strings.Contains(run.Notes[0], "the last line was cut short") {
		t.Errorf("got the notes %q", run.Notes)
	}
}
