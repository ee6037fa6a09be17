package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// columns heads a table; a name that begins with # is of numbers.
func columns(names ...string) (list []page.Column) {
	for _, name := range names {
		name, number := strings.CutPrefix(name, "#")
		list = append(list, page.Column{Name: name, Number: number})
	}
	return list
}

// cells makes a row of texts, statuses and cells.
func cells(values ...any) (row []page.Cell) {
	for _, value := range values {
		switch value := value.(type) {
		case page.Status:
			row = append(row, page.Cell{Text: value.Word, Tone: value.Tone})
		default:
			row = append(row, page.Cell{Text: fmt.Sprint(value)})
		}
	}
	return row
}

// phasesSection has the changes in benchstat's manner, and what they rest on.
func (s *summary) phasesSection() page.Section {
	section := page.Section{ID: "phases", Title: "Phases and states", Text: []string{s.legend() + "."}}
	if len(s.Phases) > 0 {
		p95 := page.Table{Caption: "p95 latency at " + s.HeadlineStage,
			Columns: columns("phase", "#before", "#after", "#change", "#interval", "#rounds (n)")}
		qps := page.Table{Caption: "Primary (master DB) QPS at " + s.HeadlineStage,
			Columns: columns("phase", "#before", "#after", "#change", "#interval", "#rounds (n)")}
		for _, phase := range s.Compared() {
			before, after := s.sides(phase)
			p95.Rows = append(p95.Rows, cells(phase.Name, s.latency(before, before.P95Seconds), s.latency(after, after.P95Seconds),
				estimateStatus(phase.P95Ratio), model.Interval(phase.P95Ratio), phase.P95Ratio.Rounds))
			qps.Rows = append(qps.Rows, cells(phase.Name, counted(before, numeral.Number(before.PrimaryQPS)), counted(after, numeral.Number(after.PrimaryQPS)),
				estimateStatus(phase.PrimaryQPSRatio), model.Interval(phase.PrimaryQPSRatio), phase.PrimaryQPSRatio.Rounds))
		}
		section.Tables = append(section.Tables, p95, qps)
	}
	section.Tables = append(section.Tables, s.statesTable())
	return section
}

func (s *summary) statesTable() page.Table {
	t := page.Table{Caption: "States at " + s.HeadlineStage + "; n is the hits due, over all valid trials",
		Columns: columns("state", "#trials", "#n", "#p50", "#p95", "#p99", "#primary QPS", "#reads", "#writes", "#replica QPS",
			"#Redis op/s", "#hit ratio", "#errors")}
	for _, state := range s.States {
		t.Rows = append(t.Rows, cells(state.Name, state.Trials, numeral.Count(state.N), s.latency(state, state.P50Seconds), s.latency(state, state.P95Seconds),
			s.latency(state, state.P99Seconds), counted(state, numeral.Number(state.PrimaryQPS)), counted(state, numeral.Number(state.PrimaryReadsQPS)), counted(state, numeral.Number(state.PrimaryWritesQPS)),
			counted(state, numeral.Number(state.ReplicaQPS)), counted(state, numeral.Number(state.RedisOps)), counted(state, numeral.Percent(float64(state.CacheHitRatio))), numeral.Percent(float64(state.ErrorsRatio))))
	}
	return t
}

func (s *summary) budgetsSection() page.Section {
	section := page.Section{ID: "budgets", Title: "Budgets"}
	if len(s.Budgets) == 0 {
		section.Text = []string{"The scenario states no budget about what was measured, so nothing but the run itself was judged."}
	} else {
		t := page.Table{Caption: "Every budget, judged", Columns: columns("budget", "verdict", "#limit", "#actual", "#margin", "#interval", "why", "#line")}
		for _, b := range s.Budgets {
			subject, limit := budgetParts(b)
			t.Rows = append(t.Rows, cells(subject, budgetStatus(b), limit, b.Text(b.Actual), margin(b), intervalOf(b), budgetWhy(b), linePlace(b)))
		}
		section.Tables = []page.Table{t}
		section.Text = []string{"The line is that of the scenario, below. What rests on no data never passes."}
	}
	for _, name := range s.Unjudged {
		section.Text = append(section.Text, "Not judged, for its state was left out: "+name+".")
	}
	return section
}

// budgetWhy is the reason with what it rests on, where there is room for it.
func budgetWhy(b model.Budget) string {
	if b.Basis == "" {
		return b.Reason
	}
	return b.Reason + "; " + b.Basis
}

// budgetParts are what the name of a budget says: what is limited, and how.
func budgetParts(b model.Budget) (subject, limit string) {
	name := b.Name()
	at := strings.LastIndex(name, " "+b.Bound+" ")
	return name[:at], name[at+1:]
}

// budgetStatus is the verdict of a budget, marked where the run's does not depend on it.
func budgetStatus(b model.Budget) page.Status {
	if b.Lenient() && b.Verdict != model.Pass {
		return page.Status{Word: "warning: " + b.Verdict.String(), Tone: page.Doubtful}
	}
	return page.Status{Word: b.Verdict.String(), Tone: verdictTone(b.Verdict)}
}

// margin is how far the number is from its limit.
func margin(b model.Budget) string {
	switch {
	case !b.Actual.Known() || !b.Limit.Known():
		return numeral.Missing
	case b.At(b.Actual) && (b.Bound == model.BoundBelow || b.Bound == model.BoundAbove):
		return "at the limit, which " + b.Bound + " excludes"
	case b.At(b.Actual):
		return "at the limit"
	case b.Limit == 0:
		return b.Text(b.Actual) + " above"
	case b.Actual < b.Limit:
		return numeral.Figure(100-100*float64(b.Actual/b.Limit)) + " % below"
	}
	return numeral.Figure(100*float64(b.Actual/b.Limit)-100) + " % above"
}

func intervalOf(b model.Budget) string {
	if !b.Lo.Known() || !b.Hi.Known() {
		return numeral.Missing
	}
	return b.Text(b.Lo) + " to " + b.Text(b.Hi)
}

// statementsSection says what a hit costs the primary, by what is recorded and nothing else.
func (s *summary) statementsSection() page.Section {
	section := page.Section{ID: "statements", Title: "Statements on the primary", Text: []string{
		"What one hit costs the primary (master DB), by the services' own count over whole trials, warm-up included."},
		Tables: s.statementTables(s.Provenance.Operations)}
	details, absent := s.detailTables()
	section.Tables = append(section.Tables, details...)
	if absent != "" {
		section.Text = append(section.Text, fmt.Sprintf("This record does not have the %s one by one, so nothing is told of them.", absent))
	}
	return section
}

// statementTables are by operation and state.
func (s *summary) statementTables(operations []string) []page.Table {
	names := []string{"operation"}
	for _, state := range s.States {
		names = append(names, "#"+state.Name)
	}
	per := page.Table{Caption: "Primary statements for each hit", Columns: columns(names...)}
	for _, op := range operations {
		row := []any{op}
		for _, state := range s.States {
			row = append(row, numeral.Number(countOf(state.PrimaryStatementsPer, op)))
		}
		per.Rows = append(per.Rows, cells(row...))
	}
	names[0] = "on no hit's account"
	beside := page.Table{Caption: "Sent to the primary beside them, per second", Columns: columns(names...)}
	for _, name := range s.besides() {
		row := []any{name}
		for _, state := range s.States {
			row = append(row, numeral.Number(countOf(state.PrimaryBesideQPS, name)))
		}
		beside.Rows = append(beside.Rows, cells(row...))
	}
	if len(beside.Rows) == 0 {
		return []page.Table{per}
	}
	return []page.Table{per, beside}
}

// besides names what any state sent to the primary on no hit's account.
func (s *summary) besides() []string {
	names := map[string]bool{}
	for _, state := range s.States {
		for name := range state.PrimaryBesideQPS {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// countOf is what m says of name; unknown when it says nothing.
func countOf(m map[string]stat.Number, name string) stat.Number {
	if n, ok := m[name]; ok {
		return n
	}
	return stat.Unknown()
}

// errorsSection counts what failed by class, in all trials, valid or not: an error is worth seeing wherever it was.
func (s *summary) errorsSection(d *model.Details) page.Section {
	section := page.Section{ID: "errors", Title: "Errors"}
	of, classes := map[string]model.Failures{}, map[string]bool{}
	for _, f := range d.Failures {
		of[f.State] = f
		for class := range f.Classes {
			classes[class] = true
		}
	}
	switch {
	case len(d.Failures) == 0:
		section.Text = []string{"No hit was recorded in a measured stage, so nothing is known of errors."}
		return section
	case len(classes) == 0:
		section.Text = []string{"No hit of a measured stage failed, in any trial."}
		return section
	}
	section.Text = []string{"Hits that failed in the measured stages, by class, in all trials, valid or not."}
	names := []string{"class"}
	for _, state := range s.States {
		names = append(names, "#"+state.Name)
	}
	t := page.Table{Caption: "Failed hits by class", Columns: columns(names...)}
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		row := []any{class}
		for _, state := range s.States {
			row = append(row, numeral.Count(of[state.Name].Classes[class]))
		}
		t.Rows = append(t.Rows, cells(row...))
	}
	row := []any{"of hits due"}
	for _, state := range s.States {
		row = append(row, numeral.Count(of[state.Name].Due))
	}
	t.Rows = append(t.Rows, cells(row...))
	section.Tables = []page.Table{t}
	return section
}

// trustSection says what speaks for these numbers and what against.
func (s *summary) trustSection() page.Section {
	return page.Section{
		ID: "trust", Title: "Can I trust this run?",
		Lists:  []page.List{{Items: s.evidence()}},
		Tables: []page.Table{s.trialsTable()},
	}
}

func (s *summary) evidence() (items []page.Answer) {
	say := func(tone page.Tone, text string) { items = append(items, page.Answer{Tone: tone, Text: text}) }
	tell := func(good bool, text string) {
		if good {
			say(page.Good, text)
		} else {
			say(page.Bad, text)
		}
	}
	tell(s.Complete, map[bool]string{true: "The run reached its end.", false: "The run did not reach its end" + s.Interruption + "."}[s.Complete])
	tell(len(s.Invalid()) == 0 && len(s.Validity) > 0, s.validityLine())
	c := s.Correctness
	tell(s.Declared.Wrong(c) == 0, model.AnswersTold(s.Declared, c))
	for _, warning := range s.Warnings {
		say(page.Doubtful, "warning: "+warning)
	}
	say(page.Neutral, s.noiseLine())
	for _, line := range slices.Concat(s.detectableLines(), s.centreLines()) {
		say(page.Neutral, line)
	}
	if len(s.Limits) > 0 {
		say(page.Neutral, limitsLine(s.Limits))
	}
	for _, job := range s.Jobs {
		say(page.Neutral, "job: "+job.Text)
	}
	for _, note := range s.Provenance.Notes {
		say(page.Doubtful, "note: "+note)
	}
	return items
}

// trialsTable has every trial, in the order in which they were planned.
func (s *summary) trialsTable() page.Table {
	t := page.Table{Caption: "Every trial: whether it counts, and what was going on. Invalid ones reach no number.",
		Columns: columns("trial", "state", "verdict", "#wait for a processor", "#steal", "#other processes", "#hits in flight", "what there is to say")}
	for _, trial := range s.Validity {
		verdict := page.Status{Word: "valid", Tone: page.Good}
		if !trial.Valid {
			verdict = page.Status{Word: "invalid", Tone: page.Bad}
		} else if len(trial.Doubts) > 0 {
			verdict = page.Status{Word: "valid, with doubts", Tone: page.Doubtful}
		}
		g := trial.Generator
		t.Rows = append(t.Rows, cells(fmt.Sprintf("%d (round %d)", trial.Trial+1, trial.Round+1), trial.State, verdict,
			numeral.Seconds(g.WaitPerTurnSeconds), numeral.Percent(float64(g.StealRatio)), numeral.Percent(float64(g.ForeignRatio)), numeral.Number(g.InFlight),
			strings.Join(slices.Concat(trial.Reasons, trial.Doubts, trial.Notes), "; ")))
	}
	return t
}

// reproduceSection has what it takes to run it again.
func reproduceSection(h model.Provenance, text string) page.Section {
	t := page.Table{Caption: "What was run, where and how", Columns: columns("what", "value")}
	add := func(what, value string) { t.Rows = append(t.Rows, cells(what, value)) }
	add("run", h.ID)
	add("started", h.Started.UTC().Format(time.RFC3339))
	add("seed", fmt.Sprint(h.Seed))
	add("rehearse", strings.TrimSpace(h.Version+" "+h.Commit))
	add("stack", h.Stack)
	add("host", hostLine(h.Host))
	for _, name := range slices.Sorted(maps.Keys(h.Versions)) {
		add(name, h.Versions[name])
	}
	if h.Stack == "containers" && h.Settings["image.postgres"] == "" {
		add("images", "not recorded")
	}
	for _, name := range slices.Sorted(maps.Keys(h.Settings)) {
		add(name, h.Settings[name])
	}
	return page.Section{ID: "reproduce", Title: "How to reproduce it", Tables: []page.Table{t}, Codes: []page.Code{
		{Title: "The command", Text: quoted(h.Command)},
		{Title: "The scenario as it ran (" + scenarioFile + ")", Text: text, Folded: true},
	}}
}

// quoted is a command as a shell reads it.
func quoted(command []string) string {
	words := slices.Clone(command)
	for i, word := range words {
		safe := func(r rune) bool {
			return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=:@%+,", r)
		}
		if word == "" || strings.ContainsFunc(word, func(r rune) bool { return !safe(r) }) {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
