package harness

import (
	"slices"
	"sync"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Steps of a trial that Progress names.
const (
	StepPrepare = "prepare"
	StepSwitch  = "switch"
	StepWarm    = "warm"
	StepLoad    = "load"
	StepSettle  = "settle"
)

// Progress is what a line on a terminal needs to know.
type Progress struct {
	// Trial of Trials and Round of Rounds, both counted from one.
	Trial, Trials, Round, Rounds int
	// Repeat tells that the trial is run once more, and Why what was against the attempt before.
	Repeat bool
	Why    string
	State  string
	// Step is one of the Step constants. Stage is set while the step is StepLoad.
	Step, Stage string
	// Elapsed runs on the trial's clock, whose stages end at Length; what follows is waiting for the last answers.
	Elapsed, Length time.Duration
	// OfferedRate and AchievedRate are the hits due and the hits completed per second, in the last second whose answers
	// are all there.
	OfferedRate, AchievedRate float64
	// P95Seconds is the response time over the measured stages of this trial so far, by all hits whose seconds are over; zero
	// before the first, and infinite where it is one that was not answered, which waited for TimeoutSeconds.
	P95Seconds, TimeoutSeconds float64
	// Failed and Missed hits of this trial so far.
	Failed, Missed uint64
}

// Measured is what a trial has measured until now, in its measured stages.
type Measured struct {
	// Stages are the names of those.
	Stages []string
	// Due hits were; Response is of those that were answered, Lag of those sent.
	Due           uint64
	Response, Lag record.Histogram
	// Processors is the reading of source cpu at an edge, begin or end, of a stage; zero where there is none.
	Processors func(stage, edge string) record.Sample
}

// Condition is what the measurements of a trial tell of the trial.
type Condition struct {
	// P95Seconds is the response time over all hits due, infinite where it is one without an answer.
	P95Seconds float64
	// Why says what keeps its latencies from being believed, and Values are the numbers of it; empty is nothing.
	Why    string
	Values map[string]float64
}

// meter sums up the windows of one trial for Progress. It is safe for concurrent use.
type meter struct {
	plan  *scenarios.Plan
	trial scenarios.Trial
	tell  func(Measured) Condition
	// why is what was against the attempt before; empty for a first one.
	why string

	mu sync.Mutex
	// second is the latest one seen, and offered and completed its hits.
	second             int
	offered, completed uint64
	failed, missed     uint64
	// due are the measured hits, which response and lag are of.
	due           uint64
	response, lag record.Histogram
	// processors are the readings of source cpu at the edges of stages.
	processors map[boundary]record.Sample
}

func newMeter(plan *scenarios.Plan, trial scenarios.Trial, tell func(Measured) Condition) *meter {
	return &meter{plan: plan, trial: trial, tell: tell, processors: map[boundary]record.Sample{}}
}

// add counts a finished window.
func (m *meter) add(w record.Window) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w.Second > m.second {
		m.second, m.offered, m.completed = w.Second, 0, 0
	}
	if w.Second == m.second {
		m.offered += w.Offered
		m.completed += w.Completed
	}
	m.failed += w.Failed
	m.missed += w.Missed
	if m.measured(w.Stage) {
		m.due += w.Offered
		m.response.Merge(w.Response)
		m.lag.Merge(w.Lag)
	}
}

// hear takes a reading at an edge.
func (m *meter) hear(s record.Sample) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.Source == "cpu" {
		m.processors[boundary{s.Stage, s.Edge}] = s
	}
}

// condition is what the trial has measured so far tells of it.
func (m *meter) condition() Condition {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tell == nil {
		return Condition{}
	}
	var measured []string
	for _, s := range m.plan.Stages {
		if s.Measure {
			measured = append(measured, s.Name)
		}
	}
	return m.tell(Measured{Stages: measured, Due: m.due, Response: m.response, Lag: m.lag,
		Processors: func(stage, edge string) record.Sample { return m.processors[boundary{stage, edge}] }})
}

// repeat tells whether an earlier trial was to be what this one is.
func (m *meter) repeat() bool {
	return slices.ContainsFunc(m.plan.Trials[:min(m.trial.Index, len(m.plan.Trials))], func(t scenarios.Trial) bool {
		return t.Round == m.trial.Round && t.State == m.trial.State && t.Control == m.trial.Control
	})
}

func (m *meter) measured(name string) bool {
	for _, s := range m.plan.Stages {
		if s.Name == name {
			return s.Measure
		}
	}
	return false
}

// progress is the state of the trial at a time on its clock.
func (m *meter) progress(step string, elapsed time.Duration) Progress {
	p95 := m.condition().P95Seconds
	m.mu.Lock()
	defer m.mu.Unlock()
	p := Progress{
		Trial: m.trial.Index + 1, Trials: len(m.plan.Trials), Round: min(m.trial.Round+1, m.plan.Rounds), Rounds: m.plan.Rounds,
		Repeat: m.repeat(), Why: m.why, State: m.trial.State, Step: step, Elapsed: elapsed,
		OfferedRate: float64(m.offered), AchievedRate: float64(m.completed),
		TimeoutSeconds: m.plan.Timeout.Seconds(), Failed: m.failed, Missed: m.missed,
	}
	if m.due > 0 {
		p.P95Seconds = p95
	}
	for _, s := range m.plan.Stages {
		p.Length = s.End
		if step == StepLoad && s.Begin <= elapsed {
			p.Stage = s.Name
		}
	}
	return p
}
