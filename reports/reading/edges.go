package reading

import (
	"math"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// RateBetween is the rate of statements in a stage, and the least and the most it could have been had each hit asked for all
// its statements in the stage in which it was due, and had all that was counted been counted at the edges. Of one operation
// it takes the services' word: the servers know none.
func (t *Trial) RateBetween(stage record.Stage, of Statements) (rate, least, most stat.Number) {
	rate = t.Rate(stage.Name, of.Node, t.Declared.Statements(of.Kinds...))
	if of.Op != "" {
		rate = t.ServicesRate(stage.Name, of.Own())
	}
	_, seconds := t.Growth(stage.Name, of.Node, t.Declared.Statements(of.Kinds...))
	slip := t.Slip(stage, of.Node)
	took, shortest, longest := stat.Number(seconds), stat.Number(seconds-slip), stat.Number(seconds+slip)
	before := t.inFlightStatements(Edge{Stage: stage.Name, Side: "begin", Source: "load"}, of)
	after := t.inFlightStatements(Edge{Stage: stage.Name, Side: "end", Source: "load"}, of)
	least, most = max(rate*(took/longest)-before/longest, 0), rate*(took/shortest)+after/shortest
	// Where readings are half a stage late nobody knows in how short a time what was counted came.
	if shortest <= 0 && rate.Known() {
		most = stat.Number(math.Inf(1))
	}
	return rate, least, most
}

// Slip is how many seconds from both edges of a stage a source was read.
func (t *Trial) Slip(stage record.Stage, source string) float64 {
	from := func(side string, planned float64) float64 {
		return math.Abs(t.Edges[Edge{stage.Name, side, source}].AtSeconds - t.At - planned)
	}
	return from("begin", stage.BeginSeconds) + from("end", stage.EndSeconds)
}

// InFlightAt is how many hits were in flight at an edge.
func (t *Trial) InFlightAt(at Edge) (hits float64) {
	for key, n := range t.Edges[at].Values {
		if metric, _ := record.ParseKey(key); metric == "in_flight" {
			hits += n
		}
	}
	return hits
}

// inFlightStatements is what the hits in flight at an edge cost altogether, by what each operation costs over the whole
// trial. Early records do not tell the operations: of them it is zero.
func (t *Trial) inFlightStatements(at Edge, of Statements) (sum stat.Number) {
	for key, hits := range t.Edges[at].Values {
		metric, labels := record.ParseKey(key)
		op := labels["op"]
		if metric != "in_flight" || op == "" || hits == 0 || of.Op != "" && of.Op != op {
			continue
		}
		own := t.Services("", Statements{Node: of.Node, Kinds: of.Kinds, Op: op}.Own())
		if sent := t.Sent(op); own.Known() && sent > 0 {
			sum += stat.Number(hits) * own / stat.Number(sent)
		}
	}
	return sum
}
