package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// AnsweredLeast is the share of the hits due that has to be answered: what answers less has collapsed.
const AnsweredLeast = 0.90

// Collapse is how far a state fell over at the headline stage, in the trial in which it answered least.
type Collapse struct {
	// Trials of the state collapsed; Trial is the index of the one that the numbers are of.
	Trials int `json:"trials"`
	Trial  int `json:"trial"`
	// AnsweredRatio is the share of the hits due at the stage that were answered; OfferedRate and AnsweredRate are hits per
	// second.
	AnsweredRatio stat.Number `json:"answered_ratio"`
	OfferedRate   stat.Number `json:"offered_rate"`
	AnsweredRate  stat.Number `json:"answered_rate"`
	// AnsweredP95Seconds is over the answered hits alone. That of all hits is above TimeoutSeconds; 0 is not recorded.
	AnsweredP95Seconds stat.Number `json:"answered_p95_seconds"`
	TimeoutSeconds     float64     `json:"timeout_seconds"`
	// HeldRate is the highest rate that was offered in a second before it fell over and answered all the same, HeldStage the
	// stage of that second; unknown and empty where there is none. Of a stage with one rate it is the mean over such seconds.
	HeldRate  stat.Number `json:"held_rate"`
	HeldStage string      `json:"held_stage"`
	// FromSeconds is the first second of the trial's clock in which too few of the hits due were answered, and FromStage its
	// stage; ToSeconds the end of the last. ToEnd tells that no second came after that.
	FromSeconds stat.Number `json:"from_seconds"`
	FromStage   string      `json:"from_stage"`
	ToSeconds   stat.Number `json:"to_seconds"`
	ToEnd       bool        `json:"to_end"`
}

// Fallen is a state that collapsed, in some of its trials.
type Fallen struct {
	Name  string
	Begun int
	*Collapse
}

// Fallen are those of the states that collapsed, each once.
func (s *Summary) Fallen(states ...State) (list []Fallen) {
	for _, state := range states {
		if state.Collapse != nil && !slices.ContainsFunc(list, func(f Fallen) bool { return f.Name == state.Name }) {
			list = append(list, Fallen{state.Name, state.BegunTrials, state.Collapse})
		}
	}
	return list
}

// Fallen are the states that collapsed.
func (c *Cutover) Fallen() (list []Fallen) {
	for _, s := range c.States {
		if s.Collapse != nil {
			list = append(list, Fallen{s.Stage, 1, s.Collapse})
		}
	}
	return list
}

// shareTolerance is by how much two shares of answered hits may differ for counts to be of the same work.
const shareTolerance = 0.01

// OtherWork says why two counts are not of the same work; empty if they are, or if nobody knows.
func OtherWork(before, after string, a, b stat.Number) string {
	if !(math.Abs(float64(a-b)) > shareTolerance) {
		return ""
	}
	return fmt.Sprintf("%s answered %s of the hits, %s %s: work that was not done costs nothing", before, numeral.Percent(float64(a)), after, numeral.Percent(float64(b)))
}

// NoChange says why a change from one state to another is none to speak of: one of them collapsed. Empty if neither did.
func NoChange(before string, b *Collapse, after string, a *Collapse) string {
	switch {
	case b != nil && a != nil:
		return before + " and " + after + " collapsed, so no change can be told"
	case b != nil:
		return before + " collapsed, so no change can be told"
	case a != nil:
		return after + " collapsed, so no change can be told"
	}
	return ""
}

// Unlike says why the primary's QPS of the first state and of the last one on the way are not of the same work; empty if they
// are.
func (c *Cutover) Unlike() string {
	if len(c.States) == 0 {
		return ""
	}
	first, last := c.States[0], c.States[c.Turn()]
	return OtherWork(first.Stage, last.Stage, first.AnsweredRatio(), last.AnsweredRatio())
}

// AnsweredRatio is the share of them that was answered.
func (h CutoverHits) AnsweredRatio() stat.Number {
	return stat.Number(float64(h.N-min(h.N, h.Errors+h.Missed)) / float64(h.N))
}

// Turn is the index of the last state on the way forward.
func (c *Cutover) Turn() int {
	if c.AndBack {
		return len(c.States) / 2
	}
	return len(c.States) - 1
}
