package reports

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/live"
	"github.com/rehearse-dev/rehearse/reports/metrics"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// twoCaches is a run of one trial in whose state both services cache, the callers with a hit ratio of their own, and some hits
// are never answered.
func twoCaches(t *testing.T) (*record.Run, *model.Summary) {
	m := makeRun(1, steady, "cache")
	m.samplesOf(0, "callers", func(s *record.Sample) {
		hits := due(s.AtSeconds - 5)
		s.Values["cache_requests_total{result=hit}"], s.Values["cache_requests_total{result=miss}"] = 50+math.Round(0.2*hits), 50+math.Round(0.8*hits)
	})
	m.windowsOf(0, "peak", func(w *record.Window) { w.Failed = w.Offered / 100 })
	return m.summarized(t)
}

// followed is what the live page and the metrics make of a run, entry by entry as it was recorded.
type followed struct {
	points map[int]live.Point
	// before and after are the metrics when the headline stage begins and ends.
	before, after string
}

func follow(t *testing.T, run *record.Run) (f followed) {
	f.points = map[int]live.Point{}
	follower, exporter := live.NewFollower(run.Header.TimeoutSeconds, reading.DeclaredIn(&run.Header)), metrics.New(run.Header, func() uint64 { return 0 })
	for _, e := range run.Events[:1] {
		follower.Observe(e)
		exporter.Observe(e)
	}
	note := func(points []live.Point) {
		for _, p := range points {
			f.points[p.Second] = p
		}
	}
	for _, w := range run.Windows {
		note(follower.Observe(w))
		exporter.Observe(w)
	}
	samples := slices.Clone(run.Samples)
	slices.SortStableFunc(samples, func(a, b record.Sample) int { return cmp.Compare(a.AtSeconds, b.AtSeconds) })
	const begin, end = 5 + 4, 5 + 8
	for i, s := range samples {
		note(follower.Observe(s))
		exporter.Observe(s)
		if last := i == len(samples)-1 || samples[i+1].AtSeconds > s.AtSeconds; last && s.AtSeconds == begin {
			f.before = scraped(t, exporter)
		} else if last && s.AtSeconds == end {
			f.after = scraped(t, exporter)
		}
	}
	return f
}

func scraped(t *testing.T, x *metrics.Exporter) string {
	t.Helper()
	answer := httptest.NewRecorder()
	x.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	text, err := io.ReadAll(answer.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// grown is by how much the metrics with a name and these labels grew while the headline stage lasted.
func (f followed) grown(t *testing.T, name string) (sum float64) {
	t.Helper()
	series := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`)
	for sign, text := range map[float64]string{-1: f.before, 1: f.after} {
		found := series.FindAllStringSubmatch(text, -1)
		if len(found) == 0 {
			t.Fatalf("no %s in the metrics", name)
		}
		for _, f := range found {
			n, err := strconv.ParseFloat(f[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += sign * n
		}
	}
	return sum
}

// A figure is the same number wherever it is asked for: on the live page, in the metrics, in windows.csv, in the charts, in the
// summary, and by the judge of a cutover.
func TestFiguresAgree(t *testing.T) {
	run, s := twoCaches(t)
	seen, line := follow(t, run), runSecondsOf(run, s)
	// All hits of the headline stage are recorded in its first second, so that this second has the percentile of the stage.
	trial, state, second := reading.Trials(run)[0], s.States[0], 4
	point, middle := seen.points[second], trial.At+float64(second)+0.5
	cut, peak := reading.SecondsOf(trial), reading.Stretch{From: trial.At + 4, To: trial.At + 8}
	statements := trial.Declared.Statements("read", "write")

	figures := map[string]map[string]float64{
		"p95 of a second": {
			"live": float64(point.P95Seconds), "charts": at(line.p95, middle), "summary": float64(state.P95Seconds),
			"cutover": float64(cut.Inside(reading.Stretch{From: trial.At + 4, To: trial.At + 5}).Percentile(0.95)),
			"judge":   float64(trial.In("peak").Percentile(0.95)),
		},
		"hits answered in a second": {
			"live": float64(point.Achieved), "charts": at(line.achieved, middle), "judge": float64(trial.In("peak").Answered()),
			"metrics": float64(trial.In("peak").Offered) - 0.01*2000,
		},
		"lag of a second": {"live": float64(point.LagSeconds), "charts": at(line.generatorLag, middle), "summary": float64(state.LagP99Seconds)},
		"primary QPS": {
			"live": float64(point.PrimaryQPS), "charts": at(line.primaryQPS, middle), "summary": float64(state.PrimaryQPS),
			"cutover": float64(cut.RateIn(peak, "primary", statements)), "judge": float64(trial.Rate("peak", "primary", statements)),
			"metrics": seen.grown(t, `rehearse_database_statements_total\{kind="[a-z]+",node="primary"\}`) / 4,
		},
		"hit ratio": {
			"live": float64(point.CacheHitRatio), "charts": at(line.hitRatio, middle), "summary": float64(state.CacheHitRatio),
			"cutover": float64(cut.HitRatioIn(peak)),
			"metrics": seen.grown(t, `rehearse_cache_requests_total\{result="hit"\}`) / seen.grown(t, `rehearse_cache_requests_total\{result="[a-z]+"\}`),
		},
	}
	for _, op := range state.Stages[len(state.Stages)-1].Operations {
		figures["p95 of "+op.Op] = map[string]float64{"summary": float64(op.P95Seconds), "csv": csvCell(t, run, op.Op, strconv.Itoa(second), "p95_seconds")}
	}
	for figure, places := range figures {
		var first string
		for place, n := range places {
			if first == "" {
				first = place
			}
			// windows.csv has six digits.
			if !(math.Abs(n-places[first]) <= 1e-5*math.Abs(n)) || n == 0 {
				t.Errorf("%s: %v", figure, places)
				break
			}
		}
	}
	// 0.75 of the auth service's look-ups, one for each hit, and 0.2 of as many of the callers'.
	if err := approximately(state.CacheHitRatio, 0.475, 1e-3); err != nil {
		t.Error("hit ratio: ", err)
	}
}

// csvCell is a cell of windows.csv.
func csvCell(t *testing.T, run *record.Run, op, second, column string) float64 {
	t.Helper()
	var text bytes.Buffer
	if err := reading.WindowsCSV(&text, run); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		if row[slices.Index(rows[0], "operation")] == op && row[slices.Index(rows[0], "second")] == second {
			n, err := strconv.ParseFloat(row[slices.Index(rows[0], column)], 64)
			if err != nil {
				t.Fatal(fmt.Errorf("%s of %s: %w", column, op, err))
			}
			return n
		}
	}
	t.Fatalf("no row of %s in second %s", op, second)
	return 0
}
