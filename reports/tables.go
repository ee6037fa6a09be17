package reports

import (
	"fmt"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/visible"
)

// newTable is the house form: no frame, names to the left, numbers to the right. The same table renders as text and as
// Markdown.
func newTable(columns ...any) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.Options{SeparateHeader: true}
	style.Format.Header, style.Format.HeaderAlign = text.FormatDefault, text.AlignDefault
	t.SetStyle(style)
	t.AppendHeader(table.Row(columns))
	return t
}

// right aligns these columns, counted from one.
func right(t table.Writer, numbers ...int) {
	var columns []table.ColumnConfig
	for _, n := range numbers {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
}

func (s *summary) phaseTable(p paint) table.Writer {
	interval := "95 % interval"
	if s.UntilClear {
		interval = "interval"
	}
	t := newTable("phase", "p95 before → after", "change", interval, "", "primary (master DB) QPS before → after", "change", "")
	right(t, 2, 3, 4, 6, 7)
	for _, phase := range s.Compared() {
		before, after := s.sides(phase)
		t.AppendRow(table.Row{phase.Name,
			numeral.Arrow(s.latency(before, before.P95Seconds), s.latency(after, after.P95Seconds)),
			model.Changed(phase.P95Ratio), model.Interval(phase.P95Ratio), p.effect(phase.P95Ratio),
			numeral.Arrow(counted(before, numeral.Number(before.PrimaryQPS)), counted(after, numeral.Number(after.PrimaryQPS))),
			model.Changed(phase.PrimaryQPSRatio), p.effect(phase.PrimaryQPSRatio)})
	}
	return t
}

func (s *summary) stateTable() table.Writer {
	t := newTable("state", "n", "p50", "p95", "p99", "primary QPS (reads/writes)", "replica QPS", "Redis op/s",
		"hit ratio", "errors")
	right(t, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	for _, state := range s.States {
		t.AppendRow(table.Row{state.Name, numeral.Count(state.N),
			s.latency(state, state.P50Seconds), s.latency(state, state.P95Seconds), s.latency(state, state.P99Seconds),
			counted(state, fmt.Sprintf("%s (%s/%s)", numeral.Number(state.PrimaryQPS), numeral.Number(state.PrimaryReadsQPS), numeral.Number(state.PrimaryWritesQPS))),
			counted(state, numeral.Number(state.ReplicaQPS)), counted(state, numeral.Number(state.RedisOps)),
			counted(state, numeral.Percent(float64(state.CacheHitRatio))), numeral.Percent(float64(state.ErrorsRatio))})
	}
	return t
}

func (s *summary) budgetTable(p paint) table.Writer {
	t := newTable("budget", "actual", "verdict", "why", "line")
	right(t, 2, 5)
	for _, b := range s.Budgets {
		t.AppendRow(table.Row{b.Name(), b.Text(b.Actual), p.budget(b), b.Reason, linePlace(b)})
	}
	return t
}

// linePlace is the line of a budget in its file.
func linePlace(b model.Budget) string {
	if b.Line == 0 {
		return numeral.Missing
	}
	return strconv.Itoa(b.Line)
}

// budget is the verdict of a budget, marked where the run's does not depend on it.
func (p paint) budget(b model.Budget) string {
	if b.Lenient() && b.Verdict != model.Pass {
		return p.with("warning: "+b.Verdict.String(), text.FgYellow)
	}
	return p.verdict(b.Verdict)
}

// paint colours words, or leaves them alone.
type paint Options

func (p paint) with(word string, colours ...text.Color) string {
	if !p.Color {
		return word
	}
	// Not Sprint, which asks the environment: whether to colour is the caller's decision.
	return visible.Paint(word, text.Colors(colours).EscapeSeq(), p.Key)
}

func (p paint) verdict(v model.Verdict) string {
	return p.with(v.String(), verdictColour(v))
}

func verdictColour(v model.Verdict) text.Color {
	switch v {
	case model.Pass:
		return text.FgGreen
	case model.Fail:
		return text.FgRed
	}
	return text.FgYellow
}

func (p paint) effect(e model.Estimate) string {
	switch {
	case !e.Value.Known() && e.Why == "":
		return numeral.Missing
	case e.Verdict == model.Better:
		return p.with(e.Verdict.String(), text.FgGreen)
	case e.Verdict == model.Worse:
		return p.with(e.Verdict.String(), text.FgRed)
	}
	return e.Verdict.String()
}

// sides are the states before and after a phase, with the levels of which its changes are. A p95 that is lost in one of the
// rounds is lost in all: the others alone would flatter it.
func (s *summary) sides(phase model.Phase) (before, after model.State) {
	before, after = s.Find(phase.Before), s.Find(phase.After)
	if before.Name == after.Name {
		return before, after
	}
	if l := phase.P95Levels; l != nil {
		before.P95Seconds, after.P95Seconds = l.Before, l.After
	}
	if l := phase.PrimaryQPSLevels; l != nil {
		before.PrimaryQPS, after.PrimaryQPS = l.Before, l.After
	}
	return before, after
}
