package stat

import "math"

// Batches are the means of runs of consecutive values, all of one length: the shortest that makes at most so many. What
// does not fill a batch is left out at the beginning, where it is least wanted.
func Batches(values []float64, most int) []float64 {
	size := max(1, (len(values)+most-1)/most)
	means := make([]float64, 0, most)
	for rest := values[len(values)%size:]; len(rest) > 0; rest = rest[size:] {
		sum := 0.0
		for _, v := range rest[:size] {
			sum += v
		}
		means = append(means, sum/float64(size))
	}
	return means
}

// Truncation is how many values to leave out at the beginning so that the mean of the rest is known best: the least
// variance of that mean, over all that leave out at most half. At half, the values did not settle. It is the marginal
// standard error rule of White (1997), which with batches of five observations is called MSER-5.
func Truncation(values []float64) (leaveOut int) {
	least := math.Inf(1)
	for d := 0; d <= len(values)/2; d++ {
		rest := values[d:]
		n, mean, squares := float64(len(rest)), 0.0, 0.0
		for _, v := range rest {
			mean += v / n
		}
		for _, v := range rest {
			squares += (v - mean) * (v - mean)
		}
		if variance := squares / (n * n); variance < least {
			least, leaveOut = variance, d
		}
	}
	return leaveOut
}

// Trend is the tau of Kendall (1938) between the values and their order: 1 when each is above all before it, -1 when each
// is below, near 0 when neither is the rule. One value has no trend: NaN.
func Trend(values []float64) float64 {
	above, pairs := 0, 0
	for i, earlier := range values {
		for _, later := range values[i+1:] {
			pairs++
			switch {
			case later > earlier:
				above++
			case later < earlier:
				above--
			}
		}
	}
	return float64(above) / float64(pairs)
}

// When a stage did not settle. The marginal standard error rule (White 1997, see [Truncation]) finds no beginning to
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

// Settle tells whether a series stays about where it is, and its means at the beginning and the end. One that is too
// short to say is not found unsettled.
func Settle(values []float64) (first, last float64, settled bool) {
	if len(values) < settlingSeconds {
		return 0, 0, true
	}
	batches := Batches(values, settlingBatches)
	quarter := len(batches) / 4
	first, last = Batches(batches[:quarter], 1)[0], Batches(batches[len(batches)-quarter:], 1)[0]
	drifts := max(first, last) > settlingDrift*min(first, last)
	trend := math.Abs(Trend(batches)) >= settlingTrend
	return first, last, !drifts || !trend || Truncation(batches) < len(batches)/2-len(batches)/10
}
