package load

import (
	"errors"
	"iter"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// small draws a plan of a few stages and operations.
func small(t *rapid.T) *scenarios.Plan {
	p := &scenarios.Plan{Timeout: 2 * time.Second}
	var begin time.Duration
	for i := range rapid.IntRange(1, 4).Draw(t, "stages") {
		end := begin + time.Duration(rapid.Int64Range(1, int64(3*time.Second)).Draw(t, "length"))
		hits := rapid.Uint64Range(0, 60).Draw(t, "hits")
		p.Stages = append(p.Stages, scenarios.PlannedStage{Name: string(rune('a' + i)), Begin: begin, End: end, Hits: hits})
		begin = end
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "operations") {
		p.Operations = append(p.Operations, scenarios.Operation{Name: string(rune('k' + i))})
	}
	return p
}

// place is what a window stands for.
type place struct {
	stage, op string
	second    int
}

// planned counts the hits of each place.
func planned(p *scenarios.Plan, hits iter.Seq[scenarios.Hit]) map[place]uint64 {
	counts := map[place]uint64{}
	for h := range hits {
		counts[place{p.Stages[h.Stage].Name, p.Operations[h.Operation].Name, int(h.Due / time.Second)}]++
	}
	return counts
}

// offered is what the windows say of each place; two windows for one place fail the test.
func (s *sums) offered(t testing.TB) map[place]uint64 {
	counts := map[place]uint64{}
	for _, w := range s.windows {
		at := place{w.Stage, w.Op, w.Second}
		if counts[at] != 0 {
			t.Errorf("two windows for %+v", at)
		}
		counts[at] = w.Offered
	}
	return counts
}

// Whatever the plan, the server and the number of workers: each window holds exactly the hits the plan has for its
// place, each place has one window, and the books balance.
func TestWindowsAreThePlan(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		plan := small(rt)
		workers := rapid.Uint64Range(0, 3).Draw(rt, "workers")
		slow := time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(rt, "slow"))
		synctest.Test(t, func(t *testing.T) {
			var s sums
			cfg := Config{Plan: plan, Source: get{"http://system"}, Sleep: sleep, Workers: workers, Emit: s.emit,
				Transport: transport(func(r *http.Request) (*http.Response, error) {
					if time.Now().Nanosecond()%3 == 0 {
						return nil, errors.New("down")
					}
					return after(r, slow)
				})}
			totals, err := run(t.Context(), cfg, even(plan))
			if err != nil {
				rt.Fatal(err)
			}
			balance(t, &s, totals)
			if diff := cmp.Diff(planned(plan, even(plan)), s.offered(t)); diff != "" {
				rt.Errorf("offered (-plan +windows):\n%s", diff)
			}
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}
