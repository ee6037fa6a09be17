package scenarios

import (
	"slices"
	"strings"
	"testing"
)

func TestFilled(t *testing.T) {
	phases := []string{"extract-main", "extract-reads", "cache"}
	for _, tt := range []struct {
		have, want Budget
		states     []string
	}{
		{Budget{}, Budget{Stage: "peak", State: "cache"}, []string{"cache"}},
		{Budget{Stage: "calm", State: "baseline"}, Budget{Stage: "calm", State: "baseline"}, []string{"baseline"}},
		{Budget{Of: "baseline"}, Budget{Stage: "peak", State: "cache", Of: "baseline"}, []string{"cache", "baseline"}},
		{Budget{Of: Before}, Budget{Stage: "peak", State: "cache", Of: "extract-reads"}, []string{"cache", "extract-reads"}},
		{Budget{State: "extract-main", Of: Before}, Budget{Stage: "peak", State: "extract-main", Of: "baseline"}, []string{"extract-main", "baseline"}},
		{Budget{Of: Saved}, Budget{Stage: "peak", State: "cache", Of: Saved}, []string{"cache"}},
	} {
		got := tt.have.Filled("peak", "cache", phases)
		if got != tt.want || !slices.Equal(got.States(), tt.states) {
			t.Errorf("%+v: got %+v over %v, want %+v over %v", tt.have, got, got.States(), tt.want, tt.states)
		}
	}
}

// A run of one phase alone judges a budget against the state before it, which it measures as well.
func TestBeforeIsMeasured(t *testing.T) {
	f := Open("f", []byte(minimal+"budgets: [{metric: p95, of: before, max: 90%}, {metric: p95, of: before, state: extract-main, max: 90%}, {metric: p95, of: saved, max: 90%}]\n"), carshare())
	f.Only("cache")
	s, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	p := s.Plan()
	if len(p.Budgets) != 2 || p.Budgets[0].State != "cache" || p.Budgets[0].Of != "extract-writes" || p.Budgets[1].Of != Saved {
		t.Errorf("got %+v", p.Budgets)
	}
	if len(p.Unjudged) != 1 || p.Unjudged[0].State != "extract-main" || p.Unjudged[0].Of != Baseline {
		t.Errorf("got unjudged %+v", p.Unjudged)
	}
}

// An operation that the traffic has nowhere can have no number.
func TestBudgetOfAnOperationThatDoesNotOccur(t *testing.T) {
	const mix = "version: 1\nname: peak\ntraffic: {mix: {verify: 100%}, stages: [{name: lunch, hold: 6k/min, for: 1m}]}\n"
	_, err := Parse("f", []byte(mix+"budgets: [{metric: p95, op: login, max: 5ms}]\n"), carshare())
	want := `f:4:29: budgets[0].op: operation "login" does not occur in this traffic; choose one that does, or add it to the mix`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Neither can an API whose operation occurs nowhere, or that has no weight.
func TestBudgetOfAnAPIThatIsNotCalled(t *testing.T) {
	for _, traffic := range []string{"mix: {verify: 100%}, ", "apis: {GET main/v1/home: 1}, "} {
		text := "version: 1\nname: peak\ntraffic: {" + traffic + "stages: [{name: lunch, hold: 6k/min, for: 1m}]}\n"
		_, err := Parse("f", []byte(text+"budgets: [{metric: p95, api: POST main/v1/login, max: 5ms}]\n"), carshare())
		want := `f:4:30: budgets[0].api: API "POST main/v1/login" is not called in this traffic; choose one that is, or give it a weight`
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// What earlier rehearses took is read from their records as they took it, and nothing else is.
func TestRecordedRatios(t *testing.T) {
	text := minimal + "budgets:\n  - {metric: primary_qps, of: baseline, max: 90}\n  - {metric: errors, max: 5}\n  - {metric: achieved, min: 0}\n"
	f := Open("f", []byte(text), carshare())
	if _, err := f.Read(); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("got %v, want three mistakes", err)
	}
	f.Recorded()
	s, err := f.Read()
	if err != nil || *s.Budgets[0].Max != 90 || *s.Budgets[1].Max != 5 {
		t.Errorf("got %+v, %v", s, err)
	}
	// What is asked of the record today means what it says today.
	f.Budget("primary_qps < 90 of baseline")
	f.Budget("errors <= 100%")
	if _, err := f.Read(); err == nil || strings.Count(err.Error(), "\n") != 1 || !strings.Contains(err.Error(), "write 90% or 90x") {
		t.Errorf("got %v, want two mistakes", err)
	}
}

// A flag is held to the same rules. A run that flags make shorter may have fewer hits than its file was written for.
func TestBudgetsUnderFlags(t *testing.T) {
	const enough = minimal + "budgets: [{metric: hits, min: 18000}, {metric: errors, max: 1%, least: 18000}]\n"
	f := Open("f", []byte(enough), carshare())
	f.Quick()
	if _, err := f.Read(); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		vary func(*File)
		want string
	}{
		{func(f *File) { f.Set("budgets[0]={metric: primary_qps, of: baseline, max: 90}") }, "--set budgets[0]: budgets[0].max: 90 is a ratio above one without a unit; write 90% or 90x"},
		{func(f *File) { f.Set("budgets[1].max=5") }, "--set budgets[1].max: 5 is a ratio above one without a unit; write 5% or 5x"},
		{func(f *File) { f.Budget("primary_qps < 90 of baseline") }, "--budget: 90 is a ratio above one without a unit; write 90% or 90x"},
		{func(f *File) { f.Budget("errors <= 100%") }, "--budget: nothing can breach it: errors is never above 100%; write less than 100%"},
	} {
		f := Open("f", []byte(enough), carshare())
		tt.vary(f)
		if _, err := f.Read(); err == nil || err.Error() != tt.want {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}
