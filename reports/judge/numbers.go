package judge

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// state gathers one state's numbers, each from the trials of which it is believed.
func (l *Ledger) state(name string) model.State {
	of := l.evidence(name)
	s := model.State{Name: name, Trials: len(of.latencies), CountedTrials: len(of.counts), BegunTrials: len(of.errors),
		PrimaryStatementsPer: l.statementsPer(of.counts), PrimaryBesideQPS: l.beside(of.counts)}
	for _, stage := range l.header.Stages {
		if stage.Measure {
			s.Stages = append(s.Stages, model.StageNumbers{Stage: stage.Name, Numbers: l.numbers(name, stage)})
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

func (l *Ledger) numbers(state string, stage record.Stage) model.Numbers {
	n := numbersOf(l.evidence(state), stage, l.header.Operations)
	for _, t := range l.all(state) {
		n.Correctness.Add(t.In(stage.Name).Wrong)
	}
	n.Correctness = l.declared.Ordered(n.Correctness)
	return n
}

// numbersOf leaves unknown of what there is no trial.
func numbersOf(of evidence, stage record.Stage, operations []string) model.Numbers {
	key := model.Key{Stage: stage.Name}
	all, saw := together(of.latencies, key), answered(of.errors, stage, key)
	rate := func(source string, s reading.Counters) stat.Number {
		return mean(of.counts, func(t *trial) stat.Number { return t.Rate(stage.Name, source, s) })
	}
	statements := func(node string, kinds ...string) stat.Number {
		return mean(of.counts, func(t *trial) stat.Number { return t.Rate(stage.Name, node, t.Declared.Statements(kinds...)) })
	}
	n := model.Numbers{
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
		n.Operations = append(n.Operations, of.part(op, model.Key{Stage: stage.Name, Operation: op}))
	}
	return n
}

// together are the hits of these trials, of any state, that a key is of.
func together(trials []*trial, k model.Key) *reading.Hits {
	all := &reading.Hits{}
	for _, t := range trials {
		all.Merge(t.hits(k))
	}
	return all
}

// part is what an operation, or an API that causes it, has of the numbers.
func (e evidence) part(operation string, k model.Key) model.Operation {
	timed := together(e.latencies, k)
	return model.Operation{Op: operation, N: timed.Offered, P95Seconds: timed.Percentile(0.95), ErrorsRatio: together(e.errors, k).ErrorsRatio()}
}

// apis are what was called in a stage, by how often and then by name.
func apis(of evidence, stage string) (list []model.API) {
	causes := map[string]string{}
	for _, t := range of.errors {
		for at := range t.APIs {
			if at.Stage == stage {
				causes[at.Op] = t.Causes[at.Op]
			}
		}
	}
	for name, operation := range causes {
		list = append(list, model.API{API: name, Operation: of.part(operation, model.Key{Stage: stage, API: name}),
			PrimaryStatements: perCall(of.counts, "primary", name), ReplicaStatements: perCall(of.counts, "replica", name)})
	}
	slices.SortFunc(list, func(a, b model.API) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.API, b.API)) })
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
