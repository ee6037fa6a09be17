package reports

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/plot"
)

// The numbers depend on what was recorded, not on the order in which instruments and windows came to be written.
func TestOrderOfLinesDoesNotMatter(t *testing.T) {
	m := makeRun(2, wobble, "baseline", "extract-main", "extract-reads")
	_, want := m.summarized(t)
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(m.windows), func(i, j int) { m.windows[i], m.windows[j] = m.windows[j], m.windows[i] })
	random.Shuffle(len(m.samples), func(i, j int) { m.samples[i], m.samples[j] = m.samples[j], m.samples[i] })
	_, got := m.summarized(t)
	if diff := cmp.Diff(encoded(t, want), encoded(t, got)); diff != "" {
		t.Errorf("shuffled lines give other numbers:\n%s", diff)
	}
}

func encoded(t *testing.T, s *model.Summary) string {
	t.Helper()
	var b bytes.Buffer
	if err := JSON(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Whatever a crash left out, the report is written, and it passes only if nothing of it was needed: every trial whole
// and every hit accounted for.
func TestWhateverIsMissing(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	whole := m.written(t)
	rapid.Check(t, func(t *rapid.T) {
		run := *whole
		run.Windows = some(t, "windows", whole.Windows)
		run.Samples = some(t, "samples", whole.Samples)
		run.Events = some(t, "events", whole.Events)
		s, err := judge.Examine(&run).Summarize(nil, &m.scenario)
		if err != nil {
			t.Fatal(err)
		}
		if s.Verdict == model.Pass && (len(run.Windows) < len(whole.Windows) || len(run.Events) < len(whole.Events)) {
			t.Fatalf("passed with %d of %d windows and %d of %d events", len(run.Windows), len(whole.Windows),
				len(run.Events), len(whole.Events))
		}
		var page bytes.Buffer
		errs := []error{Print(io.Discard, s, Options{Color: true}), markdown(&page, &summary{s}), JSON(&page, s)}
		for _, picture := range slides(&summary{s}, looksOf(&run, s), &plot.Fonts{}) {
			errs = append(errs, picture.Write(io.Discard, plot.SVG))
		}
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
		if !json.Valid(page.Bytes()[bytes.IndexByte(page.Bytes(), '{'):]) {
			t.Fatal("summary.json is not JSON")
		}
	})
}

// some keeps most of the list, or all of it.
func some[T any](t *rapid.T, what string, list []T) (kept []T) {
	if rapid.Bool().Draw(t, what+" are whole") {
		return list
	}
	seed := rapid.Uint64().Draw(t, what)
	random := rand.New(rand.NewPCG(seed, 1))
	share := rapid.Float64Range(0, 1).Draw(t, what+" kept")
	for _, item := range list {
		if random.Float64() < share {
			kept = append(kept, item)
		}
	}
	return kept
}

// A run of another trial, source or stage than planned, and values no counter has, disturb nobody.
func TestForeignLines(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	_, want := m.summarized(t)
	m.windows = append(m.windows, record.Window{Trial: 99, Stage: "peak", Op: "verify", Offered: 9})
	m.samples = append(m.samples, record.Sample{Trial: -1, Source: "primary", AtSeconds: 1, Values: map[string]float64{"x{y": -1}})
	m.events = append([]record.Event{{Trial: 7, Kind: "unheard"}}, m.events...)
	m.unread = true
	if _, got := m.summarized(t); encoded(t, got) != encoded(t, want) {
		t.Error("foreign lines changed the summary")
	}
}
