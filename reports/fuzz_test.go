package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	prometheus "github.com/prometheus/common/model"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// seedRuns are the recorded runs that the fuzzer spoils, small ones of each kind. Where one stands in the list is part of
// the inputs that were found, so more are added at the end.
func seedRuns() []string {
	return []string{"runs/pass", "runs/fail", "runs/inconclusive", "runs/truncated", "runs/older", "kinds/cutover", "kinds/selftest"}
}

func spoilable() []string {
	return []string{record.HeaderFile, record.WindowsFile, record.SamplesFile, record.EventsFile, record.APIsFile, record.ScenarioFile}
}

// nastyValues are values that somebody may put in the place of any other, in JSON.
func nastyValues() []string {
	return []string{`0`, `1`, `-1`, `2`, `0.5`, `1e-300`, `5e-324`, `1e6`, `1e12`, `1e18`, `1e300`, `-1e18`, `9223372036854775807`,
		`18446744073709551615`, `604800`, `86400`, `1000000`, `null`, `true`, `""`, `" "`, `[]`, `{}`, `[[1024,1]]`, `[[0,1]]`, `[[119999999488,1000000000000]]`,
		`"nan"`, `"../../x"`, `"/etc/passwd"`, `"a/b"`, `"."`, `"x\u001b[2J"`, `"x\u0007\n::error::y"`, `"\u202e\u200b"`, `"<script>alert(1)</script>"`, `"=1+1"`,
		`"%s%d%!"`, `"|` + "`" + `*_[x](y)"`, `"{a=b,c}"`, `"` + strings.Repeat("x", 199) + `"`, `"peak"`, `"baseline"`, `"verify"`, `"begin"`, `"end"`, `"primary"`, `"cpu"`, `"trial_end"`,
		`"trial_begin"`, `"switch"`, `"job"`, `"0001-01-01T00:00:00Z"`, `"9999-12-31T23:59:59Z"`}
}

// spoiling is a run on its way to being spoiled, a few bytes of the fuzzer's at a time.
type spoiling struct {
	files map[string][]string // lines
	ops   []byte
	value string
}

func spoilingOf(t *testing.T, run string) *spoiling {
	t.Helper()
	s := &spoiling{files: map[string][]string{}}
	for _, name := range spoilable() {
		text, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(run), name))
		if err != nil {
			continue // as early records have it
		}
		s.files[name] = strings.SplitAfter(string(text), "\n")
		if name == record.HeaderFile || name == record.ScenarioFile {
			s.files[name] = []string{string(text)}
		}
		if name != record.ScenarioFile {
			for i, line := range s.files[name] {
				s.files[name][i] = rewritten(line, func(root any) any { return unsealedValue(root) })
			}
		}
	}
	return s
}

// unsealedValue has no checksum, as in early records: a changed one would be all that is found.
func unsealedValue(root any) any {
	if object, ok := root.(map[string]any); ok {
		delete(object, "crc")
		delete(object, "checksums")
	}
	return root
}

// rewritten is a line of JSON changed; what is none stays.
func rewritten(line string, change func(any) any) string {
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.UseNumber()
	var root any
	if decoder.Decode(&root) != nil {
		return line
	}
	text, err := json.Marshal(change(root))
	if err != nil {
		return line
	}
	return string(text) + "\n"
}

// next is the next number of the script, below n; of two bytes, for lines are many.
func (s *spoiling) next(n int) int {
	if n == 0 {
		return 0
	}
	number := 0
	for range 2 {
		if len(s.ops) > 0 {
			number, s.ops = number<<8|int(s.ops[0]), s.ops[1:]
		}
	}
	return number % n
}

// spoil carries out the script: each step changes, doubles, moves or drops a line, or a value in it.
func (s *spoiling) spoil(script []byte, value string) {
	const most = 8
	s.ops, s.value = script, value
	for range most {
		if len(s.ops) == 0 {
			return
		}
		name := spoilable()[s.next(len(spoilable()))]
		lines := s.files[name]
		if len(lines) == 0 {
			continue
		}
		at := s.next(len(lines))
		switch how := s.next(8); {
		case how == 0:
			lines = slices.Insert(lines, at, lines[at])
		case how == 1 && len(lines) > 1:
			lines = slices.Delete(lines, at, at+1)
		case how == 2:
			other := s.next(len(lines))
			lines[at], lines[other] = lines[other], lines[at]
		case how == 3:
			lines[at] = s.cut(lines[at])
		default:
			lines[at] = rewritten(lines[at], s.change)
		}
		s.files[name] = lines
	}
}

// cut puts the fuzzer's own bytes somewhere into a line.
func (s *spoiling) cut(line string) string {
	from := s.next(len(line) + 1)
	to := min(from+s.next(8), len(line))
	return line[:from] + s.value + line[to:]
}

// spot is where a value stands in an object or a list.
type spot struct {
	value any
	set   func(any)
	drop  func()
}

func spots(node any) (list []spot) {
	switch node := node.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			list = append(list, spot{node[key], func(v any) { node[key] = v }, func() { delete(node, key) }})
			list = append(list, spots(node[key])...)
		}
	case []any:
		for i := range node {
			list = append(list, spot{node[i], func(v any) { node[i] = v }, func() { node[i] = nil }})
			list = append(list, spots(node[i])...)
		}
	}
	return list
}

// change replaces one value of a line: by a nasty one, the fuzzer's own, that of another place, or none.
func (s *spoiling) change(root any) any {
	list := spots(root)
	if len(list) == 0 {
		return root
	}
	at, values := list[s.next(len(list))], nastyValues()
	switch how := s.next(len(values) + 4); how {
	case 0:
		at.drop()
	case 1:
		at.set(list[s.next(len(list))].value)
	case 2:
		at.set(s.value)
	case 3:
		if object, ok := at.value.(map[string]any); ok {
			object[s.value] = json.Number("1")
		} else if json.Valid([]byte(s.value)) {
			at.set(json.RawMessage(s.value))
		}
	default:
		at.set(json.RawMessage(values[how-4]))
	}
	// What is in a list now may be inside of what it is taken from: written at once it cannot be without end.
	text, err := json.Marshal(root)
	if err != nil {
		return nil
	}
	return json.RawMessage(text)
}

func (s *spoiling) write(t *testing.T, dir string) {
	t.Helper()
	for name, lines := range s.files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever is done to a record, it is refused, or judged and told in every form; what is written can be read by those it is
// written for, and a run that is compared with itself is neither better nor worse.
func FuzzRunDirectory(f *testing.F) {
	for run := range seedRuns() {
		f.Add(byte(run), []byte{}, "")
		for file := range spoilable() {
			f.Add(byte(run), []byte{0, byte(file), 0, 1, 0, 5, 0, 7, 0, byte(10 * file)}, "1e9")
		}
	}
	// A name with controls in the header made a saved baseline that nobody could read.
	f.Add(byte(1), []byte("\x00\x00\xab\x05\x00\a\xe0O\xec`"), "[[1024,1]]")
	fonts := &plot.Fonts{}
	f.Fuzz(func(t *testing.T, run byte, script []byte, value string) {
		if len(value) <= 1<<12 {
			spoilAndTell(t, seedRuns()[int(run)%len(seedRuns())], script, value, fonts)
		}
	})
}

func spoilAndTell(t *testing.T, run string, script []byte, value string, fonts *plot.Fonts) {
	t.Helper()
	dir, s := t.TempDir(), spoilingOf(t, run)
	s.spoil(script, value)
	s.write(t, dir)
	c, err := candidateIn(dir)
	if err != nil {
		fewWords(t, err)
		return
	}
	allForms(t, c, value, fonts)
}

func fewWords(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); len(text) > 64<<10 {
		t.Errorf("got a refusal of %d bytes: %.500s", len(text), text)
	}
}

// candidateIn reads a run directory as the verbs do.
func candidateIn(dir string) (c judge.Candidate, err error) {
	c.Source = dir
	if c.Run, err = record.Open(dir); err != nil {
		return c, err
	}
	if c.Run.Header.Application == nil {
		declare(&c.Run.Header)
	}
	c.Scenario, err = scenarios.Open(record.ScenarioFile, c.Run.Scenario, carshare()).Read()
	return c, err
}

// forms are what is told of a run, by the names of the files.
type forms map[string]func(io.Writer) error

func allForms(t *testing.T, c judge.Candidate, value string, fonts *plot.Fonts) {
	t.Helper()
	s, err := judge.Examine(c.Run).Summarize(nil, c.Scenario)
	if err == nil {
		ordinaryForms(c.Run, s, fonts).check(t, value)
		comparedWithItself(t, c, value)
		savedAndRead(t, c)
	}
	if judged, err := judge.Examine(c.Run).Cutover(c.Scenario); err == nil {
		cutoverForms(c.Run, judged, fonts).check(t, value)
	}
	if judged, err := judge.Examine(c.Run).SelfTest(); err == nil {
		selfTestForms(c.Run, judged).check(t, value)
	}
}

func ordinaryForms(run *record.Run, s *model.Summary, fonts *plot.Fonts) forms {
	v := looksOf(run, s)
	list := forms{
		"terminal":     func(w io.Writer) error { return Print(w, s, Options{Color: true}) },
		SummaryFile:    func(w io.Writer) error { return JSON(w, s) },
		MarkdownFile:   func(w io.Writer) error { return markdown(w, &summary{s}) },
		HTMLFile:       func(w io.Writer) error { return html(w, &summary{s}, detailsOf(run, s), v) },
		JUnitFile:      func(w io.Writer) error { return junit(w, &summary{s}) },
		MetricsFile:    func(w io.Writer) error { return openMetrics(w, &summary{s}) },
		BenchmarksFile: func(w io.Writer) error { return benchmarks(w, s.Provenance, detailsOf(run, s)) },
		WindowsFile:    func(w io.Writer) error { return reading.WindowsCSV(w, run) },
		"step":         func(w io.Writer) error { Annotations(s); return StepSummary(w, s, 1<<16) },
	}
	for name, picture := range slides(&summary{s}, v, fonts) {
		list[name] = func(w io.Writer) error { return picture.Write(w, plot.SVG) }
	}
	return list
}

func cutoverForms(run *record.Run, c *model.Cutover, fonts *plot.Fonts) forms {
	list := forms{
		"terminal":     func(w io.Writer) error { return PrintCutover(w, c, Options{}) },
		SummaryFile:    func(w io.Writer) error { return JSON(w, c) },
		MarkdownFile:   func(w io.Writer) error { return (&cutover{c}).markdown(w) },
		HTMLFile:       func(w io.Writer) error { return (&cutover{c}).html(w, judge.Examine(run).Details(nil)) },
		JUnitFile:      func(w io.Writer) error { return (&cutover{c}).junit(w) },
		MetricsFile:    (&cutover{c}).openMetrics,
		BenchmarksFile: func(w io.Writer) error { return (&cutover{c}).benchmarks(w) },
		"step":         func(w io.Writer) error { CutoverAnnotations(c); return CutoverStepSummary(w, c, 1<<16) },
	}
	for name, picture := range (&cutover{c}).pictures(judge.Examine(run).Details(nil), fonts) {
		list[name] = func(w io.Writer) error { return picture.Write(w, plot.SVG) }
	}
	return list
}

func selfTestForms(run *record.Run, s *model.SelfTest) forms {
	return forms{
		"terminal":     func(w io.Writer) error { return PrintSelfTest(w, s) },
		SummaryFile:    func(w io.Writer) error { return JSON(w, s) },
		MarkdownFile:   func(w io.Writer) error { return (&selfTest{s}).markdown(w) },
		JUnitFile:      func(w io.Writer) error { return writeJUnit(w, s.Provenance, (&selfTest{s}).checks()) },
		MetricsFile:    func(w io.Writer) error { return (&selfTest{s}).openMetrics(w) },
		BenchmarksFile: func(w io.Writer) error { return benchmarks(w, s.Provenance, judge.Examine(run).Details(nil)) },
		"step":         func(w io.Writer) error { SelfTestAnnotations(s); return SelfTestStepSummary(w, s, 1<<16) },
	}
}

// check writes every form and reads it as those do who it is for. A word that the value brings along says nothing.
func (list forms) check(t *testing.T, value string) {
	t.Helper()
	for name, write := range list {
		var b bytes.Buffer
		err := write(&b)
		switch name {
		case SummaryFile:
			if !json.Valid(b.Bytes()) {
				err = errors.Join(err, errors.New("it is no JSON"))
			}
		case JUnitFile:
			err = errors.Join(err, xml.Unmarshal(b.Bytes(), &junitSuites{}))
		case MetricsFile:
			parser := expfmt.NewTextParser(prometheus.UTF8Validation)
			_, wrong := parser.TextToMetricFamilies(&b)
			err = errors.Join(err, wrong)
		case WindowsFile:
			_, wrong := csv.NewReader(&b).ReadAll()
			err = errors.Join(err, wrong)
		case "terminal", MarkdownFile, "step":
			for _, word := range []string{"NaN", "+Inf", "-Inf", "%!", "e+"} {
				if at := strings.Index(b.String(), word); at >= 0 && !strings.Contains(value, word) && !strings.Contains(b.String(), "%s%d%!") {
					t.Errorf("%s: it says %s: …%q", name, word, b.String()[max(at-200, 0):min(at+50, b.Len())])
				}
			}
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func comparedWithItself(t *testing.T, c judge.Candidate, value string) {
	t.Helper()
	both, err := judge.Compare([]judge.Candidate{c, c}, judge.CompareOptions{Anyway: true})
	if err != nil {
		fewWords(t, err)
		return
	}
	for _, state := range both.States {
		for _, number := range state.Numbers {
			for _, change := range number.Changes {
				if change.Verdict == model.Better || change.Verdict == model.Worse {
					t.Errorf("%s of %s is %v than itself: %+v", number.Metric, state.State, change.Verdict, number)
				}
			}
		}
	}
	forms{
		"terminal":   func(w io.Writer) error { return PrintComparison(w, both, Options{}) },
		MarkdownFile: func(w io.Writer) error { return comparisonMarkdown(w, &comparison{both}) },
		SummaryFile:  func(w io.Writer) error { return JSON(w, both) },
	}.check(t, value)
}

func savedAndRead(t *testing.T, c judge.Candidate) {
	t.Helper()
	b, err := judge.NewBaseline(c.Run, c.Scenario, true)
	if err != nil {
		fewWords(t, err)
		return
	}
	path := filepath.Join(t.TempDir(), "saved.json")
	if err := WriteBaseline(b, path); err != nil {
		t.Fatal(err)
	}
	saved, err := judge.ReadBaseline(path)
	if err != nil {
		t.Errorf("what was saved cannot be read: %v", err)
		return
	}
	if _, err := judge.Examine(c.Run).Summarize(saved, c.Scenario); err != nil {
		t.Error(err)
	}
}
