package scenarios

import (
	"math"
	"time"
)

// place lays stages back to back from zero and counts the hits due in each. Counts come from the rounded cumulative
// curve: each stage is exact within one hit, and what one stage loses to rounding the next one gets.
func place(stages []Stage) []PlannedStage {
	var placed []PlannedStage
	var begin time.Duration
	var before float64
	for _, s := range stages {
		curve := s.curve()
		after := before + curve.total()
		placed = append(placed, PlannedStage{
			Name: s.Name, Begin: begin, End: begin + s.Duration, Shape: s.kind(),
			From: curve.Rate(0), To: curve.Rate(s.Duration), Curve: curve, Measure: s.Measure,
			Hits: uint64(math.Round(after) - math.Round(before)),
		})
		begin, before = begin+s.Duration, after
	}
	return placed
}

// curve is the rate of the stage on its own clock.
func (s PlannedStage) curve() Curve {
	if s.Curve.Length() > 0 {
		return s.Curve
	}
	return Stage{Duration: s.End - s.Begin, From: s.From, To: s.To}.curve()
}

// Rate is the rate at a time on the trial's clock, in hits per second.
func (s PlannedStage) Rate(at time.Duration) float64 { return s.curve().Rate(at - s.Begin) }

// Straight tells whether the stage is a hold or a ramp, so that From and To say everything.
func (s PlannedStage) Straight() bool {
	return s.Shape == "" || s.Shape == kindHold || s.Shape == kindRamp
}

// Peak is the highest rate of the stage, in hits per second.
func (s PlannedStage) Peak() float64 { return s.curve().Peak() }

// Means are the mean rates over n equal parts of the stage, in hits per second.
func (s PlannedStage) Means(n int) []float64 { return s.curve().Means(n) }
