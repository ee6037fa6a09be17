package record

import "math"

// ForeignLimit is the share of the processors' time from which on what other processes do is a party to every latency.
const ForeignLimit = 0.1

// Foreign is what other processes had of the processors, in the measured stage in which that was most.
type Foreign struct {
	// Share is of the time of all processors that the run may use; NaN where it is not known.
	Share float64
	// Stage is empty where the share is not known.
	Stage string
}

// Crowded tells whether they had too much for latencies to be believed. The run loop repeats such a trial, and the judge
// believes none of its latencies, by this one rule.
func (f Foreign) Crowded() bool { return f.Share > ForeignLimit }

// ForeignIn finds the worst of some stages by the readings of source cpu at their edges. A stage with a reading missing says
// nothing, and so does one without length.
func ForeignIn(stages []string, reading func(stage, edge string) Sample) Foreign {
	worst := Foreign{Share: math.NaN()}
	for _, stage := range stages {
		begin, end := reading(stage, "begin"), reading(stage, "end")
		took := end.AtSeconds - begin.AtSeconds
		before, known := begin.Values[ForeignKey]
		after, also := end.Values[ForeignKey]
		processors := end.Values[ProcessorsKey]
		share := (after - before) / (took * processors)
		if !known || !also || !(took > 0) || !(processors >= 1) || math.IsInf(share, 0) {
			continue
		}
		if worst.Stage == "" || share > worst.Share {
			worst = Foreign{Share: share, Stage: stage}
		}
	}
	return worst
}
