package harness

import (
	"fmt"
	"slices"
	"strings"
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
	// Repeat tells that the trial is run once more.
	Repeat bool
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

// meter sums up the windows of one trial for Progress. It is safe for concurrent use.
type meter struct {
	plan  *scenarios.Plan
	trial scenarios.Trial

	mu sync.Mutex
	// second is the latest one seen, and offered and completed its hits.
	second             int
	offered, completed uint64
	failed, missed     uint64
	// due are the measured hits, which response and lag are of.
	due           uint64
	response, lag record.Histogram
	// processors are the readings of source cpu at the edges of stages.
	processors map[label]record.Sample
}

func newMeter(plan *scenarios.Plan, trial scenarios.Trial) *meter {
	return &meter{plan: plan, trial: trial, processors: map[label]record.Sample{}}
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

// punctuality is that of the generator over the measured stages.
func (m *meter) punctuality() record.Punctuality {
	m.mu.Lock()
	defer m.mu.Unlock()
	return record.PunctualityOf(m.lag, m.response, m.due)
}

// hear takes a reading at an edge.
func (m *meter) hear(s record.Sample) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.Source == "cpu" {
		m.processors[label{s.Stage, s.Edge}] = s
	}
}

// foreign is what other processes had of the processors.
func (m *meter) foreign() record.Foreign {
	m.mu.Lock()
	defer m.mu.Unlock()
	var measured []string
	for _, s := range m.plan.Stages {
		if s.Measure {
			measured = append(measured, s.Name)
		}
	}
	return record.ForeignIn(measured, func(stage, edge string) record.Sample { return m.processors[label{stage, edge}] })
}

// unbelievable says what keeps the latencies of the trial from being believed, and the numbers of it; empty is nothing.
func (m *meter) unbelievable() (why string, values map[string]float64) {
	punctual := m.punctuality()
	lag := punctual.LagP99Seconds
	foreign := m.foreign()
	values = map[string]float64{"lag_p99_seconds": lag}
	if foreign.Stage != "" {
		values["foreign_ratio"] = foreign.Share
	}
	var whys []string
	if foreign.Crowded() {
		whys = append(whys, fmt.Sprintf("other processes took %s %% of the processors in stage %s", scenarios.Plain(100*foreign.Share, 3), foreign.Stage))
	}
	if punctual.Late() {
		whys = append(whys, fmt.Sprintf("the generator was late, lag p99 %s ms", scenarios.Plain(lag*1000, 3)))
	}
	return strings.Join(whys, ", and "), values
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
	m.mu.Lock()
	defer m.mu.Unlock()
	p := Progress{
		Trial: m.trial.Index + 1, Trials: len(m.plan.Trials), Round: min(m.trial.Round+1, m.plan.Rounds), Rounds: m.plan.Rounds,
		Repeat: m.repeat(), State: m.trial.State, Step: step, Elapsed: elapsed,
		OfferedRate: float64(m.offered), AchievedRate: float64(m.completed),
		TimeoutSeconds: m.plan.Timeout.Seconds(), Failed: m.failed, Missed: m.missed,
	}
	if m.due > 0 {
		p.P95Seconds = record.PunctualityOf(m.lag, m.response, m.due).P95Seconds
	}
	for _, s := range m.plan.Stages {
		p.Length = s.End
		if step == StepLoad && s.Begin <= elapsed {
			p.Stage = s.Name
		}
	}
	return p
}
