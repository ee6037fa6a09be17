package judge

import (
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// hits are those that k is of, in its stage, of whichever state the trial is.
func (t *trial) hits(k model.Key) *reading.Hits {
	of, at := t.Cells, reading.Cell{Stage: k.Stage, Op: k.Alone()}
	switch {
	case k.Alone() == "":
		return t.In(k.Stage)
	case k.API != "":
		of = t.APIs
	}
	if h := of[at]; h != nil {
		return h
	}
	return &reading.Hits{}
}

// latency of one trial in seconds.
func (t *trial) latency(k model.Key) stat.Number {
	if k.Metric == model.LagP99 {
		return t.In(k.Stage).LagP99()
	}
	return t.hits(k).Percentile(model.Quantiles()[k.Metric])
}

// latencies are those that are known of the valid trials of a state.
func (l *Ledger) latencies(k model.Key) (values []float64) {
	for _, t := range l.valid(k.State) {
		if value := t.latency(k); value.Known() {
			values = append(values, float64(value))
		}
	}
	return values
}

// count is a number judged by its value; a metric nobody knows is unknown, so it is inconclusive and never passes.
func (l *Ledger) count(k model.Key) stat.Number {
	if n, known := l.counts(k)[k.Metric]; known {
		return n
	}
	return stat.Unknown()
}

// counts are all numbers judged by their value that are of the same state, stage and operation as k.
func (l *Ledger) counts(k model.Key) map[string]stat.Number {
	k.Metric = ""
	if l.known == nil {
		l.known = map[model.Key]map[string]stat.Number{}
	}
	if l.known[k] == nil {
		l.known[k] = l.findCounts(k)
	}
	return l.known[k]
}

func (l *Ledger) findCounts(k model.Key) map[string]stat.Number {
	trials, of := l.counted(k.State), l.evidence(k.State)
	m := stateCounts(of, l.stage(k.Stage))
	m["primary_beside_qps"] = 0
	for _, rate := range l.beside(trials) {
		m["primary_beside_qps"] += rate
	}
	switch {
	case k.API != "":
		m = answered(of.errors, l.stage(k.Stage), k)
		m["primary_statements"], m["replica_statements"] = perCall(trials, "primary", k.API), perCall(trials, "replica", k.API)
	case k.Operation != "":
		m = l.operationCounts(of, k)
	}
	var c reading.Correctness
	for _, t := range l.all(k.State) {
		c.Add(t.hits(k).Wrong)
	}
	l.declared.Into(m, c)
	for _, alias := range l.declared.Aliases {
		if n, known := l.alias(trials, alias); known && k.API == "" && k.Operation == "" {
			m[alias.Name] = n
		}
	}
	return m
}

// stage is the stage called name; one that nobody planned has nothing but its name.
func (l *Ledger) stage(name string) record.Stage {
	for _, s := range l.header.Stages {
		if s.Name == name {
			return s
		}
	}
	return record.Stage{Name: name}
}

func stateCounts(of evidence, stage record.Stage) map[string]stat.Number {
	n, trials, saw := numbersOf(of, stage, nil), of.counts, answered(of.errors, stage, model.Key{Stage: stage.Name})
	return map[string]stat.Number{
		"errors": n.ErrorsRatio, "achieved": 1 - n.ErrorsRatio,
		"offered_rate": n.OfferedRate, "achieved_rate": n.AchievedRate,
		"primary_qps": n.PrimaryQPS, "primary_reads_qps": n.PrimaryReadsQPS, "primary_writes_qps": n.PrimaryWritesQPS,
		"replica_qps": n.ReplicaQPS, "redis_ops": n.RedisOps, "cache_hit_ratio": n.CacheHitRatio,
		"primary_statements": perHit(trials, "primary", ""), "replica_statements": perHit(trials, "replica", ""),
		"hits": saw["hits"], "cpu_seconds": systemCPU(n),
	}
}

// systemCPU is the processor time of everything but the generator.
func systemCPU(n model.Numbers) stat.Number {
	sum := stat.Unknown()
	for process, used := range n.CPUSeconds {
		switch {
		case process == "generator" || !used.Known():
		case !sum.Known():
			sum = used
		default:
			sum += used
		}
	}
	return sum
}

// answered is what the generator saw of one operation, or one API, or of all. Hits of a trial for the noise floor alone are
// no further ones of its state.
func answered(trials []*trial, stage record.Stage, k model.Key) map[string]stat.Number {
	all, whole, took, due := &reading.Hits{}, &reading.Hits{}, 0.0, uint64(0)
	for _, t := range trials {
		h := t.hits(k)
		all.Merge(h)
		if !t.Control {
			due += h.Offered
		}
		if t.Ended {
			whole.Merge(h)
			took += stage.EndSeconds - stage.BeginSeconds
		}
	}
	return map[string]stat.Number{
		"hits":   stat.Number(due),
		"errors": all.ErrorsRatio(), "achieved": stat.Number(float64(all.Answered()) / float64(all.Offered)),
		"offered_rate": stat.Number(float64(whole.Offered) / took), "achieved_rate": stat.Number(float64(whole.Answered()) / took),
	}
}

// operationCounts are the numbers of one operation. Of statements they take the services' word, which is held against
// that of the servers in every trial.
func (l *Ledger) operationCounts(of evidence, k model.Key) map[string]stat.Number {
	rate := func(node string, kinds ...string) stat.Number {
		own := reading.Statements{Node: node, Kinds: kinds, Op: k.Operation}.Own()
		return mean(of.counts, func(t *trial) stat.Number { return t.ServicesRate(k.Stage, own) })
	}
	m := answered(of.errors, l.stage(k.Stage), k)
	m["primary_qps"], m["replica_qps"] = rate("primary", "read", "write"), rate("replica", "read", "write")
	m["primary_reads_qps"], m["primary_writes_qps"] = rate("primary", "read"), rate("primary", "write")
	m["primary_statements"], m["replica_statements"] = perHit(of.counts, "primary", k.Operation), perHit(of.counts, "replica", k.Operation)
	return m
}

// perHit divides the services' own count of statements on a node by the hits answered, of one operation or of all, over
// whole trials: the edges of a trial include what the system writes late. What failed has cost something, too, but made
// nothing of it: over all hits sent, a state would look the cheaper the more of them it failed.
func perHit(trials []*trial, node, operation string) stat.Number {
	return per(ownStatements(trials, node, operation), sum(trials, operation, (*reading.Hits).Answered))
}

// perHitAtLeast is perHit had each hit that failed cost as much as one that was answered; the truth lies between the two.
func perHitAtLeast(trials []*trial, node, operation string) stat.Number {
	return per(ownStatements(trials, node, operation), sum(trials, operation, func(h *reading.Hits) uint64 { return h.Sent }))
}

// per is unknown of no hit at all.
func per(statements stat.Number, hits uint64) stat.Number {
	if hits == 0 {
		return stat.Unknown()
	}
	return statements / stat.Number(hits)
}

// sum adds up hits of one operation in all stages, or of all operations.
func sum(trials []*trial, operation string, of func(*reading.Hits) uint64) (n uint64) {
	for _, t := range trials {
		for at, h := range t.Cells {
			if operation == "" || at.Op == operation {
				n += of(h)
			}
		}
	}
	return n
}

// ownStatements are what the services counted on a node, for one operation or all, over whole trials.
func ownStatements(trials []*trial, node, operation string) (statements stat.Number) {
	of := reading.Counters{Metric: "statements_total", Labels: map[string][]string{"node": {node}}}
	if operation != "" {
		of.Labels["op"] = []string{operation}
	}
	for _, t := range trials {
		statements += t.Services("", of)
	}
	return statements
}
