package reading

import (
	"math"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
)

func TestPunctuality(t *testing.T) {
	histogram := func(n int, took time.Duration) (h record.Histogram) {
		for range n {
			h.Record(took)
		}
		return h
	}
	for _, c := range []struct {
		name     string
		lag      time.Duration
		answered int
		due      uint64
		p95      float64
		late     bool
	}{
		{"in time", time.Millisecond, 100, 100, 0.02, false},
		{"late", 10 * time.Millisecond, 100, 100, 0.02, true},
		{"late, and a twentieth failed", 10 * time.Millisecond, 95, 100, 0.02, true},
		{"late, and more failed", 10 * time.Millisecond, 94, 100, math.Inf(1), false},
		{"nothing due", 0, 0, 0, math.NaN(), false},
		{"more answered than due", 10 * time.Millisecond, 100, 0, 0.02, true},
	} {
		p := (&Hits{Offered: c.due, Lag: histogram(c.answered, c.lag), Response: histogram(c.answered, 20*time.Millisecond)}).Punctuality()
		got := float64(p.P95Seconds)
		near := math.Abs(got-c.p95) < 1e-4 || got == c.p95 || math.IsNaN(got) && math.IsNaN(c.p95)
		if !near || p.Late() != c.late {
			t.Errorf("%s: got %+v, late %v; want p95 %v, late %v", c.name, p, p.Late(), c.p95, c.late)
		}
	}
}
