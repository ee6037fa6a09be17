package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/plot"
)

// kinds of runs write their reports into a directory, and say how many annotations of errors they make.
func kindsOfRuns() map[string]func(*testing.T, func(*made)) (dir string, errors int) {
	broken := func(list []Annotation) (errors int) {
		for _, a := range list {
			if a.Level == levelError {
				errors++
			}
		}
		return errors
	}
	return map[string]func(*testing.T, func(*made)) (string, int){
		"ordinary": func(t *testing.T, spoil func(*made)) (string, int) {
			m, dir := gated(2), t.TempDir()
			spoil(m)
			run, s := m.summarized(t)
			if err := writeAll(dir, run, s, &plot.Fonts{}); err != nil {
				t.Fatal(err)
			}
			return dir, broken(Annotations(s))
		},
		"cutover": func(t *testing.T, spoil func(*made)) (string, int) {
			m, dir := thereAndBack(), t.TempDir()
			spoil(m)
			run, c := m.cutover(t)
			if err := WriteCutover(dir, c, judge.Examine(run).Details(nil), judge.Examine(run).Windows); err != nil {
				t.Fatal(err)
			}
			return dir, broken(CutoverAnnotations(c))
		},
		"self-test": func(t *testing.T, spoil func(*made)) (string, int) {
			m, dir := makeRun(1, steady, "cache", "cache again"), t.TempDir()
			m.header.SelfTest = &record.SelfTest{State: "cache", Levels: []record.Level{{State: "cache again"}}}
			spoil(m)
			run := m.written(t)
			s, err := judge.Examine(run).SelfTest()
			if err == nil {
				err = WriteSelfTest(dir, s, judge.Examine(run).Details(nil), judge.Examine(run).Windows)
			}
			if err != nil {
				t.Fatal(err)
			}
			return dir, broken(SelfTestAnnotations(s))
		},
	}
}

// Whatever the kind of a run, and however far it came, its directory has what build servers are promised, and one cause is one
// error.
func TestEveryRunHasEveryFile(t *testing.T) {
	for name, spoil := range map[string]func(*made){
		"whole": func(*made) {},
		"broke off": func(m *made) {
			m.events = append(m.events[:2:2], record.Event{AtSeconds: 13, Trial: 0, Kind: record.EventInterrupted, Text: "interrupt"})
		},
		"never began": func(m *made) {
			m.windows, m.samples = nil, nil
			m.events = []record.Event{{AtSeconds: 2, Trial: -1, Kind: record.EventInterrupted, Text: "Docker does not answer"}}
		},
	} {
		for kind, write := range kindsOfRuns() {
			t.Run(kind+" "+name, func(t *testing.T) {
				dir, errors := write(t, spoil)
				want := 1
				if name == "whole" {
					want = 0
				}
				if errors != want {
					t.Errorf("got %d annotations of errors, want %d", errors, want)
				}
				checkDirectory(t, dir, want)
			})
		}
	}
}

// checkDirectory reads each file of a run as build servers do.
func checkDirectory(t *testing.T, dir string, errors int) {
	t.Helper()
	text := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	page := text(MarkdownFile)
	checkPage(t, []byte(page))
	if first, _, _ := strings.Cut(page, "\n"); first != "<!-- rehearse:test -->" {
		t.Errorf("report.md begins with %q", first)
	}
	var all junitSuites
	if err := xml.Unmarshal([]byte(text(JUnitFile)), &all); err != nil || all.Errors+all.Failures != errors {
		t.Errorf("junit.xml: %v, %d errors and %d failures, want %d", err, all.Errors, all.Failures, errors)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	if families, err := parser.TextToMetricFamilies(strings.NewReader(text(MetricsFile))); err != nil || families["rehearse_verdict"] == nil {
		t.Errorf("metrics.txt: %v", err)
	}
	line := regexp.MustCompile(`^(BenchmarkRehearse/state=[^\s/]+/stage=[^\s/]+ [1-9][0-9]*( [0-9.]+ [a-z0-9-]+)+|Unit [a-z0-9-]+ better=(lower|higher)|[a-z]+: [^ ].*)$`)
	for bench := range strings.SplitSeq(strings.TrimSpace(text(BenchmarksFile)), "\n") {
		if !line.MatchString(bench) {
			t.Errorf("bench.txt: %q is no line of the format", bench)
		}
	}
	if rows, err := csv.NewReader(bytes.NewReader([]byte(text(WindowsFile)))).ReadAll(); err != nil || len(rows) == 0 {
		t.Errorf("windows.csv: %d rows, %v", len(rows), err)
	}
	if errors == 0 && !strings.Contains(text(BenchmarksFile), "\nBenchmarkRehearse/") {
		t.Error("bench.txt has no benchmark")
	}
}
