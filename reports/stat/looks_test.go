package stat

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func TestLookConfidence(t *testing.T) {
	for _, c := range []struct {
		n    int
		want float64
	}{
		{0, 1}, {2, 1}, // before the first look
		{3, 1 - 0.014}, {6, 1 - 0.007}, // looks 1 and 4
		{32, 1 - 0.014/math.Sqrt(30)},
		{33, 1 - 0.03/(31*30)}, // look 31, the first of the late ones
	} {
		near(t, "confidence", LookConfidence(c.n), c.want)
	}
	for n := FirstLook; n < 1000; n++ {
		if LookConfidence(n+1) <= LookConfidence(n) {
			t.Fatalf("%d repetitions need confidence %v and one more only %v", n, LookConfidence(n), LookConfidence(n+1))
		}
	}
	if before := GeometricMeanAt([]float64{1.1, 1.2}, LookConfidence(2)); before.Against(1) != Unclear || before.Value == 0 {
		t.Errorf("before the first look: got %+v, want a value without a claim", before)
	}
}

// All looks together err in at most 5 % of cases: the early ones by the exact recursion, the late ones at most by their
// sum, Σ 1/(j(j-1)) over j > 30 being 1/30.
func TestLooksAreExact(t *testing.T) {
	errors := func(n int) float64 { return 1 - LookConfidence(n) }
	early := someErrs(errors, FirstLook+earlyLooks-1)
	if math.Abs(early-0.048) > 0.0005 {
		t.Errorf("of the first %d looks some errs with probability %v, want 0.048", earlyLooks, early)
	}
	late := 0.0
	for n := FirstLook + earlyLooks; n < 100_000; n++ {
		late += errors(n)
	}
	near(t, "late looks", late, 0.001*(1-30./(100_000-3)))
	if early+late > 1-Confidence {
		t.Errorf("all looks err with probability %v, want at most 0.05", early+late)
	}
	// The recursion itself: earlier looks that never err leave a last one with what it was given.
	last := func(n int) float64 {
		if n < 8 {
			return 1e-9
		}
		return 0.05
	}
	if got := someErrs(last, 8); math.Abs(got-0.05) > 0.0005 {
		t.Errorf("a single look at 8 repetitions errs with probability %v, want 0.05", got)
	}
}

// someErrs is the probability that some interval over FirstLook to n normal repetitions around zero, of which that over
// k errs by itself with probability errors(k), does not hold zero.
//
// Let S be the sum and Q the sum of squares of k repetitions, and U = S/√Q; Student's t is U·√((k-1)/(k-U²)). All of
// U(1), …, U(k) keep their values when the repetitions are scaled, so by Basu's theorem they are independent of Q(k).
// A further repetition is v·√Q(k+1) with v = sin θ, where the density of θ is proportional to cos(θ)^(k-1), whatever
// U was, and then U(k+1) = U(k)·√(1-v²) + v. So U is a Markov chain; its absolute value, by symmetry, is one as well.
func someErrs(errors func(k int) float64, n int) float64 {
	const cells = 60
	limit := bound(FirstLook, errors(FirstLook))
	alive := make([]float64, cells)
	for i := range alive {
		alive[i] = within(FirstLook, limit*float64(i+1)/cells) - within(FirstLook, limit*float64(i)/cells)
	}
	for k := FirstLook; k < n; k++ {
		next, further := make([]float64, cells), bound(k+1, errors(k+1))
		for i, mass := range alive {
			from, below := limit*(float64(i)+0.5)/cells, 0.0
			for j := range next {
				reach := moves(k, from, further*float64(j+1)/cells)
				next[j] += mass * (reach - below)
				below = reach
			}
		}
		alive, limit = next, further
	}
	left := 0.0
	for _, mass := range alive {
		left += mass
	}
	return 1 - left
}

// bound is the |U| of k repetitions that is exceeded with probability p.
func bound(k int, p float64) float64 {
	t := student(k-1, 1-p)
	return t * math.Sqrt(float64(k)/(float64(k-1)+t*t))
}

// within is the probability that |U| of k repetitions is at most u.
func within(k int, u float64) float64 {
	law := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(k - 1)}
	return 2*law.CDF(u*math.Sqrt(float64(k-1)/(float64(k)-u*u))) - 1
}

// moves is the probability that |U(k+1)| is at most to, from U(k) = from. With φ = atan(from) the new U is
// √(1+from²)·sin(θ+φ), which is over a limit on one arc of θ.
func moves(k int, from, to float64) float64 {
	law := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(k)}
	upTo := func(angle float64) float64 {
		switch {
		case angle <= -math.Pi/2:
			return 0
		case angle >= math.Pi/2:
			return 1
		}
		return law.CDF(math.Sqrt(float64(k)) * math.Tan(angle))
	}
	phi, radius := math.Atan(from), math.Sqrt(1+from*from)
	over := func(limit float64) float64 { // the probability that √(1+from²)·sin(θ+φ) is over limit
		if limit >= radius {
			return 0
		}
		if limit <= -radius {
			return 1
		}
		edge := math.Asin(limit / radius)
		return upTo(math.Pi-edge-phi) - upTo(edge-phi) + upTo(-math.Pi-edge-phi)
	}
	return over(-to) - over(to)
}
