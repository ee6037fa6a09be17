package reports

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/expfmt"
	prometheus "github.com/prometheus/common/model"
	"pgregory.net/rapid"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// nasty is a name that does damage wherever it is not taken for text, and one in another script.
const nasty = "<script>alert(1)</script> 캐시"

// odd are runs of which build servers are told besides those of [told].
func odd() map[string]func() *made {
	return map[string]func() *made{
		"failed-start": func() *made {
			m := makeRun(1, steady, "baseline", "extract-main")
			m.scenario.Budgets = []scenarios.Budget{{Metric: "p95", Max: new(0.05), Line: 30}}
			m.windows, m.samples = nil, nil
			m.events = []record.Event{{AtSeconds: 2, Trial: -1, Kind: record.EventInterrupted, Text: "Docker does not answer"}}
			return m
		},
		// What only warns fails nothing, and neither does a late generator where all budgets are on counts.
		"warned": func() *made {
			m := makeRun(1, steady, "baseline", "extract-main")
			m.scenario.Budgets = []scenarios.Budget{
				{Metric: "primary_qps", Max: new(1100.0), Line: 30},
				{Metric: "primary_qps", Max: new(500.0), Level: scenarios.LevelWarn, Line: 31},
			}
			m.windowsOf(1, "peak", func(w *record.Window) {
				w.Lag = record.Histogram{}
				for range w.Sent {
					w.Lag.Record(50 * time.Millisecond)
				}
			})
			return m
		},
		"silent-stage": func() *made {
			m := makeRun(2, steady, "baseline", "extract-main")
			m.scenario.Budgets = []scenarios.Budget{{Metric: "errors", Stage: "calm", Max: new(0.01), Line: 30}}
			m.windows = slices.DeleteFunc(m.windows, func(w record.Window) bool { return w.Stage == "calm" })
			m.header.Stages[1].Hits, m.header.Stages[1].FromRate, m.header.Stages[1].ToRate = 0, 0, 0
			return m
		},
		"many-budgets": func() *made {
			m := makeRun(2, steady, "baseline", "extract-main")
			m.header.ScenarioPath = "peaks/friday, 17:00.yaml"
			for i := range 500 {
				m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: "primary_qps", Max: new(750 + float64(i)), Line: 30 + i})
				if i%5 == 0 {
					m.scenario.Budgets[i].Level = scenarios.LevelWarn
				}
			}
			return m
		},
		"names": func() *made {
			m := makeRun(2, steady, "baseline", "extract-main")
			m.rename("extract-main", nasty, "peak", "=1+1|"+nasty+"\n::error::", "verify", "@verify #1", "test", nasty+"--> [x](y) \x01\xff")
			m.header.ScenarioPath, m.header.ScenarioVaried, m.unread = nasty+".yaml", true, true
			m.scenario.Budgets = []scenarios.Budget{
				{Metric: "p95", Max: new(0.005), Line: 30},
				{Metric: "p95", Max: new(0.005), Line: 31},
				{Metric: "errors", Operation: "@verify #1", Max: new(0.001), Least: 10_000, Line: 32},
			}
			return m
		},
	}
}

// rename gives recorded names others, in pairs of old and new.
func (m *made) rename(names ...string) {
	other := func(name *string) {
		for i := 0; i < len(names); i += 2 {
			if *name == names[i] {
				*name = names[i+1]
			}
		}
	}
	other(&m.header.Scenario)
	other(&m.header.Headline)
	m.header.States, m.scenario.Phases = slices.Clone(m.header.States), slices.Clone(m.scenario.Phases)
	for _, list := range [][]string{m.header.States, m.header.Operations, m.scenario.Phases} {
		for i := range list {
			other(&list[i])
		}
	}
	for i := range m.header.Stages {
		other(&m.header.Stages[i].Name)
	}
	for i := range m.header.Trials {
		other(&m.header.Trials[i].State)
	}
	for i := range m.windows {
		other(&m.windows[i].Stage)
		other(&m.windows[i].Op)
	}
	for i := range m.samples {
		other(&m.samples[i].Stage)
	}
}

// everyRun are all made-up runs.
func everyRun() map[string]func() *made {
	all := told()
	maps.Copy(all, odd())
	return all
}

// formatsOf are the texts for build servers, by file.
func formatsOf(t testing.TB, run *record.Run, s *model.Summary) map[string][]byte {
	t.Helper()
	texts := map[string][]byte{}
	for name, write := range map[string]func(io.Writer) error{
		JUnitFile:      func(w io.Writer) error { return junit(w, &summary{s}) },
		MetricsFile:    func(w io.Writer) error { return openMetrics(w, &summary{s}) },
		BenchmarksFile: func(w io.Writer) error { return benchmarks(w, s.Provenance, detailsOf(run, s)) },
		WindowsFile:    func(w io.Writer) error { return reading.WindowsCSV(w, run) },
		MarkdownFile:   func(w io.Writer) error { return markdown(w, &summary{s}) },
		"step.md":      func(w io.Writer) error { return StepSummary(w, s, 1<<20) },
		"annotations.txt": func(w io.Writer) error {
			for _, a := range Annotations(s) {
				fmt.Fprintln(w, a)
			}
			return nil
		},
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		texts[name] = b.Bytes()
	}
	return texts
}

func TestFormats(t *testing.T) {
	for name, make := range everyRun() {
		t.Run(name, func(t *testing.T) {
			run, s := make().summarized(t)
			texts := formatsOf(t, run, s)
			if err := os.MkdirAll(filepath.Join("testdata", "formats", name), 0o755); err != nil {
				t.Fatal(err)
			}
			for file, text := range texts {
				if file == MarkdownFile && told()[name] != nil {
					continue // beside the other tables of the run
				}
				golden(t, filepath.Join("formats", name, file), elided(text))
				if !utf8.Valid(text) {
					t.Errorf("%s is not UTF-8", file)
				}
			}
			checkPage(t, texts[MarkdownFile])
		})
	}
}

// elided is text with a checksum in place of the lines between its begin and its end, where that is long.
func elided(text []byte) []byte {
	const kept = 6_000
	if len(text) <= 3*kept {
		return text
	}
	begin := bytes.LastIndexByte(text[:kept], '\n') + 1
	end := len(text) - kept + bytes.IndexByte(text[len(text)-kept:], '\n') + 1
	return slices.Concat(text[:begin], fmt.Appendf(nil, "[%d bytes with checksum %x]\n", end-begin, sha256.Sum256(text[begin:end])), text[end:])
}

func checkPage(t testing.TB, text []byte) {
	t.Helper()
	if lines := bytes.Count(text, []byte("\n")); lines >= 60 || len(text) > 65_536 {
		t.Errorf("report.md has %d lines and %d bytes, want fewer than 60 and at most 65,536", lines, len(text))
	}
	if opened, closed := bytes.Count(text, []byte("<details>")), bytes.Count(text, []byte("</details>")); opened != closed {
		t.Errorf("report.md opens %d details and closes %d", opened, closed)
	}
}

// Whatever is recorded, the page of a pull request stays within its bounds.
func TestPageStaysSmall(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := makeRun(1, steady, "baseline", "extract-main")
		long := strings.Repeat("가|", rapid.IntRange(0, 5_000).Draw(rt, "length of a name"))
		m.rename("extract-main", "x"+long, "peak", "y"+long)
		for i := range rapid.IntRange(0, 100).Draw(rt, "jobs") {
			m.events = append([]record.Event{{Trial: -1, Kind: record.EventJob, Text: long}}, m.events...)
			m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: "p50", Max: new(float64(i) / 1e4), Line: i})
		}
		run := &record.Run{Header: m.header, Windows: m.windows, Samples: m.samples, Events: m.events}
		s, err := judge.Examine(run).Summarize(nil, &m.scenario)
		if err != nil {
			rt.Fatal(err)
		}
		var page, step bytes.Buffer
		if err := markdown(&page, &summary{s}); err != nil {
			rt.Fatal(err)
		}
		checkPage(t, page.Bytes())
		limit := rapid.IntRange(20_000, 100_000).Draw(rt, "limit")
		if err := StepSummary(&step, s, limit); err != nil || step.Len() > limit {
			rt.Fatalf("%v, %d bytes, want at most %d", err, step.Len(), limit)
		}
	})
}

// schema is where the schema of Jenkins lies, unless the environment says otherwise.
const schema = "../../shared/data/junit-10.xsd"

func TestJUnitIsValid(t *testing.T) {
	path := os.Getenv("REHEARSE_JUNIT_XSD")
	if path == "" {
		path = schema
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the schema of Jenkins is not at %s; set REHEARSE_JUNIT_XSD to its path", path)
	}
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is missing; .ci/setup installs it (Debian: libxml2-utils)")
	}
	check := func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), JUnitFile)
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(lint, "--nonet", "--noout", "--schema", path, file).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	for name, make := range everyRun() {
		t.Run(name, func(t *testing.T) {
			run, s := make().summarized(t)
			check(t, formatsOf(t, run, s)[JUnitFile])
		})
	}
	t.Run("cutover", func(t *testing.T) {
		_, c := thereAndBack().cutover(t)
		var b bytes.Buffer
		if err := (&cutover{c}).junit(&b); err != nil {
			t.Fatal(err)
		}
		check(t, b.Bytes())
	})
}

// A cutover is told like any run: it passes without a failure or an error, and each switch is a test.
func TestJUnitOfCutovers(t *testing.T) {
	for name, spoil := range map[string]func(*made){
		"healthy":     func(*made) {},
		"errors":      func(m *made) { m.second(10, func(w *record.Window) { w.Failed, w.Completed = 1, w.Completed-1 }) },
		"interrupted": func(m *made) { m.events = m.events[:len(m.events)-1] },
	} {
		m := thereAndBack()
		spoil(m)
		_, c := m.cutover(t)
		var b bytes.Buffer
		if err := (&cutover{c}).junit(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("formats", "cutover-"+name+".xml"), b.Bytes())
		var all junitSuites
		if err := xml.Unmarshal(b.Bytes(), &all); err != nil {
			t.Fatal(err)
		}
		if all.Tests != 4+len(c.Switches) || (all.Failures+all.Errors == 0) != (c.Verdict == model.Pass) || (all.Failures > 0) != (c.Verdict == model.Fail) {
			t.Errorf("%s: %+v for %d switches and the verdict %s", name, all.junitTotals, len(c.Switches), c.Verdict)
		}
	}
}

// A build server comes to the same verdict as the exit code: without a failure or an error exactly when the run passes.
func TestJUnitTellsTheVerdict(t *testing.T) {
	for name, make := range everyRun() {
		t.Run(name, func(t *testing.T) {
			run, s := make().summarized(t)
			var all junitSuites
			if err := xml.Unmarshal(formatsOf(t, run, s)[JUnitFile], &all); err != nil {
				t.Fatal(err)
			}
			tests, failures, errors, seen := 0, 0, 0, map[string]bool{}
			for _, suite := range all.Suites {
				for _, c := range suite.Cases {
					tests++
					if c.Failure != nil {
						failures++
					}
					if c.Error != nil {
						errors++
					}
					if id := c.Class + "\x00" + c.Name; seen[id] {
						t.Errorf("%s %s is there twice", c.Class, c.Name)
					} else {
						seen[id] = true
					}
				}
			}
			if all.Tests != tests || all.Failures != failures || all.Errors != errors {
				t.Errorf("%+v is said, %d tests, %d failures and %d errors are there", all.junitTotals, tests, failures, errors)
			}
			if got := failures+errors == 0; got != (s.Verdict == model.Pass) {
				t.Errorf("%d failures and %d errors, verdict %s", failures, errors, s.Verdict)
			}
			if (failures > 0) != (s.Verdict == model.Fail) {
				t.Errorf("%d failures, verdict %s", failures, s.Verdict)
			}
			if want := 2 + len(s.States) + 3 + len(s.Budgets) + len(s.Unjudged); tests != want {
				t.Errorf("got %d tests, want %d", tests, want)
			}
		})
	}
}

// The same limits have the same names, whatever was measured.
func TestNamesAreStable(t *testing.T) {
	names := func(m *made) (list []string) {
		_, s := m.summarized(t)
		for _, c := range s.Checks {
			list = append(list, c.Class+" "+c.Name)
		}
		return list
	}
	for name, make := range everyRun() {
		slow, cut := make(), make()
		slow.windowsOf(0, "peak", func(w *record.Window) { w.Counts.Set("wrong_user", 7) })
		cut.events = cut.events[:len(cut.events)/2]
		if want := names(make()); !slices.Equal(names(slow), want) || !slices.Equal(names(cut), want) {
			t.Errorf("%s: names changed with what was measured", name)
		}
	}
}

func TestAnnotationsAreFew(t *testing.T) {
	command := regexp.MustCompile(`^::(error|warning|notice) (?:file=[^,:\n]+,)?(?:line=\d+,)?title=[^,:\n]+::[^\n]+$`)
	for name, make := range everyRun() {
		_, s := make().summarized(t)
		levels := map[string]int{}
		for _, a := range Annotations(s) {
			levels[a.Level]++
			if !command.MatchString(a.String()) {
				t.Errorf("%s: %q is no workflow command", name, a)
			}
		}
		if levels["error"] > 10 || levels["warning"] > 10 || levels["notice"] > 1 || (levels["error"] > 0) != (s.Verdict != model.Pass) {
			t.Errorf("%s: %v for the verdict %s", name, levels, s.Verdict)
		}
	}
	_, s := odd()["many-budgets"]().summarized(t)
	list := Annotations(s)
	if first := list[0]; !strings.Contains(first.Title, "max 751/s") || first.Line != 31 {
		t.Errorf("the first is %+v, want the budget that is missed by most", first)
	}
	if last := list[9]; last.Title != "191 more" {
		t.Errorf("the tenth is %+v, want one that says how many more there are", last)
	}
}

// The comparison of GitLab is one of text; its parser splits lines like a shell, and what is behind # is nothing to it.
func TestOpenMetrics(t *testing.T) {
	line := regexp.MustCompile(`^[a-z][a-z0-9_]*\{(?:[a-z_]+="(?:[^"\\#]|\\.)*",?)*\} [0-9.e+-]+$`)
	for name, make := range everyRun() {
		run, s := make().summarized(t)
		text := formatsOf(t, run, s)[MetricsFile]
		if !bytes.HasSuffix(text, []byte("\n# EOF\n")) {
			t.Errorf("%s does not end with # EOF", name)
		}
		for sample := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
			if !strings.HasPrefix(sample, "#") && !line.MatchString(sample) {
				t.Errorf("%s: %q is no sample", name, sample)
			}
		}
		parser := expfmt.NewTextParser(prometheus.UTF8Validation)
		if families, err := parser.TextToMetricFamilies(bytes.NewReader(text)); err != nil || families["rehearse_verdict"] == nil {
			t.Errorf("%s: %d families, %v", name, len(families), err)
		}
	}
}

func TestRoundedHasThreeDigits(t *testing.T) {
	for n, want := range map[stat.Number]float64{1234.5: 1230, 0.0012345: 0.00123, 0: 0, 999.6: 1000, 1: 1, 0.1 + 0.2: 0.3} {
		if got := rounded(n); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: got %v, want %v", n, got, want)
		}
	}
}

// Every hit of the record is in the table, and no cell is a formula.
func TestWindowsCSV(t *testing.T) {
	run, s := odd()["names"]().summarized(t)
	text := formatsOf(t, run, s)[WindowsFile]
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(run.Windows)+1 {
		t.Errorf("got %d rows, want %d and a head", len(rows), len(run.Windows))
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
				t.Errorf("the cell %q begins like a formula", cell)
			}
		}
	}
	offered := map[string]string{}
	for _, row := range rows[1:] {
		offered[row[0]+row[3]+row[4]] = row[6] + " " + row[12]
	}
	if got, want := offered["1warm-uplogin"], "20 "; got != want {
		t.Errorf("of 20 hits got %q, want no 99th percentile: fewer than ten hits are beyond it", got)
	}
}

// The lines for benchstat, by the rules of the format: a name without blanks, how many hits, and pairs of value and unit.
func TestBenchmarkLines(t *testing.T) {
	line := regexp.MustCompile(`^BenchmarkRehearse/state=[^\s/]+/stage=[^\s/]+ [1-9][0-9]*( [0-9.]+ [a-z0-9-]+)+$`)
	other := regexp.MustCompile(`^(Unit [a-z0-9-]+ better=(lower|higher)|[a-z]+: [^ ].*)$`)
	for name, make := range everyRun() {
		run, s := make().summarized(t)
		lines := 0
		for text := range strings.SplitSeq(strings.TrimSuffix(string(formatsOf(t, run, s)[BenchmarksFile]), "\n"), "\n") {
			if line.MatchString(text) {
				lines++
			} else if !other.MatchString(text) {
				t.Errorf("%s: %q is no line of the format", name, text)
			}
		}
		want := 0
		for _, trial := range reading.Trials(run) {
			if trial.Ended {
				want += 2
			}
		}
		if name == "silent-stage" {
			want /= 2
		}
		if lines != want {
			t.Errorf("%s: got %d lines, want %d", name, lines, want)
		}
	}
}

// Names come out as text, whatever the format makes of such letters.
func TestNamesAreText(t *testing.T) {
	run, s := odd()["names"]().summarized(t)
	for file, text := range formatsOf(t, run, s) {
		raw := bytes.Contains(text, []byte("<script>"))
		if raw && (file == JUnitFile || strings.HasSuffix(file, ".md")) {
			t.Errorf("%s has an element that nobody wrote", file)
		}
		if !bytes.Contains(text, []byte("캐시")) {
			t.Errorf("%s has lost the name", file)
		}
		if bytes.ContainsAny(text, "\x00\x01") {
			t.Errorf("%s has control characters", file)
		}
	}
}

// Two parts of a name that differ stay different.
func TestPartsOfNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		if (part(a) == part(b)) != (a == b) {
			t.Fatalf("%q and %q are %q and %q", a, b, part(a), part(b))
		}
		if len(strings.Fields(part(a))) > 1 || strings.Contains(part(a), "/") {
			t.Fatalf("%q", part(a))
		}
	})
}
