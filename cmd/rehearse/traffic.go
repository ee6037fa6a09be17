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

	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/scenarios"
	"github.com/spf13/cobra"
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

// operationCurves draws, each on a line of its own below the curve of all, the hits of each operation in a trial. Where
// they all rise and fall alike it draws none, for that curve says it.
func operationCurves(p *scenarios.Plan) string {
	timeline, oneIn := p.Sample(0, columns)
	if !shapesDiffer(timeline) {
		return ""
	}
	var b strings.Builder
	column := p.Duration() / columns
	for i, op := range p.Operations {
		if of := series(timeline, i); total(of) > 0 {
			line, peak := drawn(of)
			rate := peak * float64(oneIn) / column.Seconds()
			fmt.Fprintf(&b, "\n%s %s at the peak of %s", line, rateText(rounded(rate)), op.Name)
		}
	}
	return b.String()
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

// shapesDiffer tells whether an operation rises and falls otherwise than all of them together: visibly, in that a tenth of
// its hits would have to be elsewhere, and beyond chance.
func shapesDiffer(timeline [][]uint64) bool {
	all := make([]float64, len(timeline))
	for i, part := range timeline {
		for _, count := range part {
			all[i] += float64(count)
		}
	}
	for i := range timeline[0] {
		of := series(timeline, i)
		if share := total(of) / total(all); share > 0 && share < 1 {
			wide := width(of)
			if moved, beyond := compare(widened(of, wide), widened(all, wide), share); moved > 0.1 && beyond > 6 {
				return true
			}
		}
	}
	return false
}

// compare says which share of the counts would have to be elsewhere to be spread like all, and how far that is beyond
// chance: by how many of its standard deviations Pearson's statistic exceeds its mean, if each of all is one of these with
// the same chance.
func compare(counts, all []float64, share float64) (moved, beyond float64) {
	var statistic, variance, free float64
	for i, count := range counts {
		if all[i] == 0 {
			continue
		}
		expected := all[i] * share
		moved += math.Abs(count-expected) / 2
		statistic += (count - expected) * (count - expected) / (expected * (1 - share))
		// Small numbers make the tail longer.
		variance += 2 + 1/expected
		free++
	}
	return moved / total(counts), (statistic - free) / math.Sqrt(variance)
}

// rounded is a rate as finely as it was counted.
func rounded(rate float64) float64 {
	if rate >= 100 {
		return math.Round(rate)
	}
	return math.Round(rate*10) / 10
}
