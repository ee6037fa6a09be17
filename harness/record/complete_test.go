package record

import "testing"

// A run is complete whichever other runs come and go after its end.
func TestCompleteBesideOthers(t *testing.T) {
	for _, tt := range []struct {
		kinds []string
		want  bool
	}{
		{[]string{EventTrialEnd, EventDone}, true}, {[]string{EventDone, EventBeside, EventBeside}, true},
		{[]string{EventTrialEnd, EventBeside}, false}, {[]string{EventBeside}, false}, {nil, false}, {[]string{EventDone, EventInterrupted}, false},
	} {
		var run Run
		for _, kind := range tt.kinds {
			run.Events = append(run.Events, Event{Kind: kind})
		}
		if got := run.Complete(); got != tt.want {
			t.Errorf("%v: got %v", tt.kinds, got)
		}
	}
}
