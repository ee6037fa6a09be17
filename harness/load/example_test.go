package load_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/rehearse-dev/rehearse/harness/load"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// pages is a source whose hits ask for one page and demand that it is there.
type pages struct{ url string }

func (p pages) Request(ctx context.Context, _ string, _ scenarios.Hit) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
}

func (pages) Check(_ string, _ scenarios.Hit, status int, _ []byte) load.Outcome {
	if status != http.StatusOK {
		return load.Outcome{Class: fmt.Sprintf("status_%d", status)}
	}
	return load.Outcome{}
}

func (pages) API(string, scenarios.Hit) string { return "GET /" }

// The generator plays the hits of a trial and accounts for each, whatever the system does.
func ExampleRun() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	plan := &scenarios.Plan{
		Seed: 1, Arrivals: scenarios.Even, Timeout: time.Second, Operations: []scenarios.Operation{{Name: "browse", Share: 1}},
		Stages: []scenarios.PlannedStage{{Name: "calm", End: 200 * time.Millisecond, From: 50, To: 50, Hits: 10, Measure: true}},
		Trials: []scenarios.Trial{{State: "baseline"}},
	}
	totals, err := load.Run(context.Background(), load.Config{Plan: plan, Source: pages{server.URL}, Emit: func(w record.Window) error {
		fmt.Println(w.Stage, w.Op, "second", w.Second, "offered", w.Offered, "errors", w.Errors)
		return nil
	}})
	fmt.Println(totals.Offered, "due,", totals.Sent, "sent,", totals.Failed, "failed,", err)
	// Output:
	// calm browse second 0 offered 10 errors map[status_404:10]
	// 10 due, 10 sent, 10 failed, <nil>
}
