package stat

import "math"

// FirstLook is the number of repetitions at which [LookConfidence] allows the first look.
const FirstLook = 3

// What the looks spend: look j of the first thirty earlySpent/√j, and all later ones together lateSpent.
const (
	earlyLooks = 30
	earlySpent = 0.014
	lateSpent  = 0.001
)

// LookConfidence is the confidence that the interval over n repetitions must have, so that one may look after every
// repetition and stop at whichever one likes: all these intervals together hold the truth in 95 % of cases, however many
// there are. Before [FirstLook] it is one: such an interval claims nothing.
//
// How it is paid for: look j, over n = j+2 repetitions, errs by itself with probability 0.014/√j. Intervals of successive
// looks share most of their data and err together, so of the first thirty some errs with probability 0.048, exactly for
// normal repetitions: by the recursion of Armitage, McPherson and Rowe (1969) for the t statistics of Jennison and
// Turnbull (Biometrika 78, 1991), which TestLooksAreExact carries out. Later looks get 0.001·30/(j(j-1)), which sums to
// 0.001 over all of them. Together that is less than 0.05.
//
// Adding the errors of the looks as if they were apart would allow 0.05/(j(j+1)). That is honest as well, but its
// interval over twelve repetitions is wider by the factor 4.9/3.6, and a mean one deviation off zero is found by then in
// three of ten cases instead of six.
//
// It depends on the number of repetitions alone, so leaving out a look, or a repetition that turned out invalid, costs
// nothing. It pays for one series of intervals: of several comparisons each has its own 5 %.
func LookConfidence(n int) float64 {
	switch j := float64(n - FirstLook + 1); {
	case j < 1:
		return 1
	case j <= earlyLooks:
		return 1 - earlySpent/math.Sqrt(j)
	default:
		return 1 - lateSpent*earlyLooks/(j*(j-1))
	}
}
