package load

import (
	"fmt"
	"sync"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// backlog is how many finished seconds may wait for Emit. It lets the disk stall for a minute unnoticed; beyond that
// the generator falls behind, which its lag shows.
const backlog = 64

// recorder accounts for every hit from its offer to its end. Its parts run in three places: the pacer offers, the
// workers write into their own hit, the consumer settles; a goroutine of its own emits, so that encoding a window never
// holds up a worker.
type recorder struct {
	cfg  Config
	fail func(error)

	mu   sync.Mutex
	hits map[uint64]*hit
	// current is the second that still takes offers.
	current *second
	free    []*second
	totals  Totals
	lag     record.Histogram
	crowd   crowd
	apis    map[apiStage]*record.Window

	finished chan *second
	emitted  sync.WaitGroup
}

// hit is one request between its offer and its end. Until the consumer has its result, the worker alone writes it.
type hit struct {
	scenarios.Hit
	second  *second
	done    time.Time
	outcome Outcome
	// api is named by whoever knows first how the hit ended.
	api string
	// cut tells that the run ended before the hit was sent, or was ended before its answer came: nobody's failure.
	cut bool
	// reconnected and resent are as in [record.Window].
	reconnected, resent bool
}

// second holds the windows of one stage and one second of due time.
type second struct {
	stage, number int
	windows       []record.Window
	// open counts the hits without an end, and one while offers may come.
	open int
}

func newRecorder(cfg Config, fail func(error)) *recorder {
	l := &recorder{cfg: cfg, fail: fail, hits: map[uint64]*hit{}, finished: make(chan *second, backlog),
		crowd: crowd{hits: make([]int, len(cfg.Plan.Operations))}, apis: map[apiStage]*record.Window{}}
	l.emitted.Go(l.emit)
	if cfg.InFlight != nil {
		cfg.InFlight.books.Store(l)
	}
	return l
}

// clock is the time on the trial's clock.
func (l *recorder) clock() time.Duration { return time.Since(l.cfg.Begin) }

// offer enters a hit that is due now.
func (l *recorder) offer(h scenarios.Hit) {
	number := int(h.Due / time.Second)
	l.mu.Lock()
	var before *second
	if c := l.current; c == nil || c.stage != h.Stage || c.number != number {
		before, l.current = c, l.fresh(h.Stage, number)
	}
	l.current.open++
	l.current.windows[h.Operation].Offered++
	l.hits[h.Seq] = &hit{Hit: h, second: l.current}
	l.crowd.come(h.Operation, h.Due)
	l.mu.Unlock()
	l.release(before)
}

// hit is the open hit with this sequence number.
func (l *recorder) hit(seq uint64) *hit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hits[seq]
}

// settle enters the end of a hit that a worker took at the time sent.
func (l *recorder) settle(seq uint64, sent time.Time) {
	h := l.named(seq)
	l.mu.Lock()
	delete(l.hits, seq)
	left := h.Due
	if !h.cut {
		left = l.clock()
		l.lag.Record(sent.Sub(l.cfg.Begin.Add(h.Due)))
	}
	for _, w := range l.windows(h) {
		if h.cut {
			w.Missed++
		} else {
			l.count(w, h, sent)
		}
	}
	l.crowd.leave(h.Operation, left)
	l.mu.Unlock()
	l.release(h.second)
}

// named is the open hit with this sequence number, with its API: working that out is not for holders of the lock.
func (l *recorder) named(seq uint64) *hit {
	h := l.hit(seq)
	if h.api == "" {
		h.api = l.cfg.Source.API(l.cfg.Plan.Operations[h.Operation].Name, h.Hit)
	}
	return h
}

// windows are where a hit that has come to its end is counted. The caller holds the lock.
func (l *recorder) windows(h *hit) []*record.Window {
	own := &h.second.windows[h.Operation]
	if h.api == "" {
		return []*record.Window{own}
	}
	at := apiStage{h.Stage, h.Operation, h.api}
	if l.apis[at] == nil {
		l.apis[at] = l.empty()
	}
	l.apis[at].Offered++
	return []*record.Window{own, l.apis[at]}
}

// count enters a hit that has its answer or its failure. The caller holds the lock.
func (l *recorder) count(w *record.Window, h *hit, sent time.Time) {
	due := l.cfg.Begin.Add(h.Due)
	w.Sent++
	w.Lag.Record(sent.Sub(due))
	if h.outcome.Class == "" {
		w.Completed++
		w.Response.Record(h.done.Sub(due))
		w.Service.Record(h.done.Sub(sent))
	} else {
		w.Failed++
		w.FailedSeconds += h.done.Sub(due).Seconds()
		w.Errors[h.outcome.Class]++
	}
	w.Reconnected += one(h.reconnected)
	w.Resent += one(h.resent)
	for place, checks := 0, len(w.Counts)/2; place < checks; place++ {
		w.Counts[place].N += uint64(h.outcome.Broken >> place & 1)
		w.Counts[checks+place].N += uint64(h.outcome.Tested >> place & 1)
	}
	w.Rechecked += one(h.outcome.Rechecked)
	w.FirstRechecks += one(h.outcome.FirstRecheck)
	w.Acknowledged += h.outcome.Acknowledged
}

// miss enters that an offered hit was never sent.
func (l *recorder) miss(seq uint64) {
	h := l.named(seq)
	l.mu.Lock()
	delete(l.hits, seq)
	for _, w := range l.windows(h) {
		w.Missed++
	}
	l.crowd.leave(h.Operation, h.Due)
	l.mu.Unlock()
	l.release(h.second)
}

// release takes one off the second's open count and passes it on to Emit when that was the last. It may wait for the
// emitter and so must not hold the lock.
func (l *recorder) release(s *second) {
	if s == nil {
		return
	}
	l.mu.Lock()
	s.open--
	last := s.open == 0
	l.mu.Unlock()
	if last {
		l.finished <- s
	}
}

// fresh is an empty second, from used memory if there is any. The caller holds the lock.
func (l *recorder) fresh(stage, number int) *second {
	if n := len(l.free); n > 0 {
		s := l.free[n-1]
		l.free = l.free[:n-1]
		s.stage, s.number, s.open = stage, number, 1
		return s
	}
	s := &second{stage: stage, number: number, open: 1, windows: make([]record.Window, len(l.cfg.Plan.Operations))}
	for i := range s.windows {
		s.windows[i] = *l.empty()
	}
	return s
}

// empty is a window without hits. Its counts are those of broken checks, then those of the chances to break them.
func (l *recorder) empty() *record.Window {
	checks := l.cfg.Plan.Checks
	w := &record.Window{Errors: map[string]uint64{}, Counts: make(record.Counts, 2*len(checks))}
	for i, check := range checks {
		w.Counts[i].Name, w.Counts[len(checks)+i].Name = check.Name, check.Chances
	}
	return w
}

// finish closes the last second, waits until everything is emitted and returns the sums.
func (l *recorder) finish() Totals {
	l.release(l.current)
	l.current = nil
	l.close()
	l.totals.LagP99Seconds = l.lag.Quantile(0.99)
	return l.totals
}

// close ends the emitter. It may be called again.
func (l *recorder) close() {
	if l.finished != nil {
		close(l.finished)
		l.emitted.Wait()
		l.finished = nil
	}
}

// emit hands out finished seconds until there are no more. After an error it only sums up.
func (l *recorder) emit() {
	var failed error
	for s := range l.finished {
		for op := range s.windows {
			w := &s.windows[op]
			if w.Offered == 0 {
				continue
			}
			l.label(w, s, op)
			l.totals.add(w)
			if failed == nil {
				if failed = l.cfg.Emit(*w); failed != nil {
					l.fail(fmt.Errorf("emit window: %w", failed))
				}
			}
			wipe(w)
		}
		l.mu.Lock()
		l.free = append(l.free, s)
		l.mu.Unlock()
	}
}

// label writes the names of a window's place.
func (l *recorder) label(w *record.Window, s *second, op int) {
	w.Trial, w.Second = l.cfg.Trial, s.number
	w.Stage, w.Op = l.cfg.Plan.Stages[s.stage].Name, l.cfg.Plan.Operations[op].Name
}

// wipe empties a window and keeps its memory.
func wipe(w *record.Window) {
	response, service, lag, classes, counts := w.Response, w.Service, w.Lag, w.Errors, w.Counts
	response.Reset()
	service.Reset()
	lag.Reset()
	clear(classes)
	for i := range counts {
		counts[i].N = 0
	}
	*w = record.Window{Response: response, Service: service, Lag: lag, Errors: classes, Counts: counts}
}

func (t *Totals) add(w *record.Window) {
	t.Offered += w.Offered
	t.Sent += w.Sent
	t.Completed += w.Completed
	t.Failed += w.Failed
	t.Missed += w.Missed
}

func one(yes bool) uint64 {
	if yes {
		return 1
	}
	return 0
}
