package reports

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// figures are the numbers of a state that other formats carry: by their names in the language of scenarios and in
// summary.json, and what they are to somebody who has read neither.
func figures() []namedNumber {
	return []namedNumber{
		{"p50", "p50_seconds", "Response time from when a hit is due; half of the hits stay below it.",
			func(n Numbers) Number { return n.P50Seconds }},
		{"p95", "p95_seconds", "The same for 95 of 100 hits.",
			func(n Numbers) Number { return n.P95Seconds }},
		{"p99", "p99_seconds", "The same for 99 of 100 hits.",
			func(n Numbers) Number { return n.P99Seconds }},
		{"primary_qps", "primary_qps", "Statements on the primary (master DB) per second.",
			func(n Numbers) Number { return n.PrimaryQPS }},
		{"primary_reads_qps", "primary_reads_qps", "Those that read.",
			func(n Numbers) Number { return n.PrimaryReadsQPS }},
		{"primary_writes_qps", "primary_writes_qps", "Those that write.",
			func(n Numbers) Number { return n.PrimaryWritesQPS }},
		{"replica_qps", "replica_qps", "Statements on the replica per second.",
			func(n Numbers) Number { return n.ReplicaQPS }},
		{"redis_ops", "redis_ops", "Redis commands per second.",
			func(n Numbers) Number { return n.RedisOps }},
		{"cache_hit_ratio", "cache_hit_ratio", "Look-ups that the cache answered, of all.",
			func(n Numbers) Number { return n.CacheHitRatio }},
		{"errors", "errors_ratio", "Hits that failed or were never sent, of those due.",
			func(n Numbers) Number { return n.ErrorsRatio }},
		{"achieved_rate", "achieved_rate", "Hits that were answered, per second.",
			func(n Numbers) Number { return n.AchievedRate }},
	}
}

// namedNumber is one of them.
type namedNumber struct {
	metric, field, help string

	of func(Numbers) Number
}

// state gathers one state's numbers, each from the trials of which it is believed.
func (l *ledger) state(name string) State {
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
	s.Correctness = Correctness{}
	for _, t := range l.of(name) {
		s.Correctness.add(t.wrongAnswers())
	}
	return s
}

func (l *ledger) numbers(state string, stage record.Stage) Numbers {
	n := numbersOf(l.evidence(state), stage, l.header.Operations)
	for _, t := range l.of(state) {
		n.Correctness.add(t.in(stage.Name).wrong)
	}
	return n
}

// numbersOf leaves unknown of what there is no trial.
func numbersOf(of evidence, stage record.Stage, operations []string) Numbers {
	key := Key{Stage: stage.Name}
	all, saw := together(of.latencies, key), answered(of.errors, stage, key)
	rate := func(source string, s series) Number {
		return mean(of.counts, func(t *trial) Number { return t.rate(stage.Name, source, s) })
	}
	n := Numbers{
		N: all.offered, P50Seconds: all.percentile(0.5), P95Seconds: all.percentile(0.95),
		P99Seconds:       all.percentile(0.99),
		PrimaryQPS:       rate("primary", application("read", "write")),
		PrimaryReadsQPS:  rate("primary", application("read")),
		PrimaryWritesQPS: rate("primary", application("write")),
		ReplicaQPS:       rate("replica", application("read", "write")),
		RedisOps:         rate("redis", series{metric: "commands_total"}),
		CacheHitRatio:    hitRatio(of.counts, stage.Name),
		ErrorsRatio:      saw["errors"],
		OfferedRate:      saw["offered_rate"],
		AchievedRate:     saw["achieved_rate"],
		LagP99Seconds:    all.lagP99(),
		CPUSeconds:       cpuSeconds(of.counts, stage.Name),
	}
	for _, op := range operations {
		n.Operations = append(n.Operations, of.part(op, Key{Stage: stage.Name, Operation: op}))
	}
	return n
}

// together are the hits of these trials, of any state, that a key is of.
func together(trials []*trial, k Key) *hits {
	all := &hits{}
	for _, t := range trials {
		all.merge(t.hits(k))
	}
	return all
}

// part is what an operation, or an API that causes it, has of the numbers.
func (e evidence) part(operation string, k Key) Operation {
	timed := together(e.latencies, k)
	return Operation{Op: operation, N: timed.offered, P95Seconds: timed.percentile(0.95), ErrorsRatio: together(e.errors, k).errorsRatio()}
}

// apis are what was called in a stage, by how often and then by name.
func apis(of evidence, stage string) (list []API) {
	causes := map[string]string{}
	for _, t := range of.errors {
		for at := range t.apis {
			if at.stage == stage {
				causes[at.op] = t.causes[at.op]
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
func mean(trials []*trial, of func(*trial) Number) Number {
	sum, n := Number(0), 0
	for _, t := range trials {
		if value := of(t); value.Known() {
			sum, n = sum+value, n+1
		}
	}
	if n == 0 {
		return unknown()
	}
	return sum / Number(n)
}

// hitRatio is hits over requests of the services' cache; unknown when it was asked nothing.
func hitRatio(trials []*trial, stage string) Number {
	count := func(results ...string) (sum Number) {
		for _, t := range trials {
			of := series{"cache_requests_total", map[string][]string{"result": results}}
			if n := t.services(stage, of); n.Known() {
				sum += n
			}
		}
		return sum
	}
	return count("hit") / count("hit", "miss")
}

// cpuSeconds is the processor time each process used in a stage.
func cpuSeconds(trials []*trial, stage string) map[string]Number {
	processes := map[string]bool{}
	for _, t := range trials {
		for key := range t.edges[edge{stage, "end", "cpu"}].Values {
			if metric, labels := record.ParseKey(key); metric == "cpu_seconds_total" {
				processes[labels["process"]] = true
			}
		}
	}
	used := map[string]Number{}
	for _, process := range slices.Sorted(maps.Keys(processes)) {
		of := series{"cpu_seconds_total", map[string][]string{"process": {process}}}
		used[process] = mean(trials, func(t *trial) Number {
			seconds, _ := t.growth(stage, "cpu", of)
			return Number(seconds)
		})
	}
	return used
}

// statementsPer is what one hit of each operation costs the primary.
func (l *ledger) statementsPer(trials []*trial) map[string]Number {
	per := map[string]Number{}
	for _, op := range l.header.Operations {
		per[op] = perHit(trials, "primary", op)
	}
	return per
}

// beside finds the statements on the primary that no operation of the traffic caused.
func (l *ledger) beside(trials []*trial) map[string]Number {
	names := map[string]bool{}
	for _, t := range trials {
		for _, source := range []string{"auth", "callers"} {
			for key := range t.edges[edge{"", "end", source}].Values {
				metric, labels := record.ParseKey(key)
				if metric == "statements_total" && labels["node"] == "primary" && !slices.Contains(l.header.Operations, labels["op"]) {
					names[labels["op"]] = true
				}
			}
		}
	}
	rates := map[string]Number{}
	for name := range names {
		of := series{"statements_total", map[string][]string{"node": {"primary"}, "op": {name}}}
		rate := mean(trials, func(t *trial) Number {
			_, seconds := t.growth("", "auth", of)
			return t.services("", of) / Number(seconds)
		})
		if rate > 0 {
			rates[name] = rate
		}
	}
	return rates
}

// sent counts the hits of one operation in all stages, or of all operations.
func (t *trial) sent(op string) (n uint64) {
	for at, h := range t.cells {
		if op == "" || at.op == op {
			n += h.sent
		}
	}
	return n
}
