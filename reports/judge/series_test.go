package judge

import (
	"math"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// Too few hits for a percentile are a gap and no number; one of the hits without an answer is the timeout, and said to be over
// it.
func TestPercentilesOfASecond(t *testing.T) {
	fill := func(offered, answered int) *reading.Second {
		var h record.Histogram
		for range answered {
			h.Record(10 * time.Millisecond)
		}
		return reading.SecondOf([]*record.Window{{Offered: uint64(offered), Response: h}})
	}
	for _, c := range []struct {
		name    string
		beat    *reading.Second
		q       float64
		timeout float64
		known   bool
		over    bool
	}{
		{"enough", fill(100, 100), 0.99, 5, true, false}, {"one too few", fill(99, 99), 0.99, 5, false, false}, {"p95 of them", fill(99, 99), 0.95, 5, true, false},
		{"five without an answer", fill(100, 95), 0.95, 5, true, false}, {"six without an answer", fill(100, 94), 0.95, 5, true, true},
		{"none", fill(0, 0), 0.5, 5, false, false}, {"none answered", fill(50, 0), 0.5, 5, true, true}, {"no timeout on record", fill(50, 0), 0.5, 0, false, false},
	} {
		line := curves{model.Curves{TimeoutSeconds: c.timeout}}
		got := line.drawn(c.beat.Percentile(c.q))
		if math.IsNaN(got) == c.known || math.IsInf(got, 0) || line.Over != c.over || c.over && got != c.timeout {
			t.Errorf("%s: got %v, over the timeout %v, want it known %v and over %v", c.name, got, line.Over, c.known, c.over)
		}
	}
}
