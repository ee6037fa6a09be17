package reading

import (
	"math"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// Growth is by how much the series of one source grew between the edges of a stage (empty: of the trial), and in how
// many seconds. A counter that appears only at the end began at zero. Both are NaN where an edge was not read.
func (t *Trial) Growth(stage, source string, s Counters) (counts, seconds float64) {
	begin, ok := t.Edges[Edge{stage, "begin", source}]
	end, ok2 := t.Edges[Edge{stage, "end", source}]
	if !ok || !ok2 {
		return math.NaN(), math.NaN()
	}
	return s.grown(begin, end)
}

// Rate is growth in a second.
func (t *Trial) Rate(stage, source string, s Counters) stat.Number {
	counts, seconds := t.Growth(stage, source, s)
	if !(seconds > 0) {
		return stat.Unknown()
	}
	return stat.Number(counts / seconds)
}

// Services adds up what the services counted.
func (t *Trial) Services(stage string, s Counters) stat.Number {
	return t.Declared.OverServices(func(service string) stat.Number {
		counts, _ := t.Growth(stage, service, s)
		return stat.Number(counts)
	})
}

// ServicesRate is what the services counted in a stage, per second.
func (t *Trial) ServicesRate(stage string, s Counters) stat.Number {
	return t.Declared.OverServices(func(service string) stat.Number { return t.Rate(stage, service, s) })
}

// LookUps are the look-ups in the services' cache with any of these results.
func LookUps(results ...string) Counters {
	return Counters{"cache_requests_total", map[string][]string{"result": results}}
}

// HitRatio is the hit ratio of the services' cache, of which counts are known; unknown when it was asked nothing.
func HitRatio(counts func(of Counters) stat.Number) stat.Number {
	return counts(LookUps("hit")) / counts(LookUps("hit", "miss"))
}

// Counted is growth, and NaN for a counter that was not there at the end: what nobody counted has not stood still.
func (t *Trial) Counted(stage, source string, s Counters) (counts, seconds float64) {
	for key := range t.Edges[Edge{stage, "end", source}].Values {
		if s.Match(key) {
			return t.Growth(stage, source, s)
		}
	}
	return math.NaN(), math.NaN()
}

// OverMeasured adds up the growth over the measured stages whose edges were read; without one it is NaN.
func (t *Trial) OverMeasured(source string, s Counters) (counts, seconds float64) {
	counts, seconds = math.NaN(), math.NaN()
	for _, stage := range t.Stages {
		grown, took := t.Counted(stage.Name, source, s)
		switch {
		case !stage.Measure || math.IsNaN(grown):
		case math.IsNaN(counts):
			counts, seconds = grown, took
		default:
			counts, seconds = counts+grown, seconds+took
		}
	}
	return counts, seconds
}

// MeasuredStages names them.
func (t *Trial) MeasuredStages() (names []string) {
	for _, stage := range t.Stages {
		if stage.Measure {
			names = append(names, stage.Name)
		}
	}
	return names
}

// Statements are those asked of a node, of some kinds. Op is the operation they were asked for; empty is all.
type Statements struct {
	Node  string
	Kinds []string
	Op    string
}

// Own selects them as the services count them.
func (s Statements) Own() Counters {
	of := Counters{"statements_total", map[string][]string{"node": {s.Node}, "kind": s.Kinds}}
	if s.Op != "" {
		of.Labels["op"] = []string{s.Op}
	}
	return of
}

// Calls is how often each query was called on a node between the edges of the trial, and in how many seconds.
func (t *Trial) Calls(node string) (calls map[string]float64, seconds float64) {
	source := node + "_by_query"
	begin, end := t.Edges[Edge{"", "begin", source}], t.Edges[Edge{"", "end", source}]
	calls = map[string]float64{}
	for key, value := range end.Values {
		if _, labels := record.ParseKey(key); labels["query"] != "" {
			calls[labels["query"]] = value - begin.Values[key]
		}
	}
	return calls, end.AtSeconds - begin.AtSeconds
}

// Forgot tells whether the statement statistics of a node were reset, by somebody or by a restart.
func (t *Trial) Forgot(node string) bool {
	const when = "stats_reset_unix_seconds"
	begin, end := t.Edges[Edge{"", "begin", node}].Values, t.Edges[Edge{"", "end", node}].Values
	return begin != nil && end != nil && begin[when] != end[when]
}

// InFlightKnown tells whether the hits in flight were read at the edges of any stage of the trial; without, its rates are taken as
// they are.
func (t *Trial) InFlightKnown() bool {
	for e := range t.Edges {
		if e.Stage != "" && e.Source == "load" {
			return true
		}
	}
	return false
}
