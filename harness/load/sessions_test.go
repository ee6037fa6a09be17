package load

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// echo is a minute of logins whose tokens live half a minute.
const echo = `version: 1
name: echo
traffic:
  mix: {login: 100%}
  sessions: {steps: [verify], repeat: 60, think: 2s, token_life: 30s, jitter: JITTER}
  stages:
    - {name: logins, hold: 20/s, for: 1m}
    - {name: after, hold: 0/s, for: 30s}
`

// The refreshes that are measured are those planned, second for second: without jitter the logins of half a minute before,
// and with it an echo that begins at 24 s and not with all its height.
func TestEcho(t *testing.T) {
	for _, jitter := range []string{"0%", "20%"} {
		s, err := scenarios.Parse("echo.yaml", []byte(strings.Replace(echo, "JITTER", jitter, 1)), reference())
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			plan := s.Plan()
			completed := completedOf(t, plan)
			for second := range 90 {
				want := completed["login"][second-30] + completed["refresh"][second-30]
				if got := completed["refresh"][second]; jitter == "0%" && got != want {
					t.Errorf("second %d: %d refreshes, want %d", second, got, want)
				}
			}
			// Of the edge from 24 s to 30 s the first second has a twelfth of twenty, and no jitter none at all.
			if early := completed["refresh"][26] + completed["refresh"][27]; (early > 0) != (jitter == "20%") {
				t.Errorf("jitter %s: %d refreshes from 26 s to 28 s", jitter, early)
			}
			for hit := range plan.Hits(0) {
				completed[plan.Operations[hit.Operation].Name][int(hit.Due/time.Second)]--
			}
			for op, left := range completed {
				for second, n := range left {
					if n != 0 {
						t.Errorf("jitter %s, %s in second %d: %d more were measured than planned", jitter, op, second, int64(n))
					}
				}
			}
		})
	}
}

// completedOf plays the first trial and counts the hits answered by operation and second.
func completedOf(t *testing.T, plan *scenarios.Plan) map[string]map[int]uint64 {
	t.Helper()
	var s sums
	_, err := Run(t.Context(), Config{Plan: plan, Source: get{"http://system"}, Sleep: sleep, Emit: s.emit,
		Transport: transport(func(*http.Request) (*http.Response, error) { return answer(http.StatusOK), nil })})
	if err != nil {
		t.Fatal(err)
	}
	completed := map[string]map[int]uint64{}
	for _, op := range plan.Operations {
		completed[op.Name] = map[int]uint64{}
	}
	for _, w := range s.windows {
		completed[w.Op][w.Second] += w.Completed
	}
	return completed
}

// waiter is a source whose second hit of a session waits for the answer to the first, and that counts the checks.
type waiter struct {
	get
	answered chan struct{}
	checks   *atomic.Int64
	lost     *atomic.Int64
}

func (w waiter) Request(ctx context.Context, op string, hit scenarios.Hit) (*http.Request, error) {
	if hit.Step == 1 {
		select {
		case <-w.answered:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return w.get.Request(ctx, op, hit)
}

func (w waiter) Check(_ string, hit scenarios.Hit, status int, _ []byte) Outcome {
	w.checks.Add(1)
	if status == 0 {
		w.lost.Add(1)
	} else if hit.Step == 0 {
		close(w.answered)
	}
	return Outcome{}
}

// A hit that has to wait for another's answer is timed from when it was due, gives up when a hit without an answer would,
// and in any case its source hears of each hit once.
func TestHitsThatWait(t *testing.T) {
	for _, tt := range []struct {
		answer time.Duration
		want   float64
		class  map[string]uint64
		lost   int64
	}{
		{700 * time.Millisecond, 1.3, map[string]uint64{}, 0},
		{3 * time.Second, 1, map[string]uint64{"timeout": 2}, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			var s sums
			source := waiter{get{"http://system"}, make(chan struct{}), new(atomic.Int64), new(atomic.Int64)}
			cfg := Config{Plan: hold(1, time.Second, 1, "verify"), Source: source, Sleep: sleep, Emit: s.emit, Timeout: 2 * time.Second,
				Transport: transport(func(r *http.Request) (*http.Response, error) { return after(r, tt.answer) })}
			hits := slices.Values([]scenarios.Hit{{Session: true}, {Seq: 1, Due: 100 * time.Millisecond, Session: true, Step: 1}})
			totals, err := run(t.Context(), cfg, hits)
			if err != nil {
				t.Fatal(err)
			}
			balance(t, &s, totals)
			if source.checks.Load() != 2 || source.lost.Load() != tt.lost {
				t.Errorf("the source heard of %d hits, %d without an answer, want 2 and %d", source.checks.Load(), source.lost.Load(), tt.lost)
			}
			if diff := cmp.Diff(tt.class, s.errors); diff != "" {
				t.Errorf("classes (-want +got):\n%s", diff)
			}
			// Answered at 700 ms and at 1400 ms, of which 100 ms had passed before it was due.
			if got := s.response.Quantile(1); tt.lost == 0 && (got < tt.want*0.99 || got > tt.want*1.01) {
				t.Errorf("the longest response took %v s, want %v s", got, tt.want)
			}
		})
	}
}
