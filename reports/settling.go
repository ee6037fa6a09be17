package reports

import (
	"fmt"
	"math"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

// When a stage did not settle. The marginal standard error rule (White 1997, see [stat.Truncation]) finds no beginning to
// leave out after which the rest is steady: it reaches its bound, half of the values, or a tenth of them before. By chance
// alone it does so in one trial of seven of eight values. So a trend has to be there as well, in nine of ten pairs of
// values, and it has to matter. Together, under simulated noise of a tenth and of half of the mean, they err in at most
// 0.7 % of trials if up to half of a second's deviation is that of the one before, and in at most 1.7 % of trials of eight
// seconds, the shortest, if 0.7 of it is (TestNoiseSettles).
const (
	// settlingSeconds is the shortest stage that says anything; a quick trial has none.
	settlingSeconds = 8
	// settlingBatches is into how many values a long stage is condensed, against noise from second to second.
	settlingBatches = 20
	settlingTrend   = 0.8
	// settlingDrift is the factor between the first and the last quarter. Two rounds of one state differ by as much.
	settlingDrift = 1.2
)

// unsettled says when the response at the headline stage moved on and on while the rate did not. The trial stays valid:
// where a queue grows, that is what the state does under this rate, and leaving such trials out would make the state look
// better than it is. But the percentiles then depend on how long was measured, so it is a doubt, never a silence.
func (t *trial) unsettled(headline string) []string {
	for _, stage := range t.Stages {
		if stage.Name != headline || len(stage.Rates) > 0 || stage.FromRate != stage.ToRate {
			continue
		}
		first, last, settled := settle(t.Means(stage))
		if settled {
			return nil
		}
		moved := "rose"
		if last < first {
			moved = "fell"
		}
		return []string{fmt.Sprintf("%s did not settle: the mean response %s from %s in its first quarter to %s in its last, "+
			"so its percentiles depend on how long was measured", headline, moved, seconds(stat.Number(first)), seconds(stat.Number(last)))}
	}
	return nil
}

// settle tells whether a series stays about where it is, and its means at the beginning and the end. One that is too
// short to say is not found unsettled.
func settle(values []float64) (first, last float64, settled bool) {
	if len(values) < settlingSeconds {
		return 0, 0, true
	}
	batches := stat.Batches(values, settlingBatches)
	quarter := len(batches) / 4
	first, last = stat.Batches(batches[:quarter], 1)[0], stat.Batches(batches[len(batches)-quarter:], 1)[0]
	drifts := max(first, last) > settlingDrift*min(first, last)
	trend := math.Abs(stat.Trend(batches)) >= settlingTrend
	return first, last, !drifts || !trend || stat.Truncation(batches) < len(batches)/2-len(batches)/10
}
