package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// What of a trial may not be believed.
const (
	VoidLatencies = "latencies"
	VoidCounts    = "counts"
	VoidErrors    = "errors"
)

// TrialCheck says whether a trial can be believed.
type TrialCheck struct {
	Trial int    `json:"trial"`
	Round int    `json:"round"`
	State string `json:"state"`
	Valid bool   `json:"valid"`
	// Void names the numbers of it that are not believed: latencies, counts, and of a trial that did not begin errors as
	// well; absent for a valid one. Errors, missed hits and wrong answers that were seen always count.
	Void []string `json:"void,omitempty"`
	// Reasons are empty for a valid trial; Kinds say what each of them is about.
	Reasons []string `json:"reasons"`
	Kinds   []Kind   `json:"kinds,omitempty"`
	// Doubts leave it valid, but have to be known before its numbers are believed; those of trials with numbers that are
	// believed are warnings of the summary. Notes are what else went on in it, such as a checkpoint, and when on its clock.
	Doubts    []string       `json:"doubts"`
	Notes     []string       `json:"notes"`
	Generator GeneratorCheck `json:"generator"`
}

// Voids tells whether numbers of the trial are not believed: one of the constants.
func (c TrialCheck) Voids(numbers string) bool { return slices.Contains(c.Void, numbers) }

// Name is that of the trial, counted from one as in the progress of the run.
func (c TrialCheck) Name() string {
	return fmt.Sprintf("trial %d (%s, round %d)", c.Trial+1, c.State, c.Round+1)
}

// TrialsWith lists the trials of which there is something to say, counted from one as in the progress of the run.
func (s *Summary) TrialsWith(what func(TrialCheck) []string) (list []string) {
	for _, t := range s.Validity {
		if told := what(t); len(told) > 0 {
			list = append(list, t.Name()+": "+strings.Join(told, "; "))
		}
	}
	return list
}

// GeneratorCheck is what the generator's own condition was over the measured stages of a trial. A null is not known, as
// on systems other than Linux.
type GeneratorCheck struct {
	// WaitPerTurnSeconds is how long a thread of it that was ready waited for a processor, on average;
	// WaitPerHitSeconds what all of that is for each hit sent.
	WaitPerTurnSeconds stat.Number `json:"wait_per_turn_seconds"`
	WaitPerHitSeconds  stat.Number `json:"wait_per_hit_seconds"`
	// StealRatio is the share of the processors' time that the host of this machine gave to others.
	StealRatio stat.Number `json:"steal_ratio"`
	// ForeignRatio is the share of them that other processes of this machine had, neither rehearse's own nor of the system
	// under test, in the measured stage in which that was most; ForeignStage names it.
	ForeignRatio stat.Number `json:"foreign_ratio"`
	ForeignStage string      `json:"foreign_stage,omitempty"`
	// InFlight is the mean number of hits due and not yet accounted for over the whole trial, as counted;
	// InFlightByResponse is rate times mean response, which by Little's law is the same.
	InFlight           stat.Number `json:"in_flight"`
	InFlightByResponse stat.Number `json:"in_flight_by_response"`
	// Reconnected hits of the whole trial took a new connection because the system had closed the one kept; Resent ones were
	// sent more than once, which only a transport from outside does.
	Reconnected uint64 `json:"reconnected,omitempty"`
	Resent      uint64 `json:"resent,omitempty"`
}

// Taken says what of the processors went to others than this run, "up to" so much where it is the most of several.
func (g GeneratorCheck) Taken(upTo string) string {
	host := fmt.Sprintf("the host took %s%s of the processors (steal)", upTo, numeral.Percent(float64(g.StealRatio)))
	processes := upTo + numeral.Percent(float64(g.ForeignRatio))
	switch steal, foreign := g.StealRatio.Known(), g.ForeignRatio.Known(); {
	case steal && foreign:
		return host + ", other processes " + processes
	case steal:
		return host + ", what other processes took is not known"
	case foreign:
		return "other processes took " + processes + " of the processors, what the host took (steal) is not known"
	}
	return "what the host (steal) and other processes took of the processors is not known"
}

// Invalid lists the invalid trials.
func (s *Summary) Invalid() []string {
	return s.TrialsWith(func(t TrialCheck) []string { return t.Reasons })
}

// Doubted are the trials with numbers that are believed, and doubts about them.
func (s *Summary) Doubted() []TrialCheck {
	return slices.DeleteFunc(slices.Clone(s.Validity), func(t TrialCheck) bool {
		return len(t.Doubts) == 0 || t.Voids(VoidLatencies) && t.Voids(VoidCounts)
	})
}
