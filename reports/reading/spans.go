package reading

import (
	"math"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// SpanOf is when a trial began and ended, in seconds elapsed. One that was cut short ends with the last event.
func SpanOf(events []record.Event, trial int) (begin, end float64) {
	return SpansOf(events).Of(trial)
}

// Spans are those of all trials: to look for each of thousands through all events takes minutes.
type Spans struct {
	begins, ends map[int]float64
	last         float64
}

// SpansOf finds them in the events of a run.
func SpansOf(events []record.Event) Spans {
	s := Spans{map[int]float64{}, map[int]float64{}, math.NaN()}
	for _, e := range events {
		switch e.Kind {
		case record.EventTrialBegin:
			s.begins[e.Trial] = e.AtSeconds
		case record.EventTrialEnd:
			s.ends[e.Trial] = e.AtSeconds
		}
		s.last = e.AtSeconds
	}
	return s
}

// Of is the span of one trial; it begins at no number where it never did.
func (s Spans) Of(trial int) (begin, end float64) {
	begin, end = math.NaN(), s.last
	if at, began := s.begins[trial]; began {
		begin = at
	}
	if at, ended := s.ends[trial]; ended {
		end = at
	}
	return begin, end
}

// Lasted is how long a trial was under way.
func (s Spans) Lasted(trial int) float64 {
	begin, end := s.Of(trial)
	if math.IsNaN(begin) {
		return 0
	}
	return end - begin
}

// Ended tells whether a trial reached its end.
func (s Spans) Ended(trial int) bool {
	_, ended := s.ends[trial]
	return ended
}
