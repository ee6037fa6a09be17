package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/scenarios"
)

func newPlan() *cobra.Command {
	var v variation
	var charts []string
	cmd := &cobra.Command{
		Use:   "plan SCENARIO",
		Short: "Show what a run would do, without doing it",
		Long: `plan shows the traffic, the states and the budgets of a run, how many requests it sends and how long it
takes. It needs no database. SCENARIO is a file or the name of a shipped scenario; the flags are those of run, and --chart
draws the traffic as a picture besides.`,
		Example: `  rehearse plan stay-launch
  rehearse plan stay-launch --quick --only cache,archive
  rehearse plan stay-launch --set 'traffic.stages[plateau].hold=800/s'
  rehearse plan stay-launch --chart traffic.svg   the traffic as a picture, too`,
		Args:              oneScenario,
		ValidArgsFunction: completeScenario,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := chartable(charts); err != nil {
				return err
			}
			s, err := v.read(args[0])
			if err != nil {
				return err
			}
			p := s.Plan()
			if _, err = io.WriteString(cmd.OutOrStdout(), planText(s, p)); err != nil {
				return err
			}
			return drawPlan(cmd, p, charts)
		},
	}
	v.addFlags(cmd)
	cmd.Flags().StringArrayVar(&charts, "chart", nil, "draw the traffic into this `FILE`, named .svg or .png; may be repeated")
	return cmd
}

func planText(s *scenarios.Scenario, p *scenarios.Plan) string {
	parts := []string{s.Name, curve(p.Stages, p.Sessions != nil) + operationCurves(p), stageTable(p), operationTable(p), statementTable(s, p), planFacts(s, p), budgetList(p)}
	if s.Description != "" {
		parts[0] += ": " + strings.TrimSpace(s.Description)
	}
	var b strings.Builder
	for _, part := range parts {
		if part != "" {
			b.WriteString(strings.TrimRight(part, "\n") + "\n\n")
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// columns are those of a curve: each is a sixtieth of a trial.
const columns = 60

// curve draws the rate of the stages over one trial; where sessions add to it, it is that of what arrives.
func curve(stages []scenarios.PlannedStage, sessions bool) string {
	peak, end := peakRate(stages), stages[len(stages)-1].End
	if peak == 0 {
		return ""
	}
	line := make([]rune, columns)
	stage := 0
	for i := range columns {
		at := time.Duration((float64(i) + 0.5) / columns * float64(end))
		for at >= stages[stage].End {
			stage++
		}
		line[i] = bar(stages[stage].Rate(at) / peak)
	}
	of := ""
	if sessions {
		of = " of the stages"
	}
	return string(line) + " " + rateText(peak) + " at the peak" + of
}

// bar draws a share of the peak.
func bar(share float64) rune {
	bars := []rune(" ▁▂▃▄▅▆▇█")
	return bars[int(share*float64(len(bars)-1)+0.5)]
}

func peakRate(stages []scenarios.PlannedStage) float64 {
	var peak float64
	for _, s := range stages {
		peak = max(peak, s.Peak())
	}
	return peak
}

func stageTable(p *scenarios.Plan) string {
	t := newTable()
	t.AppendHeader(table.Row{"stage", "shape", "lasts", "hits due", "measured"})
	t.SetColumnConfigs([]table.ColumnConfig{rightAligned(3), rightAligned(4)})
	for i, s := range p.Stages {
		measured := "no"
		if s.Measure {
			measured = "yes"
		}
		if s.Name == p.Headline {
			measured = "yes, headline"
		}
		t.AppendRow(table.Row{s.Name, shapeText(s), s.End - s.Begin, grouped(sum(p.CountStages(0)[i])), measured})
	}
	t.AppendFooter(table.Row{"one trial", "", p.Duration(), grouped(p.Total(0)), ""})
	return t.Render()
}

func shapeText(s scenarios.PlannedStage) string {
	switch {
	case !s.Straight():
		return s.Shape + " up to " + rateText(s.Peak())
	case s.From != s.To:
		return "ramp " + rateText(s.From) + " to " + rateText(s.To)
	default:
		return "hold " + rateText(s.From)
	}
}

func operationTable(p *scenarios.Plan) string {
	t := newTable()
	t.AppendHeader(table.Row{"operation", "share", "per trial", "whole run"})
	t.SetColumnConfigs([]table.ColumnConfig{rightAligned(2), rightAligned(3), rightAligned(4)})
	one, all := p.Count(0), p.CountAll()
	total, whole := sum(one), sum(all)
	for i, op := range p.Operations {
		share := fmt.Sprintf("%.1f%%", 100*float64(one[i])/float64(total))
		t.AppendRow(table.Row{op.Name, share, grouped(one[i]), grouped(all[i])})
	}
	t.AppendFooter(table.Row{"all", "", grouped(total), grouped(whole)})
	return t.Render()
}

func sum(counts []uint64) (total uint64) {
	for _, count := range counts {
		total += count
	}
	return total
}

func rightAligned(column int) table.ColumnConfig {
	return table.ColumnConfig{Number: column, Align: text.AlignRight, AlignHeader: text.AlignRight, AlignFooter: text.AlignRight}
}

// dataText is what is seeded: how much of what, as the keys of the system say.
func dataText(s *scenarios.Scenario) string {
	var parts []string
	for _, k := range s.Vocabulary.Keys {
		if name, seeded := strings.CutPrefix(k.Path, "data."); seeded && k.Takes == scenarios.TakesWhole {
			parts = append(parts, grouped(uint64(s.System.Whole(k.Path)))+" "+strings.ReplaceAll(name, "_", " "))
		}
	}
	return strings.Join(parts, ", ")
}

func planFacts(s *scenarios.Scenario, p *scenarios.Plan) string {
	var b strings.Builder
	fact := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s "+format+"\n", append([]any{name}, args...)...)
	}
	fact("arrivals", "%s, seed %d, timeout %v", p.Arrivals, p.Seed, p.Timeout)
	if data := dataText(s); data != "" {
		fact("data", "%s", data)
	}
	fact("headline", "%s: %s", p.Headline, s.HeadlineWhy())
	if s.Traffic.Sessions != nil {
		fact("sessions", "%s", sessionText(*s.Traffic.Sessions))
		if tail := p.Tail(0); tail.People > 0 {
			fact("cut off", "%s of %s sessions last beyond the end of the trial: what they would do then, for up to %v more, is neither sent nor "+
				"measured; lengthen the last stage, or add one of hold: 0/s with measure: false", grouped(tail.People), grouped(tail.Of), tidy(tail.Longest))
		}
	}
	if len(s.Nodes) > 0 {
		fact("limits", "%s", strings.Join(limitTexts(s.Nodes), "; "))
	}
	if s.Images != (scenarios.Images{}) {
		fact("images", "%s (on containers)", strings.TrimSpace(s.Images.Postgres+" "+s.Images.Redis))
	}
	fact("states", "%s", strings.Join(p.States, ", "))
	again := ""
	if last := p.Trials[len(p.Trials)-1]; last.Control {
		again = ", and " + last.State + " once more for the noise floor"
	}
	fact("trials", "%d: %s in %s%s", len(p.Trials), counted(len(p.States), "state"), counted(p.Rounds, "round"), again)
	takes := outlayOf(s, p, false)
	fact("takes", "about %s: %s to boot and seed, less once the data is kept, and %s for each trial", about(wholeOutlay(s, p)),
		about(takes.boot), about(takes.trial))
	return b.String()
}

// sessionText tells what follows a login.
func sessionText(s scenarios.Sessions) string {
	steps := strings.Join(s.Steps, ", ")
	if s.Repeat > 1 {
		steps = fmt.Sprintf("%d times %s", s.Repeat, steps)
	}
	text := fmt.Sprintf("after each login %s, with pauses of %v", steps, s.Think)
	if s.TokenLife > 0 {
		text += fmt.Sprintf("; tokens are exchanged after %v", s.TokenLife)
	}
	if s.Jitter > 0 {
		text += ", up to " + limitText(s.Jitter, scenarios.Ratio) + " earlier"
	}
	if s.Logout > 0 {
		text += "; " + limitText(s.Logout, scenarios.Ratio) + " log out"
	}
	return text
}

func limitTexts(nodes map[string]scenarios.Node) (texts []string) {
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		texts = append(texts, fmt.Sprint(name, " ", stack.Limit(nodes[name])))
	}
	return texts
}

func budgetList(p *scenarios.Plan) string {
	var b strings.Builder
	for _, budget := range p.Budgets {
		fmt.Fprintf(&b, "budget     %s\n", budgetText(budget))
	}
	for _, budget := range p.Unjudged {
		fmt.Fprintf(&b, "not judged %s: this run leaves the state out\n", budgetText(budget))
	}
	return b.String()
}

func limitText(limit float64, unit scenarios.Unit) string {
	switch unit {
	case scenarios.Seconds:
		return time.Duration(math.Round(limit * float64(time.Second))).String()
	case scenarios.PerSecond:
		return unrounded(limit) + "/s"
	case scenarios.Ratio:
		return unrounded(limit*100) + "%"
	default:
		return strconv.FormatFloat(limit, 'f', -1, 64)
	}
}

// unrounded prints every digit that a person wrote, and none that binary fractions add.
func unrounded(x float64) string {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 15, 64), 64)
	if err != nil {
		short = x
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// rateText is a rate with a comma between thousands.
func rateText(rate float64) string {
	whole, fraction, _ := strings.Cut(scenarios.Plain(rate, 6), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return whole + "/s"
}

// tidy is a time as finely as somebody plans who writes it.
func tidy(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}

// grouped is n with a comma between thousands.
func grouped(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
