package record

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// write makes a small run with two windows and returns its directory.
func write(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	header := Header{ID: "r", Started: time.Unix(1000, 0).UTC(), States: []string{"baseline"}, Operations: []string{"verify"},
		Stages: []Stage{{Name: "peak", EndSeconds: 2, Hits: 6}}, Trials: []Trial{{State: "baseline"}}}
	w, err := Create(dir, header, []byte("version: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	for second := range 2 {
		window := Window{Stage: "peak", Op: "verify", Second: second, Offered: 3, Sent: 3, Completed: 3}
		for ms := range 3 {
			window.Response.Record(time.Duration(ms+1) * time.Millisecond)
		}
		if err := w.AddWindow(window); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.AddSample(Sample{Source: "primary", Values: map[string]float64{"x": 1}}); err != nil {
		t.Fatal(err)
	}
	if err := w.AddEvent(Event{AtSeconds: 1, Trial: -1, Kind: EventDone}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRoundTrip(t *testing.T) {
	run, err := Open(write(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Windows) != 2 || len(run.Samples) != 1 || !run.Complete() || len(run.Notes) != 0 {
		t.Fatalf("got %+v", run)
	}
	got := run.Windows[1].Response
	if got.Count() != 3 {
		t.Errorf("count: got %d, want 3", got.Count())
	}
	// Rank ceil(0.5*3) = 2 of 1, 2, 3 ms is 2 ms, within three digits.
	if q := got.Quantile(0.5); q < 0.002 || q > 0.002*1.001 {
		t.Errorf("median: got %v, want 0.002", q)
	}
}

// A crash cuts the last line anywhere: all complete lines are read, the cut is noted, never an error.
func TestCutAnywhere(t *testing.T) {
	dir := write(t)
	path := filepath.Join(dir, WindowsFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) {
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		run, err := Open(dir)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		// A line that lost only its newline is whole.
		want := strings.Count(string(whole[:cut+1]), "\n")
		if len(run.Windows) != want {
			t.Fatalf("cut at %d: got %d windows, want %d", cut, len(run.Windows), want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	broken := func(file, text string) string {
		dir := write(t)
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for _, tt := range []struct{ name, dir, want string }{
		{"not a run", t.TempDir(), "is not a run directory"},
		{"foreign schema", broken(HeaderFile, `{"schema":"other/9"}`), `schema "other/9"`},
		{"broken in the middle", broken(EventsFile, "{\n{}\n"), "events.jsonl:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Open(tt.dir); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestWriterAfterClose(t *testing.T) {
	w, err := Create(filepath.Join(t.TempDir(), "run"), Header{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.AddSample(Sample{}); err == nil {
		t.Error("got no error, want one: a closed directory takes no sample")
	}
}

func TestKey(t *testing.T) {
	key := Key("statements_total", map[string]string{"role": "auth", "kind": "read"})
	if want := "statements_total{kind=read,role=auth}"; key != want {
		t.Errorf("got %s, want %s", key, want)
	}
	metric, labels := ParseKey(key)
	if diff := cmp.Diff(map[string]string{"kind": "read", "role": "auth"}, labels); metric != "statements_total" || diff != "" {
		t.Errorf("%s %s", metric, diff)
	}
}

// Splitting durations over windows and merging them again loses nothing.
func TestMergeIsSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.Int64Range(0, int64(3*time.Minute))).Draw(t, "ns")
		split := rapid.IntRange(0, len(values)).Draw(t, "split")
		var whole, left, right Histogram
		for i, v := range values {
			whole.Record(time.Duration(v))
			if i < split {
				left.Record(time.Duration(v))
			} else {
				right.Record(time.Duration(v))
			}
		}
		left.Merge(right)
		if diff := cmp.Diff(whole.Bars(), left.Bars()); diff != "" {
			t.Fatal(diff)
		}
		if whole.Count() != uint64(len(values)) {
			t.Fatalf("count: got %d, want %d", whole.Count(), len(values))
		}
	})
}

// The names of the buckets agree with the library's own dense histogram, bucket by bucket.
func TestBarsAgreeWithTheDenseHistogram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, highestNanoseconds), 1, 50).Draw(t, "ns")
		dense := hdrhistogram.New(lowestNanoseconds, highestNanoseconds, significantDigits)
		var h Histogram
		for _, v := range values {
			h.Record(time.Duration(v))
			if err := dense.RecordValue(v); err != nil {
				t.Fatal(err)
			}
		}
		var want []Bar
		for _, b := range dense.Distribution() {
			if b.Count > 0 {
				want = append(want, Bar{Seconds: float64(b.To) / 1e9, Count: uint64(b.Count)})
			}
		}
		if diff := cmp.Diff(want, h.Bars()); diff != "" {
			t.Fatal(diff)
		}
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var back Histogram
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, back.Bars()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestHistogramRefusesNonsense(t *testing.T) {
	for _, text := range []string{`"HISTFAAA"`, `[[1]`, `[[-1,1]]`, `[[5,0]]`, `[[5,-3]]`, `[[999999999999999,1]]`, `{}`} {
		var h Histogram
		if err := json.Unmarshal([]byte(text), &h); err == nil {
			t.Errorf("%s: got no error", text)
		}
	}
}

// However a list is written, it is the same list: what is read quickly is what the library reads of it.
func TestHistogramsAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringOfN(rapid.RuneFrom([]rune("[[[]],,0123456789 -.e")), 0, 30, -1),
			rapid.Map(rapid.SliceOf(rapid.Custom(func(t *rapid.T) string {
				return fmt.Sprintf("[%d,%d]", rapid.Int64().Draw(t, "value")>>rapid.IntRange(0, 62).Draw(t, "bits"), rapid.Int64Range(-1, 999).Draw(t, "count"))
			})), func(list []string) string { return "[" + strings.Join(list, ",") + "]" }),
		).Draw(t, "text")
		var quick, slow Histogram
		err := json.Unmarshal([]byte(text), &quick)
		err2 := json.Unmarshal([]byte(strings.ReplaceAll(text, "[", "[ ")), &slow)
		if (err == nil) != (err2 == nil) || err == nil && !cmp.Equal(quick.Bars(), slow.Bars()) {
			t.Fatalf("%s is %v, %v, but with blanks %v, %v", text, quick.Bars(), err, slow.Bars(), err2)
		}
	})
}

// A histogram that was read is as good as the one that was written, whatever is done with it.
func TestHistogramsThatWereRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var written, other, read Histogram
		for _, ns := range rapid.SliceOf(rapid.Int64Range(0, int64(3*time.Minute))).Draw(t, "ns") {
			written.Record(time.Duration(ns))
		}
		for _, ns := range rapid.SliceOf(rapid.Int64Range(0, int64(3*time.Minute))).Draw(t, "others") {
			other.Record(time.Duration(ns))
		}
		text, err := json.Marshal(written)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		same := func(what string, want, got Histogram) {
			q := rapid.Float64Range(0, 1).Draw(t, "q")
			if !cmp.Equal(want.Bars(), got.Bars()) || want.Count() != got.Count() || want.Mean() != got.Mean() || want.Quantile(q) != got.Quantile(q) {
				t.Fatalf("%s: %d of %v and %d of %v", what, want.Count(), want.Bars(), got.Count(), got.Bars())
			}
			a, err := json.Marshal(want)
			b, err2 := json.Marshal(got)
			if string(a) != string(b) || err != nil || err2 != nil {
				t.Fatalf("%s: %s and %s", what, a, b)
			}
		}
		same("read", written, read)
		var left, right Histogram
		right.Merge(other)
		right.Merge(read)
		left.Merge(read)
		same("merged into nothing", written, left)
		left.Merge(other)
		same("merged either way", left, right)
		copied := read
		copied.Record(time.Millisecond)
		same("what it was copied from", written, read)
		read.Reset()
		same("reset", Histogram{}, read)
	})
}

// wideWindow is a second of five hundred hits, each of which took another time.
func wideWindow() (w Window) {
	for i := range 500 {
		d := time.Duration(1+i*i) * time.Microsecond
		w.Response.Record(d)
		w.Service.Record(d)
		w.Lag.Record(d / 10)
	}
	return w
}

func BenchmarkDecodeWindow(b *testing.B) {
	text, err := json.Marshal(wideWindow())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := json.Unmarshal(text, new(Window)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeWindow(b *testing.B) {
	w := wideWindow()
	for b.Loop() {
		if _, err := json.Marshal(w); err != nil {
			b.Fatal(err)
		}
	}
}

// A file the scenario names is kept beside it under its own name; nothing of the run is ever replaced by one, and nothing
// is written elsewhere.
func TestAddFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	w, err := Create(dir, Header{}, []byte("version: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.AddFile("peaks/friday.csv", []byte("0,1\n")); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(dir, "peaks", "friday.csv"))
	if err != nil || string(kept) != "0,1\n" {
		t.Errorf("got %q, %v", kept, err)
	}
	for _, name := range []string{HeaderFile, ScenarioFile, WindowsFile, "../friday.csv", "/friday.csv", "peaks/friday.csv", HeaderFile + "/friday.csv"} {
		if err := w.AddFile(name, nil); err == nil || !strings.Contains(err.Error(), "keep "+name) {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
	if run, err := Open(dir); err != nil || string(run.Scenario) != "version: 1\n" {
		t.Errorf("got %v, %v", run, err)
	}
}

// Whoever edits the header changes what is there: trials that were added meanwhile stay.
func TestEditKeepsAddedTrials(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, Header{ID: "x", Trials: []Trial{{State: "baseline"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		w.AddTrial(Trial{Index: 1, State: "baseline"}),
		w.Edit(func(h *Header) { h.Limits = map[string]string{"auth": "0.5 CPUs"} }),
		w.AddTrial(Trial{Index: 2, State: "baseline"}),
		w.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	run, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Header.Trials) != 3 || run.Header.Limits["auth"] != "0.5 CPUs" {
		t.Errorf("got trials %+v and limits %v", run.Header.Trials, run.Header.Limits)
	}
}
