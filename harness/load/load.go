// Package load is the generator: it sends the hits of one trial when they are due and accounts for every one of them.
//
// Scope: [Run] plays [scenarios.Plan.Hits] against a system, open loop, and hands out [record.Window] values: what was
// offered, sent, completed, failed and missed per stage, operation and second, with histograms of response, service and
// lag. What a request looks like and whether an answer is right is the [Source]'s knowledge.
//
// Opinion: when a hit leaves depends on the plan alone, never on an answer, so a system that stalls cannot slow its own
// examination down. Latency runs from the due time. A hit that was due and never left is counted, because a percentile
// of the survivors flatters. Errors are counted by class and never collected as text. Memory grows with the hits in
// flight and the seconds still open, not with the hits sent. A hit goes out once: sent again, the failures of a system
// that dies while it works would be hidden, and its work be done twice.
//
// Steps: the pacer waits inside vegeta's loop until the next hit is due and offers it to the recorder; a worker picks it
// up, the shooter asks the source for the request, exchanges it for an answer and has that judged; the recorder settles
// the hit in its second; a second whose hits are all settled is emitted and its memory used again.
package load

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Source turns hits into requests and judges the answers. It is called from many goroutines at once.
type Source interface {
	// Request makes the request of a hit of operation op; it is called when the hit is sent. It may wait, as long as ctx
	// allows, for the answer to an earlier hit that the request depends on; that wait is part of the response time. A hit
	// whose request cannot be made fails with class "request", or "broken_session" for an [ErrBrokenSession].
	Request(ctx context.Context, op string, hit scenarios.Hit) (*http.Request, error)
	// Check judges an answer: its status and at most the first 64 KiB of its body. It is called once for each call of
	// Request; status 0 says that no answer came, and what Check says to that counts for nothing.
	Check(op string, hit scenarios.Hit, status int, body []byte) Outcome
	// API names the endpoint that the request of a hit goes to, whether or not it is ever made; empty counts for none. It
	// is a pure function.
	API(op string, hit scenarios.Hit) string
}

// ErrBrokenSession says that a request cannot be made because an earlier one of the same session failed.
var ErrBrokenSession = errors.New("an earlier request of the session failed")

// Outcome is the judgement on one answer. The zero value says: completed, nothing wrong.
type Outcome struct {
	// Class is empty for a completed hit; a failed one is counted under it, as in status_503. An answer of 500 or
	// above fails even if Check does not say so.
	Class string
	// Broken are the checks of the plan that the answer broke, and Tested those that it could have broken.
	Broken, Tested Checks
	// Rechecked, FirstRecheck and Acknowledged are as in [record.Window], of one answer.
	Rechecked, FirstRecheck bool
	Acknowledged            uint64
}

// Checks are some of the checks of a plan: bit i is the one at place i.
type Checks uint32

// With is c with the check at a place, if that is so.
func (c Checks) With(place int, so bool) Checks {
	if so {
		c |= 1 << place
	}
	return c
}

// Has tells whether the check at a place is one of them.
func (c Checks) Has(place int) bool { return c>>place&1 == 1 }

// Config says what to send, where to, and who takes the windows.
type Config struct {
	// Plan and Trial select the hits.
	Plan  *scenarios.Plan
	Trial int
	// Source makes the requests.
	Source Source
	// Begin is time zero of the trial's clock; zero is now.
	Begin time.Time
	// Transport carries the requests and must obey their contexts. Nil is the package's own, which speaks plain HTTP/1.1
	// on the calling goroutine, and writes each request once. Of another's it is counted which hits it sent again by itself,
	// if it tells of what it writes by net/http/httptrace.
	Transport http.RoundTripper
	// Workers bounds the hits in flight; zero is no bound. With a bound, hits queue, and their response time says so.
	Workers uint64
	// Timeout is how long an answer is awaited from the sent time; zero is Plan.Timeout.
	Timeout time.Duration
	// Drain is how long after the end of the last stage answers are awaited; zero is Timeout plus one second. A hit
	// still unanswered then has timed out, and one not yet sent is missed.
	Drain time.Duration
	// Sleep waits until a point in time or the end of the context, on the goroutine that paces. Nil is the precise one.
	// Only with the precise one does the generator take precedence over other processes.
	Sleep func(ctx context.Context, until time.Time)
	// Emit takes each finished window, one after the other, about in the order of their seconds. The window's
	// histograms and map are valid until Emit returns. An error ends the run. Nil drops the windows.
	Emit func(record.Window) error
	// EmitAPI takes, after the last window, what each API came to in each stage, under the rules of Emit. Nil drops it.
	EmitAPI func(record.APIWindow) error
	// InFlight, if set, is told of the hits under way. It serves one Run.
	InFlight *InFlight
}

// Totals are the sums over all windows of the trial: Offered = Sent + Missed and Sent = Completed + Failed.
type Totals struct {
	// Offered hits were due. Missed ones were never sent, or cut off by the end of the context.
	Offered, Sent, Completed, Failed, Missed uint64
	// LagP99Seconds is the 99th percentile of sent minus due.
	LagP99Seconds float64
	// Realtime tells that the generator had real-time priority over the system.
	Realtime bool
}

// errDrained is why the context of the requests ends when the drain is over.
var errDrained = errors.New("load: drain is over")

// Run sends the hits of one trial and returns when each is accounted for and emitted. When ctx ends, it stops at once,
// accounts for the hits that were due by then, and returns the cause of ctx beside the totals.
func Run(ctx context.Context, cfg Config) (Totals, error) {
	if cfg.Plan == nil || cfg.Source == nil {
		return Totals{}, errors.New("load: Config needs a Plan and a Source")
	}
	return run(ctx, cfg, cfg.Plan.Hits(cfg.Trial))
}

// run is Run for any sequence of hits in order of Due whose Seq counts from zero.
func run(outer context.Context, cfg Config, hits iter.Seq[scenarios.Hit]) (Totals, error) {
	cfg = cfg.withDefaults()
	outer, fail := context.WithCancelCause(outer)
	defer fail(nil)
	ctx, cancel := context.WithDeadlineCause(outer, cfg.deadline(), errDrained)
	defer cancel()

	realtime, end := cfg.precedence()
	defer end()
	books := newRecorder(cfg, fail)
	defer books.close()
	carrier := cfg.carrier(ctx)
	defer carrier.close()
	pace := newPacer(ctx, cfg, books, hits)
	defer pace.close()

	attack(cfg, pace, &shooter{ctx: ctx, cfg: cfg, books: books, carrier: carrier})
	pace.missRest(time.Now())
	totals := books.finish()
	if err := books.emitAPIs(); err != nil {
		fail(err)
	}
	totals.Realtime = realtime
	if err := context.Cause(outer); err != nil {
		return totals, fmt.Errorf("load trial %d: %w", cfg.Trial, err)
	}
	return totals, nil
}

// attack drives vegeta until every hit offered has its result. The end of the context comes to it by the pacer, which
// stops, and by the carrier, which frees the workers. An Attacker serves one attack only: a second one on it ends after
// a few hits.
func attack(cfg Config, pace *pacer, shoot *shooter) {
	attacker := vegeta.NewAttacker(vegeta.MaxWorkers(cfg.Workers), vegeta.Client(&http.Client{Transport: shoot}))
	// The shooter makes the real request; vegeta's carries only the sequence number to it.
	blank := func(t *vegeta.Target) error {
		t.Method, t.URL = http.MethodGet, "http://hit"
		return nil
	}
	for result := range attacker.Attack(blank, pace, 0, "") {
		shoot.books.settle(result.Seq, result.Timestamp)
	}
}

func (c Config) withDefaults() Config {
	if c.Begin.IsZero() {
		c.Begin = time.Now()
	}
	if c.Timeout == 0 {
		c.Timeout = c.Plan.Timeout
	}
	if c.Drain == 0 {
		c.Drain = c.Timeout + time.Second
	}
	if c.Workers == 0 {
		c.Workers = math.MaxUint64
	}
	if c.Emit == nil {
		c.Emit = func(record.Window) error { return nil }
	}
	return c
}

// precedence takes it, and completes the config, where time is real.
func (c *Config) precedence() (realtime bool, end func()) {
	if c.Sleep != nil {
		return false, func() {}
	}
	c.Sleep = preciseSleep
	return takePrecedence()
}

// deadline is when the drain is over.
func (c Config) deadline() time.Time {
	end := c.Drain
	if n := len(c.Plan.Stages); n > 0 {
		end += c.Plan.Stages[n-1].End
	}
	return c.Begin.Add(end)
}

func (c Config) carrier(ctx context.Context) carrier {
	if c.Transport != nil {
		return foreign{ctx: ctx, transport: c.Transport}
	}
	return newWire(ctx)
}
