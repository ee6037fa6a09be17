package reports

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/reports/visible"
)

// html writes report.html: what the first screen has to say, then what it rests on.
func html(w io.Writer, s *summary, d *model.Details, v visuals) error {
	timeline, err := s.timelineSection(v.timeline, d.Events)
	if err != nil {
		return err
	}
	distribution, err := s.distributionSection(slices.Clone(v.latencies.Curves))
	if err != nil {
		return err
	}
	p := page.Page{Title: fmt.Sprintf("%s: %s", s.Scenario, s.Verdict), Head: s.head(), Footer: footer(s.Provenance)}
	for _, section := range []page.Section{
		s.collapsedSection(), s.changesSection(), timeline, distribution, s.phasesSection(), s.budgetsSection(), s.statementsSection(),
		s.errorsSection(d), s.trustSection(), reproduceSection(s.Provenance, d.Text),
	} {
		if section.ID != "" {
			p.Sections = append(p.Sections, section)
		}
	}
	return writePage(w, p)
}

// writePage writes a page in which whatever came from outside is seen: a mark in a name would turn the order of reading of
// what stands behind it.
func writePage(w io.Writer, p page.Page) error { return p.Write(visible.NewPageWriter(w)) }

// head is the first screen.
func (s *summary) head() page.Head {
	return page.Head{
		Name: s.Scenario, Facts: facts(s.Provenance, numeral.Rounds(s.Rounds)+" on "+s.Stack, "measured at stage "+s.HeadlineStage), Verdict: page.Status{Word: s.Verdict.String(), Tone: verdictTone(s.Verdict)},
		Sentence: s.sentence(), Doubt: s.doubt(), Reasons: numeral.Limited(s.Reasons, terminalReasons),
		Answers: []page.Answer{s.passed(), s.changedMost(), s.trusted()}, Figures: s.keyFigures(),
	}
}

// doubt says how sure the sentence is of the change of p95.
func (s *summary) doubt() string {
	e := s.Overall.P95Ratio
	const means = " Changes, and the values beside them, are geometric means over the rounds."
	switch {
	case s.Overall.Before == s.Overall.After || !e.Value.Known():
		return ""
	case e.Vague():
		return fmt.Sprintf("~: %s cannot tell whether p95 changed: the interval is too wide to say anything. Counts are nearly exact."+means, numeral.Rounds(e.Rounds))
	case model.Interval(e) == numeral.Missing:
		return "~: one round has no interval, so it is not known whether p95 changed. Counts are nearly exact."
	case e.Verdict == model.Unclear:
		return fmt.Sprintf("~: the 95 %% interval of the change of p95 is %s, so it may be none. Counts are nearly exact."+means, model.Interval(e))
	}
	return fmt.Sprintf("The 95 %% interval of the change of p95 is %s. Counts are nearly exact."+means, model.Interval(e))
}

// passed answers by the budgets; the reasons of the verdict stand above.
func (s *summary) passed() page.Answer {
	a := page.Answer{Question: "Did it pass?", Tone: verdictTone(s.Verdict), Section: "budgets"}
	kept, breached, open, warned := 0, 0, 0, 0
	for _, b := range s.Budgets {
		switch {
		case b.Verdict == model.Pass:
			kept++
		case b.Lenient():
			warned++
		case b.Verdict == model.Fail:
			breached++
		default:
			open++
		}
	}
	told := fmt.Sprintf("%d of %s kept", kept, numeral.Plural(len(s.Budgets), "budget"))
	if len(s.Budgets) == 0 {
		told = "there was no budget to keep"
	}
	for _, other := range []struct {
		n    int
		what string
	}{{breached, "breached"}, {open, "undecided"}, {warned, "only a warning"}} {
		if other.n > 0 {
			told += fmt.Sprintf(", %d %s", other.n, other.what)
		}
	}
	a.Text = map[model.Verdict]string{model.Pass: "Yes: ", model.Fail: "No: ", model.Inconclusive: "It cannot be told: "}[s.Verdict] + told + "."
	return a
}

// facts are how a run was measured, on what and when.
func facts(h model.Provenance, list ...string) []string {
	if h.Host.CPUs > 0 {
		list = append(list, fmt.Sprintf("%d CPUs", h.Host.CPUs))
	}
	return append(list, h.Started.UTC().Format("2 January 2006, 15:04 UTC"))
}

func footer(h model.Provenance) string {
	return fmt.Sprintf("Run %s, written by rehearse %s from what was recorded.", h.ID, strings.TrimSpace(h.Version+" "+h.Commit))
}

func verdictTone(v model.Verdict) page.Tone {
	switch v {
	case model.Pass:
		return page.Good
	case model.Fail:
		return page.Bad
	}
	return page.Doubtful
}

func effectTone(e model.Effect) page.Tone {
	switch e {
	case model.Better:
		return page.Good
	case model.Worse:
		return page.Bad
	}
	return page.Neutral
}

// estimateStatus says a change, and what is to be made of it.
func estimateStatus(e model.Estimate) page.Status {
	switch {
	case !e.Value.Known() || e.Verdict == model.Unclear:
		return page.Status{Word: model.Judged(e)}
	}
	return page.Status{Word: model.Judged(e) + " " + e.Verdict.String(), Tone: effectTone(e.Verdict)}
}

// claim is what one phase did to one number.
type claim struct {
	phase, what, change string
	estimate            model.Estimate
}

// changedMost names the largest change that is clear.
func (s *summary) changedMost() page.Answer {
	answer := page.Answer{Question: "What changed most?", Section: "phases"}
	if len(s.Phases) == 0 {
		answer.Section, answer.Text = "", "Nothing was compared: the run has no phase with its state before and after."
		return answer
	}
	most, largest := claim{}, 0.0
	for _, e := range s.claims() {
		if size := math.Abs(math.Log(float64(e.estimate.Value))); e.estimate.Verdict != model.Unclear && size > largest {
			most, largest = e, size
		}
	}
	if largest == 0 {
		answer.Text = "No phase changed p95 or primary (master DB) QPS clearly."
		if !slices.ContainsFunc(s.claims(), func(c claim) bool { return c.estimate.Value.Known() }) {
			answer.Text = "Nothing could be compared."
		}
		if fell := s.collapses(); len(fell) > 0 {
			answer.Text, answer.Tone, answer.Section = fmt.Sprintf("%s collapsed, so no change can be told.", strings.Join(fell, " and ")), page.Bad, "collapse"
		}
		return answer
	}
	in := most.phase
	if len(s.Phases) > 1 {
		in = "In one phase, " + in
	}
	answer.Text = fmt.Sprintf("%s: %s %s (%s)", in, most.what, most.change, numeral.Change(most.estimate.Value))
	answer.Tone = effectTone(most.estimate.Verdict)
	return answer
}

func (s *summary) claims() (list []claim) {
	for _, phase := range s.Phases {
		before, after := s.sides(phase)
		list = append(list,
			claim{phase.Name, "p95", numeral.Arrow(s.latency(before, before.P95Seconds), s.latency(after, after.P95Seconds)), phase.P95Ratio},
			claim{phase.Name, "primary (master DB) QPS", numeral.Arrow(counted(before, numeral.Number(before.PrimaryQPS)), counted(after, numeral.Number(after.PrimaryQPS))), phase.PrimaryQPSRatio})
	}
	return list
}

// trusted answers in a sentence what the section of that name says at length.
func (s *summary) trusted() page.Answer {
	valid, all := len(s.Validity)-len(s.Invalid()), len(s.Validity)
	counted := fmt.Sprintf("%d of %s valid", valid, numeral.Plural(all, "trial"))
	partly := slices.ContainsFunc(s.Validity, func(t model.TrialCheck) bool { return !t.Voids(model.VoidLatencies) || !t.Voids(model.VoidCounts) })
	a := page.Answer{Question: "Can I trust it?", Tone: page.Doubtful, Section: "trust"}
	switch {
	case valid == 0 && partly:
		a.Text = fmt.Sprintf("In part: %s.", s.believed())
	case valid == 0:
		a.Tone, a.Text = page.Bad, fmt.Sprintf("No: %s.", counted)
	case !s.Complete:
		a.Text = fmt.Sprintf("Only as far as it went: the run did not reach its end, %s.", counted)
	case valid < all || len(s.Doubted()) > 0:
		a.Text = fmt.Sprintf("With care: %s%s.", counted, s.firstDoubt())
	case s.Rounds == 1 && len(s.Phases) > 0:
		a.Text = fmt.Sprintf("Counts, yes: %s. Changes of latency, not yet: one round has no interval.", counted)
	case s.Overall.Before != s.Overall.After && s.Overall.P95Ratio.Verdict == model.Unclear:
		a.Text = fmt.Sprintf("Counts, yes: %s, with no doubts. Whether p95 changed is not clear.", counted)
	default:
		a.Tone, a.Text = page.Good, fmt.Sprintf("Yes: %s, with no doubts.", counted)
	}
	if valid > 0 {
		a.Text += noiseTold(s.NoiseFloor)
	}
	return a
}

// firstDoubt says how many trials have some, and the first of them.
func (s *summary) firstDoubt() string {
	doubted := s.Doubted()
	if len(doubted) == 0 {
		return ""
	}
	such := ":"
	if len(doubted) > 1 {
		such = ", such as"
	}
	return fmt.Sprintf(", with %s%s %s: %s", numeral.Plural(len(doubted), "doubt"), such, doubted[0].Name(), doubted[0].Doubts[0])
}

// noiseTold says in a sentence what this machine does to p95 by itself: what so many rounds find or, of one, what they saw.
func noiseTold(f model.NoiseFloor) string {
	switch ratio := f.MinimumDetectableRatio; {
	case f.Blind():
		return fmt.Sprintf(" %s do not tell which change of p95 they would find here.", numeral.Rounds(f.Rounds))
	case ratio > 1.001:
		return fmt.Sprintf(" On this machine so many rounds find changes of p95 from %s or %s on.", numeral.Change(1/ratio), numeral.Change(ratio))
	case f.Spread.Known():
		return fmt.Sprintf(" The same state, measured twice, differed by %s in p95.", numeral.Factor(f.Spread))
	}
	return ""
}

// keyFigures are what everybody asks for first, at the headline stage.
func (s *summary) keyFigures() []page.Figure {
	before, after := s.sides(s.Overall)
	split := func(of func(model.State) stat.Number) string {
		return numeral.Arrow(numeral.Number(of(before)), numeral.Number(of(after)))
	}
	list := []page.Figure{
		figureOf("p95 latency", s.latency(before, before.P95Seconds), s.latency(after, after.P95Seconds), estimateStatus(s.Overall.P95Ratio),
			s.p95Note(before, after)),
		figureOf("Primary (master DB) QPS", counted(before, numeral.Number(before.PrimaryQPS)), counted(after, numeral.Number(after.PrimaryQPS)), estimateStatus(s.Overall.PrimaryQPSRatio),
			fmt.Sprintf("reads %s, writes %s", split(func(s model.State) stat.Number { return s.PrimaryReadsQPS }),
				split(func(s model.State) stat.Number { return s.PrimaryWritesQPS }))),
		shareFigure("Error ratio", before, after, 1, func(s model.State) stat.Number { return s.ErrorsRatio }, "failed or never sent, of all hits due"),
		shareFigure("Achieved of offered rate", before, after, -1, func(s model.State) stat.Number { return s.AchievedRate / s.OfferedRate },
			fmt.Sprintf("%s of %s hits per second answered", numeral.Number(after.AchievedRate), numeral.Number(after.OfferedRate))),
	}
	if before.Uncounted() && after.Uncounted() {
		list[1].Note = "no count is believed"
	}
	if before.Name != after.Name {
		return list
	}
	for i := range list {
		list[i].Before, list[i].Change = "", page.Status{}
	}
	if list[1].Note != "" && !after.Uncounted() {
		list[1].Note = fmt.Sprintf("reads %s, writes %s", counted(after, numeral.Number(after.PrimaryReadsQPS)), counted(after, numeral.Number(after.PrimaryWritesQPS)))
	}
	return list
}

func figureOf(name, before, after string, change page.Status, note string) page.Figure {
	if before == numeral.Missing && after == numeral.Missing {
		return page.Figure{Name: name, After: "no data"}
	}
	before, after, _ = strings.Cut(numeral.Arrow(before, after), " → ")
	if change.Word == numeral.Missing {
		// A change that nobody knows is not worth a line of its own.
		change.Word = ""
	}
	return page.Figure{Name: name, Before: before, After: after, Change: change, Note: note}
}

func (s *summary) p95Note(before, after model.State) string {
	hits := "n = " + numeral.Count(after.N)
	switch e := s.Overall.P95Ratio; {
	case before.Name == after.Name:
		return hits
	case e.Why != "":
		return e.Why + "; " + hits
	case e.Vague():
		return fmt.Sprintf("%s cannot tell how much; %s", numeral.Rounds(e.Rounds), hits)
	case model.Interval(s.Overall.P95Ratio) != numeral.Missing:
		return fmt.Sprintf("95 %% interval %s; %s", model.Interval(s.Overall.P95Ratio), hits)
	case s.Overall.P95Ratio.Rounds == 1:
		return "one round has no interval; " + hits
	}
	return "no interval; " + hits
}

// shareFigure is a share of the hits; worse is 1 where more of them is worse, else -1. What a state that collapsed answers more
// of, or fails less, is no improvement; it is told as nothing, with the reason.
func shareFigure(name string, before, after model.State, worse float64, of func(model.State) stat.Number, note string) page.Figure {
	change := points(of(before), of(after), worse)
	why := model.NoChange(before.Name, before.Collapse, after.Name, after.Collapse)
	if why != "" && (before.Collapse != nil || change.Tone == page.Good) {
		change, note = page.Status{Word: numeral.Untold}, why+"; "+note
	}
	return figureOf(name, numeral.Percent(float64(of(before))), numeral.Percent(float64(of(after))), change, note)
}

// points is the difference of two ratios in percentage points, as they are printed; worse is 1 where more is worse, else -1.
// Below a hundredth of a point it is none.
func points(before, after stat.Number, worse float64) page.Status {
	if !before.Known() || !after.Known() {
		return page.Status{Word: numeral.Missing}
	}
	// Of the numbers that stand beside it, and not of more digits: whoever subtracts them has to find the same.
	x := numeral.Significant(float64(after)*100, 3) - numeral.Significant(float64(before)*100, 3)
	switch {
	case math.Abs(x) < 0.005:
		return page.Status{Word: "unchanged"}
	case x*worse > 0:
		return page.Status{Word: numeral.Signed(numeral.Figure(x)) + " points", Tone: page.Bad}
	}
	return page.Status{Word: numeral.Signed(numeral.Figure(x)) + " points", Tone: page.Good}
}

// collapsedSection is what is to be known of the states that fell over.
func (s *summary) collapsedSection() page.Section {
	return collapsedSection(s.Fallen(s.States...), "In the trial in which each answered least",
		fmt.Sprintf("A state has collapsed where fewer than %s of the hits due at %s were answered. Seconds are on the clock of the trial.",
			numeral.Limit(numeral.Percent(model.AnsweredLeast)), s.HeadlineStage))
}

func collapsedSection(list []model.Fallen, caption, text string) page.Section {
	rows := collapseRows(list)
	if len(rows) == 0 {
		return page.Section{}
	}
	t := page.Table{Caption: caption, Columns: columns("state", "#trials", "#hits/s", "#answered",
		"#p95 of those", "#p95 of all", "still answered", "fell over")}
	for _, row := range rows {
		t.Rows = append(t.Rows, cells(row...))
	}
	return page.Section{ID: "collapse", Title: "What collapsed", Tables: []page.Table{t}, Text: []string{text}}
}

// changesSection is the picture everybody wants: a pair of bars for each phase.
func (s *summary) changesSection() page.Section {
	if len(s.Phases) == 0 {
		return page.Section{}
	}
	p95 := page.Bars{Title: "p95 latency"}
	qps := page.Bars{Title: "Primary (master DB) QPS"}
	for _, phase := range s.Phases {
		before, after := s.sides(phase)
		p95.Pairs = append(p95.Pairs, pairOf(phase.Name, s.waiting(before), s.waiting(after), phase.P95Ratio))
		qps.Pairs = append(qps.Pairs, pairOf(phase.Name, qpsBar(before), qpsBar(after), phase.PrimaryQPSRatio))
	}
	return page.Section{
		ID: "changes", Title: "Before and after each phase",
		Text: []string{fmt.Sprintf("At stage %s. Bars begin at zero. ~ marks a change that is not clear.", s.HeadlineStage)},
		Bars: []page.Bars{inShares(p95), inShares(qps)},
	}
}

func pairOf(name string, before, after bar, e model.Estimate) page.Pair {
	told := func(one bar) string {
		if one.text == numeral.Missing {
			return "no data"
		}
		return one.text
	}
	return page.Pair{Name: name, Before: told(before), After: told(after), BeforeShare: finite(before.value), AfterShare: finite(after.value),
		Change: estimateStatus(e)}
}

// inShares turns values into shares of the largest.
func inShares(b page.Bars) page.Bars {
	largest := 0.0
	for _, p := range b.Pairs {
		for _, value := range []float64{p.BeforeShare, p.AfterShare} {
			if value > largest {
				largest = value
			}
		}
	}
	b.Pairs = slices.Clone(b.Pairs)
	for i := range b.Pairs {
		b.Pairs[i].BeforeShare /= largest
		b.Pairs[i].AfterShare /= largest
	}
	return b
}
