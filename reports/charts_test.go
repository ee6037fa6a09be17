package reports

import (
	"math"
	"slices"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// Readings of one trial are a second apart, so two trials make two pieces: 300 a second, then 1500.
func TestRatesOfReadings(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	pieces := primaryOfRun(m.written(t))
	if len(pieces) != 2 {
		t.Fatalf("got %d pieces, want one a trial", len(pieces))
	}
	want := plot.Piece{{X: 5.5, Y: 300}, {X: 6.5, Y: 300}, {X: 7.5, Y: 300}, {X: 8.5, Y: 300},
		{X: 9.5, Y: 1500}, {X: 10.5, Y: 1500}, {X: 11.5, Y: 1500}, {X: 12.5, Y: 1500}}
	if !slices.Equal(pieces[0], want) {
		t.Errorf("got %v, want %v", pieces[0], want)
	}
}

func TestMissingReadingsAndResetsAreGaps(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.samples = slices.DeleteFunc(m.samples, func(s record.Sample) bool {
		return s.Edge == "" && s.AtSeconds > 7 && s.AtSeconds < 10
	})
	m.samplesOf(0, "primary", func(s *record.Sample) {
		if s.AtSeconds >= 12 {
			s.Values["statements_total{kind=read,role=callers}"] -= 4000
		}
	})
	pieces := primaryOfRun(m.written(t))
	var lengths []int
	for _, piece := range pieces {
		lengths = append(lengths, len(piece))
	}
	// 5-6-7, gap, 10-11, reset, 12-13.
	if !slices.Equal(lengths, []int{2, 1, 1}) {
		t.Errorf("got pieces of %v points, want 2, 1 and 1: %v", lengths, pieces)
	}
}

func TestChartsKnowWhatTheyDoNotKnow(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.windows = m.windows[:6]
	_, s := m.summarized(t)
	pair := phaseChart(&summary{s}).Panels[0].Pairs[0]
	if math.IsNaN(pair.Before) || !math.IsNaN(pair.After) || pair.AfterText != numeral.Void {
		t.Errorf("got %+v, want before known and after not", pair)
	}
}

// A single state is compared with nothing: it has a level.
func TestPhaseChartOfOneState(t *testing.T) {
	_, s := told()["one-state"]().summarized(t)
	chart := phaseChart(&summary{s})
	for i, want := range []string{"12.0", "1,500"} {
		if pairs := chart.Panels[i].Pairs; len(pairs) != 1 || !pairs[0].Alone || pairs[0].AfterText != want {
			t.Errorf("got %+v, want %s alone", pairs, want)
		}
	}
}

func TestATrialCutShortEndsWithTheRun(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.events = append(m.events[:3:3], record.Event{AtSeconds: 24, Trial: -1, Kind: record.EventInterrupted, Text: "x"})
	run, s := m.summarized(t)
	chart := timelineChart(&summary{s}, runSecondsOf(run, s))
	if len(chart.Bands) != 2 || chart.Bands[1].To != 24 || chart.Marks[1].To != 24 {
		t.Errorf("got bands %v, marks %v; want the second to end at 24", chart.Bands, chart.Marks)
	}
}

// The curve of a trial is that of its stages one after the other: straight where a record has no rates, as in an early one.
func TestOfferedRates(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.header.Stages[1].ToRate, m.header.Stages[1].Rates = 500, []float64{150, 400}
	run, s := m.summarized(t)
	chart := timelineChart(&summary{s}, runSecondsOf(run, s))
	want := plot.Piece{{X: 5, Y: 100}, {X: 7, Y: 100}, {X: 7, Y: 100}, {X: 7.5, Y: 150}, {X: 8.5, Y: 400}, {X: 9, Y: 500}, {X: 9, Y: 500}, {X: 13, Y: 500}}
	if len(chart.Offered) != 2 || !slices.Equal(chart.Offered[0], want) {
		t.Errorf("got %v, want %v and the same again", chart.Offered, want)
	}
}

// Where sessions add hits to those of the stages, what was due is drawn as it was, second by second.
func TestOfferedBySessions(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	for i := range m.header.Trials {
		m.header.Trials[i].Hits = 1_000_000
	}
	run, s := m.summarized(t)
	begin, _ := reading.SpanOf(run.Events, 1)
	var second float64
	for _, w := range run.Windows {
		if w.Trial == 1 && w.Second == 2 {
			second += float64(w.Offered)
		}
	}
	got := timelineChart(&summary{s}, runSecondsOf(run, s)).Offered[1]
	if want := (plot.Point{X: begin + 2.5, Y: second}); second == 0 || len(got) < 3 || got[2] != want {
		t.Errorf("got %v, want %v as the third", got, want)
	}
}

// What was due after the end of a run that was cut short was never offered.
func TestOfferedEndsWithTheRun(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.events = append(m.events[:3:3], record.Event{AtSeconds: 20, Trial: -1, Kind: record.EventInterrupted, Text: "x"})
	run, s := m.summarized(t)
	offered := timelineChart(&summary{s}, runSecondsOf(run, s)).Offered
	if last := offered[1][len(offered[1])-1]; last.X > 20 {
		t.Errorf("got hits due at %v, want none after 20", last.X)
	}
}

// Under a phase of which one side is void stands what the tables say of it, and ~ where a reason is told.
func TestBarsSayWhatTablesSay(t *testing.T) {
	one, why := bar{1, "1"}, model.NoEstimate()
	why.Why = "more than 5 % of the hits failed"
	for want, e := range map[string]model.Estimate{
		"-": model.NoEstimate(), "~": why,
		"~ −20.0 %": {Value: 0.8}, "−20.0 %": {Value: 0.8, Verdict: model.Better},
	} {
		if got := pair("cache", one, one, e).Change; got != want {
			t.Errorf("%+v: got %q under the bars, want %q", e, got, want)
		}
	}
}
