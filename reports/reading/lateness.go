package reading

import (
	"fmt"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Limits of [Punctuality.Late].
const (
	LagLimitSeconds = 0.005
	LagShare        = 0.1
)

// Punctuality is what tells whether a generator was too late for its hits to be believed. The run loop repeats such a trial
// and the judge leaves its latencies out, both by this one reading of the same hits.
type Punctuality struct {
	// LagP99Seconds is over the hits sent, P95Seconds the response over all hits due: those without an answer took longer than
	// any that has one, so it is infinite where it is one of them. Neither is known of no hit.
	LagP99Seconds, P95Seconds stat.Number
}

// Punctuality of the generator that sent the hits.
func (h *Hits) Punctuality() Punctuality { return Punctuality{h.LagAt(0.99), h.ResponseAt(0.95)} }

// Late tells whether a generator was too late for its trial to be believed: the 99th percentile of its lag exceeds both five
// milliseconds and a tenth of the measured p95.
func (p Punctuality) Late() bool {
	return p.LagP99Seconds > LagLimitSeconds && p.LagP99Seconds > LagShare*p.P95Seconds
}

// Late tells whether the generator was too late for these hits.
func (h *Hits) Late() bool { return h.Punctuality().Late() }

// Believed is a percentile of hits that were sent in time; what a late generator sent tells of the generator.
func (h *Hits) Believed(q float64) stat.Number {
	if h.Late() {
		return stat.Unknown()
	}
	return h.Percentile(q)
}

// Unbelievable says what keeps latencies from being believed, and the numbers of it; empty is nothing. It looks at the
// generator and the machine alone and is the same for every state, so it favours none.
func Unbelievable(p Punctuality, foreign Foreign) (why string, values map[string]float64) {
	values = map[string]float64{"lag_p99_seconds": 0}
	if p.LagP99Seconds.Known() {
		values["lag_p99_seconds"] = float64(p.LagP99Seconds)
	}
	if foreign.Stage != "" {
		values["foreign_ratio"] = foreign.Share
	}
	var whys []string
	if foreign.Crowded() {
		whys = append(whys, fmt.Sprintf("other processes took %s %% of the processors in stage %s", scenarios.Plain(100*foreign.Share, 3), foreign.Stage))
	}
	if p.Late() {
		whys = append(whys, fmt.Sprintf("the generator was late, lag p99 %s ms", scenarios.Plain(float64(p.LagP99Seconds)*1000, 3)))
	}
	return strings.Join(whys, ", and "), values
}
