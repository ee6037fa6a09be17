package reports

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// figures are the numbers of a state that other formats carry: by their names in the language of scenarios and in
// summary.json, and what they are to somebody who has read neither.
func figures() []namedNumber {
	return []namedNumber{
		{"p50", "p50_seconds", "Response time from when a hit is due; half of the hits stay below it.",
			func(n Numbers) stat.Number { return n.P50Seconds }},
		{"p95", "p95_seconds", "The same for 95 of 100 hits.",
			func(n Numbers) stat.Number { return n.P95Seconds }},
		{"p99", "p99_seconds", "The same for 99 of 100 hits.",
			func(n Numbers) stat.Number { return n.P99Seconds }},
		{"primary_qps", "primary_qps", "Statements on the primary (master DB) per second.",
			func(n Numbers) stat.Number { return n.PrimaryQPS }},
		{"primary_reads_qps", "primary_reads_qps", "Those that read.",
			func(n Numbers) stat.Number { return n.PrimaryReadsQPS }},
		{"primary_writes_qps", "primary_writes_qps", "Those that write.",
			func(n Numbers) stat.Number { return n.PrimaryWritesQPS }},
		{"replica_qps", "replica_qps", "Statements on the replica per second.",
			func(n Numbers) stat.Number { return n.ReplicaQPS }},
		{"redis_ops", "redis_ops", "Redis commands per second.",
			func(n Numbers) stat.Number { return n.RedisOps }},
		{"cache_hit_ratio", "cache_hit_ratio", "Look-ups that the cache answered, of all.",
			func(n Numbers) stat.Number { return n.CacheHitRatio }},
		{"errors", "errors_ratio", "Hits that failed or were never sent, of those due.",
			func(n Numbers) stat.Number { return n.ErrorsRatio }},
		{"achieved_rate", "achieved_rate", "Hits that were answered, per second.",
			func(n Numbers) stat.Number { return n.AchievedRate }},
	}
}

// namedNumber is one of them.
type namedNumber struct {
	metric, field, help string

	of func(Numbers) stat.Number
}

// figuresOf are the values of those of a state, in their order.
func figuresOf(n Numbers) []stat.Number {
	values := []stat.Number{}
	for _, f := range figures() {
		values = append(values, f.of(n))
	}
	return values
}

// unknownNumbers are those of which nobody knows one.
func unknownNumbers() Numbers {
	none := stat.Unknown()
	return Numbers{P50Seconds: none, P95Seconds: none, P99Seconds: none, PrimaryQPS: none, PrimaryReadsQPS: none, PrimaryWritesQPS: none,
		ReplicaQPS: none, RedisOps: none, CacheHitRatio: none, ErrorsRatio: none, OfferedRate: none, AchievedRate: none, LagP99Seconds: none}
}

// state gathers one state's numbers, each from the trials of which it is believed.
func (l *Ledger) state(name string) State {
	of := l.evidence(name)
	s := State{Name: name, Trials: len(of.latencies), CountedTrials: len(of.counts), BegunTrials: len(of.errors),
		PrimaryStatementsPer: l.statementsPer(of.counts), PrimaryBesideQPS: l.beside(of.counts)}
	for _, stage := range l.header.Stages {
		if stage.Measure {
			s.Stages = append(s.Stages, StageNumbers{stage.Name, l.numbers(name, stage)})
		}
	}
	s.Numbers = numbersOf(evidence{}, record.Stage{}, l.header.Operations)
	for _, stage := range s.Stages {
		if stage.Stage == l.header.Headline {
			s.Numbers = stage.Numbers
		}
	}
	s.Collapse = l.collapse(name)
	s.APIs, s.Queries = apis(of, l.header.Headline), l.queries(of.counts)
	s.Correctness = reading.Correctness{}
	for _, t := range l.all(name) {
		s.Correctness.Add(t.WrongAnswers())
	}
	s.Correctness = l.declared.Ordered(s.Correctness)
	return s
}

func (l *Ledger) numbers(state string, stage record.Stage) Numbers {
	n := numbersOf(l.evidence(state), stage, l.header.Operations)
	for _, t := range l.all(state) {
		n.Correctness.Add(t.In(stage.Name).Wrong)
	}
	n.Correctness = l.declared.Ordered(n.Correctness)
	return n
}

// numbersOf leaves unknown of what there is no trial.
func numbersOf(of evidence, stage record.Stage, operations []string) Numbers {
	key := Key{Stage: stage.Name}
	all, saw := together(of.latencies, key), answered(of.errors, stage, key)
	rate := func(source string, s reading.Counters) stat.Number {
		return mean(of.counts, func(t *trial) stat.Number { return t.Rate(stage.Name, source, s) })
	}
	statements := func(node string, kinds ...string) stat.Number {
		return mean(of.counts, func(t *trial) stat.Number { return t.Rate(stage.Name, node, t.Declared.Statements(kinds...)) })
	}
	n := Numbers{
		N: all.Offered, P50Seconds: all.Percentile(0.5), P95Seconds: all.Percentile(0.95),
		P99Seconds:       all.Percentile(0.99),
		PrimaryQPS:       statements("primary", "read", "write"),
		PrimaryReadsQPS:  statements("primary", "read"),
		PrimaryWritesQPS: statements("primary", "write"),
		ReplicaQPS:       statements("replica", "read", "write"),
		RedisOps:         rate("redis", reading.Counters{Metric: "commands_total"}),
		CacheHitRatio:    hitRatio(of.counts, stage.Name),
		ErrorsRatio:      saw["errors"],
		OfferedRate:      saw["offered_rate"],
		AchievedRate:     saw["achieved_rate"],
		LagP99Seconds:    all.LagP99(),
		CPUSeconds:       cpuSeconds(of.counts, stage.Name),
	}
	for _, op := range operations {
		n.Operations = append(n.Operations, of.part(op, Key{Stage: stage.Name, Operation: op}))
	}
	return n
}

// together are the hits of these trials, of any state, that a key is of.
func together(trials []*trial, k Key) *reading.Hits {
	all := &reading.Hits{}
	for _, t := range trials {
		all.Merge(t.hits(k))
	}
	return all
}

// part is what an operation, or an API that causes it, has of the numbers.
func (e evidence) part(operation string, k Key) Operation {
	timed := together(e.latencies, k)
	return Operation{Op: operation, N: timed.Offered, P95Seconds: timed.Percentile(0.95), ErrorsRatio: together(e.errors, k).ErrorsRatio()}
}

// apis are what was called in a stage, by how often and then by name.
func apis(of evidence, stage string) (list []API) {
	causes := map[string]string{}
	for _, t := range of.errors {
		for at := range t.APIs {
			if at.Stage == stage {
				causes[at.Op] = t.Causes[at.Op]
			}
		}
	}
	for name, operation := range causes {
		list = append(list, API{name, of.part(operation, Key{Stage: stage, API: name}),
			perCall(of.counts, "primary", name), perCall(of.counts, "replica", name)})
	}
	slices.SortFunc(list, func(a, b API) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.API, b.API)) })
	return list
}

// mean averages what is known; it is unknown when nothing is.
func mean(trials []*trial, of func(*trial) stat.Number) stat.Number {
	sum, n := stat.Number(0), 0
	for _, t := range trials {
		if value := of(t); value.Known() {
			sum, n = sum+value, n+1
		}
	}
	if n == 0 {
		return stat.Unknown()
	}
	return sum / stat.Number(n)
}

// hitRatio is hits over requests of the services' cache; unknown when it was asked nothing.
func hitRatio(trials []*trial, stage string) stat.Number {
	return reading.HitRatio(func(of reading.Counters) (sum stat.Number) {
		for _, t := range trials {
			if n := t.Services(stage, of); n.Known() {
				sum += n
			}
		}
		return sum
	})
}

// cpuSeconds is the processor time each process used in a stage.
func cpuSeconds(trials []*trial, stage string) map[string]stat.Number {
	processes := map[string]bool{}
	for _, t := range trials {
		for key := range t.Edges[reading.Edge{Stage: stage, Side: "end", Source: "cpu"}].Values {
			if metric, labels := record.ParseKey(key); metric == "cpu_seconds_total" {
				processes[labels["process"]] = true
			}
		}
	}
	used := map[string]stat.Number{}
	for _, process := range slices.Sorted(maps.Keys(processes)) {
		of := reading.Counters{Metric: "cpu_seconds_total", Labels: map[string][]string{"process": {process}}}
		used[process] = mean(trials, func(t *trial) stat.Number {
			seconds, _ := t.Growth(stage, "cpu", of)
			return stat.Number(seconds)
		})
	}
	return used
}

// statementsPer is what one hit of each operation costs the primary.
func (l *Ledger) statementsPer(trials []*trial) map[string]stat.Number {
	per := map[string]stat.Number{}
	for _, op := range l.header.Operations {
		per[op] = perHit(trials, "primary", op)
	}
	return per
}

// beside finds the statements on the primary that no operation of the traffic caused.
func (l *Ledger) beside(trials []*trial) map[string]stat.Number {
	names := map[string]bool{}
	for _, t := range trials {
		for _, source := range l.declared.Application.Services {
			for key := range t.Edges[reading.Edge{Side: "end", Source: source}].Values {
				metric, labels := record.ParseKey(key)
				if metric == "statements_total" && labels["node"] == "primary" && !slices.Contains(l.header.Operations, labels["op"]) {
					names[labels["op"]] = true
				}
			}
		}
	}
	rates := map[string]stat.Number{}
	for name := range names {
		of := reading.Counters{Metric: "statements_total", Labels: map[string][]string{"node": {"primary"}, "op": {name}}}
		rate := mean(trials, func(t *trial) stat.Number {
			// All of them are read at once.
			_, seconds := t.Growth("", t.Declared.Application.Services[0], of)
			return t.Services("", of) / stat.Number(seconds)
		})
		if rate > 0 {
			rates[name] = rate
		}
	}
	return rates
}
