package load

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// catalogued is numbered with three APIs for each operation.
type catalogued struct{ numbered }

func (catalogued) API(op string, hit scenarios.Hit) string {
	return fmt.Sprintf("GET %s/%d", op, hit.N%3)
}

// The APIs hold the same hits as the windows, whether they complete, fail or are never sent.
func TestAPIsAddUpToTheWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type sum struct{ Offered, Sent, Completed, Failed, Missed, Timeouts, Responses uint64 }
		windows, apis, names := map[string]sum{}, map[string]sum{}, map[string]bool{}
		add := func(sums map[string]sum, w record.Window) error {
			s := sums[w.Stage+" "+w.Op]
			sums[w.Stage+" "+w.Op] = sum{s.Offered + w.Offered, s.Sent + w.Sent, s.Completed + w.Completed, s.Failed + w.Failed,
				s.Missed + w.Missed, s.Timeouts + w.Errors["timeout"], s.Responses + w.Response.Count()}
			return nil
		}
		cfg := Config{Plan: hold(100, 5*time.Second, 2, "verify", "login"), Source: catalogued{numbered{get{"http://system"}}}, Sleep: sleep,
			Workers: 8, Timeout: 400 * time.Millisecond, Transport: transport(mixed), Trial: 7,
			Emit: func(w record.Window) error { return add(windows, w) },
			EmitAPI: func(w record.APIWindow) error {
				names[w.API] = true
				if w.Trial != 7 || w.Service.Count()+w.Lag.Count() > 0 {
					t.Errorf("got %+v, want no more than the response, of trial 7", w)
				}
				return add(apis, w.Window)
			}}
		totals, err := run(t.Context(), cfg, even(cfg.Plan))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(windows, apis); diff != "" || len(windows) != 4 {
			t.Errorf("(-windows +APIs):\n%s", diff)
		}
		if len(names) != 6 || totals.Missed == 0 || totals.Failed == 0 {
			t.Errorf("got %v of %+v, want six APIs, and hits that failed and that were never sent", names, totals)
		}
	})
}
