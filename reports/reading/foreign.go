package reading

import (
	"math"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// ForeignLimit is the share of the processors' time from which on what other processes do is a party to every latency. On
// two processors under 150 hits a second, beside builds that came and went, the p95 of the seconds in which others took so
// much was, in milliseconds, of 8,267 hits in the first line and some hundred to some thousand in the others:
//
//	under 2 %      3.25
//	5 to 8 %       3.43, a twentieth more
//	20 to 35 %     4.07, a quarter more
//	35 % and more  5.7 to 6.7, twice as much
//
// By itself this machine has 0.5 to 1 % of others.
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
func ForeignIn(stages []string, reading func(stage, edge string) record.Sample) Foreign {
	worst := Foreign{Share: math.NaN()}
	for _, stage := range stages {
		begin, end := reading(stage, "begin"), reading(stage, "end")
		took := end.AtSeconds - begin.AtSeconds
		before, known := begin.Values[record.ForeignKey]
		after, also := end.Values[record.ForeignKey]
		processors := end.Values[record.ProcessorsKey]
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
