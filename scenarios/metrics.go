package scenarios

// Unit is the base unit of a metric. It decides how a budget writes its limits.
type Unit string

// Units of metrics.
const (
	// Seconds are written with a unit: 50ms, 2s.
	Seconds Unit = "seconds"
	// PerSecond is written as a rate: 200/s, 12k/min.
	PerSecond Unit = "per second"
	// Ratio is a fraction of one, written 0.1% or 0.001.
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
}

// Metrics lists every metric, in the order in which reports show them.
func Metrics() []Metric {
	return []Metric{
		{"p50", Seconds, Lower},
		{"p95", Seconds, Lower},
		{"p99", Seconds, Lower},
		{"errors", Ratio, Lower},
		{"achieved", Ratio, Higher},
		{"primary_qps", PerSecond, Lower},
		{"primary_reads_qps", PerSecond, Lower},
		{"primary_writes_qps", PerSecond, Lower},
		{"replica_qps", PerSecond, Neither},
		{"redis_ops", PerSecond, Neither},
		{"cache_hit_ratio", Ratio, Higher},
		{"wrong_user", Count, Lower},
		{"rejected_valid", Count, Lower},
		{"accepted_revoked", Count, Lower},
		{"primary_statements_per_verify", Number, Lower},
	}
}

// FindMetric returns the metric called name.
func FindMetric(name string) (Metric, bool) {
	for _, m := range Metrics() {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

func metricNames() []string {
	var names []string
	for _, m := range Metrics() {
		names = append(names, m.Name)
	}
	return names
}
