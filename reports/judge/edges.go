package judge

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// bracket is a rate of statements as it was counted between the edges of a stage, and the least and the most it could have
// been had each hit asked for all its statements in the stage in which it was due.
//
// Where a server stalls at the end of a stage, the hits due just before are answered after it, and so are their statements:
// the stage's count falls although nothing costs less. So no phase is called better or worse, and no budget is passed or
// failed, by what hits in flight at an edge can explain.
type bracket struct{ value, lo, hi stat.Number }

// blurLimit is how far from the rate its bracket may reach before that has to be said. On a busy machine, and with
// statements as few as those of the last states, one trial in ten reaches a third of it.
const blurLimit = 0.05

func primaryStatements() reading.Statements {
	return reading.Statements{Node: "primary", Kinds: []string{"read", "write"}, Op: ""}
}

// rates are the metrics that are rates of statements.
func rates(k model.Key) (of reading.Statements, isRate bool) {
	of, isRate = map[string]reading.Statements{
		"primary_qps":        primaryStatements(),
		"primary_reads_qps":  {Node: "primary", Kinds: []string{"read"}, Op: ""},
		"primary_writes_qps": {Node: "primary", Kinds: []string{"write"}, Op: ""},
		"replica_qps":        {Node: "replica", Kinds: []string{"read", "write"}, Op: ""},
	}[k.Metric]
	of.Op = k.Operation
	return of, isRate
}

// perHitOf are the metrics that are statements per hit, those of an API but for.
func perHitOf(k model.Key) (node, operation string, isPerHit bool) {
	switch {
	case k.API != "":
	case k.Metric == "primary_statements", k.Metric == "replica_statements":
		node, _, _ := strings.Cut(k.Metric, "_")
		return node, k.Operation, true
	}
	return "", "", false
}

// alias is the number that a metric of another name stands for: statements per hit of one operation.
func (l *Ledger) alias(trials []*trial, of record.Alias) (n stat.Number, known bool) {
	node, operation, per := perHitOf(model.Key{Metric: of.Metric, Operation: of.Operation})
	if !per {
		return stat.Unknown(), false
	}
	return perHit(trials, node, operation), true
}

// plain is the key of what a metric of another name stands for.
func (l *Ledger) plain(k model.Key) model.Key {
	if alias, is := l.declared.Alias(k.Metric); is {
		k.Metric, k.Operation = alias.Metric, alias.Operation
	}
	return k
}

// bracketed is the rate of a stage.
func (t *trial) bracketed(stage record.Stage, of reading.Statements) bracket {
	rate, least, most := t.RateBetween(stage, of)
	return bracket{rate, least, most}
}

// most is the upper end of a bracket as it is told.
func (b bracket) most(text func(stat.Number) string) string {
	if math.IsInf(float64(b.hi), 1) {
		return "any number"
	}
	return text(b.hi)
}

// bracket is the number of a key with what it could have been: rates of statements have a width by the hits in flight, and
// counts per hit by those that failed.
func (l *Ledger) bracket(k model.Key) bracket {
	value, trials, stage := l.count(k), l.counted(k.State), l.stage(k.Stage)
	of, isRate := rates(k)
	if node, operation, per := perHitOf(l.plain(k)); per {
		return bracket{value, perHitAtLeast(trials, node, operation), value}
	}
	if !isRate {
		return bracket{value, value, value}
	}
	least := mean(trials, func(t *trial) stat.Number { return t.bracketed(stage, of).lo })
	most := mean(trials, func(t *trial) stat.Number { return t.bracketed(stage, of).hi })
	if slices.ContainsFunc(trials, func(t *trial) bool { return math.IsInf(float64(t.bracketed(stage, of).hi), 1) }) {
		most = stat.Number(math.Inf(1))
	}
	return bracket{value, least, most}
}

// over is the ratio to another. Nothing of nothing is as much as before, and anything of nothing is beyond every limit.
func (b bracket) over(o bracket) bracket {
	ratio := func(now, then stat.Number) stat.Number {
		if now == 0 && then == 0 {
			return 1
		}
		return now / then
	}
	return bracket{ratio(b.value, o.value), ratio(b.lo, o.hi), ratio(b.hi, o.lo)}
}

// blurred says when the rate of statements on the primary at the headline stage is not known well.
func (t *trial) blurred(headline string) []string {
	for _, stage := range t.Stages {
		if stage.Name != headline {
			continue
		}
		b := t.bracketed(stage, primaryStatements())
		if !(b.hi-b.value > blurLimit*b.value || b.value-b.lo > blurLimit*b.value) {
			return nil
		}
		return []string{fmt.Sprintf("primary QPS at %s is between %s and %s: %s; statements per hit are over whole trials",
			headline, numeral.Number(b.lo), b.most(numeral.Number), t.blur(stage))}
	}
	return nil
}

// blur says why a rate in a stage is not known well.
func (t *trial) blur(stage record.Stage) string {
	var why []string
	begin, end := t.InFlightAt(reading.Edge{Stage: stage.Name, Side: "begin", Source: "load"}), t.InFlightAt(reading.Edge{Stage: stage.Name, Side: "end", Source: "load"})
	if begin+end > 0 {
		why = append(why, fmt.Sprintf("%s and %s hits were in flight at its begin and end, whose statements may have been counted on either side",
			numeral.Whole(begin), numeral.Whole(end)))
	}
	if slip := t.Slip(stage, "primary"); late(slip, stage) {
		why = append(why, fmt.Sprintf("the readings at its edges were %s off", numeral.Seconds(stat.Number(slip))))
	}
	return strings.Join(why, ", and ")
}

// late tells whether seconds from the edges of a stage are many for it.
func late(slip float64, stage record.Stage) bool {
	return slip > blurLimit/5*(stage.EndSeconds-stage.BeginSeconds)
}

// bracketRatios has one after/before for each round, at its least, as counted, and at its most.
func (l *Ledger) bracketRatios(before, after string, of reading.Statements) (lo, counted, hi []float64) {
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
func countEstimate(lo, counted, hi []float64) model.Estimate {
	mean, effect := stat.GeometricMean(counted), model.Unclear
	switch {
	case stat.GeometricMean(hi).Value < model.CountBetter:
		effect = model.Better
	case stat.GeometricMean(lo).Value > model.CountWorse:
		effect = model.Worse
	}
	return estimate(mean, effect)
}
