package scenarios

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// besideHighest is how near to the highest mean rate a hold has to come to be preferred: a rate that stays says more than
// one that passes, and a tenth less traffic is still the peak.
const besideHighest = 0.9

// headliner is the stage that leads unless the file names one: the measured one with the highest mean rate, or the hold
// that comes within a tenth of it; the last of equals, for by then the system has settled. Without a measured stage it is
// the zero value.
func headliner(stages []Stage) (leads Stage) {
	highest, best := 0.0, -1.0
	for _, s := range stages {
		if s.Measure {
			highest = max(highest, s.mean())
		}
	}
	held := false
	for _, s := range stages {
		mean, holds := s.mean(), s.kind() == kindHold
		if !s.Measure || mean < besideHighest*highest-rateSlack || held && !holds {
			continue
		}
		if holds && !held || mean >= best-rateSlack {
			leads, best, held = s, mean, holds
		}
	}
	return leads
}

// rateSlack is less than any two rates differ that a person wrote: a mean is an integral, and rounded.
const rateSlack = 1e-6

// mean is the stage's mean rate per second.
func (s Stage) mean() float64 {
	if c := s.curve(); c.Length() > 0 {
		return c.total() / c.Length().Seconds()
	}
	return 0
}

// HeadlineWhy says why the headline stage is the one it is.
func (s *Scenario) HeadlineWhy() string {
	var measured []Stage
	for _, stage := range s.Traffic.Stages {
		if stage.Measure {
			measured = append(measured, stage)
		}
	}
	chosen := headliner(s.Traffic.Stages)
	switch {
	case leaves(s.Source).values["traffic.headline"] != "":
		return "as traffic.headline says"
	case len(measured) == 1:
		return "the only measured stage"
	case chosen.kind() == kindHold:
		for _, stage := range measured {
			if stage.mean() > chosen.mean()+rateSlack {
				return fmt.Sprintf("a hold of %s/s, preferred to the mean of %s/s in %s", shortRate(chosen.mean()), shortRate(stage.mean()), stage.Name)
			}
		}
	}
	return fmt.Sprintf("the highest mean rate of the measured stages, %s/s", shortRate(chosen.mean())) + tied(measured, chosen)
}

// tied says which stages come as high as the one that leads, and why it is that one.
func tied(measured []Stage, chosen Stage) string {
	var others []string
	for _, stage := range measured {
		if stage.Name != chosen.Name && math.Abs(stage.mean()-chosen.mean()) <= rateSlack {
			others = append(others, stage.Name)
		}
	}
	if len(others) == 0 {
		return ""
	}
	why := "the last of equals, by when the system has settled"
	if chosen.kind() == kindHold && !held(measured, others) {
		why = "a hold, which says more than a rate that passes"
	}
	return ", as in " + strings.Join(others, ", ") + "; it is " + why
}

// held tells whether any of the named stages is a hold.
func held(stages []Stage, names []string) bool {
	return slices.ContainsFunc(stages, func(s Stage) bool { return s.kind() == kindHold && slices.Contains(names, s.Name) })
}

// shortRate is a rate as a person says it.
func shortRate(rate float64) string {
	if rate >= 100 {
		return trim(math.Round(rate))
	}
	return trim(math.Round(rate*10) / 10)
}
