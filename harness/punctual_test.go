package harness

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rehearse-dev/rehearse/harness/load"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// failing refuses one hit in so many; zero refuses none.
type failing struct {
	answers
	every uint64
	n     *atomic.Uint64
}

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if n := f.n.Add(1); f.every > 0 && n%f.every == 0 {
		return nil, errors.New("refused")
	}
	return f.answers.RoundTrip(r)
}

// The run loop and the judge find the same trials late, from the same hits: a hit that failed took longer than any.
func TestRunLoopAndJudgeAgreeOnLateness(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lag   time.Duration
		every uint64
		late  bool
	}{
		{"in time", 0, 0, false},
		{"late", 40 * time.Millisecond, 0, true},
		{"late, and few hits failed", 40 * time.Millisecond, 40, true},
		{"late, and overloaded", 40 * time.Millisecond, 5, false},
		{"in time, and overloaded", 0, 5, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				play := func(ctx context.Context, cfg load.Config) (load.Totals, error) {
					cfg.Transport = failing{5e6, tt.every, new(atomic.Uint64)}
					cfg.Sleep = func(_ context.Context, until time.Time) { time.Sleep(time.Until(until.Add(tt.lag))) }
					return load.Run(ctx, cfg)
				}
				run, err := rehearse(t, t.Context(), Config{Plan: plan("baseline"), System: &system{}, Load: play})
				if err != nil {
					t.Fatal(err)
				}
				repeated := slices.ContainsFunc(run.Events, func(e record.Event) bool { return e.Kind == record.EventRepeat })
				s, err := judge.Examine(run).Summarize(nil, &scenarios.Scenario{})
				if err != nil {
					t.Fatal(err)
				}
				judged := strings.Contains(strings.Join(s.Validity[0].Reasons, "; "), "the generator was late")
				if repeated != tt.late || judged != tt.late {
					t.Errorf("repeated %v, and judged late %v (%q); want %v for both", repeated, judged, s.Validity[0].Reasons, tt.late)
				}
			})
		})
	}
}
