package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// even is the schedule of a plan with one stage after the other, hits evenly spaced and operations in turn.
func even(p *scenarios.Plan) iter.Seq[scenarios.Hit] {
	return func(yield func(scenarios.Hit) bool) {
		var seq uint64
		for stage, s := range p.Stages {
			for i := range s.Hits {
				due := s.Begin + time.Duration(float64(s.End-s.Begin)*float64(i)/float64(s.Hits))
				n := uint64(len(p.Operations))
				h := scenarios.Hit{Seq: seq, Due: due, Stage: stage, Operation: int(seq % n), N: seq / n}
				if seq++; !yield(h) {
					return
				}
			}
		}
	}
}

// hold is a plan of stages of the given length, rate hits per second each, over the operations named.
func hold(rate int, length time.Duration, stages int, ops ...string) *scenarios.Plan {
	p := &scenarios.Plan{Timeout: 30 * time.Second}
	for i := range stages {
		p.Stages = append(p.Stages, scenarios.PlannedStage{
			Name: string(rune('a' + i)), Begin: time.Duration(i) * length, End: time.Duration(i+1) * length,
			Hits: uint64(float64(rate) * length.Seconds()), Measure: true,
		})
	}
	for _, op := range ops {
		p.Operations = append(p.Operations, scenarios.Operation{Name: op, Share: 1 / float64(len(ops))})
	}
	return p
}

// get is a source of GET requests to one address, whose answers are all right.
type get struct{ url string }

func (g get) Request(context.Context, string, scenarios.Hit) (*http.Request, error) {
	return http.NewRequest(http.MethodGet, g.url, nil)
}

func (get) Check(string, scenarios.Hit, int, []byte) Outcome { return Outcome{} }

func (get) API(string, scenarios.Hit) string { return "" }

// sums collects windows and what they add up to.
type sums struct {
	mu       sync.Mutex
	windows  []record.Window
	total    Totals
	response record.Histogram
	errors   map[string]uint64
}

func (s *sums) emit(w record.Window) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.errors == nil {
		s.errors = map[string]uint64{}
	}
	w.Counts = slices.Clone(w.Counts)
	s.total.add(&w)
	s.response.Merge(w.Response)
	left := w.Failed
	for class, n := range w.Errors {
		s.errors[class] += n
		left -= n
	}
	if left != 0 {
		return fmt.Errorf("classes do not add up to the %d failed: %v", w.Failed, w.Errors)
	}
	w.Response, w.Service, w.Lag, w.Errors = record.Histogram{}, record.Histogram{}, record.Histogram{}, nil
	s.windows = append(s.windows, w)
	return nil
}

// balance fails the test when the books do not add up.
func balance(t testing.TB, s *sums, got Totals) {
	t.Helper()
	got.LagP99Seconds, got.Realtime = 0, false
	if diff := cmp.Diff(s.total, got); diff != "" {
		t.Errorf("totals are not the sum of the windows (-windows +totals):\n%s", diff)
	}
	for _, w := range append(s.windows, record.Window{Op: "total", Offered: got.Offered, Sent: got.Sent, Missed: got.Missed, Completed: got.Completed, Failed: got.Failed}) {
		if w.Offered != w.Sent+w.Missed || w.Sent != w.Completed+w.Failed {
			t.Errorf("window does not add up: %+v", w)
		}
	}
}

// transport answers in process.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int) *http.Response {
	return &http.Response{StatusCode: status, Body: http.NoBody}
}

// after waits on the clock or for the request's context.
func after(r *http.Request, d time.Duration) (*http.Response, error) {
	select {
	case <-time.After(d):
		return answer(http.StatusOK), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func sleep(ctx context.Context, until time.Time) {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// stallFrom and stallTo bound the stall on the trial's clock: nothing is answered for 2 s in a run of 10 s at 200/s,
// evenly spaced, and everything at once otherwise. A hit due u seconds into the stall waits 2-u. Of 2000 hits 400 fall
// into the stall and wait evenly between 0 and 2 s, so the 5 % slowest (100 hits) are the first 100 of these, and p95 is
// 2 s * (400-100)/400 = 1.5 s. With ten workers only ten hits are in flight during the stall and 390 queue behind them:
// a clock that starts when they leave the queue reads 3 ms.
const (
	stallFrom = 3 * time.Second
	stallTo   = 5 * time.Second
	stallP95  = 1.5
)

// stalled runs the stall at ten workers and at any number of them.
func stalled(t *testing.T, do func(t *testing.T, cfg Config, s *sums)) {
	for name, workers := range map[string]uint64{"ten workers": 10, "unlimited": 0} {
		t.Run(name, func(t *testing.T) {
			var s sums
			do(t, Config{Plan: hold(200, 10*time.Second, 1, "verify"), Workers: workers, Emit: s.emit}, &s)
		})
	}
}

// completed runs cfg and fails the test unless each of the 2000 hits got its answer.
func completed(t *testing.T, cfg Config, s *sums) {
	t.Helper()
	totals, err := run(t.Context(), cfg, even(cfg.Plan))
	if err != nil {
		t.Fatal(err)
	}
	balance(t, s, totals)
	if totals.Offered != 2000 || totals.Completed != 2000 {
		t.Errorf("got %+v, want 2000 offered and completed", totals)
	}
}

// In fake time the arithmetic holds to the digits of the histogram.
func TestStallOnTheFakeClock(t *testing.T) {
	stalled(t, func(t *testing.T, cfg Config, s *sums) {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			cfg.Source, cfg.Sleep = get{"http://system"}, sleep
			cfg.Transport = transport(func(r *http.Request) (*http.Response, error) {
				if at := time.Since(begin); at >= stallFrom && at < stallTo {
					return after(r, stallTo-at)
				}
				return answer(http.StatusOK), nil
			})
			completed(t, cfg, s)
			if p95 := s.response.Quantile(0.95); p95 < stallP95*0.999 || p95 > stallP95*1.001 {
				t.Errorf("p95: got %v s, want %v s", p95, stallP95)
			}
		})
	})
}

// On a real server the machine's own load adds to the stall, so the truth is what the server says: when it answered each
// hit, against when that was due. It is never below the arithmetic.
func TestStallOfAServer(t *testing.T) {
	if testing.Short() {
		t.Skip("-short waits for no server")
	}
	stalled(t, func(t *testing.T, cfg Config, s *sums) {
		t.Parallel()
		cfg.Begin = time.Now().Add(100 * time.Millisecond)
		answered := make([]time.Duration, 2000)
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if at := time.Since(cfg.Begin); at >= stallFrom && at < stallTo {
				time.Sleep(stallTo - at)
			}
			n, err := strconv.Atoi(r.URL.Query().Get("n"))
			if err != nil {
				t.Error(err)
				return
			}
			answered[n] = time.Since(cfg.Begin)
		}))
		defer server.Close()
		cfg.Source = numbered{get{server.URL}}
		completed(t, cfg, s)
		truth := slowest(answered, even(cfg.Plan), 100)
		if truth < stallP95*0.99 {
			t.Fatalf("the server says p95 is %v s, want at least %v s: it did not stall", truth, stallP95)
		}
		if p95 := s.response.Quantile(0.95); p95 < truth*0.95 || p95 > truth*1.05 {
			t.Errorf("p95: got %v s, want %v s within 5 %%", p95, truth)
		}
	})
}

// numbered tells the server the number of each hit.
type numbered struct{ get }

func (s numbered) Request(_ context.Context, _ string, hit scenarios.Hit) (*http.Request, error) {
	return http.NewRequest(http.MethodGet, fmt.Sprintf("%s/?n=%d", s.url, hit.N), nil)
}

// slowest is the response time in seconds that just count hits exceeded.
func slowest(answered []time.Duration, hits iter.Seq[scenarios.Hit], count int) float64 {
	var waits []time.Duration
	for h := range hits {
		waits = append(waits, answered[h.N]-h.Due)
	}
	slices.Sort(waits)
	return waits[len(waits)-1-count].Seconds()
}

// 4.8 % of the answers take 100 ms, the others 10 ms: p95 lies just inside the fast ones, and a summary that blurs the
// edge between the two reads up to ten times too much. In fake time nothing else takes time, so p95 is 10 ms and p96,
// the first percentile inside the slow ones, 100 ms.
func TestBimodal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sums
		cfg := Config{Plan: hold(500, 20*time.Second, 1, "verify"), Source: slowEvery{}, Sleep: sleep, Emit: s.emit,
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				if r.URL.Path == "/slow" {
					return after(r, 100*time.Millisecond)
				}
				return after(r, 10*time.Millisecond)
			})}
		totals, err := run(t.Context(), cfg, even(cfg.Plan))
		if err != nil {
			t.Fatal(err)
		}
		balance(t, &s, totals)
		for q, want := range map[float64]float64{0.95: 0.010, 0.96: 0.100} {
			if got := s.response.Quantile(q); got < want*0.99 || got > want*1.01 {
				t.Errorf("quantile %v: got %v, want %v within 1 %%", q, got, want)
			}
		}
	})
}

// slowEvery makes 48 of each 1000 requests slow, spread evenly.
type slowEvery struct{ get }

func (slowEvery) Request(_ context.Context, _ string, hit scenarios.Hit) (*http.Request, error) {
	path := "/fast"
	if hit.N*48%1000 < 48 {
		path = "/slow"
	}
	return http.NewRequest(http.MethodGet, "http://system"+path, nil)
}

// hour is a calm, a ramp and a plateau: 20 minutes at 40/s, from 40/s to 120/s and at 80/s.
func hour() *scenarios.Plan {
	const third = 20 * time.Minute
	return &scenarios.Plan{
		Seed: 7, Arrivals: scenarios.Poisson, Timeout: time.Second, Trials: []scenarios.Trial{{State: scenarios.Baseline}},
		Operations: []scenarios.Operation{{Name: "verify", Share: 0.75}, {Name: "login", Share: 0.25}},
		Stages: []scenarios.PlannedStage{
			{Name: "calm", End: third, From: 40, To: 40, Hits: 40 * 1200},
			{Name: "ramp", Begin: third, End: 2 * third, From: 40, To: 120, Hits: 80 * 1200},
			{Name: "plateau", Begin: 2 * third, End: 3 * third, From: 80, To: 80, Hits: 80 * 1200},
		},
	}
}

// An hour passes in seconds of real time, with exactly the planned hits in each stage, operation and second.
func TestHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sums
		plan := hour()
		begin := time.Now()
		totals, err := Run(t.Context(), Config{Plan: plan, Source: get{"http://system"}, Sleep: sleep, Emit: s.emit,
			Transport: transport(func(*http.Request) (*http.Response, error) { return answer(http.StatusOK), nil })})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took < time.Hour-time.Second || took > time.Hour {
			t.Errorf("took %v on the fake clock, want the hour", took)
		}
		balance(t, &s, totals)
		if totals.Completed != 240_000 || totals.LagP99Seconds > 1e-6 {
			t.Errorf("got %+v, want 240000 completed, all on time", totals)
		}
		if diff := cmp.Diff(planned(plan, plan.Hits(0)), s.offered(t)); diff != "" {
			t.Errorf("offered (-plan +windows):\n%s", diff)
		}
		stages := map[string]uint64{}
		for _, w := range s.windows {
			stages[w.Stage] += w.Completed
		}
		if diff := cmp.Diff(map[string]uint64{"calm": 48_000, "ramp": 96_000, "plateau": 96_000}, stages); diff != "" {
			t.Errorf("completed per stage (-want +got):\n%s", diff)
		}
	})
}

// The server stops answering for good. What waits fails by timeout, what never got a worker is missed, and the run ends
// when the drain is over.
func TestHang(t *testing.T) {
	for _, tt := range []struct {
		name          string
		workers       uint64
		timeout       time.Duration
		drain         time.Duration
		sent, missed  uint64
		took, atLeast time.Duration
	}{
		// Each hit of the second half waits out its timeout of 5 s.
		{"unlimited", 0, 5 * time.Second, 0, 1000, 0, 15*time.Second + time.Millisecond, 14 * time.Second},
		// Ten hits hold the ten workers until the drain of 2 s is over; 490 find no worker.
		{"ten workers", 10, time.Minute, 2 * time.Second, 510, 490, 12*time.Second + time.Millisecond, 12 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				var s sums
				cfg := Config{Plan: hold(100, 5*time.Second, 2, "verify"), Source: get{"http://system"}, Sleep: sleep, Emit: s.emit,
					Timeout: tt.timeout, Drain: tt.drain, Workers: tt.workers,
					Transport: transport(func(r *http.Request) (*http.Response, error) {
						if time.Since(begin) >= 5*time.Second {
							return after(r, time.Hour)
						}
						return answer(http.StatusOK), nil
					})}
				totals, err := run(t.Context(), cfg, even(cfg.Plan))
				if err != nil {
					t.Fatal(err)
				}
				balance(t, &s, totals)
				want := Totals{Offered: 1000, Sent: tt.sent, Completed: 500, Failed: tt.sent - 500, Missed: tt.missed}
				if diff := cmp.Diff(want, s.total); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if s.errors["timeout"] != tt.sent-500 {
					t.Errorf("errors: got %v, want only timeouts", s.errors)
				}
				if took := time.Since(begin); took < tt.atLeast || took > tt.took {
					t.Errorf("took %v, want %v to %v", took, tt.atLeast, tt.took)
				}
			})
		})
	}
}

// The end of the context ends the run at once: only what was due is offered, what was in flight is missed, nobody's
// failure, and the cause is returned.
func TestCancel(t *testing.T) {
	for _, workers := range []uint64{0, 3} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			ctx, cancel := context.WithCancelCause(t.Context())
			cause := errors.New("enough")
			time.AfterFunc(4505*time.Millisecond, func() { cancel(cause) })
			var s sums
			cfg := Config{Plan: hold(100, 10*time.Second, 1, "verify"), Source: get{"http://system"}, Sleep: sleep, Emit: s.emit, Workers: workers,
				Transport: transport(func(r *http.Request) (*http.Response, error) {
					if time.Since(begin) >= 4*time.Second {
						return after(r, time.Hour)
					}
					return answer(http.StatusOK), nil
				})}
			totals, err := run(ctx, cfg, even(cfg.Plan))
			if !errors.Is(err, cause) {
				t.Errorf("got %v, want the cause", err)
			}
			if took := time.Since(begin); took != 4505*time.Millisecond {
				t.Errorf("took %v, want an end at once", took)
			}
			balance(t, &s, totals)
			// Due every 10 ms from 0 to 4.50 s: 451 hits, of which the 400 before 4 s were answered.
			want := Totals{Offered: 451, Sent: 400, Completed: 400, Missed: 51}
			if diff := cmp.Diff(want, s.total); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// An Emit that fails ends the run with its error.
func TestEmitFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		cfg := Config{Plan: hold(100, 10*time.Second, 1, "verify"), Source: get{"http://system"}, Sleep: sleep,
			Emit:      func(record.Window) error { return full },
			Transport: transport(func(*http.Request) (*http.Response, error) { return answer(http.StatusOK), nil })}
		begin := time.Now()
		totals, err := run(t.Context(), cfg, even(cfg.Plan))
		if !errors.Is(err, full) || time.Since(begin) > 2*time.Second {
			t.Errorf("got %v after %v, want the error of Emit within the second", err, time.Since(begin))
		}
		if totals.Offered != totals.Sent+totals.Missed || totals.Offered == 0 {
			t.Errorf("got %+v, want balanced totals", totals)
		}
	})
}

// judge is a source that fails to make some requests and finds fault with some answers.
type judge struct{}

func (judge) Request(_ context.Context, op string, _ scenarios.Hit) (*http.Request, error) {
	switch op {
	case "impossible":
		return nil, errors.New("no token")
	case "broken":
		return nil, fmt.Errorf("the login failed: %w", ErrBrokenSession)
	}
	return http.NewRequest(http.MethodPost, "http://system/"+op, strings.NewReader("body"))
}

func (judge) Check(op string, _ scenarios.Hit, status int, body []byte) Outcome {
	switch {
	case status == http.StatusTeapot:
		return Outcome{Class: "status_418"}
	case op == "wrong":
		return Outcome{Broken: Checks(0).With(1, true).With(0, false), Tested: Checks(0).With(0, true).With(1, true), Rechecked: len(body) == 4, Acknowledged: 2}
	}
	return Outcome{}
}

func (judge) API(op string, _ scenarios.Hit) string { return "POST " + op }

func TestOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sums
		cfg := Config{Plan: hold(100, time.Second, 1, "impossible", "teapot", "wrong", "down", "broken"), Source: judge{}, Sleep: sleep, Emit: s.emit,
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				status := map[string]int{"/teapot": http.StatusTeapot, "/down": http.StatusServiceUnavailable, "/wrong": http.StatusOK}[r.URL.Path]
				if r.Header.Get("X-Vegeta-Seq") != "" {
					t.Error("the generator's own header reached the system")
				}
				return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("four")), ContentLength: -1}, nil
			})}
		cfg.Plan.Checks = []scenarios.Check{{Name: "unkind", Chances: "asked"}, {Name: "untrue", Chances: "told"}}
		totals, err := run(t.Context(), cfg, even(cfg.Plan))
		if err != nil {
			t.Fatal(err)
		}
		balance(t, &s, totals)
		if diff := cmp.Diff(map[string]uint64{"request": 20, "status_418": 20, "status_503": 20, "broken_session": 20}, s.errors); diff != "" {
			t.Errorf("classes (-want +got):\n%s", diff)
		}
		w := s.windows[2]
		want := record.Counts{{Name: "unkind"}, {Name: "untrue", N: 20}, {Name: "asked", N: 20}, {Name: "told", N: 20}}
		if diff := cmp.Diff(want, w.Counts); w.Op != "wrong" || diff != "" || w.Rechecked != 20 || w.Acknowledged != 40 {
			t.Errorf("got %+v: %s", w, diff)
		}
	})
}
