package judge

import (
	"testing"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// about tells two numbers of a ratio apart only where they are.
func about(a, b stat.Number) bool {
	return !a.Known() && !b.Known() || a == b || a/b > 0.99999 && a/b < 1.00001
}

func TestChangeOfACount(t *testing.T) {
	cached := func(value stat.Number) level {
		return level{bracket: bracket{value, value, value}, chance: true}
	}
	over := func(divisor, value stat.Number) level {
		l := exactly(value)
		l.over = divisor
		return l
	}
	for _, tt := range []struct {
		name          string
		metric        string
		before, after level
		ratio         stat.Number
		want          model.Effect
	}{
		{"within two per cent", "primary_qps", exactly(100), exactly(101), 1.01, model.Unclear},
		{"more", "primary_qps", exactly(100), exactly(103), 1.03, model.Worse},
		{"less", "primary_qps", exactly(100), exactly(97), 0.97, model.Better},
		{"less than hits in flight explain", "primary_qps", level{bracket: bracket{100, 90, 110}}, exactly(95), 0.95, model.Unclear},
		{"more than hits in flight explain", "primary_qps", level{bracket: bracket{100, 99, 101}}, level{bracket: bracket{110, 109, 111}}, 1.1, model.Worse},
		{"nothing, still", "primary_statements", exactly(0), exactly(0), 1, model.Unclear},
		{"something from nothing", "primary_statements", exactly(0), exactly(0.01), stat.Unknown(), model.Worse},
		{"nothing from something", "primary_statements", exactly(1), exactly(0), 0, model.Better},
		{"perhaps something from nothing", "primary_qps", exactly(0), level{bracket: bracket{1, 0, 2}}, stat.Unknown(), model.Unclear},
		{"more of what should be more", "cache_hit_ratio", exactly(0.5), exactly(0.6), 1.2, model.Better},
		{"less of what should be more", "cache_hit_ratio", exactly(0.5), exactly(0.4), 0.8, model.Worse},
		{"more of what is neither good nor bad", "replica_statements", exactly(1), exactly(1.08), 1.08, model.Differs},
		{"what the cache may leave", "replica_statements", cached(1), exactly(1.08), 1.08, model.Unclear},
		{"more than the cache may leave", "replica_statements", cached(1), exactly(1.2), 1.2, model.Differs},
		{"on the primary the cache leaves nothing to chance", "primary_statements", cached(1), cached(1.08), 1.08, model.Worse},
		{"93 statements and 104", "primary_statements", over(37, 2.51), over(37, 2.81), 2.81 / 2.51, model.Unclear},
		{"930 statements and 1,040", "primary_statements", over(370, 2.51), over(370, 2.81), 2.81 / 2.51, model.Worse},
		{"one statement more for each of a hundred hits", "primary_statements", over(100, 3), over(100, 4), 4.0 / 3, model.Worse},
		{"one statement less for each of a hundred hits", "primary_statements", over(100, 4), over(100, 3), 0.75, model.Better},
		{"few statements in three seconds", "primary_qps", over(3, 81), over(3, 78), 78.0 / 81, model.Unclear},
		{"four statements from nothing", "primary_statements", over(1000, 0), over(1000, 0.004), stat.Unknown(), model.Unclear},
		{"five statements from nothing", "primary_statements", over(1000, 0), over(1000, 0.005), stat.Unknown(), model.Worse},
		{"what is not known", "primary_qps", exactly(stat.Unknown()), exactly(1), stat.Unknown(), model.Unclear},
	} {
		got := tt.before.to(tt.after, model.Key{Metric: tt.metric}, metricOf(model.Key{Metric: tt.metric}))
		if got.Verdict != tt.want || !about(got.Ratio, tt.ratio) || got.Lo.Known() {
			t.Errorf("%s: got %+v, want %v and %v", tt.name, got, tt.ratio, tt.want)
		}
	}
}

// p95Of is a group with these runs.
func p95Of(runs ...float64) level {
	l := exactly(stat.Number(stat.GeometricMean(runs).Value))
	l.runs = runs
	return l
}

// Percentiles that are the same in every run but for their last digit have no spread, and prove nothing.
func TestChangeBelowTheResolution(t *testing.T) {
	for after, want := range map[float64]model.Effect{0.01001: model.Unclear, 0.011: model.Worse} {
		if got := p95Of(0.01, 0.01).to(p95Of(after, after), model.Key{Metric: "p95"}, metricOf(model.Key{Metric: "p95"})); got.Verdict != want {
			t.Errorf("10 ms to %v s without any spread: got %+v, want %v", after, got, want)
		}
	}
}

// Failures are counted against chance over all hits of the group that has the fewer.
func TestChangeOfErrors(t *testing.T) {
	group := func(hits stat.Number, runs ...float64) level {
		l := exactly(stat.Number(stat.Mean(runs).Value))
		l.runs, l.hits = runs, hits
		return l
	}
	for _, tt := range []struct {
		name          string
		before, after level
		want          model.Effect
	}{
		{"five more of 2,000 in all", group(2000, 0, 0), group(2000, 0.0025, 0.0025), model.Unclear},
		{"six more of 2,000 in all", group(2000, 0, 0), group(2000, 0.003, 0.003), model.Worse},
		{"six fewer", group(2000, 0.003, 0.003), group(2000, 0, 0), model.Better},
		{"as many as six of 2,000, in more runs", group(2000, 0, 0), group(9000, 0.0025, 0.0025, 0.0025), model.Unclear},
		{"many in one run of two", group(2000, 0, 0), group(2000, 0, 0.2), model.Unclear},
		{"many in one run alone", group(1000, 0), group(1000, 0.5), model.Unclear},
	} {
		if got := tt.before.to(tt.after, model.Key{Metric: "errors"}, metricOf(model.Key{Metric: "errors"})); got.Verdict != tt.want {
			t.Errorf("%s: got %+v, want %v", tt.name, got, tt.want)
		}
	}
}

// metricOf is the metric of a key that every run has.
func metricOf(k model.Key) scenarios.Metric {
	m, _ := scenarios.FindMetric(k.Metric)
	return m
}
