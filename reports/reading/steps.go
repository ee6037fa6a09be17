package reading

import (
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// Step is what happened from one reading of a source to the next.
type Step struct {
	Before, After *record.Sample
	At            float64
	Stage         string
}

// Steps are the steps of a source while there was load; what happens between two readings is told of the second.
func (t *Trial) Steps(source string) (steps []Step) {
	list := t.Samples[source]
	for i := 1; i < len(list); i++ {
		at := list[i].AtSeconds - t.At
		if stage := t.StageAt(at); stage != "" {
			steps = append(steps, Step{&list[i-1], &list[i], at, stage})
		}
	}
	return steps
}

// StageAt names the stage at a time on the trial's clock; outside of all it is empty.
func (t *Trial) StageAt(at float64) string {
	for _, stage := range t.Stages {
		if at >= stage.BeginSeconds && at <= stage.EndSeconds {
			return stage.Name
		}
	}
	return ""
}

// Grown lists the series of a counter that grew, those whose key contains part. One that appears began at zero.
func (s Step) Grown(metric, part string) map[string]float64 {
	grown := map[string]float64{}
	for key, value := range s.After.Values {
		name, _ := record.ParseKey(key)
		if name == metric && strings.Contains(key, part) && value > s.Before.Values[key] {
			grown[key] = value - s.Before.Values[key]
		}
	}
	return grown
}
