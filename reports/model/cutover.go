package model

import (
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// CutoverSchema is the version of cutover.json.
const CutoverSchema = "rehearse.cutover/1"

// Cutover is a continuous run in which the system changed while the traffic flowed, judged: cutover.json. Times are on the
// run's clock, as in events.jsonl.
type Cutover struct {
	Schema string `json:"schema"`
	Ruling
	// Complete tells whether the run reached its end.
	Complete bool `json:"complete"`
	Provenance
	// AndBack tells that the phases were undone as well.
	AndBack bool `json:"and_back"`
	// OfferedRate is what the traffic held, in hits per second, without those that sessions added.
	OfferedRate stat.Number `json:"offered_rate"`
	// ErrorsLimit is the share of hits that may fail, by the scenario's budgets on errors; without one none may.
	ErrorsLimit stat.Number     `json:"errors_limit"`
	States      []CutoverState  `json:"states"`
	Switches    []CutoverSwitch `json:"switches"`
	// Jobs were done while the traffic flowed.
	Jobs []CutoverJob `json:"jobs"`
	// Total is of the whole run, warm-up included.
	Total    CutoverHits `json:"total"`
	Validity TrialCheck  `json:"validity"`
	// Checks are all that the run is held to, as build servers count it.
	Checks []Check `json:"checks"`
	// Over is as in [Summary].
	Over []string `json:"over,omitempty"`
}

// CutoverHits are hits and their answers.
type CutoverHits struct {
	N uint64 `json:"n"`
	// Errors had no answer; Missed hits were never sent, which is the generator's fault.
	Errors      uint64              `json:"errors"`
	Missed      uint64              `json:"missed"`
	Correctness reading.Correctness `json:"answers"`
}

// CutoverState is a state in the longest time in which nothing was done: between the switch into it, that out of it, and the
// jobs that needs.
type CutoverState struct {
	// Stage is what the cutover calls the state; on the way back it is not the name alone.
	Stage            string      `json:"stage"`
	State            string      `json:"state"`
	FromSeconds      stat.Number `json:"from_seconds"`
	ToSeconds        stat.Number `json:"to_seconds"`
	P50Seconds       stat.Number `json:"p50_seconds"`
	P95Seconds       stat.Number `json:"p95_seconds"`
	P99Seconds       stat.Number `json:"p99_seconds"`
	PrimaryQPS       stat.Number `json:"primary_qps"`
	PrimaryReadsQPS  stat.Number `json:"primary_reads_qps"`
	PrimaryWritesQPS stat.Number `json:"primary_writes_qps"`
	ReplicaQPS       stat.Number `json:"replica_qps"`
	CacheHitRatio    stat.Number `json:"cache_hit_ratio"`
	CutoverHits
	// Collapse tells how it fell over, if it did, in all of its time; here, too, on the run's clock.
	Collapse *Collapse `json:"collapse,omitempty"`
}

// CutoverSwitch is one change of state. Its hits are those due around it: in the seconds it touches and one more on
// either side.
type CutoverSwitch struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Done tells that it took place; otherwise there is nothing more to say of it.
	Done         bool        `json:"done"`
	BeginSeconds stat.Number `json:"begin_seconds"`
	Seconds      stat.Number `json:"seconds"`
	// LateSeconds is by how much it began after its time, because what it needs was not ready.
	LateSeconds stat.Number `json:"late_seconds"`
	// P95AroundSeconds is over its hits, P95BeforeSeconds over those of the state before.
	P95AroundSeconds stat.Number `json:"p95_around_seconds"`
	P95BeforeSeconds stat.Number `json:"p95_before_seconds"`
	CutoverHits
}

// CutoverJob is work that a switch needed, done in the state before it.
type CutoverJob struct {
	Text         string      `json:"text"`
	BeginSeconds stat.Number `json:"begin_seconds"`
	Seconds      stat.Number `json:"seconds"`
	// P95Seconds is over the hits due during it.
	P95Seconds stat.Number `json:"p95_seconds"`
	CutoverHits
}

// Name is what a switch is called.
func (s CutoverSwitch) Name() string { return s.From + " → " + s.To }

// End is when a switch was through.
func (s CutoverSwitch) End() float64 { return float64(s.BeginSeconds + s.Seconds) }
