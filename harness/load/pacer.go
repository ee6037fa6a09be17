package load

import (
	"context"
	"iter"
	"time"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// pacer is the plan's schedule as vegeta's loop sees it. It waits inside Pace, not by the returned duration, because
// vegeta's own wait can neither be cut short nor slept precisely.
type pacer struct {
	ctx   context.Context
	cfg   Config
	books *recorder
	next  func() (scenarios.Hit, bool)
	close func()
	// held was taken from the plan when the context ended and is not offered yet.
	held *scenarios.Hit
}

func newPacer(ctx context.Context, cfg Config, books *recorder, hits iter.Seq[scenarios.Hit]) *pacer {
	next, stop := iter.Pull(hits)
	return &pacer{ctx: ctx, cfg: cfg, books: books, next: next, close: stop}
}

// Pace implements vegeta.Pacer: it returns when the next hit is due, or true when there is none. vegeta calls it once
// for every hit, in order, from one goroutine.
func (p *pacer) Pace(time.Duration, uint64) (time.Duration, bool) {
	hit, ok := p.next()
	if !ok {
		return 0, true
	}
	p.cfg.Sleep(p.ctx, p.cfg.Begin.Add(hit.Due))
	if p.ctx.Err() != nil {
		p.held = &hit
		return 0, true
	}
	p.books.offer(hit)
	return 0, false
}

// Rate implements vegeta.Pacer. Only vegeta's own reports ask for it.
func (p *pacer) Rate(time.Duration) float64 { return 0 }

// missRest accounts for the hits due by now that were not offered. vegeta's loop has ended, and whatever was offered
// found a worker.
func (p *pacer) missRest(now time.Time) {
	hit, ok := scenarios.Hit{}, true
	if p.held != nil {
		hit = *p.held
	} else {
		hit, ok = p.next()
	}
	for ok && !p.cfg.Begin.Add(hit.Due).After(now) {
		p.books.offer(hit)
		p.books.miss(hit.Seq)
		hit, ok = p.next()
	}
}
