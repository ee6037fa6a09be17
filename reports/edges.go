package reports

import (
	"fmt"
	"math"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// bracket is a rate of statements as it was counted between the edges of a stage, and the least and the most it could have
// been had each hit asked for all its statements in the stage in which it was due.
//
// Where a server stalls at the end of a stage, the hits due just before are answered after it, and so are their statements:
// the stage's count falls although nothing costs less. So no phase is called better or worse, and no budget is passed or
// failed, by what hits in flight at an edge can explain.
type bracket struct{ value, lo, hi Number }

// blurLimit is how far from the rate its bracket may reach before that has to be said. On a busy machine, and with
// statements as few as those of the last states, one trial in ten reaches a third of it.
const blurLimit = 0.05

// statements are those asked of a node, of some kinds. Op is the operation they were asked for; empty is all.
type statements struct {
	node  string
	kinds []string
	op    string
}

func primaryStatements() statements { return statements{"primary", []string{"read", "write"}, ""} }

// rates are the metrics that are rates of statements.
func (k Key) rates() (of statements, isRate bool) {
	of, isRate = map[string]statements{
		"primary_qps":        primaryStatements(),
		"primary_reads_qps":  {"primary", []string{"read"}, ""},
		"primary_writes_qps": {"primary", []string{"write"}, ""},
		"replica_qps":        {"replica", []string{"read", "write"}, ""},
	}[k.Metric]
	of.op = k.Operation
	return of, isRate
}

// perHit are the metrics that are statements per hit, those of an API but for.
func (k Key) perHit() (node, operation string, isPerHit bool) {
	switch {
	case k.API != "":
	case k.Metric == "primary_statements_per_verify":
		return "primary", "verify", true
	case k.Metric == "primary_statements", k.Metric == "replica_statements":
		node, _, _ := strings.Cut(k.Metric, "_")
		return node, k.Operation, true
	}
	return "", "", false
}

// own selects them as the services count them.
func (s statements) own() series {
	of := series{"statements_total", map[string][]string{"node": {s.node}, "kind": s.kinds}}
	if s.op != "" {
		of.labels["op"] = []string{s.op}
	}
	return of
}

// bracketed is the rate of a stage. Of one operation it takes the services' word: the servers know none.
func (t *trial) bracketed(stage record.Stage, of statements) bracket {
	rate := t.rate(stage.Name, of.node, application(of.kinds...))
	if of.op != "" {
		rate = t.servicesRate(stage.Name, of.own())
	}
	_, took := t.growth(stage.Name, of.node, application(of.kinds...))
	slipped := t.slip(stage, "begin", of.node) + t.slip(stage, "end", of.node)
	shortest, longest := Number(max(took-slipped, 0)), Number(took+slipped)
	before := t.inFlightStatements(edge{stage.Name, "begin", "load"}, of)
	after := t.inFlightStatements(edge{stage.Name, "end", "load"}, of)
	return bracket{rate, max(rate*(Number(took)/longest)-before/longest, 0), rate*(Number(took)/shortest) + after/shortest}
}

// bracket is the number of a key with what it could have been: rates of statements have a width by the hits in flight, and
// counts per hit by those that failed.
func (l *ledger) bracket(k Key) bracket {
	value, trials, stage := l.count(k), l.counted(k.State), l.stage(k.Stage)
	of, isRate := k.rates()
	if node, operation, per := k.perHit(); per {
		return bracket{value, perHitAtLeast(trials, node, operation), value}
	}
	if !isRate {
		return bracket{value, value, value}
	}
	return bracket{value,
		mean(trials, func(t *trial) Number { return t.bracketed(stage, of).lo }),
		mean(trials, func(t *trial) Number { return t.bracketed(stage, of).hi })}
}

// over is the ratio to another. Nothing of nothing is as much as before, and anything of nothing is beyond every limit.
func (b bracket) over(o bracket) bracket {
	ratio := func(now, then Number) Number {
		if now == 0 && then == 0 {
			return 1
		}
		return now / then
	}
	return bracket{ratio(b.value, o.value), ratio(b.lo, o.hi), ratio(b.hi, o.lo)}
}

// slip is how many seconds from the edge its reading was taken.
func (t *trial) slip(stage record.Stage, at, source string) float64 {
	planned := stage.BeginSeconds
	if at == "end" {
		planned = stage.EndSeconds
	}
	return math.Abs(t.edges[edge{stage.Name, at, source}].AtSeconds - t.at - planned)
}

// inFlightStatements is what the hits in flight at an edge cost altogether, by what each operation costs over the whole
// trial. Early records do not tell the operations: of them it is zero.
func (t *trial) inFlightStatements(at edge, of statements) (sum Number) {
	for key, hits := range t.edges[at].Values {
		metric, labels := record.ParseKey(key)
		op := labels["op"]
		if metric != "in_flight" || op == "" || hits == 0 || of.op != "" && of.op != op {
			continue
		}
		own := t.services("", statements{of.node, of.kinds, op}.own())
		if sent := t.sent(op); own.Known() && sent > 0 {
			sum += Number(hits) * own / Number(sent)
		}
	}
	return sum
}

// inFlightAt is how many hits were in flight at an edge.
func (t *trial) inFlightAt(at edge) (hits float64) {
	for key, n := range t.edges[at].Values {
		if metric, _ := record.ParseKey(key); metric == "in_flight" {
			hits += n
		}
	}
	return hits
}

// blurred says when the rate of statements on the primary at the headline stage is not known well.
func (t *trial) blurred(headline string) []string {
	for _, stage := range t.stages {
		if stage.Name != headline {
			continue
		}
		b := t.bracketed(stage, primaryStatements())
		if !(b.hi-b.value > blurLimit*b.value || b.value-b.lo > blurLimit*b.value) {
			return nil
		}
		return []string{fmt.Sprintf("primary QPS at %s is between %s and %s: %s; statements per hit are over whole trials",
			headline, number(b.lo), number(b.hi), t.blur(stage))}
	}
	return nil
}

// blur says why a rate in a stage is not known well.
func (t *trial) blur(stage record.Stage) string {
	var why []string
	begin, end := t.inFlightAt(edge{stage.Name, "begin", "load"}), t.inFlightAt(edge{stage.Name, "end", "load"})
	if begin+end > 0 {
		why = append(why, fmt.Sprintf("%s and %s hits were in flight at its begin and end, whose statements may have been counted on either side",
			whole(begin), whole(end)))
	}
	if slip := t.slip(stage, "begin", "primary") + t.slip(stage, "end", "primary"); slip > blurLimit/5*(stage.EndSeconds-stage.BeginSeconds) {
		why = append(why, fmt.Sprintf("the readings at its edges were %s off", seconds(Number(slip))))
	}
	return strings.Join(why, ", and ")
}

// bracketRatios has one after/before for each round, at its least, as counted, and at its most.
func (l *ledger) bracketRatios(before, after string, of statements) (lo, counted, hi []float64) {
	stage := l.stage(l.header.Headline)
	for _, round := range l.rounds(before, after, voidsCounts) {
		b, a := round[0].bracketed(stage, of), round[1].bracketed(stage, of)
		if a.value.Known() && b.value.Known() && b.value > 0 {
			ratio := a.over(b)
			lo, counted, hi = append(lo, float64(ratio.lo)), append(counted, float64(ratio.value)), append(hi, float64(ratio.hi))
		}
	}
	return lo, counted, hi
}

// countEstimate is judged by its value: what a phase does to a count shows in a single round. But a round in which hits in
// flight can explain it shows nothing.
func countEstimate(lo, counted, hi []float64) Estimate {
	mean, effect := stat.GeometricMean(counted), Unclear
	switch {
	case stat.GeometricMean(hi).Value < countBetter:
		effect = Better
	case stat.GeometricMean(lo).Value > countWorse:
		effect = Worse
	}
	return estimate(mean, effect)
}
