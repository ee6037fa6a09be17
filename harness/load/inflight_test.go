package load

import (
	"errors"
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// 200 hits a second that take 100 ms each are 20 in flight, at any moment and on average; before the first and after the
// last there is none.
func TestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var crowd InFlight
		var beside sync.WaitGroup
		cfg := Config{Plan: hold(200, 10*time.Second, 1, "verify"), Source: get{"http://system"}, Sleep: sleep, InFlight: &crowd,
			Begin:     time.Now().Add(time.Second),
			Transport: transport(func(r *http.Request) (*http.Response, error) { return after(r, 100*time.Millisecond) })}
		beside.Go(func() {
			// Between two hits, so that no reading falls on the moment when one comes or goes.
			time.Sleep(2*time.Second + 2*time.Millisecond)
			hits, before := crowd.Read()
			time.Sleep(5 * time.Second)
			again, after := crowd.Read()
			if mean := (after - before) / 5; hits["verify"] != 20 || again["verify"] != 20 || math.Abs(mean-20) > 1e-6 {
				t.Errorf("got %v and %v in flight and %v on average, want 20", hits, again, mean)
			}
		})
		if hits, seconds := crowd.Read(); len(hits) > 0 || seconds != 0 {
			t.Errorf("before the run: got %v in flight and %v s", hits, seconds)
		}
		if _, err := run(t.Context(), cfg, even(cfg.Plan)); err != nil {
			t.Fatal(err)
		}
		beside.Wait()
		hits, seconds := crowd.Read()
		time.Sleep(time.Minute)
		if _, later := crowd.Read(); hits["verify"] != 0 || math.Abs(seconds-200) > 1e-6 || later != seconds {
			t.Errorf("after the run: got %v in flight, %v s and a minute later %v s; want none and 2,000 times 100 ms", hits, seconds, later)
		}
	})
}

// What the crowd says and what the histograms say is the same, whether hits complete, fail, time out or are never sent, and
// whether they leave at once or queue for a worker.
func TestInFlightAgreesWithTheHistograms(t *testing.T) {
	for name, workers := range map[string]uint64{"unlimited": 0, "eight workers": 8} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var crowd InFlight
				var failed uint64
				var booked float64
				cfg := Config{Plan: hold(100, 10*time.Second, 1, "verify", "login"), Source: numbered{get{"http://system"}}, Sleep: sleep,
					InFlight: &crowd, Workers: workers, Timeout: 400 * time.Millisecond, Transport: transport(mixed),
					Emit: func(w record.Window) error {
						booked += w.Response.Mean()*float64(w.Response.Count()) + w.FailedSeconds
						failed += w.Failed
						return nil
					}}
				totals, err := run(t.Context(), cfg, even(cfg.Plan))
				if err != nil {
					t.Fatal(err)
				}
				_, seconds := crowd.Read()
				// The histograms know a time to one part in a thousand.
				if math.Abs(seconds-booked) > 0.001*booked || seconds < 10 || failed < 200 || totals.Completed < 200 || (totals.Missed > 0) != (workers > 0) {
					t.Errorf("got %v s in flight and %v s booked, %d failed of %+v", seconds, booked, failed, totals)
				}
			})
		})
	}
}

// mixed answers some requests at once, some late, some never; and some fail in between.
func mixed(r *http.Request) (*http.Response, error) {
	switch n := r.URL.Query().Get("n"); n[len(n)-1] {
	case '0', '1':
		return after(r, time.Hour)
	case '2':
		if _, err := after(r, 70*time.Millisecond); err != nil {
			return nil, err
		}
		return nil, errors.New("broken")
	case '3', '4', '5':
		return after(r, 30*time.Millisecond)
	}
	return after(r, time.Millisecond)
}
