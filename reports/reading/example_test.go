package reading_test

import (
	"fmt"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// Of a window with hits that were not answered the percentile lies among them.
func ExampleDeclared_Hits() {
	w := record.Window{Offered: 200, Sent: 200, Completed: 180, Failed: 20}
	for range 180 {
		w.Response.Record(10 * time.Millisecond)
	}
	h := reading.Declared{}.Hits(&w)
	fmt.Printf("%.3f s, %v s, %.0f %% answered\n", float64(h.Percentile(0.5)), h.Percentile(0.95), 100*float64(h.AnsweredRatio()))
	// Output:
	// 0.010 s, +Inf s, 90 % answered
}

// A rate is what the counters of the application grew by between two readings of a server.
func ExampleBetween() {
	system := reading.Declared{Application: record.Application{Roles: []string{"auth"}}}
	at := func(seconds, reads, archived float64) record.Sample {
		return record.Sample{AtSeconds: seconds, Source: "primary", Values: map[string]float64{
			"statements_total{kind=read,role=auth}": reads, "statements_total{kind=write,role=archiver}": archived}}
	}
	rise := reading.Between(at(10, 500, 7), at(11, 2400, 900), system.Statements("read", "write"))
	fmt.Printf("%.0f statements/s at second %.1f\n", rise.Rate(), rise.Middle())
	// Output:
	// 1900 statements/s at second 10.5
}
