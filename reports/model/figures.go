package model

import "github.com/rehearse-dev/rehearse/reports/stat"

// Figures are the numbers of a state that other formats carry: by their names in the language of scenarios and in
// summary.json, and what they are to somebody who has read neither.
func Figures() []NamedNumber {
	return []NamedNumber{
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

// NamedNumber is one of them.
type NamedNumber struct {
	Metric, Field, Help string

	Of func(Numbers) stat.Number
}

// FiguresOf are the values of those of a state, in their order.
func FiguresOf(n Numbers) []stat.Number {
	values := []stat.Number{}
	for _, f := range Figures() {
		values = append(values, f.Of(n))
	}
	return values
}

// UnknownNumbers are those of which nobody knows one.
func UnknownNumbers() Numbers {
	none := stat.Unknown()
	return Numbers{P50Seconds: none, P95Seconds: none, P99Seconds: none, PrimaryQPS: none, PrimaryReadsQPS: none, PrimaryWritesQPS: none,
		ReplicaQPS: none, RedisOps: none, CacheHitRatio: none, ErrorsRatio: none, OfferedRate: none, AchievedRate: none, LagP99Seconds: none}
}
