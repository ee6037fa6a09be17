package judge

import (
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
)

// A stage that begins inside a second has parts of seconds; together they have to last as long as any.
func TestSustainedBesideTheSecond(t *testing.T) {
	stage := record.Stage{Name: "peak", BeginSeconds: 1.5, EndSeconds: 4.25}
	for _, tt := range []struct {
		lasting float64
		known   bool
	}{{1, true}, {2, true}, {2.75, true}, {3, false}} {
		c := newClock(model.Budget{Key: model.Key{Stage: "peak", Metric: "errors"}, Bound: model.BoundMax, ForSeconds: tt.lasting}, stage)
		for number := range 10 {
			c.add(record.Window{Stage: "peak", Second: number, Offered: 1, Sent: 1, Completed: 1})
			c.close(number)
		}
		if _, known := c.worst(); known != tt.known || len(c.seconds) != 4 || c.seconds[1] == nil {
			t.Errorf("%v s: got %v in %v", tt.lasting, known, c.seconds)
		}
	}
	c := newClock(model.Budget{Key: model.Key{Stage: "peak", Metric: "offered_rate"}}, stage)
	c.add(record.Window{Stage: "peak", Second: 4, Offered: 5, Sent: 5, Completed: 5})
	if c.close(4); c.seconds[4].value != 20 {
		t.Errorf("5 hits in a quarter of a second: got %v/s", c.seconds[4].value)
	}
}

// Seconds in which the generator was late tell nothing of the system, however slow its answers seem to be.
func TestSustainedByALateGenerator(t *testing.T) {
	for late, told := range map[time.Duration]bool{time.Millisecond: true, 29 * time.Millisecond: false} {
		c := newClock(model.Budget{Key: model.Key{Stage: "peak", Metric: "p95"}, Bound: model.BoundMax, ForSeconds: 1}, record.Stage{Name: "peak", EndSeconds: 2})
		for number := range 2 {
			w := record.Window{Stage: "peak", Second: number, Offered: 500, Sent: 500, Completed: 500}
			for range w.Offered {
				w.Lag.Record(late)
				w.Response.Record(30 * time.Millisecond)
			}
			c.add(w)
			c.close(number)
		}
		if _, known := c.worst(); known != told {
			t.Errorf("hits %v late: a level is known: %v, want %v", late, known, told)
		}
	}
}
