package reports

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
)

// guests lets the services of a trial receive what was sent of it, and so many requests more by its end.
func (m *made) guests(trial int, more map[string]float64) {
	sent := map[string]float64{"verify": 0}
	for _, w := range m.windows {
		if w.Trial == trial {
			sent[w.Op] += float64(w.Sent)
		}
	}
	m.samplesOf(trial, "callers", func(s *record.Sample) {
		ended := 0.0
		if s.Edge == "end" && s.Stage == "" {
			ended = 1
		}
		for op := range sent {
			s.Values["received_total{op="+op+"}"] = 70 + ended*sent[op]
		}
		for op, n := range more {
			key := "received_total{op=" + op + "}"
			if op == "barred" {
				key = "foreign_requests_total"
			}
			s.Values[key] += ended * n
		}
	})
}

// Requests of somebody else are told, whatever their number; many of one operation void what is counted, and many of all
// what was waited for. Fewer than were sent are hits lost on the way.
func TestForeignClientIsTold(t *testing.T) {
	for name, tt := range map[string]struct {
		more         map[string]float64
		void         []string
		says, warned string
	}{
		"nobody":              {},
		"one request":         {more: map[string]float64{"verify": 1}, warned: "another client sent requests to the services: 1 verify, beside the "},
		"a share of one":      {more: map[string]float64{"verify": 60}, void: []string{"counts"}, says: "60 verify, beside"},
		"one of few":          {more: map[string]float64{"logout": 1}, void: []string{"counts"}, says: "1 logout, beside"},
		"a crowd":             {more: map[string]float64{"verify": 3000, "login": 2}, void: []string{"latencies", "counts"}, says: "2 login, 3,000 verify, beside"},
		"at the wrong door":   {more: map[string]float64{"none": 30}, warned: "30 for no API, beside"},
		"without the secret":  {more: map[string]float64{"barred": 2}, warned: "2 without the secret, beside"},
		"a crowd at the door": {more: map[string]float64{"barred": 4000}, void: []string{"latencies", "counts"}, says: "4,000 without the secret, beside"},
		"lost":                {more: map[string]float64{"verify": -400}, warned: "400 of "},
	} {
		t.Run(name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline", "extract-main")
			m.guests(0, nil)
			m.guests(1, tt.more)
			_, s := m.summarized(t)
			check := s.Validity[1]
			if diff := cmp.Diff(tt.void, check.Void); diff != "" || len(s.Validity[0].Reasons)+len(s.Validity[0].Doubts) > 0 {
				t.Errorf("void (-want +got):\n%s%v", diff, s.Validity[0])
			}
			if told := strings.Join(check.Reasons, "\n"); !strings.Contains(told, tt.says) || tt.says == "" && told != "" {
				t.Errorf("reasons: got %q, want %q", told, tt.says)
			}
			if told := strings.Join(check.Doubts, "\n"); !strings.Contains(told, tt.warned) || tt.warned == "" && told != "" {
				t.Errorf("doubts: got %q, want %q", told, tt.warned)
			}
		})
	}
}

// in has the services of a trial say at its edges in which state they are, and how many times that changed meanwhile.
func (m *made) in(trial int, begin, end string, changes float64) {
	at := 5 + trialEvery*float64(trial)
	for edge, state := range map[string]string{"begin": begin, "end": end} {
		values := map[string]float64{"state{state=" + state + "}": 1, "changes_total": 3}
		seconds := at
		if edge == "end" {
			values["changes_total"], seconds = 3+changes, at+trialTakes
		}
		m.samples = append(m.samples, record.Sample{AtSeconds: seconds, Trial: trial, Edge: edge, Source: "system", Values: values})
	}
}

// A trial whose system was in another state at either edge, or in between, is none of its state.
func TestTrialInAnotherState(t *testing.T) {
	for name, tt := range map[string]struct {
		begin, end string
		changes    float64
		selfTest   string
		want       string
	}{
		"as meant":     {begin: "extract-main", end: "extract-main"},
		"at the begin": {begin: "cache", end: "extract-main", changes: 1, want: "at the begin of the trial the system was in the state cache, not in extract-main; somebody else has switched it"},
		"at the end":   {begin: "extract-main", end: "baseline", changes: 1, want: "at the end of the trial the system was in the state baseline, not in extract-main; somebody else has switched it"},
		"and back":     {begin: "extract-main", end: "extract-main", changes: 2, want: "the state of the system was changed 2 times during the trial; somebody else has switched it"},
		"a self-test":  {begin: "cache", end: "cache", selfTest: "cache"},
		"its brother":  {begin: "cache", end: "archive", changes: 1, selfTest: "cache", want: "at the end of the trial the system was in the state archive, not in cache; somebody else has switched it"},
	} {
		t.Run(name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline", "extract-main")
			m.in(1, tt.begin, tt.end, tt.changes)
			if tt.selfTest == "" {
				m.in(0, "baseline", "baseline", 0)
			} else {
				m.in(0, tt.selfTest, tt.selfTest, 0)
				m.header.SelfTest = &record.SelfTest{State: tt.selfTest}
			}
			_, s := m.summarized(t)
			var want, void []string
			if tt.want != "" {
				want, void = []string{tt.want}, []string{"latencies", "counts", "errors"}
			} else {
				want = []string{}
			}
			if diff := cmp.Diff(want, s.Validity[1].Reasons) + cmp.Diff(void, s.Validity[1].Void); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if tt.want != "" && s.Verdict == model.Pass {
				t.Error("passes all the same")
			}
		})
	}
}

// A state that could not be read back is not taken for the right one.
func TestStateNotReadBack(t *testing.T) {
	m := makeRun(1, steady, "baseline", "extract-main")
	m.in(0, "baseline", "baseline", 0)
	_, s := m.summarized(t)
	if want := "no reading of system at the begin of the trial"; len(s.Validity[1].Reasons) == 0 || s.Validity[1].Reasons[0] != want {
		t.Errorf("got %q, want %q", s.Validity[1].Reasons, want)
	}
}
