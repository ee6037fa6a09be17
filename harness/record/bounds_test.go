package record

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sound is a header of which every line below is one.
func sound() Header {
	return Header{ID: "r", Scenario: "friday", Started: time.Unix(1000, 0).UTC(), States: []string{"baseline"}, Operations: []string{"verify"},
		Stages: []Stage{{Name: "calm", EndSeconds: 1.5, Hits: 6}, {Name: "peak", BeginSeconds: 1.5, EndSeconds: 4}},
		Trials: []Trial{{State: "baseline"}, {Index: 1, State: "baseline"}}}
}

// planted is a run directory of a header and lines, as anybody can write one.
func planted(t *testing.T, h Header, lines map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	h.Schema = Schema
	header, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{HeaderFile: string(header), ScenarioFile: "version: 1\n", WindowsFile: "", SamplesFile: "", EventsFile: ""}
	for name, text := range lines {
		files[name] = text + "\n"
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// refused opens a planted run and wants to be told of it in these words.
func refused(t *testing.T, dir, want string) {
	t.Helper()
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// What no run can have is told with its place, the number and the range.
func TestLinesOutOfBounds(t *testing.T) {
	window := func(changed string) string {
		return `{"stage":"peak","op":"verify","second":2,"offered":2,"sent":2,"completed":2,` + changed + `}`
	}
	for _, tt := range []struct{ name, file, line, want string }{
		{"a second far away", WindowsFile, window(`"second":1000000000`), `windows.jsonl:1: second 1000000000 is out of range: 1 to 3, those of stage peak`},
		{"a second of another stage", WindowsFile, window(`"second":0`), `second 0 is out of range: 1 to 3`},
		{"a second before", WindowsFile, window(`"second":-1`), `second -1 is out of range`},
		{"another trial", WindowsFile, window(`"trial":2`), `trial 2 is none of the header's 2`},
		{"another stage", WindowsFile, window(`"stage":"noon"`), `stage "noon" is none of the header's 2`},
		{"another operation", WindowsFile, window(`"op":"\u001b[2J"`), `op "\x1b[2J" is none of the header's 1`},
		{"counts that wrap around", WindowsFile, window(`"offered":0,"sent":18446744073709551615,"missed":1`), `sent 1.8446744073709552e+19 is out of range: 0 to 1e+12`},
		{"hits from nowhere", WindowsFile, window(`"sent":1,"completed":1`), `offered 2 is not sent 1 and missed 0`},
		{"hits gone", WindowsFile, window(`"completed":1`), `sent 2 is not completed 1 and failed 0`},
		{"more answers than hits", WindowsFile, window(`"response":[[1024,3]]`), `response has 3 hits of 2 offered`},
		{"a bucket that overflows", WindowsFile, window(`"response":[[1024,9223372036854775807],[2048,9223372036854775807],[3072,4]]`), `bucket [1024 9223372036854775807]`},
		{"buckets out of order", WindowsFile, window(`"response":[[2048,9223372036854775807],[1024,1]]`), `bucket [2048 9223372036854775807]`},
		{"a failure from nowhere", WindowsFile, window(`"errors":{"timeout":1}`), `errors of class "timeout" are 1 of 0 failed`},
		{"a failure of for ever", WindowsFile, window(`"failed_seconds":1e300`), `failed_seconds 1e+300 is out of range: 0 to 0`},
		{"an API of controls", APIsFile, `{"api":"GET \u001b]0;x\u0007","stage":"peak","op":"verify"}`, `api "GET \x1b]0;x\a" has characters that cannot be seen`},
		{"a reading far away", SamplesFile, `{"at_seconds":1e9,"source":"primary"}`, `samples.jsonl:1: at_seconds 1e+09 is out of range: 0 to 604800`},
		{"a reading before", SamplesFile, `{"at_seconds":-1,"source":"primary"}`, `at_seconds -1 is out of range`},
		{"a reading of another stage", SamplesFile, `{"at_seconds":1,"source":"primary","stage":"noon"}`, `stage "noon" is none`},
		{"another edge", SamplesFile, `{"at_seconds":1,"source":"primary","edge":"middle"}`, `edge "middle" is neither begin nor end`},
		{"a value no counter has", SamplesFile, `{"at_seconds":1,"source":"primary","values":{"x":1e300}}`, `value of "x" 1e+300 is out of range: -1e+18 to 1e+18`},
		{"a long key", SamplesFile, `{"at_seconds":1,"source":"primary","values":{"` + strings.Repeat("x", 500) + `":1}}`, `is longer than 200 bytes`},
		{"an event far away", EventsFile, `{"at_seconds":1e15,"trial":-1,"kind":"done"}`, `events.jsonl:1: at_seconds 1e+15 is out of range`},
		{"a switch of for ever", EventsFile, `{"at_seconds":1,"trial":0,"kind":"switch","values":{"begin_seconds":1e12}}`, `"begin_seconds" 1e+12 is out of range: -604800 to 604800`},
		{"an event of another trial", EventsFile, `{"at_seconds":1,"trial":-2,"kind":"fault"}`, `trial -2 is none`},
		{"a trial that ends first", EventsFile, "{\"at_seconds\":5,\"trial\":0,\"kind\":\"trial_begin\"}\n{\"at_seconds\":4,\"trial\":0,\"kind\":\"trial_end\"}", `events.jsonl: trial 0 ends at 4: it began at 5`},
		{"a trial that begins twice", EventsFile, "{\"at_seconds\":5,\"trial\":0,\"kind\":\"trial_begin\"}\n{\"at_seconds\":6,\"trial\":0,\"kind\":\"trial_begin\"}", `events.jsonl: trial 0 begins twice`},
		{"trials beside one another", EventsFile, "{\"at_seconds\":1,\"trial\":0,\"kind\":\"trial_begin\"}\n{\"at_seconds\":1,\"trial\":1,\"kind\":\"trial_begin\"}\n" +
			"{\"at_seconds\":600000,\"trial\":0,\"kind\":\"trial_end\"}\n{\"at_seconds\":600000,\"trial\":1,\"kind\":\"trial_end\"}", `the sum of all trials in seconds 1.199998e+06 is out of range: 0 to 604800`},
		{"jobs beside one another", EventsFile, strings.TrimSuffix(strings.Repeat("{\"at_seconds\":1,\"trial\":0,\"kind\":\"job\",\"values\":{\"seconds\":400000}}\n", 2), "\n"),
			`the sum of all switches and jobs in seconds 800000 is out of range: 0 to 604800`},
		{"a line of two megabytes", EventsFile, strings.Repeat("x", 3<<20), `events.jsonl:1: line longer than`},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, planted(t, sound(), map[string]string{tt.file: tt.line}), tt.want) })
	}
}

// The header frames everything else, so nothing in it is taken on trust.
func TestHeaderOutOfBounds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*Header)
		want  string
	}{
		{"a stage of for ever", func(h *Header) { h.Stages[1].EndSeconds = 1e15 }, `run.json: end_seconds of stage "peak" 1e+15 is out of range: 1.5 to 86400`},
		{"a stage backwards", func(h *Header) { h.Stages[1].EndSeconds = 1 }, `end_seconds of stage "peak" 1 is out of range`},
		{"stages at once", func(h *Header) { h.Stages[1].BeginSeconds = 0 }, `begin_seconds of stage "peak" 0 is out of range`},
		{"two stages of one name", func(h *Header) { h.Stages[1].Name = "calm" }, `stage "calm" is there twice`},
		{"a rate of for ever", func(h *Header) { h.Stages[0].ToRate = 1e300 }, `to_rate of stage "calm" 1e+300 is out of range: 0 to 1e+06`},
		{"a path as a scenario", func(h *Header) { h.Scenario = "../../x" }, `scenario "../../x" is no name of a-z, 0-9 and inner dashes of at most 63 bytes`},
		{"controls as a scenario", func(h *Header) { h.Scenario = "x\x1b[2J" }, `is no name of a-z`},
		{"a path as an id", func(h *Header) { h.ID = "../x" }, `id "../x" is a path and no name`},
		{"controls in a state", func(h *Header) { h.States[0] = "a\nb" }, `states "a\nb" has characters that cannot be seen`},
		{"a state nobody knows", func(h *Header) { h.Trials[1].State = "cache" }, `state "cache" of trial 1 is none of the states`},
		{"two trials of one number", func(h *Header) { h.Trials[1].Index = 0 }, `trial 0 is there twice`},
		{"a trial before the first", func(h *Header) { h.Trials[1].Index = -1 }, `index of trial -1 -1 is out of range`},
		{"processors in millions", func(h *Header) { h.Host.CPUs = 1 << 60 }, `cpus 1.152921504606847e+18 is out of range`},
		{"a timeout of for ever", func(h *Header) { h.TimeoutSeconds = 1e15 }, `timeout_seconds 1e+15 is out of range`},
		{"a slowdown of for ever", func(h *Header) { h.SelfTest = &SelfTest{Levels: []Level{{Slowdown: -1}}} }, `slowdown -1 is out of range`},
		{"trials in millions", func(h *Header) { h.Trials = make([]Trial, mostTrials+1) }, `5001 trials are too many: 5000 at the most`},
		{"stages in millions", func(h *Header) { h.Stages = make([]Stage, mostNames+1) }, `1001 stages are too many: 1000 at the most`},
		{"numbers in millions", func(h *Header) {
			for i := range 300 {
				h.States, h.Operations = append(h.States, fmt.Sprint("s", i)), append(h.Operations, fmt.Sprint("o", i))
			}
		}, `181202 states times operations times stages are too many: 100000 at the most`},
		{"stages of trials in millions", func(h *Header) {
			h.Trials, h.Stages = make([]Trial, mostTrials), make([]Stage, mostNames)
		}, `5000000 trials times stages are too many: 100000 at the most`},
		{"more than can be unfolded", func(h *Header) { h.Only = make([]string, mostParts+1) }, `entries: 1048576 at the most`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := sound()
			tt.spoil(&h)
			refused(t, planted(t, h, nil), tt.want)
		})
	}
}

// Nothing but files is read, and only those of the directory: a pipe would be waited for, and a link may lead anywhere.
func TestNoFiles(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{HeaderFile, ScenarioFile, WindowsFile, SamplesFile, EventsFile, APIsFile} {
		for what, plant := range map[string]struct {
			plant func(path string) error
			want  string
		}{
			"a pipe":      {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "it is no file but a pipe"},
			"a directory": {func(path string) error { return os.Mkdir(path, 0o700) }, "it is no file but a directory"},
			"a device":    {func(path string) error { return os.Symlink("/dev/zero", path) }, "path escapes from parent"},
			"a link out":  {func(path string) error { return os.Symlink(secret, path) }, "path escapes from parent"},
		} {
			dir := planted(t, sound(), nil)
			// The streams may lack the one of APIs, which is there from the second format on.
			_ = os.Remove(filepath.Join(dir, name))
			if err := plant.plant(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), plant.want) || strings.Contains(err.Error(), "secret:") {
				t.Errorf("%s as %s: got %v, want %q", name, what, err, plant.want)
			}
		}
	}
}

// Of a record that is all wrong, the beginning is told.
func TestFewProblemsAreTold(t *testing.T) {
	dir := planted(t, sound(), map[string]string{SamplesFile: strings.Repeat("{\"at_seconds\":-1,\"source\":\"x\"}\n", 10_000)})
	_, err := Open(dir)
	if err == nil || strings.Count(fmt.Sprint(err), "\n") > mostProblems+2 || !strings.Contains(err.Error(), "the rest was not read") {
		t.Errorf("got %.3000v", err)
	}
}

// Lines that are short take memory as well, which is known before they are read; and so do those of another record beside.
func TestShortLinesInMillions(t *testing.T) {
	if testing.Short() {
		t.Skip("-short reads no millions of lines")
	}
	short := strings.TrimSuffix(strings.Repeat("{\"trial\":0}\n", mostHeld/400/2+1), "\n")
	dir := planted(t, sound(), map[string]string{SamplesFile: short})
	room := &Room{}
	if _, err := room.Open(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := room.Open(dir); err == nil || !strings.Contains(err.Error(), "samples.jsonl: the record, with those that are read beside it, holds more") {
		t.Errorf("got %v", err)
	}
}

// Each API has numbers of its own.
func TestAPIsInMillions(t *testing.T) {
	var lines []string
	for i := range mostNames + 1 {
		lines = append(lines, fmt.Sprintf(`{"api":"GET /%d","stage":"peak","op":"verify"}`, i))
	}
	refused(t, planted(t, sound(), map[string]string{APIsFile: strings.Join(lines, "\n")}), `apis.jsonl:1001: 1001 APIs are too many: 1000 at the most`)
}

// Errors are of a few classes, and each state has numbers of each.
func TestErrorClassesInMillions(t *testing.T) {
	classes := func(n int) string {
		var lines []string
		for i := range n {
			lines = append(lines, fmt.Sprintf(`{"stage":"peak","op":"verify","second":2,"offered":1,"sent":1,"failed":1,"errors":{"status_%d":1}}`, i))
		}
		return strings.Join(lines, "\n")
	}
	refused(t, planted(t, sound(), map[string]string{WindowsFile: classes(mostNames + 1)}), `windows.jsonl:1001: 1001 classes of errors are too many: 1000 at the most`)
	many := sound()
	for i := range mostNames - 1 {
		many.States = append(many.States, fmt.Sprint("s", i))
	}
	refused(t, planted(t, many, map[string]string{WindowsFile: classes(101)}), `windows.jsonl:101: 101000 classes of errors times states are too many: 100000 at the most`)
}

// However a histogram is written, it takes the memory that its line is counted with.
func TestHistogramsAreFolded(t *testing.T) {
	for _, text := range []string{`[[1000,1],[5000,2]]`, `[[5120,2],[512,1]]`, `[[512,1],[5120,2]]`} {
		var h Histogram
		if err := json.Unmarshal([]byte(text), &h); err != nil || h.hdr != nil || len(h.folded) != 4 || h.Count() != 3 || h.Bars()[1].Count != 2 {
			t.Errorf("%s: got %+v, %v", text, h, err)
		}
	}
}
