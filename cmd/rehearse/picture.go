package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/rehearse-dev/rehearse/harness"
	"github.com/rehearse-dev/rehearse/reports/live"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/visible"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// barWidth is how many columns the bar of progress takes.
const barWidth = 30

// picture is one moment of a run as the terminal shows it.
type picture struct {
	harness.Progress
	live.Readings
	// boot is what happens before the first trial; empty afterwards.
	boot          string
	elapsed, left time.Duration
	colour        bool
}

// field is a piece of a line. Of those that do not fit, the one with the highest rank goes first.
type field struct {
	words string
	ink   text.Colors
	rank  int
}

// line is the picture for a log.
func (p picture) line() string {
	if p.boot != "" {
		return fmt.Sprintf("%s/%s  %s", clock(p.elapsed), clock(p.elapsed+p.left), visible.Line(p.boot))
	}
	head := fmt.Sprintf("%s/%s  %s", clock(p.elapsed), clock(p.elapsed+p.left), p.place())
	words := []string{head, visible.Line(p.State)}
	if p.Step != harness.StepLoad {
		words = append(words, p.Step)
		if p.Why != "" {
			words = append(words, "because "+p.Why)
		}
		return strings.Join(words, "  ")
	}
	words = append(words, visible.Line(p.Stage))
	for _, f := range p.figures() {
		words = append(words, f.words)
	}
	return strings.Join(words, "  ")
}

// lines is the picture for a terminal: how far the run is, where, and what is measured there.
func (p picture) lines(width int) []string {
	share := 1.0
	if whole := p.elapsed + p.left; whole > 0 {
		share = float64(p.elapsed) / float64(whole)
	}
	bar := p.fit(width, field{words: progressBar(share), rank: 3}, field{words: fmt.Sprintf("%.0f %%", 100*share)},
		field{words: clock(p.elapsed), rank: 2}, field{words: "about " + clock(p.left) + " left", rank: 1})
	if p.boot != "" {
		return []string{bar, p.fit(width, field{words: visible.Line(p.boot)})}
	}
	where := []field{{words: visible.Line(p.State), ink: text.Colors{text.Bold}}, {words: p.Step, rank: 1}, {words: p.place(), rank: 2}}
	if p.Step == harness.StepLoad {
		where[1].words = visible.Line(p.Stage)
	} else if p.Why != "" {
		where = append(where, field{words: "because " + p.Why, rank: 3})
	}
	lines := []string{bar, p.fit(width, where...)}
	if p.Step == harness.StepLoad {
		lines = append(lines, p.fit(width, p.figures()...))
	}
	return lines
}

// place is where in the plan the trial stands.
func (p picture) place() string {
	trial := fmt.Sprintf("trial %d/%d", p.Trial, p.Trials)
	if p.Repeat {
		// Numbered on after the plan, a repeat would look like the end of the run.
		trial = "once more"
	}
	return fmt.Sprintf("%s round %d/%d", trial, p.Round, p.Rounds)
}

// figures are what is measured; what nobody knows yet is left out.
func (p picture) figures() []field {
	var fields []field
	if p.OfferedRate > 0 {
		fields = append(fields, field{words: fmt.Sprintf("%.0f/%.0f req/s", p.AchievedRate, p.OfferedRate), rank: 3})
	}
	switch {
	case math.IsInf(p.P95Seconds, 1):
		fields = append(fields, field{words: "p95 over " + secondsText(p.TimeoutSeconds), ink: text.Colors{text.FgRed, text.Bold}, rank: 1})
	case p.P95Seconds > 0:
		fields = append(fields, field{words: "p95 " + secondsText(p.P95Seconds), ink: text.Colors{text.Bold}, rank: 1})
	}
	add := func(value page.Value, format string, rank int, ink ...text.Color) {
		if !math.IsNaN(float64(value)) {
			fields = append(fields, field{fmt.Sprintf(format, value), ink, rank})
		}
	}
	add(p.PrimaryQPS, "primary %.0f/s", 2, text.FgHiBlue)
	add(p.ReplicaQPS, "replica %.0f/s", 5, text.FgYellow)
	add(100*p.CacheHitRatio, "cache %.1f %%", 6)
	if bad := p.Failed + p.Missed; bad > 0 {
		fields = append(fields, field{fmt.Sprintf("%d failed", bad), text.Colors{text.FgRed, text.Bold}, 0})
	} else {
		fields = append(fields, field{words: "0 failed", rank: 4})
	}
	return fields
}

// secondsText is a time in the unit in which it is read most easily.
func secondsText(seconds float64) string {
	if seconds >= 1 {
		return scenarios.Plain(seconds, 3) + " s"
	}
	return scenarios.Plain(seconds*1000, 3) + " ms"
}

// fit joins as many fields as the width has room for. The last one left is cut.
func (p picture) fit(width int, fields ...field) string {
	for wide(fields) > width && len(fields) > 1 {
		out := 0
		for i, f := range fields {
			if f.rank >= fields[out].rank {
				out = i
			}
		}
		fields = append(fields[:out:out], fields[out+1:]...)
	}
	words := make([]string, len(fields))
	for i, f := range fields {
		words[i] = text.Snip(f.words, max(width, 1), "")
		if p.colour && len(f.ink) > 0 {
			words[i] = text.Escape(words[i], f.ink.EscapeSeq())
		}
	}
	return strings.Join(words, "  ")
}

// wide is how many columns fields take. It counts rune by rune: a terminal that does not join a mark to its letter gives it
// a column of its own.
func wide(fields []field) int {
	columns := 2 * (len(fields) - 1)
	for _, f := range fields {
		columns += text.StringWidthWithoutEscSequences(f.words)
	}
	return columns
}

// progressBar is a bar of which a share is full.
func progressBar(share float64) string {
	full := min(int(math.Round(share*barWidth)), barWidth)
	return strings.Repeat("█", full) + strings.Repeat("░", barWidth-full)
}

// clock is d as minutes and seconds.
func clock(d time.Duration) string {
	seconds := int(d.Seconds())
	return fmt.Sprintf("%02d:%02d", seconds/60, seconds%60)
}
