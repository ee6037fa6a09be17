package reports

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// anHour is a run of six trials of ten minutes each, with five operations a second, and noise that has to be kept.
func anHour() (*record.Run, *scenarios.Scenario) {
	m := makeRun(1, steady, allStates()...)
	const length = 600
	m.header.Stages = []record.Stage{{Name: "peak", EndSeconds: length, FromRate: 500, ToRate: 500, Hits: 500 * length, Measure: true}}
	m.header.Operations = []string{"login", "logout", "profile", "refresh", "verify"}
	run := &record.Run{Header: m.header, Scenario: []byte("version: 1\n")}
	random := rand.New(rand.NewPCG(1, 1))
	for i := range m.header.Trials {
		begin := float64(i) * (length + 5)
		run.Events = append(run.Events, record.Event{AtSeconds: begin, Trial: i, Kind: record.EventTrialBegin},
			record.Event{AtSeconds: begin + length, Trial: i, Kind: record.EventTrialEnd})
		for second := range length {
			for _, op := range m.header.Operations {
				w := record.Window{Trial: i, Stage: "peak", Op: op, Second: second, Offered: 100, Sent: 100, Completed: 100}
				for range 100 {
					w.Response.Record(time.Duration(random.ExpFloat64() * 5e6))
					w.Lag.Record(time.Duration(random.ExpFloat64() * 1e5))
				}
				run.Windows = append(run.Windows, w)
			}
			for source, values := range counters(behaviours()[allStates()[i]], 500*float64(second)+random.Float64()*100) {
				values["replica_lag_seconds"] = random.ExpFloat64() / 1e3
				run.Samples = append(run.Samples, record.Sample{AtSeconds: begin + float64(second), Trial: i, Source: source, Values: values})
			}
		}
	}
	run.Events = append(run.Events, record.Event{AtSeconds: 6 * (length + 5), Trial: -1, Kind: record.EventDone})
	return run, &m.scenario
}

// An hour is on a page that a mail still takes, and says that not every second is drawn.
func TestPageOfAnHour(t *testing.T) {
	run, sc := anHour()
	s, err := judge.Examine(run).Summarize(nil, sc)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := html(&b, &summary{s}, detailsOf(run, s), looksOf(run, s)); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 2<<20 {
		t.Errorf("the page has %d bytes, want at most 2 MiB", b.Len())
	}
	if !strings.Contains(b.String(), "Of every 4 s the smallest and the largest value are drawn") {
		t.Error("the page does not say that not every second is drawn")
	}
}

// The first screen answers three questions, whatever happened.
func TestFirstScreen(t *testing.T) {
	for name, want := range map[string][]string{
		"pass": {"Yes: 3 of 3 budgets kept.", "In one phase, extract-reads: primary (master DB) QPS 1,000 → 250 (−75.0 %)",
			"with 1 doubt: trial 1 (baseline, round 1): the replica was 2.50 s behind at 6.00 s (peak), over 2 s: its answers were that old. On this machine so many rounds find changes of p95 from −5.2 % or +5.5 % on."},
		"fail":         {"No: 1 of 4 budgets kept, 2 breached, 1 undecided.", "extract-main: primary (master DB) QPS 1,500 → 1,000 (−33.3 %)", "Yes: 4 of 4 trials valid, with no doubts."},
		"inconclusive": {"It cannot be told: 0 of 1 budget kept, 1 undecided.", "extract-reads", "With care: 5 of 6 trials valid."},
		"truncated":    {"It cannot be told: there was no budget to keep.", "Nothing could be compared.", "Only as far as it went: the run did not reach its end, 1 of 3 trials valid."},
		"hopeless":     {"It cannot be told: 0 of 6 budgets kept, 6 undecided.", "Nothing could be compared.", "No: 0 of 18 trials valid."},
		"one-state":    {"Yes: there was no budget to keep.", "Nothing was compared", "Yes: 1 of 1 trial valid, with no doubts."},
	} {
		_, s := told()[name]().summarized(t)
		for i, answer := range (&summary{s}).head().Answers {
			if !strings.Contains(answer.Text, want[i]) {
				t.Errorf("%s: %s %q, want %q", name, answer.Question, answer.Text, want[i])
			}
		}
	}
}

// No peak, no dip and no gap is lost, and what is few is left alone.
func TestThinned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		column := float64(rapid.IntRange(1, 20).Draw(t, "column"))
		var pieces []plot.Piece
		x := 0.0
		for range rapid.IntRange(1, 4).Draw(t, "pieces") {
			var piece plot.Piece
			for range rapid.IntRange(1, 200).Draw(t, "points") {
				x += rapid.Float64Range(0.5, 2).Draw(t, "step")
				piece = append(piece, plot.Point{X: x, Y: rapid.Float64Range(0, 100).Draw(t, "y")})
			}
			pieces, x = append(pieces, piece), x+10
		}
		thin := plot.Thinned(pieces, column)
		if len(thin) != len(pieces) {
			t.Fatalf("%d pieces became %d", len(pieces), len(thin))
		}
		for i, piece := range pieces {
			all, kept := plot.SpreadOf(pieces[i:i+1], 0, x), plot.SpreadOf(thin[i:i+1], 0, x)
			if all.Low != kept.Low || all.High != kept.High {
				t.Fatalf("piece %d from %v to %v became one from %v to %v", i, all.Low, all.High, kept.Low, kept.High)
			}
			if most := 2 * int((piece[len(piece)-1].X-piece[0].X)/column+2); len(thin[i]) > most || !slices.IsSortedFunc(thin[i], byTime) {
				t.Fatalf("got %d points, want at most %d, in order", len(thin[i]), most)
			}
		}
	})
	short := []plot.Piece{{{X: 1, Y: 2}, {X: 2, Y: 3}}}
	if got := plot.Thinned(short, plot.ColumnSeconds(0, 60)); !slices.Equal(got[0], short[0]) {
		t.Errorf("a minute became %v, want it as it was", got)
	}
}

func byTime(a, b plot.Point) int { return int(math.Copysign(1, a.X-b.X)) }

// Between two pieces there is a gap, and only there.
func TestLinesHaveGaps(t *testing.T) {
	line := lineOf(plot.Series{Name: "x", Pieces: []plot.Piece{{{X: 1, Y: 10}, {X: 2, Y: 20}}, {{X: 6, Y: 30}}}})
	got, err := json.Marshal(line)
	if want := `{"name":"x","colour":"ink","x":[1,2,4,6],"y":[10,20,null,30]}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestMargins(t *testing.T) {
	for _, c := range []struct {
		actual, limit float64
		want          string
	}{{46, 60, "23.3 % below"}, {66, 60, "10.0 % above"}, {60, 60, "at the limit"}, {0, 0, "at the limit"}, {3, 0, "3.00 above"}, {math.NaN(), 1, "-"}} {
		if got := margin((model.Budget{Actual: stat.Number(c.actual), Limit: stat.Number(c.limit)})); got != c.want {
			t.Errorf("%v of %v: got %q, want %q", c.actual, c.limit, got, c.want)
		}
	}
}

func TestQuoted(t *testing.T) {
	if got, want := quoted([]string{"rehearse", "run", "--set", "a[b]=c d", "it's", ""}), `rehearse run --set 'a[b]=c d' 'it'\''s' ''`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Errors are counted by state and class, with what was never sent and what an early record does not classify.
func TestErrorsByClass(t *testing.T) {
	m := makeRun(1, steady, "baseline", "cache")
	m.windowsOf(1, "peak", func(w *record.Window) {
		if w.Op == "verify" {
			w.Failed, w.Missed, w.Errors = 5, 2, map[string]uint64{"timeout": 3}
		}
	})
	m.windowsOf(1, "warm-up", func(w *record.Window) { w.Failed = 9 })
	run, s := m.summarized(t)
	table := (&summary{s}).errorsSection(detailsOf(run, s)).Tables[0]
	var got []string
	for _, row := range table.Rows {
		got = append(got, row[0].Text+" "+row[1].Text+" "+row[2].Text)
	}
	want := []string{"never sent 0 2", "not classified 0 2", "timeout 0 3", "of hits due 2,200 2,200"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A query that one side never sent cost it nothing; of a side that has none recorded nothing is known.
func TestDetailsBeforeAndAfter(t *testing.T) {
	before := model.State{Name: "a", Queries: []model.Query{{Node: "primary", Text: "SELECT 1", PerHit: 3, QPS: 30}, {Node: "primary", Text: "SELECT 2", PerHit: 1, QPS: 10}}, APIs: []model.API{{API: "GET /x", PrimaryStatements: 4}}}
	after := model.State{Name: "b", Queries: []model.Query{{Node: "primary", Text: "SELECT 2", PerHit: 0.5, QPS: 5}, {Node: "replica", Text: "SELECT 2", PerHit: 2, QPS: 20}}}
	var got []string
	for _, table := range []page.Table{queriesTable(before, after), queriesTable(before, model.State{Name: "b"}), apisTable(before, after)} {
		for _, row := range table.Rows {
			line := ""
			for _, cell := range row {
				line += cell.Text + "|"
			}
			got = append(got, line)
		}
	}
	want := []string{
		"SELECT 1|primary|3.00|0|30.0|0|", "SELECT 2|primary|1.00|0.500|10.0|5.00|", "SELECT 2|replica|0|2.00|0|20.0|",
		"SELECT 1|primary|3.00|-|30.0|-|", "SELECT 2|primary|1.00|-|10.0|-|", "GET /x||0|0|0 ms|-|4.00|-|0|-|",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Two states are drawn, and only of them it may be said that nothing is believed.
func TestNoDistributionToDraw(t *testing.T) {
	for _, c := range []struct {
		crowded []int
		want    string
	}{
		{[]int{0, 2}, "No latency of baseline and extract-reads at stage peak is believed, so there is no distribution to draw; those of extract-main stand in the tables."},
		{[]int{0, 1, 2}, "No latency of baseline and extract-reads at stage peak is believed, so there is no distribution to draw."},
		{[]int{0, 1}, ""},
	} {
		m := makeRun(1, steady, "baseline", "extract-main", "extract-reads")
		for _, trial := range c.crowded {
			m.crowd(trial, 1)
		}
		run, s := m.summarized(t)
		section, err := (&summary{s}).distributionSection(distributionChart(&summary{s}, detailsOf(run, s)).Curves)
		if err != nil {
			t.Fatal(err)
		}
		if text := section.Text[0]; c.want != "" && text != c.want || (c.want == "") != (len(section.Charts) > 0) {
			t.Errorf("%v crowded: got %q and %d charts, want %q", c.crowded, text, len(section.Charts), c.want)
		}
	}
}
