package reports

// Key names one number of a run.
type Key struct {
	Metric string `json:"metric"`
	// Operation is the only one that counts; empty is all of them.
	Operation string `json:"op,omitempty"`
	Stage     string `json:"stage"`
	State     string `json:"state"`
}

// perOperation begins the metric that names an operation, primary_statements_per_verify.
const perOperation = "primary_statements_per_"

// lagP99 is the latency that is the generator's.
const lagP99 = "lag_p99"

// quantiles are the latencies, judged by their interval.
func quantiles() map[string]float64 {
	return map[string]float64{"p50": 0.5, "p95": 0.95, "p99": 0.99, lagP99: 0.99}
}

// hits of one operation in a stage, or of all.
func (t *trial) hits(stage, operation string) *hits {
	if operation == "" {
		return t.in(stage)
	}
	if h := t.cells[cell{stage, operation}]; h != nil {
		return h
	}
	return &hits{}
}

// latency of one trial in seconds.
func (t *trial) latency(k Key) Number {
	if k.Metric == lagP99 {
		return t.hits(k.Stage, "").lagP99()
	}
	return t.hits(k.Stage, k.Operation).percentile(quantiles()[k.Metric])
}

// latencies are those that are known of the valid trials of a state.
func (l *ledger) latencies(k Key) (values []float64) {
	for _, t := range l.valid(k.State) {
		if value := t.latency(k); value.Known() {
			values = append(values, float64(value))
		}
	}
	return values
}

// count is a number judged by its value; a metric nobody knows is unknown, so it is inconclusive and never passes.
func (l *ledger) count(s *Summary, k Key) Number {
	if n, known := l.counts(s, k)[k.Metric]; known {
		return n
	}
	return unknown()
}

// counts are all numbers judged by their value that are of the same state, stage and operation as k.
func (l *ledger) counts(s *Summary, k Key) map[string]Number {
	if k.Operation != "" {
		return l.operationCounts(k)
	}
	state := s.find(k.State)
	for i := range state.Stages {
		if state.Stages[i].Stage == k.Stage {
			return l.stateCounts(&state, &state.Stages[i].Numbers)
		}
	}
	return nil
}

func (l *ledger) stateCounts(s *State, n *Numbers) map[string]Number {
	m := map[string]Number{
		"errors": n.ErrorsRatio, "achieved": n.AchievedRate / n.OfferedRate,
		"offered_rate": n.OfferedRate, "achieved_rate": n.AchievedRate,
		"primary_qps": n.PrimaryQPS, "primary_reads_qps": n.PrimaryReadsQPS, "primary_writes_qps": n.PrimaryWritesQPS,
		"replica_qps": n.ReplicaQPS, "redis_ops": n.RedisOps, "cache_hit_ratio": n.CacheHitRatio,
		"primary_statements": perHit(l.valid(s.Name), "primary", ""), "replica_statements": perHit(l.valid(s.Name), "replica", ""),
	}
	for op, per := range s.PrimaryStatementsPer {
		m[perOperation+op] = per
	}
	n.Correctness.into(m)
	return m
}

// operationCounts are the numbers of one operation. Of statements they take the services' word, which is held against
// that of the servers in every trial.
func (l *ledger) operationCounts(k Key) map[string]Number {
	trials, all := l.valid(k.State), &hits{}
	var seconds float64
	for _, t := range trials {
		all.merge(t.hits(k.Stage, k.Operation))
		seconds += t.length(k.Stage)
	}
	answered := all.offered - min(all.offered, all.missed+all.failed)
	rate := func(node string, kinds ...string) Number {
		of := series{"statements_total", map[string][]string{"node": {node}, "op": {k.Operation}, "kind": kinds}}
		return mean(trials, func(t *trial) Number { return t.servicesRate(k.Stage, of) })
	}
	m := map[string]Number{
		"errors": all.errorsRatio(), "achieved": Number(float64(answered) / float64(all.offered)),
		"offered_rate": Number(float64(all.offered) / seconds), "achieved_rate": Number(float64(answered) / seconds),
		"primary_qps": rate("primary", "read", "write"), "primary_reads_qps": rate("primary", "read"),
		"primary_writes_qps": rate("primary", "write"), "replica_qps": rate("replica", "read", "write"),
		"primary_statements": perHit(trials, "primary", k.Operation), "replica_statements": perHit(trials, "replica", k.Operation),
	}
	var c Correctness
	for _, t := range l.of(k.State) {
		c.add(t.hits(k.Stage, k.Operation).wrong)
	}
	c.into(m)
	return m
}

// into adds the counts of answers under their names in the language.
func (c Correctness) into(m map[string]Number) {
	m["wrong_user"], m["rejected_valid"] = Number(c.WrongUser), Number(c.RejectedValid)
	m["accepted_revoked"], m["rechecked"] = Number(c.AcceptedRevoked), Number(c.Rechecked)
}

// length of a stage in seconds.
func (t *trial) length(name string) float64 {
	for _, s := range t.stages {
		if s.Name == name {
			return s.EndSeconds - s.BeginSeconds
		}
	}
	return 0
}

// servicesRate is what the services counted in a stage, per second. One that was never read adds nothing.
func (t *trial) servicesRate(stage string, s series) Number {
	total := unknown()
	for _, source := range []string{"auth", "callers"} {
		if rate := t.rate(stage, source, s); rate.Known() {
			if !total.Known() {
				total = 0
			}
			total += rate
		}
	}
	return total
}

// perHit divides the services' own count of statements on a node by the hits sent, of one operation or of all, over whole
// trials: the edges of a trial include what the system writes late.
func perHit(trials []*trial, node, operation string) Number {
	statements, sent := Number(0), uint64(0)
	of := series{"statements_total", map[string][]string{"node": {node}}}
	if operation != "" {
		of.labels["op"] = []string{operation}
	}
	for _, t := range trials {
		statements += t.services("", of)
		sent += t.sent(operation)
	}
	if sent == 0 {
		return unknown()
	}
	return statements / Number(sent)
}
