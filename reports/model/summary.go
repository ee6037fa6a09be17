// Package model is a judged run as pure data.
//
// Scope: what summary.json, cutover.json, selftest.json, a comparison and a saved baseline hold, and details.json beside them;
// how its parts are called; and reading it back. It knows neither the record nor how anything was found.
//
// Opinion: whatever is shown of a run is in here, so that whoever shows it needs nothing else, today or in a year. Numbers are
// in base units, and those that nobody knows are null; the few that are null because they are above every limit are pointed
// to by a list. What code decides by is a kind, a verdict or a number: texts are for people, and may be put better at any time.
//
// Steps: package judge fills it and has it [Sealed], which rounds it to what its file says; the forms of package reports show
// it; [Read] reads it back, and everything shown of it is the same as before.
package model

import (
	"slices"

	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// Schema is the version of summary.json.
const Schema = "rehearse.summary/1"

// Summary is a run judged: summary.json. Units are base units and end the names: seconds, per second, fractions of one.
type Summary struct {
	Schema string `json:"schema"`
	Ruling
	// Complete tells whether the run reached its end.
	Complete bool `json:"complete"`
	Provenance
	// HeadlineStage is the stage the states, phases and noise floor speak of.
	HeadlineStage string  `json:"headline_stage"`
	States        []State `json:"states"`
	Phases        []Phase `json:"phases"`
	// Overall compares the last state with the first, as if all phases were one.
	Overall Phase    `json:"overall"`
	Budgets []Budget `json:"budgets"`
	// Unjudged are budgets about states that the command line left out of the run.
	Unjudged    []string            `json:"unjudged"`
	Correctness reading.Correctness `json:"correctness"`
	Validity    []TrialCheck        `json:"validity"`
	NoiseFloor  NoiseFloor          `json:"noise_floor"`
	Jobs        []Job               `json:"jobs"`
	// Checks are all that the run is held to, as build servers count it.
	Checks []Check `json:"checks"`
	// Over points to the numbers (JSON pointers, RFC 6901) that are null because they are above every limit: percentiles that are
	// a hit without an answer. Any other null is not known.
	Over []string `json:"over,omitempty"`
	// Pressing are the doubts about numbers that budgets rest on, one for each state; the warnings they stand for are of the
	// kind of that name.
	Pressing []string `json:"pressing,omitempty"`
}

// State is one state's numbers at the headline stage.
type State struct {
	Name string `json:"name"`
	// Trials is on how many trials the latencies rest, CountedTrials on how many the counts, and BegunTrials on how many the
	// errors: all that began.
	Trials        int `json:"trials"`
	CountedTrials int `json:"counted_trials"`
	BegunTrials   int `json:"begun_trials"`
	// Collapse tells how it fell over, if it did.
	Collapse *Collapse `json:"collapse,omitempty"`
	// Excused tells that what is missing is not needed, since no budget rests on it.
	Excused bool `json:"excused,omitempty"`
	// Follows is the name of the check from which it follows that there is nothing of the state.
	Follows string `json:"follows,omitempty"`
	Numbers
	// PrimaryStatementsPer is, by operation, how many statements one hit costs the primary by the services' own
	// count, over whole trials.
	PrimaryStatementsPer map[string]stat.Number `json:"primary_statements_per"`
	// PrimaryBesideQPS is what the services sent to the primary on no hit's account, such as batches and second
	// look-ups, per second over whole trials, by the services' own name for it.
	PrimaryBesideQPS map[string]stat.Number `json:"primary_beside_qps"`
	// APIs are those that were called, the busiest first; absent in early records.
	APIs []API `json:"apis,omitempty"`
	// Queries are the statements one by one; absent in early records.
	Queries []Query `json:"queries,omitempty"`
	// Stages are the same numbers for each measured stage.
	Stages []StageNumbers `json:"stages"`
}

// StageNumbers are a state's numbers in one measured stage.
type StageNumbers struct {
	Stage string `json:"stage"`
	Numbers
}

// Numbers are the numbers of one state in one stage, each over the trials of which it is believed: latencies, counts, and
// errors of all that began. Rates are means over the trials; those of hits leave out one that did not end.
type Numbers struct {
	// N is how many hits were due in the trials whose latencies are believed; the percentiles of the response latency are over all of them.
	N          uint64      `json:"n"`
	P50Seconds stat.Number `json:"p50_seconds"`
	P95Seconds stat.Number `json:"p95_seconds"`
	P99Seconds stat.Number `json:"p99_seconds"`
	// QPS are statements of the application roles per second, as the servers counted them.
	PrimaryQPS       stat.Number `json:"primary_qps"`
	PrimaryReadsQPS  stat.Number `json:"primary_reads_qps"`
	PrimaryWritesQPS stat.Number `json:"primary_writes_qps"`
	ReplicaQPS       stat.Number `json:"replica_qps"`
	// RedisOps are Redis commands per second.
	RedisOps      stat.Number `json:"redis_ops"`
	CacheHitRatio stat.Number `json:"cache_hit_ratio"`
	// ErrorsRatio is failed and missed hits over those due.
	ErrorsRatio stat.Number `json:"errors_ratio"`
	// OfferedRate and AchievedRate are hits per second: due, and answered.
	OfferedRate   stat.Number         `json:"offered_rate"`
	AchievedRate  stat.Number         `json:"achieved_rate"`
	LagP99Seconds stat.Number         `json:"lag_p99_seconds"`
	Correctness   reading.Correctness `json:"answers"`
	Operations    []Operation         `json:"operations"`
	// CPUSeconds by process, the mean over the trials.
	CPUSeconds map[string]stat.Number `json:"cpu_seconds"`
}

// Operation is one operation's share of the numbers.
type Operation struct {
	Op          string      `json:"op"`
	N           uint64      `json:"n"`
	P95Seconds  stat.Number `json:"p95_seconds"`
	ErrorsRatio stat.Number `json:"errors_ratio"`
}

// API is one endpoint's share of the numbers.
type API struct {
	API string `json:"api"`
	Operation
	// PrimaryStatements and ReplicaStatements are what one hit of it costs, by the services' own count, over whole trials.
	PrimaryStatements stat.Number `json:"primary_statements"`
	ReplicaStatements stat.Number `json:"replica_statements"`
}

// Phase is what one change did, at the headline stage.
type Phase struct {
	Name            string   `json:"name"`
	Before          string   `json:"before"`
	After           string   `json:"after"`
	P95Ratio        Estimate `json:"p95_ratio"`
	PrimaryQPSRatio Estimate `json:"primary_qps_ratio"`
	// P95Levels and PrimaryQPSLevels are what the ratios are of: geometric means over the same rounds. Those of the states
	// are over all hits and all trials; absent where no round has both.
	P95Levels        *Levels `json:"p95_levels,omitempty"`
	PrimaryQPSLevels *Levels `json:"primary_qps_levels,omitempty"`
}

// Levels are a number before and after a phase, in seconds or per second.
type Levels struct {
	Before stat.Number `json:"before"`
	After  stat.Number `json:"after"`
}

// Job is work a phase needed done once, such as moving dead rows, with its cost.
type Job struct {
	AtSeconds float64                `json:"at_seconds"`
	Trial     int                    `json:"trial"`
	Text      string                 `json:"text"`
	Values    map[string]stat.Number `json:"values"`
}

// Find is the state called name; of one that was not measured nothing is known.
func (s *Summary) Find(name string) State {
	for _, state := range s.States {
		if state.Name == name {
			return state
		}
	}
	return State{Name: name, Numbers: Numbers{P95Seconds: stat.Unknown(), PrimaryQPS: stat.Unknown()}}
}

// Compared are the phases and, where they are several, all of them as one.
func (s *Summary) Compared() []Phase {
	if len(s.Phases) < 2 {
		return s.Phases
	}
	return append(slices.Clip(s.Phases), s.Overall)
}

// Timeless tells that a state was measured, and no latency of it is believed.
func (state State) Timeless() bool { return state.Trials == 0 && state.BegunTrials > 0 }

// Uncounted is timeless of counts.
func (state State) Uncounted() bool { return state.CountedTrials == 0 && state.BegunTrials > 0 }

// Query is one statement of the services on a node, over whole trials.
type Query struct {
	Node string `json:"node"`
	// Text is as the server writes it, with $1 in place of values.
	Text string `json:"text"`
	// PerHit is how often an answered hit, of any operation, causes it.
	PerHit stat.Number `json:"per_hit"`
	QPS    stat.Number `json:"qps"`
}
