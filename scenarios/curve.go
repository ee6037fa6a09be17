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
		after := before + s.volume()
		placed = append(placed, PlannedStage{
			Name: s.Name, Begin: begin, End: begin + s.Duration, From: s.From, To: s.To, Measure: s.Measure,
			Hits: uint64(math.Round(after) - math.Round(before)),
		})
		begin, before = begin+s.Duration, after
	}
	return placed
}

// volume is the integral of the rate over the stage, in hits.
func (s Stage) volume() float64 { return (s.From + s.To) / 2 * s.Duration.Seconds() }

// volume is the integral of the rate over the stage, in hits.
func (s PlannedStage) volume() float64 { return (s.From + s.To) / 2 * (s.End - s.Begin).Seconds() }

// when is the time at which the stage has seen volume y: the inverse of its cumulative curve From*t + a*t²/2. This form
// of the root neither cancels for a small slope a nor divides by zero for a hold. It is kept inside the stage, so
// rounding never moves a hit into the next one.
func (s PlannedStage) when(y float64) time.Duration {
	slope := (s.To - s.From) / (s.End - s.Begin).Seconds()
	speed := s.From + math.Sqrt(max(s.From*s.From+2*slope*y, 0))
	if y <= 0 || speed <= 0 {
		return s.Begin
	}
	due := s.Begin + time.Duration(2*y/speed*float64(time.Second))
	return min(due, s.End-1)
}
