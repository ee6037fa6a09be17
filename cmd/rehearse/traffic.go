package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness"
	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// chartable tells what keeps these files from becoming charts, before anything is done for them.
func chartable(files []string) error {
	suffixes := reports.ChartSuffixes()
	for _, file := range files {
		suffix := filepath.Ext(file)
		if !slices.Contains(suffixes, suffix) {
			return usageError("--chart %s: ends in neither %s; write --chart %s", file, strings.Join(suffixes, " nor "),
				quoted(strings.TrimSuffix(file, suffix)+suffixes[0]))
		}
		if _, err := os.Stat(filepath.Dir(file)); errors.Is(err, fs.ErrNotExist) {
			return usageError("--chart %s: there is no such directory; make it first", file)
		}
		if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
			return usageError("--chart %s: is there, and is no file; name another one", file)
		}
	}
	return nil
}

// drawPlan draws the traffic of p into files, and says so.
func drawPlan(cmd *cobra.Command, p *scenarios.Plan, files []string) error {
	if len(files) == 0 {
		return nil
	}
	picture := reports.Traffic(p)
	for _, file := range files {
		if err := reports.WriteChart(file, picture); err != nil {
			return usageError("--chart %s: %s; check the directory and its permissions", file, reason(err))
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "wrote %s\n", file)
	}
	return nil
}

// operationCurves draws, below the curve of what arrives, all hits where sessions add to it, and each operation on a line of
// its own where they do not all rise and fall alike.
func operationCurves(p *scenarios.Plan) string {
	if p.Sessions == nil && !mixed(p) {
		return ""
	}
	timeline, oneIn := p.Sample(0, columns)
	var b strings.Builder
	show := func(counts []float64, of string) {
		if total(counts) > 0 {
			line, peak := drawn(counts)
			rate := peak * float64(oneIn) / (p.Duration() / columns).Seconds()
			fmt.Fprintf(&b, "\n%s %s at the peak of %s", line, rateText(rounded(rate)), of)
		}
	}
	if p.Sessions != nil {
		show(everything(timeline), "all requests, those of sessions included")
	}
	for i, op := range p.Operations {
		show(series(timeline, i), op.Name)
	}
	return b.String()
}

// mixed tells whether stages have mixes of their own.
func mixed(p *scenarios.Plan) bool {
	return slices.ContainsFunc(p.Stages, func(s scenarios.PlannedStage) bool { return !slices.Equal(s.Shares, p.Stages[0].Shares) })
}

// everything is all operations of a timeline together.
func everything(timeline [][]uint64) []float64 {
	counts := make([]float64, len(timeline))
	for i, part := range timeline {
		counts[i] = float64(sum(part))
	}
	return counts
}

// series is one operation of a timeline.
func series(timeline [][]uint64, operation int) []float64 {
	counts := make([]float64, len(timeline))
	for i, part := range timeline {
		counts[i] = float64(part[operation])
	}
	return counts
}

func total(counts []float64) (sum float64) {
	for _, count := range counts {
		sum += count
	}
	return sum
}

// fewHits is how many hits have to be, in the mean of all of them, in what is drawn as one and compared as one: of so few,
// a random number deviates by a fifth.
const fewHits = 20

// width is how many neighbours are taken together so that they have enough hits: a divisor of their number.
func width(counts []float64) int {
	for wide := 1; wide < len(counts); wide++ {
		if len(counts)%wide != 0 {
			continue
		}
		var company float64
		for _, sum := range widened(counts, wide) {
			company += sum * sum
		}
		if company >= fewHits*total(counts) {
			return wide
		}
	}
	return len(counts)
}

// widened is counts with as many neighbours as that taken together.
func widened(counts []float64, wide int) (sums []float64) {
	for part := range slices.Chunk(counts, wide) {
		sums = append(sums, total(part))
	}
	return sums
}

// drawn is a line of counts, and the highest of them: a mean where several columns are drawn as one.
func drawn(counts []float64) (line string, peak float64) {
	wide := width(counts)
	sums := widened(counts, wide)
	peak = slices.Max(sums)
	for _, sum := range sums {
		line += strings.Repeat(string(bar(sum/peak)), wide)
	}
	return line, peak / float64(wide)
}

// rounded is a rate as finely as it was counted.
func rounded(rate float64) float64 {
	if rate >= 100 {
		return math.Round(rate)
	}
	return math.Round(rate*10) / 10
}

// condition is what the judge will think of a trial, for the run loop to run it once more where that helps.
func condition(m harness.Measured) harness.Condition {
	hits := &reading.Hits{Offered: m.Due, Response: m.Response, Lag: m.Lag}
	why, values := reading.Unbelievable(hits.Punctuality(), reading.ForeignIn(m.Stages, m.Processors))
	return harness.Condition{P95Seconds: float64(hits.ResponseAt(0.95)), Why: why, Values: values}
}
