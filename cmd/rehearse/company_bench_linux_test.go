package main

import (
	"testing"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

// BenchmarkForeign is what other processes take of this machine while nothing else is done on it, by the run's own account:
// the mean and the worst of the trials of ci-gate, in percent. What the account takes for others' though it is our own would
// show here. Limit: 3 % in the worst trial.
func BenchmarkForeign(b *testing.B) {
	const limit = 3
	for b.Loop() {
		s := newSite(b)
		got := finished(b, s.command(b, "run", "ci-gate", "--stack", "processes"))
		if got.code != exitPass {
			b.Logf("exit %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		sum, worst, trials := 0.0, stat.Number(0), s.summary(b).Validity
		for _, trial := range trials {
			share := 100 * trial.Generator.ForeignRatio
			if !share.Known() {
				b.Fatalf("trial %d does not know what others took", trial.Trial)
			}
			sum, worst = sum+float64(share), max(worst, share)
		}
		b.ReportMetric(sum/float64(len(trials)), "percent_mean")
		b.ReportMetric(float64(worst), "percent_worst")
		if worst > limit {
			b.Errorf("other processes took %.1f %% of the processors in the worst trial, over %d %%: is the machine quiet? See ps -eo pcpu,pid,args --sort=-pcpu", worst, limit)
		}
	}
	b.ReportMetric(limit, "limit_percent")
	b.ReportMetric(0, "ns/op") // is the length of the traffic
}
