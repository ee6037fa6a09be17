package reports

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

const (
	waitKey  = "wait_seconds_total{process=generator}"
	turnsKey = "turns_total{process=generator}"
)

// watchGenerator adds what is read of the generator itself: five turns for each hit that wait so long, so much steal in
// each second, and the hits in flight as the windows have them.
func (m *made) watchGenerator(perTurn time.Duration, steal float64) {
	seconds, hits := map[int]float64{}, map[int]float64{}
	for _, w := range m.windows {
		seconds[w.Trial] += w.Response.Mean()*float64(w.Response.Count()) + w.FailedSeconds
		hits[w.Trial] += float64(w.Offered)
	}
	begin := map[int]float64{}
	for _, s := range m.samples {
		if s.Edge == "begin" && s.Stage == "" {
			begin[s.Trial] = s.AtSeconds
		}
	}
	for _, s := range m.samples {
		if s.Source != "cpu" {
			continue
		}
		at := s.AtSeconds - begin[s.Trial]
		s.Values[turnsKey] = 5 * due(at)
		s.Values[waitKey] = 5 * due(at) * perTurn.Seconds()
		s.Values["steal_seconds_total"] = 100 + at*steal
		s.Source, s.Values = "load", map[string]float64{"in_flight": 2, "in_flight_seconds_total": seconds[s.Trial] * due(at) / hits[s.Trial]}
		m.samples = append(m.samples, s)
	}
}

// A fifth of the 2 seconds of two processors that are looked at is stolen at 0.4 s in each second.
func TestGeneratorIsWatched(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.watchGenerator(20*time.Microsecond, 0.4)
	_, s := m.summarized(t)
	g := s.Validity[0].Generator
	for _, c := range []struct {
		what string
		got  stat.Number
		want float64
	}{
		{"wait per turn", g.WaitPerTurnSeconds, 20e-6}, {"wait per hit", g.WaitPerHitSeconds, 100e-6}, {"steal", g.StealRatio, 0.2},
		// 2400 hits of which a tenth take 12 ms and the others 3 ms, in 9 s.
		{"in flight", g.InFlight, 2400 * 0.0039 / 9}, {"in flight by response", g.InFlightByResponse, 2400 * 0.0039 / 9},
	} {
		if err := approximately(c.got, c.want, 0.001); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if check := s.Validity[0]; !check.Valid || len(check.Doubts) != 1 || !strings.Contains(check.Doubts[0], "the host took 20.0 % of the processors") {
		t.Errorf("got %+v, want a valid trial and a doubt about the steal", check)
	}
	if len(s.Warnings) != 1 || !strings.HasPrefix(s.Warnings[0], "trial 1 (baseline, round 1): the host took 20.0 %") {
		t.Errorf("got warnings %q, want the doubt", s.Warnings)
	}
}

// A record from where nobody can tell, or from before anybody asked, says so and is judged without.
func TestGeneratorIsNotKnown(t *testing.T) {
	_, s := makeRun(1, steady, "baseline").summarized(t)
	if g := s.Validity[0].Generator; !s.Validity[0].Valid || g.WaitPerTurnSeconds.Known() || g.StealRatio.Known() || g.InFlight.Known() {
		t.Errorf("got %+v, want a valid trial and nothing known", s.Validity[0])
	}
	var page bytes.Buffer
	if err := Print(&page, s, Options{}); err != nil {
		t.Fatal(err)
	}
	const want = "how long the generator waited for a processor is not known, what the host (steal) and other processes took of the processors is not known\n"
	if !strings.Contains(page.String(), want) || !strings.Contains(encoded(t, s), `"wait_per_turn_seconds": null`) {
		t.Errorf("the report does not say %q:\n%s", want, page.String())
	}
}

// Mean response of the measured hits is 3.9 ms in the baseline, 15.6 ms where everything takes four times as long.
func TestStarvation(t *testing.T) {
	for _, c := range []struct {
		name    string
		perTurn time.Duration
		slower  float64
		want    string
	}{
		{"hardly waited", 50 * time.Microsecond, 1, ""},
		{"at the limit", 249 * time.Microsecond, 1, ""},
		{"beyond it", 260 * time.Microsecond, 1, "the generator was starved: it waited 260 µs for a processor each time (limit 250 µs), " +
			"1.30 ms for each hit, over a tenth of the mean response 3.90 ms; the host took 1.00 % of the processors (steal), what other processes took is not known"},
		{"beyond it, but answers take far longer", 260 * time.Microsecond, 4, ""},
		{"beyond any", 4100 * time.Microsecond, 1000, "the generator was starved: it waited 4.10 ms for a processor each time (limit 4 ms); " +
			"the host took 1.00 % of the processors (steal), what other processes took is not known"},
	} {
		m := makeRun(1, func(int, string) float64 { return c.slower }, "baseline")
		m.watchGenerator(c.perTurn, 0.02)
		_, s := m.summarized(t)
		if got := strings.Join(s.Validity[0].Reasons, "; "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// What made a generator late stands beside it, and is no reason of its own.
func TestLatenessIsExplained(t *testing.T) {
	m := makeRun(1, steady, "baseline")
	m.windowsOf(0, "peak", func(w *record.Window) {
		w.Lag = record.Histogram{}
		for range w.Sent {
			w.Lag.Record(6 * time.Millisecond)
		}
	})
	m.watchGenerator(time.Millisecond, 0.08)
	_, s := m.summarized(t)
	const want = "; it waited 1.00 ms for a processor each time; the host took 4.00 % of the processors (steal), what other processes took is not known"
	if got := strings.Join(s.Validity[0].Reasons, "; "); !strings.HasPrefix(got, "the generator was late") || !strings.HasSuffix(got, want) || strings.Contains(got, "starved") {
		t.Errorf("got %q, want %q at its end", got, want)
	}
}

// The hits in flight are counted by the generator's books, the responses by its histograms. 2400 hits in 9 s may take up to
// 0.25 ms each to be booked, 0.067 in flight beside the 1.04 there are.
func TestLittlesLaw(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(*made)
		factor float64
		want   string
	}{
		{"equal", nil, 1, ""},
		{"a little handling", nil, 1.06, ""},
		{"hidden queueing", nil, 1.09, "1.13 hits were in flight on average, but rate times response makes 1.04 (Little's law; limit 1.03 to 1.12)"},
		{"responses of nobody", nil, 0.98, "1.02 hits were in flight on average, but rate times response makes 1.04"},
		{"latency from the sent time", func(m *made) {
			m.windowsOf(0, "peak", func(w *record.Window) {
				w.Response = record.Histogram{}
				for range w.Completed {
					w.Response.Record(2 * time.Millisecond)
				}
			})
		}, 1, "rate times response makes 0.618"},
		{"failed hits, with the time they took", func(m *made) {
			m.windowsOf(0, "peak", func(w *record.Window) {
				kept := w.Response
				w.Failed, w.Completed, w.Response = w.Offered/2, w.Offered/2, record.Histogram{}
				for range w.Completed {
					w.Response.Record(3900 * time.Microsecond)
				}
				w.FailedSeconds = kept.Mean() * float64(kept.Count()) / 2
			})
		}, 1, ""},
	} {
		m := makeRun(1, steady, "baseline")
		m.watchGenerator(0, 0)
		if c.spoil != nil {
			c.spoil(m)
		}
		m.samplesOf(0, "load", func(s *record.Sample) { s.Values["in_flight_seconds_total"] *= c.factor })
		_, s := m.summarized(t)
		if got := strings.Join(s.Validity[0].Reasons, "; "); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// An instrument that was read in the run has to have been read at both ends of each trial.
func TestInFlightUnread(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.watchGenerator(0, 0)
	m.samplesOf(1, "load", func(s *record.Sample) { s.Edge = "" })
	_, s := m.summarized(t)
	if got := strings.Join(s.Validity[1].Reasons, "; "); !strings.Contains(got, "no reading of load at the begin") {
		t.Errorf("got %q", got)
	}
}

// crowd has other processes take so many of two processors during the trial, ever so little more as it goes on.
func (m *made) crowd(trial int, processors float64) {
	m.samplesOf(trial, "cpu", func(s *record.Sample) {
		s.Values[record.ForeignKey], s.Values[record.ProcessorsKey] = processors*s.AtSeconds+1e-9*s.AtSeconds*s.AtSeconds, 2
	})
}

// On a shared machine latencies are void, and by the reason; counts are not, and neither is anything where others took no
// more than the limit.
func TestSharedMachine(t *testing.T) {
	for _, c := range []struct {
		name  string
		taken float64
		want  string
	}{
		{"quiet", 0.01, ""},
		{"at the limit", 0.199, ""},
		{"a loop beside", 1, "the machine was shared: other processes took 50.0 % of the processors in stage peak (limit 10 %)"},
		{"loops on both processors", 1.9, "the machine was shared: other processes took 95.0 % of the processors in stage peak (limit 10 %)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline", "extract-main")
			m.crowd(0, c.taken)
			m.crowd(1, 0.01)
			run, s := m.summarized(t)
			check := s.Validity[0]
			if got := strings.Join(check.Reasons, "; "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if err := approximately(check.Generator.ForeignRatio, c.taken/2, 0.001); err != nil {
				t.Error(err)
			}
			if !s.Validity[1].Valid {
				t.Errorf("the other trial is not valid: %q", s.Validity[1].Reasons)
			}
			void := c.want != ""
			if got := s.States[0].P95Seconds.Known(); got == void {
				t.Errorf("p95 known %v, void %v", got, void)
			}
			if !s.States[0].PrimaryQPS.Known() || s.States[0].CountedTrials != 1 {
				t.Errorf("got primary QPS %v of %d trials, want those that were counted", s.States[0].PrimaryQPS, s.States[0].CountedTrials)
			}
			var page, terminal bytes.Buffer
			if err := errors.Join(Print(&terminal, s, Options{}), html(&page, &summary{s}, detailsOf(run, s), looksOf(run, s))); err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{terminal.String(), page.String()} {
				if !strings.Contains(text, "other processes") || void && !strings.Contains(text, "the machine was shared") {
					t.Errorf("the report does not say what others took:\n%s", terminal.String())
				}
			}
			if got := strings.Contains(timelineChart(&summary{s}, runSecondsOf(run, s)).Subtitle, "other processes took up to "); got != void {
				t.Errorf("the picture says that the machine was shared: %v, want %v", got, void)
			}
			cell := fmt.Sprintf(`<td class="number ">%s</td>`, numeral.Percent(c.taken/2))
			if !strings.Contains(page.String(), "Processors taken by others") || !strings.Contains(page.String(), cell) {
				t.Errorf("the timeline, or the table of trials with %s, does not show it", cell)
			}
		})
	}
}

// What the machine was like at worst in the valid trials stands beside trials in which it was worse: of which it is has to be said.
func TestWorstGeneratorSaysOfWhichTrials(t *testing.T) {
	m := makeRun(2, steady, "baseline")
	m.crowd(0, 1)
	m.crowd(1, 0.05)
	run, s := m.summarized(t)
	mustSay(t, run, s, "trials: 1 of 2 valid; latencies of 1 are believed, counts of 2, and what failed in all; in those with latencies to believe "+
		"how long the generator waited for a processor is not known, other processes took up to 2.50 % of the processors",
		"the machine was shared: other processes took 50.0 % of the processors")
	m = makeRun(2, steady, "baseline")
	m.crowd(0, 0.05)
	m.crowd(1, 0.05)
	run, s = m.summarized(t)
	mustSay(t, run, s, "trials: 2 of 2 valid; how long the generator waited")
}
