package reports

import "testing"

// The second trial of the last state in a single round is for the noise floor alone: it enters no number of the state and
// no comparison, but wrong answers in it are wrong answers.
func TestControl(t *testing.T) {
	_, without := makeRun(1, steady, "baseline", "extract-main").summarized(t)
	m := makeRun(1, steady, "baseline", "extract-main")
	m.addTrial(1, "extract-main", 1.5)
	m.header.Trials[2].Control = true
	m.windows[len(m.windows)-1].Counts.Set("wrong_user", 3)
	_, with := m.summarized(t)
	for i, state := range with.States {
		if was := without.States[i]; state.N != was.N || state.P95Seconds != was.P95Seconds {
			t.Errorf("%s: n %d and p95 %v, without the control %d and %v", state.Name, state.N, state.P95Seconds, was.N, was.P95Seconds)
		}
	}
	if got, want := with.Overall.P95Ratio, without.Overall.P95Ratio; got.Value != want.Value || got.Rounds != want.Rounds {
		t.Errorf("the effect is %v over %d rounds, without the control %v over %d", got.Value, got.Rounds, want.Value, want.Rounds)
	}
	// The slowest tenth takes half as long again, within the resolution of a histogram of three digits.
	if pairs := with.NoiseFloor.Pairs; len(pairs) != 1 || pairs[0].P95Ratio < 1.49 || pairs[0].P95Ratio > 1.51 {
		t.Errorf("the noise floor rests on %+v, want one pair that differs by half", pairs)
	}
	if with.Correctness.Of("wrong_user") != 3 {
		t.Errorf("got %d wrong users, want 3", with.Correctness.Of("wrong_user"))
	}
}
