package metrics

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/rehearse-dev/rehearse/harness/record"
)

var update = flag.Bool("update", false, "rewrite the golden page in testdata")

// recorded is a real run, cut down to three seconds of hits in each of two states.
func recorded(t *testing.T) *record.Run {
	t.Helper()
	run, err := record.Open(filepath.Join("testdata", "run"))
	if err != nil {
		t.Fatal(err)
	}
	// It is of a build that did not say so.
	run.Header.Application = &record.Application{Roles: []string{"callers", "auth"}, Services: []string{"auth", "callers"}, Entrance: "callers"}
	return run
}

// exported is the exporter after a run.
func exported(t *testing.T) *Exporter {
	t.Helper()
	run := recorded(t)
	x := New(run.Header, func() uint64 { return 0 })
	for _, e := range entries(run) {
		x.Observe(e)
	}
	return x
}

// entries are those of a run in about the order in which they were recorded.
func entries(run *record.Run) []record.Entry {
	type timed struct {
		at float64
		record.Entry
	}
	var all []timed
	began := map[int]float64{}
	for _, e := range run.Events {
		if e.Kind == record.EventTrialBegin {
			began[e.Trial] = e.AtSeconds
		}
		all = append(all, timed{e.AtSeconds, e})
	}
	for _, w := range run.Windows {
		all = append(all, timed{began[w.Trial] + float64(w.Second) + 1, w})
	}
	for _, s := range run.Samples {
		all = append(all, timed{s.AtSeconds, s})
	}
	slices.SortStableFunc(all, func(a, b timed) int { return cmp.Compare(a.at, b.at) })
	list := make([]record.Entry, len(all))
	for i, t := range all {
		list[i] = t.Entry
	}
	return list
}

// The whole page of a recorded run, and the conventions of names and units.
func TestGoldenPage(t *testing.T) {
	x, path := exported(t), filepath.Join("testdata", "metrics.txt")
	if *update {
		families, err := x.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var page bytes.Buffer
		for _, family := range families {
			if _, err := expfmt.MetricFamilyToText(&page, family); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer golden.Close()
	if err := testutil.GatherAndCompare(x.registry, golden); err != nil {
		t.Error(err)
	}
	problems, err := testutil.GatherAndLint(x.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("got %v, %v", problems, err)
	}
}

// What is exported adds up to what was recorded.
func TestExportIsWhatWasRecorded(t *testing.T) {
	x, run := exported(t), recorded(t)
	var completed, offered float64
	for _, w := range run.Windows {
		completed += float64(w.Completed)
		offered += float64(w.Offered)
	}
	sums := func(name string, label, value string) (sum, count float64) {
		families, err := x.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, m := range family.GetMetric() {
				wanted := label == ""
				for _, l := range m.GetLabel() {
					wanted = wanted || l.GetName() == label && l.GetValue() == value
				}
				if family.GetName() == name && wanted {
					sum += m.GetCounter().GetValue()
					count += float64(m.GetHistogram().GetSampleCount())
				}
			}
		}
		return sum, count
	}
	if all, _ := sums("rehearse_requests_total", "", ""); all != offered {
		t.Errorf("got %v hits, want %v", all, offered)
	}
	if done, _ := sums("rehearse_requests_total", "outcome", "completed"); done != completed {
		t.Errorf("got %v completed, want %v", done, completed)
	}
	if _, n := sums("rehearse_request_duration_seconds", "", ""); n != completed {
		t.Errorf("got %v durations, want %v", n, completed)
	}
	// Between the first and the last reading of the whole run; the servers were not restarted.
	first, last := map[string]record.Sample{}, map[string]record.Sample{}
	for _, s := range run.Samples {
		if at, there := first[s.Source]; !there || s.AtSeconds < at.AtSeconds {
			first[s.Source] = s
		}
		if s.AtSeconds > last[s.Source].AtSeconds {
			last[s.Source] = s
		}
	}
	for _, node := range []string{"primary", "replica"} {
		want := 0.0
		for kind, n := range x.counted(last[node]) {
			want += n - x.counted(first[node])[kind]
		}
		if got, _ := sums("rehearse_database_statements_total", "node", node); got != want || want == 0 {
			t.Errorf("%s: got %v statements, want %v", node, got, want)
		}
	}
}

// While a stage is under way that one alone is active, and what is offered is told second by second; after the trial neither
// is. Counters never fall, not even when a server forgets its own.
func TestWhileItLasts(t *testing.T) {
	x := New(record.Header{ID: "r", Application: &record.Application{Roles: []string{"auth"}}, Trials: []record.Trial{{State: "baseline"}}}, func() uint64 { return 3 })
	sample := func(at float64, source, stage, edge string, n float64) {
		x.Observe(record.Sample{AtSeconds: at, Source: source, Stage: stage, Edge: edge,
			Values: map[string]float64{"statements_total{kind=read,role=auth}": n}})
	}
	expect := func(want string, names ...string) {
		t.Helper()
		if err := testutil.GatherAndCompare(x.registry, strings.NewReader(want), names...); err != nil {
			t.Error(err)
		}
	}
	sample(5, "primary", "", "begin", 1000)
	x.Observe(record.Event{AtSeconds: 5, Kind: record.EventTrialBegin, Text: "baseline"})
	sample(5, "load", "peak", "begin", 0)
	for second := range 2 {
		for _, op := range []string{"verify", "login"} {
			x.Observe(record.Window{Stage: "peak", Op: op, Second: second, Offered: 5, Completed: 5, Sent: 5})
		}
	}
	sample(7, "primary", "", "", 1300)
	const active = `# HELP rehearse_stage_active Whether a stage is under way.
# TYPE rehearse_stage_active gauge
rehearse_stage_active{stage="peak",state="baseline"} `
	const counted = `# HELP rehearse_database_statements_total Statements of the application since the first reading of the run, as the server counts them.
# TYPE rehearse_database_statements_total counter
rehearse_database_statements_total{kind="read",node="primary"} `
	expect(active+"1\n", "rehearse_stage_active")
	expect(counted+"300\n", "rehearse_database_statements_total")
	expect(`# HELP rehearse_offered_requests_per_second Hits due in the latest second whose hits are all accounted for.
# TYPE rehearse_offered_requests_per_second gauge
rehearse_offered_requests_per_second 10
`, "rehearse_offered_requests_per_second")

	sample(8, "primary", "", "", 40)
	sample(7.5, "primary", "", "", 9999)
	sample(8, "load", "peak", "end", 0)
	x.Observe(record.Event{AtSeconds: 8, Kind: record.EventTrialEnd})
	expect(active+"0\n", "rehearse_stage_active")
	expect(counted+"340\n", "rehearse_database_statements_total")
	expect("", "rehearse_offered_requests_per_second", "rehearse_replica_lag_seconds")
	expect(`# HELP rehearse_observations_dropped_total Entries of the record that are missing here, because this process had no time for them.
# TYPE rehearse_observations_dropped_total counter
rehearse_observations_dropped_total 3
`, "rehearse_observations_dropped_total")
}

// A counter is there before it counts: of one that appears with hits in it Prometheus does not see these grow.
func TestCountersBeginAtZero(t *testing.T) {
	x := New(record.Header{Stages: []record.Stage{{Name: "peak"}}, Operations: []string{"verify"}}, func() uint64 { return 0 })
	x.Observe(record.Event{Kind: record.EventTrialBegin, Text: "cache"})
	want := `# HELP rehearse_requests_total Hits that were due, by what became of them: completed, failed, or missed, which is never sent.
# TYPE rehearse_requests_total counter
rehearse_requests_total{op="verify",outcome="completed",stage="peak",state="cache"} 0
rehearse_requests_total{op="verify",outcome="failed",stage="peak",state="cache"} 0
rehearse_requests_total{op="verify",outcome="missed",stage="peak",state="cache"} 0
`
	if err := testutil.GatherAndCompare(x.registry, strings.NewReader(want), "rehearse_requests_total", "rehearse_offered_requests_per_second"); err != nil {
		t.Error(err)
	}
}

// What others took of the processors is counted from the first reading on, and is not there where nobody knows.
func TestTakenProcessors(t *testing.T) {
	x := New(record.Header{}, func() uint64 { return 0 })
	for at, foreign := range []float64{5, 6.5, 6.5} {
		x.Observe(record.Sample{AtSeconds: float64(at), Source: "cpu", Values: map[string]float64{record.ForeignKey: foreign}})
	}
	const want = `# HELP rehearse_processor_seconds_taken_total Time of the processors that others had since the first reading of the run: the host (steal), or other processes.
# TYPE rehearse_processor_seconds_taken_total counter
rehearse_processor_seconds_taken_total{by="processes"} 1.5
`
	if err := testutil.GatherAndCompare(x.registry, strings.NewReader(want), "rehearse_processor_seconds_taken_total"); err != nil {
		t.Error(err)
	}
}

// A cutover is one trial in which every stage has a state of its own.
func TestStagesOfACutover(t *testing.T) {
	x := New(record.Header{Trials: []record.Trial{{State: "baseline"}}, Stages: []record.Stage{{Name: "baseline"}, {Name: "cache"}, {Name: "baseline again"}},
		Cutover: &record.Cutover{States: []string{"baseline", "cache", "baseline"}}}, func() uint64 { return 0 })
	x.Observe(record.Event{Kind: record.EventTrialBegin, Text: "baseline"})
	for _, stage := range []string{"baseline", "cache", "baseline again"} {
		x.Observe(record.Sample{Source: "load", Stage: stage, Edge: "begin"})
		x.Observe(record.Sample{Source: "load", Stage: stage, Edge: "end"})
	}
	want := `# HELP rehearse_stage_active Whether a stage is under way.
# TYPE rehearse_stage_active gauge
rehearse_stage_active{stage="baseline",state="baseline"} 0
rehearse_stage_active{stage="baseline again",state="baseline"} 0
rehearse_stage_active{stage="cache",state="cache"} 0
`
	if err := testutil.GatherAndCompare(x.registry, strings.NewReader(want), "rehearse_stage_active"); err != nil {
		t.Error(err)
	}
}

// Names come from people. They are values of labels, whatever is in them.
func TestNamesAreText(t *testing.T) {
	const name = "<script>alert(1)</script> 캐시 \"} 1\n"
	x := New(record.Header{Scenario: name}, func() uint64 { return 0 })
	x.Observe(record.Event{Kind: record.EventTrialBegin, Text: name})
	x.Observe(record.Window{Stage: name, Op: "verify", Offered: 1, Completed: 1})
	server := httptest.NewServer(x.Handler())
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range families["rehearse_requests_total"].GetMetric()[0].GetLabel() {
		if l.GetName() == "state" && l.GetValue() != name {
			t.Errorf("got %q, want %q", l.GetValue(), name)
		}
	}
}

// Whoever asks for native histograms gets them beside the classic ones.
func TestNativeHistograms(t *testing.T) {
	server := httptest.NewServer(exported(t).Handler())
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for decoder := expfmt.NewDecoder(response.Body, expfmt.ResponseFormat(response.Header)); ; {
		family := &dto.MetricFamily{}
		if err := decoder.Decode(family); errors.Is(err, io.EOF) {
			t.Fatal("got no histogram of durations")
		} else if err != nil {
			t.Fatal(err)
		}
		if family.GetName() != "rehearse_request_duration_seconds" {
			continue
		}
		if h := family.GetMetric()[0].GetHistogram(); len(h.GetPositiveSpan()) == 0 || len(h.GetBucket()) != len(durations()) {
			t.Errorf("got %d native spans and %d classic buckets", len(h.GetPositiveSpan()), len(h.GetBucket()))
		}
		return
	}
}

// A second of heavy traffic is counted in a small part of it.
func BenchmarkObserve(b *testing.B) {
	x := New(record.Header{}, func() uint64 { return 0 })
	w := record.Window{Stage: "peak", Op: "verify", Offered: 5000, Completed: 5000}
	for i := range 5000 {
		w.Response.Record(time.Duration(1+i) * 10 * time.Microsecond)
		w.Lag.Record(time.Duration(1+i) * 100 * time.Nanosecond)
	}
	for b.Loop() {
		x.Observe(w)
	}
}

// A hit without an answer counts as long as the timeout: without it the p95 would fall just when the system does.
func TestHitsWithoutAnAnswerHaveADuration(t *testing.T) {
	x := New(record.Header{TimeoutSeconds: 5, Trials: []record.Trial{{State: "baseline"}}}, func() uint64 { return 0 })
	x.Observe(record.Window{Stage: "peak", Op: "verify", Offered: 10, Sent: 9, Missed: 1, Failed: 9})
	families, err := x.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "rehearse_request_duration_seconds" {
			h := family.GetMetric()[0].GetHistogram()
			if h.GetSampleCount() != 10 || h.GetSampleSum() != 50 {
				t.Errorf("got %d hits of %v s, want 10 of 50 s", h.GetSampleCount(), h.GetSampleSum())
			}
			return
		}
	}
	t.Error("there is no duration")
}
