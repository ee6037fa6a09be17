package reports

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// Options are choices about text output.
type Options struct {
	// Color paints verdicts for a terminal; false prints plain text.
	Color bool
	// Key marks the colours for a [visible.Writer] that has the same one; empty is none.
	Key string
}

// How much is listed of a run that went wrong everywhere: on a terminal, and in a report that is to stay on one page.
const (
	terminalReasons = 8
	markdownReasons = 2
)

// Print writes the tables for the terminal: the verdict and its sentence, phases, states, budgets, and what there is to
// know before believing them.
func Print(w io.Writer, judged *model.Summary, o Options) error {
	s := &summary{judged}
	p := paint(o)
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s: %s\n", p.with(strings.ToUpper(s.Verdict.String()), text.Bold, verdictColour(s.Verdict)),
		s.Scenario, s.sentence())
	for _, reason := range numeral.Limited(s.Reasons, terminalReasons) {
		fmt.Fprintf(&b, "  %s\n", reason)
	}
	for _, warning := range numeral.Limited(s.Warnings, terminalReasons) {
		fmt.Fprintf(&b, "  %s %s\n", p.with("warning:", text.FgYellow), warning)
	}
	if len(s.collapses()) > 0 {
		fmt.Fprintf(&b, "\n%s\n", trimmed(s.collapseTable().Render()))
	}
	if len(s.Phases) > 0 {
		fmt.Fprintf(&b, "\n%s\n", trimmed(s.phaseTable(p).Render()))
	}
	fmt.Fprintf(&b, "\n%s\n", trimmed(s.stateTable().Render()))
	if len(s.Budgets) > 0 {
		fmt.Fprintf(&b, "\n%s\n", trimmed(s.budgetTable(p).Render()))
	}
	fmt.Fprintln(&b)
	if len(s.Limits) > 0 {
		fmt.Fprintln(&b, limitsLine(s.Limits))
	}
	for _, line := range s.footnotes(terminalReasons) {
		fmt.Fprintln(&b, line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Sentence says what all phases together did to p95 and to the primary at the headline stage, or why it cannot.
func Sentence(s *model.Summary) string { return (&summary{s}).sentence() }

func (s *summary) sentence() string {
	before, after := s.sides(s.Overall)
	if before.Collapse != nil || after.Collapse != nil {
		return s.collapsed(before, after)
	}
	if why := s.nothing(before, after); why != "" {
		return why
	}
	name := before.Name
	if before.Name != after.Name {
		name += " → " + after.Name
	}
	return fmt.Sprintf("%s at %s: %s.", name, s.HeadlineStage, s.found(before, after))
}

// found is what is known of p95 and of the primary; that nothing of a kind is believed is said after what is.
func (s *summary) found(before, after model.State) string {
	p95 := s.both("p95 %s", before, after, func(state model.State) string { return s.latency(state, state.P95Seconds) }, s.Overall.P95Ratio)
	qps := s.both("primary (master DB) %s QPS", before, after, func(state model.State) string { return counted(state, numeral.Number(state.PrimaryQPS)) }, s.Overall.PrimaryQPSRatio)
	switch {
	case before.Timeless() && after.Timeless():
		return qps + "; no latency is believed"
	case before.Uncounted() && after.Uncounted():
		return p95 + "; no count is believed"
	}
	return p95 + ", " + qps
}

// both tells a number of the state before and of that after, and the change; of a single state it tells the number.
func (s *summary) both(format string, before, after model.State, of func(model.State) string, e model.Estimate) string {
	if before.Name == after.Name {
		return fmt.Sprintf(format, of(before))
	}
	return fmt.Sprintf(format, numeral.Arrow(of(before), of(after))) + model.InBrackets(e)
}

// collapsed is the sentence where a state fell over: how far, and what the other one did.
func (s *summary) collapsed(states ...model.State) string {
	told := []string{fallenSentence(s.Fallen(states...), "at "+s.HeadlineStage)}
	for _, state := range states {
		if state.Collapse == nil {
			told = append(told, fmt.Sprintf("%s at %s: p95 %s, primary (master DB) %s QPS, %s of the hits failed.", state.Name, s.HeadlineStage,
				s.latency(state, state.P95Seconds), counted(state, numeral.Number(state.PrimaryQPS)), numeral.Percent(float64(state.ErrorsRatio))))
		}
	}
	return strings.Join(told, " ")
}

// nothing says which of the states to compare has no valid trial; a row of dashes would say it less clearly.
func (s *summary) nothing(states ...model.State) string {
	var missing []string
	for _, state := range states {
		if state.Trials == 0 && state.CountedTrials == 0 && !slices.Contains(missing, state.Name) {
			missing = append(missing, state.Name)
		}
	}
	if len(missing) == 0 {
		return ""
	}
	return fmt.Sprintf("Nothing to compare at %s: no valid trial of %s.", s.HeadlineStage, strings.Join(missing, " and "))
}

// footnotes are the lines under the tables: correctness, validity, noise, and how to read the marks.
func (s *summary) footnotes(most int) []string {
	lines := []string{model.AnswersTold(s.Declared, s.Correctness), s.validityLine()}
	for _, t := range numeral.Limited(s.Invalid(), most) {
		lines = append(lines, "  "+t)
	}
	for _, t := range numeral.Limited(s.notes(), most) {
		lines = append(lines, "note: "+t)
	}
	lines = append(lines, s.whyLines()...)
	lines = append(lines, s.noiseLine())
	lines = append(lines, s.detectableLines()...)
	lines = append(lines, s.centreLines()...)
	lines = append(lines, s.statementLines(s.Provenance.Operations)...)
	for _, name := range s.Unjudged {
		lines = append(lines, "not judged, its state was left out: "+name)
	}
	for _, job := range s.Jobs {
		lines = append(lines, "job: "+job.Text)
	}
	for _, note := range s.Provenance.Notes {
		lines = append(lines, "note: "+note)
	}
	return append(lines, s.legend())
}

// statementLines say what one hit of the first operation costs the primary in each state, what one of the others costs it in
// the first state and the last, and what is sent beside.
func (s *summary) statementLines(operations []string) (lines []string) {
	if len(operations) == 0 {
		return nil
	}
	var per, beside []string
	known := false
	for _, state := range s.States {
		known = known || state.PrimaryStatementsPer[operations[0]].Known()
		per = append(per, state.Name+" "+numeral.Number(state.PrimaryStatementsPer[operations[0]]))
		for _, name := range slices.Sorted(maps.Keys(state.PrimaryBesideQPS)) {
			beside = append(beside, fmt.Sprintf("%s %s %s", state.Name, name, numeral.Number(state.PrimaryBesideQPS[name])))
		}
	}
	if !known {
		return nil
	}
	lines = append(lines, fmt.Sprintf("primary statements per %s: %s", operations[0], strings.Join(per, ", ")))
	lines = append(lines, s.otherStatements(operations[1:])...)
	if len(beside) > 0 {
		lines = append(lines, "beside them, per second: "+strings.Join(beside, ", "))
	}
	return lines
}

// otherStatements say what a hit of these operations costs the primary in the first state and in the last.
func (s *summary) otherStatements(operations []string) []string {
	first, last := s.States[0], s.States[len(s.States)-1]
	var per []string
	for _, name := range operations {
		before, after := first.PrimaryStatementsPer[name], last.PrimaryStatementsPer[name]
		switch {
		case !before.Known() && !after.Known():
		case first.Name == last.Name:
			per = append(per, name+" "+numeral.Number(before))
		default:
			per = append(per, fmt.Sprintf("%s %s → %s", name, numeral.Number(before), numeral.Number(after)))
		}
	}
	if len(per) == 0 {
		return nil
	}
	from := first.Name
	if first.Name != last.Name {
		from += " → " + last.Name
	}
	return []string{"and of the other operations, " + from + ": " + strings.Join(per, ", ")}
}

func (s *summary) validityLine() string {
	return "trials: " + s.believed() + s.worstGenerator()
}

// believed says how many trials are valid and, where that is not the same, of how many which numbers are believed.
func (s *summary) believed() string {
	timed, counted, all := 0, 0, len(s.Validity)
	for _, t := range s.Validity {
		if !t.Voids(model.VoidLatencies) {
			timed++
		}
		if !t.Voids(model.VoidCounts) {
			counted++
		}
	}
	valid := all - len(s.Invalid())
	told := fmt.Sprintf("%d of %d valid", valid, all)
	if timed != valid || counted != valid {
		told += fmt.Sprintf("; latencies of %d are believed, counts of %d, and what failed in all", timed, counted)
	}
	return told
}

func (s *summary) notes() []string {
	return s.TrialsWith(func(t model.TrialCheck) []string { return t.Notes })
}

// whyLines say why a change is none, where that is not its interval.
func (s *summary) whyLines() (lines []string) {
	for _, phase := range s.Compared() {
		for _, one := range []struct {
			what string
			model.Estimate
		}{{"p95", phase.P95Ratio}, {"primary (master DB) QPS", phase.PrimaryQPSRatio}} {
			why := one.Why
			if why == "" && one.Vague() {
				why = cannotTell(one.Estimate)
			}
			if why != "" {
				lines = append(lines, fmt.Sprintf("~ %s of %s: %s", one.what, phase.Name, why))
			}
		}
	}
	return lines
}

func (s *summary) noiseLine() string {
	switch n := len(s.NoiseFloor.Pairs); {
	case len(s.NoiseFloor.Lost) > 0:
		return fmt.Sprintf("noise floor: beyond any number; %s, measured twice in a row, failed more than %s of its hits", s.NoiseFloor.Lost[0].State, numeral.Limit(numeral.Percent(0.05)))
	case n == 0 && s.Rounds > 1:
		return "noise floor: unknown; no state has two valid trials in a row"
	case n == 0:
		return "noise floor: unknown; two trials of one state in a row need two rounds"
	case n == 1:
		// An interval from one pair is so wide that it reads like a mistake.
		return fmt.Sprintf("noise floor: p95 of one state, measured twice in a row, differs by %s; one pair does not tell how much others would",
			numeral.Factor(s.NoiseFloor.Spread))
	case s.NoiseFloor.Hi > numeral.Tellable*s.NoiseFloor.Lo:
		return fmt.Sprintf("noise floor: p95 of one state, measured twice in a row, differs by up to %s; %d pairs do not tell how much others would",
			numeral.Factor(s.NoiseFloor.Spread), n)
	default:
		return fmt.Sprintf("noise floor: p95 of one state, measured twice in a row, differs by up to %s (%d pairs); "+
			"95 %% of such pairs lie within %s", numeral.Factor(s.NoiseFloor.Spread), n, numeral.Between(s.NoiseFloor.Lo, s.NoiseFloor.Hi))
	}
}

// detectableLines say which changes of p95 a ~ still leaves open, at the least what a change is printed to.
func (s *summary) detectableLines() []string {
	ratio := s.NoiseFloor.MinimumDetectableRatio
	if !ratio.Known() {
		return nil
	}
	if s.NoiseFloor.Blind() {
		return []string{fmt.Sprintf("minimum detectable effect: %d rounds do not tell which change of p95 they would find here; more rounds would", s.NoiseFloor.Rounds)}
	}
	ratio = max(ratio, 1.001)
	return []string{fmt.Sprintf("minimum detectable effect: %d rounds find a change of p95 by %s or %s in 80 %% of cases",
		s.NoiseFloor.Rounds, numeral.Change(1/ratio), numeral.Change(ratio))}
}

// centreLines show the robust centres of the changes of p95. Of two rounds it is the mean, so it would say nothing.
func (s *summary) centreLines() []string {
	var centres []string
	for _, phase := range s.Compared() {
		if e := phase.P95Ratio; e.Rounds > 2 {
			centres = append(centres, phase.Name+" "+numeral.Change(e.HodgesLehmann))
		}
	}
	if len(centres) == 0 {
		return nil
	}
	return []string{"robust centre of the changes of p95 (Hodges-Lehmann): " + strings.Join(centres, ", ")}
}

func (s *summary) legend() string {
	legend := s.marks()
	if slices.ContainsFunc(s.States, func(state model.State) bool { return state.BegunTrials > 0 && state.Trials*state.CountedTrials == 0 }) {
		legend += "; void not believed"
	}
	return legend
}

// marks says how to read what is not a number.
func (s *summary) marks() string {
	if s.UntilClear {
		return "~ the interval over the rounds does not tell a change from none; - not known. Rounds were added until it did or time was over, " +
			"so intervals of latencies are wider: with all looks together 95 % hold the truth"
	}
	if s.Rounds > 1 {
		return "~ the 95 % interval over the rounds does not tell a change from none; changes, and the levels beside them, are geometric means over the rounds that have both states, those of states are over all their hits; - not known"
	}
	return "~ one round has no interval, so no latency is called better or worse; - not known"
}

// trimmed cuts the blanks that fill the last column.
func trimmed(table string) string {
	lines := strings.Split(table, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// worstGenerator says what the condition of the generator and of its machine was at worst in a trial whose latencies are
// believed; without one there is nothing to say.
func (s *summary) worstGenerator() string {
	worst, valid := model.GeneratorCheck{WaitPerTurnSeconds: stat.Unknown(), StealRatio: stat.Unknown(), ForeignRatio: stat.Unknown()}, 0
	for _, t := range s.Validity {
		if !t.Voids(model.VoidLatencies) {
			valid++
			worst.WaitPerTurnSeconds = numeral.Larger(worst.WaitPerTurnSeconds, t.Generator.WaitPerTurnSeconds)
			worst.StealRatio = numeral.Larger(worst.StealRatio, t.Generator.StealRatio)
			worst.ForeignRatio = numeral.Larger(worst.ForeignRatio, t.Generator.ForeignRatio)
		}
	}
	if valid == 0 {
		return ""
	}
	of := "; "
	if known := worst.WaitPerTurnSeconds.Known() || worst.StealRatio.Known() || worst.ForeignRatio.Known(); known && valid < len(s.Validity) {
		of = "; in those with latencies to believe "
	}
	waited := "how long the generator waited for a processor is not known"
	if n := worst.WaitPerTurnSeconds; n.Known() {
		waited = fmt.Sprintf("the generator waited up to %s for a processor each time", numeral.Seconds(n))
	}
	return of + waited + ", " + worst.Taken("up to ")
}

// cannotTell says why the interval of a change is not told.
func cannotTell(e model.Estimate) string {
	return fmt.Sprintf("%s cannot tell: the 95 %% interval reaches over more than a factor of %d, so anything may be; more rounds would tell", numeral.Rounds(e.Rounds), numeral.Tellable)
}
