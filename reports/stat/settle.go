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
