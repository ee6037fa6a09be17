package reports

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// noise is a series around one with the given deviation, each value phi of the one before and the rest new.
func noise(random *rand.Rand, n int, phi, deviation float64) []float64 {
	values, state := make([]float64, n), random.NormFloat64()
	for i := range values {
		state = phi*state + math.Sqrt(1-phi*phi)*random.NormFloat64()
		// Log-normal: response times have a long tail and never fall below zero.
		values[i] = math.Exp(deviation * state)
	}
	return values
}

// Noise is called unsettled in at most 1 % of trials when it has no memory, and in at most 2 % when most of each second
// is that of the one before.
func TestNoiseSettles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const trials = 3000
	for _, n := range []int{8, 10, 15, 30, 60, 600} {
		for _, phi := range []float64{0, 0.3, 0.5, 0.7} {
			for _, deviation := range []float64{0.1, 0.5} {
				unsettled := 0
				for range trials {
					if _, _, settled := stat.Settle(noise(random, n, phi, deviation)); !settled {
						unsettled++
					}
				}
				share, most := float64(unsettled)/trials, 0.01
				if phi > 0.5 {
					most = 0.02
				}
				t.Logf("%d s, autoregressive %.1f, deviation %.1f: %.2f %%", n, phi, deviation, share*100)
				if share > most {
					t.Errorf("%d s, autoregressive %.1f, deviation %.1f: %.2f %% called unsettled, want at most %v", n, phi, deviation, share*100, most)
				}
			}
		}
	}
}

// A queue that grows to tenfold is found in nineteen trials of twenty, one to threefold in four of five, and a cache that
// still fills in three of four; the longer the trial, the more surely.
func TestDriftDoesNotSettle(t *testing.T) {
	const trials = 500
	for _, drift := range []struct {
		name      string
		to, least float64
	}{
		{"a queue grows to tenfold", 10, 0.95}, {"a queue grows to threefold", 3, 0.8}, {"a cache fills, down to half", 0.5, 0.75},
	} {
		for _, n := range []int{8, 15, 60, 600} {
			random, found := rand.New(rand.NewPCG(3, uint64(n))), 0
			for range trials {
				values := noise(random, n, 0.3, 0.05)
				for i := range values {
					values[i] *= 1 + (drift.to-1)*float64(i)/float64(n-1)
				}
				first, last, settled := stat.Settle(values)
				if !settled && (last > first) == (drift.to > 1) {
					found++
				}
			}
			t.Logf("%s over %d s: found in %d of %d trials", drift.name, n, found, trials)
			if float64(found) < trials*drift.least {
				t.Errorf("%s over %d s: found in %d of %d trials", drift.name, n, found, trials)
			}
		}
	}
}

func TestSettle(t *testing.T) {
	for name, tt := range map[string]struct {
		values  []float64
		settled bool
	}{
		"too short to say":         {[]float64{1, 2, 3, 4, 5, 6, 7}, true},
		"one second more":          {[]float64{1, 2, 3, 4, 5, 6, 7, 8}, false},
		"too little to matter":     {[]float64{1, 1.01, 1.02, 1.03, 1.04, 1.05, 1.06, 1.07}, true},
		"a pause in between":       {[]float64{1, 1, 1, 900, 900, 1, 1, 1, 1, 1}, true},
		"a transient, then steady": {[]float64{9, 6, 3, 1, 1.1, 1, 0.9, 1, 1.1, 1, 0.9, 1}, true},
		"a step":                   {[]float64{1, 1.1, 0.9, 1, 5, 5.1, 4.9, 5}, true},
	} {
		if _, _, settled := stat.Settle(tt.values); settled != tt.settled {
			t.Errorf("%s: got settled %v", name, settled)
		}
	}
}

// grow has the peak of a trial last ten seconds, in each of which the hits take longer by a step.
func (m *made) grow(trial int, step time.Duration) {
	m.windows = slices.DeleteFunc(m.windows, func(w record.Window) bool { return w.Trial == trial && w.Stage == "peak" })
	m.header.Stages[2].EndSeconds = 14
	for i := range m.samples {
		if s := &m.samples[i]; s.Stage == "peak" && s.Edge == "end" {
			s.AtSeconds += 6
		}
	}
	for second := range 10 {
		m.addWindow(trial, "peak", "verify", 4+second, 200, 20*time.Millisecond+time.Duration(second)*step)
	}
}

// A trial that did not settle keeps its numbers, and they have a warning beside them.
func TestUnsettledTrial(t *testing.T) {
	for _, c := range []struct {
		name  string
		step  time.Duration
		spoil func(*record.Stage)
		want  string
	}{
		{"a queue grows", 40 * time.Millisecond, nil, "peak did not settle: the mean response rose from 13.0 ms in its first quarter to 117 ms in its last"},
		{"steady", 0, nil, ""},
		{"another stage is the headline", 40 * time.Millisecond, func(s *record.Stage) { s.Name = "other" }, ""},
		{"the rate rises as well", 40 * time.Millisecond, func(s *record.Stage) { s.ToRate = 700 }, ""},
		{"the rate is a curve", 40 * time.Millisecond, func(s *record.Stage) { s.Rates = []float64{500, 600, 500} }, ""},
	} {
		m := makeRun(1, steady, "baseline", "extract-main")
		m.grow(1, c.step)
		if c.spoil != nil {
			c.spoil(&m.header.Stages[2])
			m.unread = m.header.Stages[2].Name != "peak"
		}
		_, s := m.summarized(t)
		check := s.Validity[1]
		if got := strings.Join(check.Doubts, "; "); !check.Valid || !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: got %q of a valid (%v) trial, want %q; reasons %v", c.name, got, check.Valid, c.want, check.Reasons)
		}
		if got := fmt.Sprint(s.Warnings); (c.want == "") != (len(s.Warnings) == 0) || !strings.Contains(got, c.want) {
			t.Errorf("%s: got warnings %s", c.name, got)
		}
	}
}

// An invalid trial has no number to warn of.
func TestDoubtsOfInvalidTrials(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.grow(0, 40*time.Millisecond)
	m.windows = m.windows[1:]
	_, s := m.summarized(t)
	if check := s.Validity[0]; check.Valid || len(check.Doubts) != 1 || len(s.Warnings) != 0 {
		t.Errorf("got %+v and warnings %q, want an invalid trial with a doubt and no warning", check, s.Warnings)
	}
}
