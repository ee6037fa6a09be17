package load

import (
	"sync/atomic"
	"time"
)

// InFlight counts the hits that are due and not yet accounted for while a [Run] lasts, by the plan's clock and the
// recorder's and without the histograms: by Little's law their mean number is the rate times the mean response, or a hit
// waited where no clock ran. The zero value is ready, for one Run. It may be read at any time, also before the Run and
// after it, when there is none.
type InFlight struct{ books atomic.Pointer[recorder] }

// Read is the number of hits in flight of each operation, and the seconds all hits have been so up to now, added up. Two
// readings of the latter, by the time between them, give the exact mean of the former. A hit that is never sent counts
// for nothing.
func (f *InFlight) Read() (hits map[string]int, seconds float64) {
	books := f.books.Load()
	if books == nil {
		return nil, 0
	}
	books.mu.Lock()
	defer books.mu.Unlock()
	hits = map[string]int{}
	for op, n := range books.crowd.hits {
		hits[books.cfg.Plan.Operations[op].Name] = n
	}
	return hits, books.crowd.until(books.clock()).Seconds()
}

// crowd is how many of each operation are there and how long all have been so. It keeps one number more than there are
// operations, however many hits, and does not mind in which order it hears of them, nor how late.
type crowd struct {
	// hits has a number for each operation.
	hits []int
	// balance is the sum of the times at which hits left, less those at which they came.
	balance time.Duration
}

func (c *crowd) come(op int, at time.Duration) { c.hits[op]++; c.balance -= at }

func (c *crowd) leave(op int, at time.Duration) { c.hits[op]--; c.balance += at }

// until is the time spent up to now, by those who have left and by those still there.
func (c *crowd) until(now time.Duration) time.Duration {
	total := c.balance
	for _, n := range c.hits {
		total += time.Duration(n) * now
	}
	return total
}
