package reports

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// BenchmarkTrials judges a run of many short trials and writes its reports. It fails where four times the trials take more than
// six times the seconds of the processors, as what asks all trials about each of them does.
func BenchmarkTrials(b *testing.B) {
	fewer := 0.0
	for _, trials := range []int{1250, 5000} {
		b.Run(fmt.Sprintf("trials=%d", trials), func(b *testing.B) {
			m := makeRun(trials/2, wobble, "baseline", "cache")
			for _, budget := range []scenarios.Budget{
				{Metric: "p95", Max: new(0.05)}, {Metric: "p95", Of: "baseline", Max: new(0.9)}, {Metric: "errors", Max: new(0.01), For: 2 * time.Second},
				{Metric: "primary_qps", Of: "baseline", Max: new(0.5)}, {Metric: "p99", Operation: "verify", Max: new(0.05)},
			} {
				budget.Stage = "peak"
				m.scenario.Budgets = append(m.scenario.Budgets, budget)
			}
			run := m.written(b)
			took := 0.0
			for b.Loop() {
				before := processorSeconds(b)
				s, err := judge.Examine(run).Summarize(nil, &m.scenario)
				if err != nil {
					b.Fatal(err)
				}
				if err := writeAll(b.TempDir(), run, s, &plot.Fonts{}); err != nil {
					b.Fatal(err)
				}
				took = processorSeconds(b) - before
			}
			b.ReportMetric(took, "cpu-seconds")
			if fewer > 0 && took > 6*fewer {
				b.Errorf("took %.1f s of the processors; a quarter of the trials took %.1f", took, fewer)
			}
			fewer = took
			b.ReportMetric(0, "ns/op") // is said in seconds of the processors
		})
	}
}

// processorSeconds is what this process has used so far.
func processorSeconds(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
