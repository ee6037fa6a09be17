package scenarios

import "slices"

// Unit is the base unit of a metric. It decides how a budget writes its limits.
type Unit string

// Units of metrics.
const (
	// Seconds are written with a unit: 50ms, 2s.
	Seconds Unit = "seconds"
	// PerSecond is written as a rate: 200/s, 12k/min.
	PerSecond Unit = "per second"
	// Ratio is a fraction of one, written 0.1%, 1.2x or 0.001; from one on it has a unit.
	Ratio Unit = "ratio"
	// Count is a whole number.
	Count Unit = "count"
	// Number is a plain decimal number, such as statements per request.
	Number Unit = "number"
)

// Better tells in which direction a metric improves.
type Better int

// Directions. Neither is for what merely moves: replica traffic is not good or bad in itself.
const (
	Lower   Better = -1
	Neither Better = 0
	Higher  Better = 1
)

// Metric is a number a budget may limit, measured per state and stage.
type Metric struct {
	Name   string
	Unit   Unit
	Better Better
	// ByOperation tells that it is known of each operation alone, and BySecond of each second.
	ByOperation, BySecond bool
	// Says what it is, in a sentence.
	Says string
}

// ByAPI tells that it is known of each API alone: what the generator sees of its answers, and the statements that each of
// its hits costs. Of rates the servers know the sum alone.
func (m Metric) ByAPI() bool {
	return m.BySecond || m.ByOperation && (m.Unit == Count || m.Unit == Number)
}

// With and without a number for each operation alone and each second.
const (
	alone  = true
	second = true
)

// Metrics lists every metric, in the order in which reports show them: those that every system has, and then what these add.
func Metrics(systems ...Vocabulary) []Metric {
	v := Union(systems...)
	return slices.Concat(commonMetrics(), v.aliases(), v.answers())
}

// commonMetrics are those that every system has.
func commonMetrics() []Metric {
	return []Metric{
		{"p50", Seconds, Lower, alone, second, "Response time from when a hit is due; half of the hits stay below it."},
		{"p95", Seconds, Lower, alone, second, "The same for 95 of 100 hits. A hit that failed is slower than any limit."},
		{"p99", Seconds, Lower, alone, second, "The same for 99 of 100 hits."},
		{"lag_p99", Seconds, Lower, false, false, "How late the generator sent: 99 of 100 hits stay below it."},
		{"errors", Ratio, Lower, alone, second, "Hits that failed or were never sent, of those due."},
		{"achieved", Ratio, Higher, alone, second, "Hits that were answered, of those due."},
		{"hits", Number, Neither, alone, false, "Hits that were due, in all trials together."},
		{"offered_rate", PerSecond, Neither, alone, second, "Hits that were due."},
		{"achieved_rate", PerSecond, Higher, alone, second, "Hits that were answered."},
		{"primary_qps", PerSecond, Lower, alone, false, "Statements on the primary; of an operation, those that it caused."},
		{"primary_reads_qps", PerSecond, Lower, alone, false, "Those that read."},
		{"primary_writes_qps", PerSecond, Lower, alone, false, "Those that write."},
		{"primary_beside_qps", PerSecond, Lower, false, false, "Statements on the primary on no hit's account, such as batches, over whole trials."},
		{"replica_qps", PerSecond, Neither, alone, false, "Statements on the replica."},
		{"redis_ops", PerSecond, Neither, false, false, "Commands of Redis."},
		{"cache_hit_ratio", Ratio, Higher, false, false, "Look-ups that the cache answered, of all."},
		{"cpu_seconds", Seconds, Lower, false, false, "Processor time of the servers and services in the stage, all together."},
		{"primary_statements", Number, Lower, alone, false, "Statements on the primary for each hit, over whole trials, whatever the stage."},
		{"replica_statements", Number, Neither, alone, false, "Statements on the replica for each hit, over whole trials."},
	}
}

// aliases are the metrics that stand for another.
func (v Vocabulary) aliases() (metrics []Metric) {
	for _, alias := range v.Aliases {
		of, _ := FindMetric(alias.Metric)
		metrics = append(metrics, Metric{alias.Name, of.Unit, of.Better, false, false, alias.Says})
	}
	return metrics
}

// answers are the metrics of what answers must be, and of what they were held against.
func (v Vocabulary) answers() (metrics []Metric) {
	for _, check := range v.Checks {
		metrics = append(metrics, Metric{check.Name, Count, Lower, alone, false, check.Says})
	}
	if v.Acknowledged != (Acknowledged{}) {
		metrics = append(metrics, Metric{Rechecked, Count, Higher, alone, false, v.Acknowledged.Says})
	}
	return metrics
}

// Rechecked is the metric of the hits that tested what the system acknowledged, where it acknowledges anything.
const Rechecked = "rechecked"

// FindMetric returns the metric called name: one that every system has, or of these.
func FindMetric(name string, systems ...Vocabulary) (Metric, bool) {
	for _, m := range commonMetrics() {
		if m.Name == name {
			return m, true
		}
	}
	v := Union(systems...)
	for _, m := range slices.Concat(v.aliases(), v.answers()) {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

func (v Vocabulary) metricNames() []string { return v.metricsThat(func(Metric) bool { return true }) }

func (v Vocabulary) metricsThat(fit func(Metric) bool) []string {
	var names []string
	for _, m := range Metrics(v) {
		if fit(m) {
			names = append(names, m.Name)
		}
	}
	return names
}
