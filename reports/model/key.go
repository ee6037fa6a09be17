package model

import "cmp"

// Key names one number of a run.
type Key struct {
	Metric string `json:"metric"`
	// Operation is the only one that counts; empty is all of them.
	Operation string `json:"op,omitempty"`
	// API is the only one that counts; empty is all of them.
	API   string `json:"api,omitempty"`
	Stage string `json:"stage"`
	State string `json:"state"`
}

// LagP99 is the latency that is the generator's.
const LagP99 = "lag_p99"

// Quantiles are the latencies, judged by their interval.
func Quantiles() map[string]float64 {
	return map[string]float64{"p50": 0.5, "p95": 0.95, "p99": 0.99, LagP99: 0.99}
}

// Alone is the operation or the API that k is of; empty is all.
func (k Key) Alone() string { return cmp.Or(k.API, k.Operation) }

// Elsewhere is the same number of another state.
func (k Key) Elsewhere(state string) Key {
	k.State = state
	return k
}

// CacheHits is the ratio by which a cache answered where k was measured.
func (k Key) CacheHits() Key { return Key{Metric: "cache_hit_ratio", State: k.State, Stage: k.Stage} }

// Latency tells that a number is a percentile of latencies.
func (k Key) Latency() bool {
	_, latency := Quantiles()[k.Metric]
	return latency
}

// Counted tells that a number is judged by its value.
func (k Key) Counted() bool { return !k.Latency() && k.Metric != "errors" }

// Saved is what a baseline calls the number.
func (k Key) Saved() string {
	metric := k.Metric
	if k.Operation != "" {
		metric += "(" + k.Operation + ")"
	}
	return k.State + "@" + k.Stage + ": " + metric
}
