// Package metrics offers a run's own numbers to Prometheus while it lasts.
//
// Scope: what is recorded goes in, entry by entry; out come the metrics of [Exporter]. Beside it lie a Grafana dashboard
// and recording rules for them.
//
// Opinion: what is exported is what is recorded, no more: counts of hits and of the servers' own counters, which only ever
// grow, over all trials of the run. A label is a name from the scenario, never a URL or a user. Prometheus sees a run at
// the rhythm of its scrapes and through the buckets of its histograms: good to watch a run beside everything else that is
// watched, not to judge it. The report's percentiles come from the record.
//
// Steps: [Exporter.Observe] adds windows to the counters of their state, stage and operation; of two readings of a server
// it adds what grew; events and the edges of stages say what is under way. [Exporter.Handler] serves it all.
package metrics

import (
	"cmp"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// Exporter counts what is recorded of one run. It is safe for concurrent use.
type Exporter struct {
	registry *prometheus.Registry

	requests   *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	lag        *prometheus.HistogramVec
	offered    *prometheus.GaugeVec
	active     *prometheus.GaugeVec
	statements *prometheus.CounterVec
	cached     *prometheus.CounterVec
	behind     *prometheus.GaugeVec
	taken      *prometheus.CounterVec
	connected  *prometheus.CounterVec

	// mu guards what follows.
	mu sync.Mutex
	// states by trial: as planned, and as it began. In a cutover each stage has one of its own, in switched.
	states   map[int]string
	switched map[string]string
	// timeoutSeconds is how long a hit may take.
	timeoutSeconds float64
	// declared is what the system says of itself.
	declared reading.Declared
	// stages and operations are those of every trial.
	stages     []record.Stage
	operations []string
	// stage is under way; empty is none.
	stage string
	// readings are the latest by source.
	readings map[string]record.Sample
	// trial and second are those whose hits are coming in, and due how many they are so far.
	trial, second int
	due           uint64
}

// durations are the bounds of the classic buckets, in seconds. A cached answer takes under a millisecond, and a hit is
// given up after some seconds.
func durations() []float64 {
	return []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
}

// lags are finer at the lower end: a generator in time is late by tenths of a millisecond.
func lags() []float64 {
	return []float64{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1}
}

// nativeFactor is by how much a bucket of a native histogram is wider than the one before it.
const nativeFactor = 1.1

// New makes the exporter of the run with this header. Dropped says how many entries did not reach it.
func New(h record.Header, dropped func() uint64) *Exporter {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "rehearse", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "rehearse", Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "rehearse", Name: name, Help: help,
			Buckets: buckets, NativeHistogramBucketFactor: nativeFactor, NativeHistogramMaxBucketNumber: 160}, labels)
	}
	x := &Exporter{
		registry:       prometheus.NewRegistry(),
		requests:       counter("requests_total", "Hits that were due, by what became of them: completed, failed, or missed, which is never sent.", "state", "stage", "op", "outcome"),
		duration:       histogram("request_duration_seconds", "Response time of hits, from the time they were due; one without an answer counts as long as the timeout.", durations(), "state", "stage", "op"),
		lag:            histogram("dispatch_lag_seconds", "How much later than due hits were sent.", lags(), "state", "stage"),
		offered:        gauge("offered_requests_per_second", "Hits due in the latest second whose hits are all accounted for."),
		active:         gauge("stage_active", "Whether a stage is under way.", "state", "stage"),
		statements:     counter("database_statements_total", "Statements of the application since the first reading of the run, as the server counts them.", "node", "kind"),
		cached:         counter("cache_requests_total", "Look-ups in the cache since the first reading of the run, by result.", "result"),
		behind:         gauge("replica_lag_seconds", "How far the replica is behind the primary."),
		taken:          counter("processor_seconds_taken_total", "Time of the processors that others had since the first reading of the run: the host (steal), or other processes.", "by"),
		connected:      counter("reconnected_hits_total", "Hits that were not sent by the connection kept for them: the system had closed it before (once), or, with a transport of the user's, they were sent again (twice).", "state", "stage", "op", "sent"),
		states:         map[int]string{},
		timeoutSeconds: h.TimeoutSeconds,
		switched:       switched(h),
		stages:         h.Stages,
		operations:     h.Operations,
		readings:       map[string]record.Sample{},
		trial:          -1,
		declared:       reading.DeclaredIn(&h),
	}
	info := gauge("run_info", "The run that these metrics are of.", "run_id", "scenario", "stack", "version")
	info.WithLabelValues(h.ID, h.Scenario, h.Stack, h.Version).Set(1)
	lost := prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "rehearse", Name: "observations_dropped_total",
		Help: "Entries of the record that are missing here, because this process had no time for them."},
		func() float64 { return float64(dropped()) })
	for _, t := range h.Trials {
		x.states[t.Index] = t.State
	}
	x.registry.MustRegister(x.requests, x.duration, x.lag, x.offered, x.active, x.statements, x.cached, x.behind, x.taken, x.connected, info, lost)
	return x
}

// Handler serves the metrics, also as OpenMetrics and with native histograms to those who ask for them.
func (x *Exporter) Handler() http.Handler {
	return promhttp.HandlerFor(x.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 4})
}

// Observe takes the next entry of the record.
func (x *Exporter) Observe(e record.Entry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch e := e.(type) {
	case record.Event:
		x.event(e)
	case record.Window:
		x.window(e)
	case record.Sample:
		x.sample(e)
	}
}

func (x *Exporter) event(e record.Event) {
	switch e.Kind {
	case record.EventTrialBegin:
		x.states[e.Trial] = e.Text
		x.prepare(e.Trial)
	case record.EventTrialEnd, record.EventInterrupted:
		x.enter(e.Trial, "")
		x.offered.Reset()
		x.trial, x.due = -1, 0
	}
}

// prepare begins all counters of a trial at zero: of one that appears with hits in it, Prometheus would not see these grow.
func (x *Exporter) prepare(trial int) {
	for _, stage := range x.stages {
		for _, op := range x.operations {
			x.count(record.Window{Trial: trial, Stage: stage.Name, Op: op})
		}
	}
}

// window counts the hits of an operation in a second, and what was offered in the second before.
func (x *Exporter) window(w record.Window) {
	x.count(w)
	if w.Trial != x.trial || w.Second != x.second {
		if w.Trial == x.trial {
			x.offered.WithLabelValues().Set(float64(x.due))
		}
		x.trial, x.second, x.due = w.Trial, w.Second, 0
	}
	x.due += w.Offered
}

func (x *Exporter) count(w record.Window) {
	state := x.state(w.Trial, w.Stage)
	for outcome, n := range map[string]uint64{"completed": w.Completed, "failed": w.Failed, "missed": w.Missed} {
		x.requests.WithLabelValues(state, w.Stage, w.Op, outcome).Add(float64(n))
	}
	duration := x.duration.WithLabelValues(state, w.Stage, w.Op)
	observe(duration, w.Response)
	// Without those that failed, a quantile would fall just when the system does.
	for range w.Failed + w.Missed {
		duration.Observe(x.timeoutSeconds)
	}
	for sent, n := range map[string]uint64{"once": w.Reconnected, "twice": w.Resent} {
		x.connected.WithLabelValues(state, w.Stage, w.Op, sent).Add(float64(n))
	}
	observe(x.lag.WithLabelValues(state, w.Stage), w.Lag)
}

// switched are the states of the stages of a cutover, which is one trial; otherwise there are none.
func switched(h record.Header) map[string]string {
	states := map[string]string{}
	if h.Cutover == nil {
		return states
	}
	for i, stage := range h.Stages[:min(len(h.Stages), len(h.Cutover.States))] {
		states[stage.Name] = h.Cutover.States[i]
	}
	return states
}

// state is the one that a stage of a trial is held in.
func (x *Exporter) state(trial int, stage string) string {
	return cmp.Or(x.switched[stage], x.states[trial])
}

// observe adds all durations of a histogram to another, one by one: there is no other way in.
func observe(into prometheus.Observer, h record.Histogram) {
	for _, bar := range h.Bars() {
		for range bar.Count {
			into.Observe(bar.Seconds)
		}
	}
}

// sample counts what grew since the reading before, and looks for the edges of stages, which the generator has always.
func (x *Exporter) sample(s record.Sample) {
	switch {
	case s.Source == "load" && s.Edge == "begin" && s.Stage != "":
		x.enter(s.Trial, s.Stage)
	case s.Source == "load" && s.Edge == "end" && s.Stage == x.stage:
		x.enter(s.Trial, "")
	}
	before, known := x.readings[s.Source]
	if known && s.AtSeconds <= before.AtSeconds {
		return // the same reading under another label, or one that was overtaken
	}
	x.readings[s.Source] = s
	if !known {
		before = s
	}
	switch s.Source {
	case "primary", "replica":
		grow(x.statements.MustCurryWith(prometheus.Labels{"node": s.Source}), x.counted(before), x.counted(s))
	case "cpu":
		grow(x.taken, taken(before), taken(s))
	}
	if x.declared.Counts(s.Source) {
		grow(x.cached, lookUps(before), lookUps(s))
	}
	if s.Source == "primary" {
		x.replicaLag(s)
	}
}

// counted are the statements of the application by kind, and lookUps those in the cache by result, as counted until a reading.
func (x *Exporter) counted(s record.Sample) map[string]float64 {
	return x.declared.Statements("read", "write").Sums(s, "kind")
}

func lookUps(s record.Sample) map[string]float64 {
	return reading.LookUps("hit", "miss").Sums(s, "result")
}

// grow adds to counters what grew between two readings. A count that fell was reset, and began again at zero.
func grow(counters *prometheus.CounterVec, before, after map[string]float64) {
	for label, n := range after {
		if n >= before[label] {
			n -= before[label]
		}
		counters.WithLabelValues(label).Add(n)
	}
}

// taken is what others had of the processors, as far as the reading tells.
func taken(s record.Sample) map[string]float64 {
	by := map[string]float64{}
	for name, key := range map[string]string{"host": "steal_seconds_total", "processes": record.ForeignKey} {
		if n, known := s.Values[key]; known {
			by[name] = n
		}
	}
	return by
}

// replicaLag is not exported while no replica streams: nobody knows it then.
func (x *Exporter) replicaLag(s record.Sample) {
	if lag, known := s.Values["replica_lag_seconds"]; known {
		x.behind.WithLabelValues().Set(lag)
	} else {
		x.behind.Reset()
	}
}

// enter makes a stage the one under way; an empty one is none.
func (x *Exporter) enter(trial int, stage string) {
	if x.stage != "" {
		x.active.WithLabelValues(x.state(trial, x.stage), x.stage).Set(0)
	}
	if x.stage = stage; stage != "" {
		x.active.WithLabelValues(x.state(trial, stage), stage).Set(1)
	}
}
