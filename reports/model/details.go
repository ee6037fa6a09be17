package model

import (
	"encoding/json"
	"math"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

// DetailsSchema is the version of details.json.
const DetailsSchema = "rehearse.details/1"

// DetailsFile is the name under which a run directory keeps them.
const DetailsFile = "details.json"

// Details are what forms draw and list beside the numbers of a judged run: details.json. Times are seconds on the run's clock.
type Details struct {
	Schema string `json:"schema"`
	// Text is the scenario as it ran.
	Text   string  `json:"scenario_text"`
	Events []Event `json:"events"`
	// Failures are those of the states of the run, over the measured stages.
	Failures []Failures `json:"failures"`
	Curves   Curves     `json:"curves"`
	// Distributions are those of the first state and of the last, where they are two.
	Distributions []Distribution `json:"distributions"`
	// Trials are the numbers of each trial that reached its end, in each measured stage, as far as they are believed.
	Trials []TrialFigures `json:"trials"`
}

// Event is something that was done or that happened; Trial counts from zero, and is -1 outside of trials.
type Event struct {
	AtSeconds float64 `json:"at_seconds"`
	Trial     int     `json:"trial"`
	Kind      string  `json:"kind"`
	Text      string  `json:"text"`
}

// Failures are the hits of a state that failed, by class, of so many that were due, in all trials, valid or not.
type Failures struct {
	State   string            `json:"state"`
	Due     uint64            `json:"due"`
	Classes map[string]uint64 `json:"classes"`
}

// Curves are a run second by second, in base units. What was not measured is a gap.
type Curves struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
	// Bands are the trials, by their states; a trial in which the state is switched has one for each.
	Bands []Band `json:"bands"`
	// Highlights are the headline stage of each trial.
	Highlights []Span `json:"highlights"`
	// Marks are faults, jobs, and what ended the run early.
	Marks []Mark `json:"marks"`
	// Due is the rate at which hits were to be due, as planned; Offered are the hits due in each second, Achieved those of
	// them that were answered, Failed the others.
	Due      Line `json:"due"`
	Offered  Line `json:"offered"`
	Achieved Line `json:"achieved"`
	Failed   Line `json:"failed"`
	// P50, P95 and P99 are seconds, of the hits due in each second. Where one is a hit without an answer it is the timeout, and
	// Over tells that there is such a second: a gap, just when the system falls over, would say that nothing happened.
	P50            Line    `json:"p50"`
	P95            Line    `json:"p95"`
	P99            Line    `json:"p99"`
	TimeoutSeconds float64 `json:"timeout_seconds"`
	Over           bool    `json:"over"`
	// QPS are statements of the application roles.
	PrimaryQPS       Line `json:"primary_qps"`
	PrimaryReadsQPS  Line `json:"primary_reads_qps"`
	PrimaryWritesQPS Line `json:"primary_writes_qps"`
	ReplicaQPS       Line `json:"replica_qps"`
	// HitRatio is a fraction of one.
	HitRatio Line `json:"hit_ratio"`
	// ReplicaLag is as the primary reports it; GeneratorLag that of the latest operation in each second, at its 99th
	// percentile. Both are seconds.
	ReplicaLag   Line `json:"replica_lag"`
	GeneratorLag Line `json:"generator_lag"`
	// Steal and Foreign are what the host and other processes took, fractions of all processors.
	Steal   Line `json:"steal"`
	Foreign Line `json:"foreign"`
}

// Line is a curve in pieces, with a gap between each two of them.
type Line []Piece

// Piece is a curve without a gap: as many values as there are times.
type Piece struct {
	X []float64 `json:"x"`
	Y []float64 `json:"y"`
}

// Add adds a point.
func (p *Piece) Add(x, y float64) { p.X, p.Y = append(p.X, x), append(p.Y, y) }

// Band is a stretch with a name, Span one without, and Mark a moment with one.
type (
	Band struct {
		Span
		Name string `json:"name"`
	}
	Span struct {
		From float64 `json:"from"`
		To   float64 `json:"to"`
	}
	Mark struct {
		At   float64 `json:"at"`
		Name string  `json:"name"`
	}
)

// Distribution is the response latency of a state at the headline stage, over all hits due in the trials whose latencies are
// believed.
type Distribution struct {
	State     string     `json:"state"`
	Quantiles []Quantile `json:"quantiles"`
}

// Quantile is the latency below which a share Q of the hits stays, in seconds; infinite, and null in JSON, where it is a hit
// without an answer.
type Quantile struct {
	Q       float64 `json:"q"`
	Seconds float64 `json:"seconds"`
}

// MarshalJSON implements json.Marshaler.
func (q Quantile) MarshalJSON() ([]byte, error) {
	type plain Quantile
	if !math.IsInf(q.Seconds, 1) {
		return json.Marshal(plain(q))
	}
	return json.Marshal(struct {
		Q       float64  `json:"q"`
		Seconds *float64 `json:"seconds"`
	}{Q: q.Q})
}

// UnmarshalJSON implements json.Unmarshaler.
func (q *Quantile) UnmarshalJSON(data []byte) error {
	var read struct {
		Q       float64  `json:"q"`
		Seconds *float64 `json:"seconds"`
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	*q = Quantile{read.Q, math.Inf(1)}
	if read.Seconds != nil {
		q.Seconds = *read.Seconds
	}
	return nil
}

// TrialFigures are the numbers of one trial in one stage, in the order of [Figures].
type TrialFigures struct {
	State  string        `json:"state"`
	Stage  string        `json:"stage"`
	Due    uint64        `json:"due"`
	Values []stat.Number `json:"values"`
}
