package judge

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Incomparable is the error of [Compare] for runs that differ in more than what is compared.
type Incomparable struct {
	Differences []model.Discord
	sources     []string
}

// Error names each field and its values.
func (e Incomparable) Error() string {
	const most = 20
	var lines []string
	for _, d := range e.Differences {
		lines = append(lines, "  "+d.Text(e.sources))
	}
	return "these runs differ in more than what is compared:\n" + strings.Join(numeral.Limited(lines, most), "\n") +
		"\ncompare runs that share all this, or add --anyway to see it as warnings above the tables"
}

// fact is one thing a run says of how it was measured.
type fact struct{ field, value string }

// discords lists what differs, and what only some of the runs state: a record made before somebody thought of stating it
// is no proof of a difference. What a saved baseline does not keep is in neither list.
func discords(sides []side) (found, unstated []model.Discord) {
	var order []string
	values := map[string][]string{}
	anySaved := slices.ContainsFunc(sides, func(s side) bool { return s.Saved != nil })
	for i, s := range sides {
		for _, f := range s.facts(anySaved) {
			if values[f.field] == nil {
				order, values[f.field] = append(order, f.field), make([]string, len(sides))
			}
			values[f.field][i] = f.value
		}
	}
	for _, field := range order {
		d := model.Discord{Field: field, Values: values[field]}
		said := slices.DeleteFunc(slices.Clone(d.Values), func(value string) bool { return value == "" })
		switch {
		case slices.ContainsFunc(said, func(value string) bool { return value != said[0] }):
			found = append(found, d)
		case saysNothing(d, sides):
			unstated = append(unstated, d)
		}
	}
	return append(found, scenarioDiscords(sides)...), unstated
}

// saysNothing tells whether some run says nothing of it.
func saysNothing(d model.Discord, sides []side) bool {
	for i, s := range sides {
		if s.Saved == nil && d.Values[i] == "" {
			return true
		}
	}
	return false
}

// facts are what has to be the same. The build of rehearse and what is planted in the system are compared, not held equal,
// and so is what the system promises.
func (s side) facts(stages bool) []fact {
	h := s.header()
	facts := []fact{
		{"scenario", h.Scenario}, {"stack", h.Stack}, {"seed", strconv.FormatUint(h.Seed, 10)}, {"rounds", roundsOf(h)},
		{"host.os", h.Host.OS}, {"host.kernel", h.Host.Kernel}, {"host.cpu", h.Host.CPU}, {"host.cpus", strconv.Itoa(h.Host.CPUs)},
		// Two boots of one machine differ by some pages.
		{"host.memory", numeral.Figure(float64(h.Host.MemoryBytes)/(1<<30)) + " GiB"},
	}
	if stages {
		facts = append(facts, s.stageFacts()...)
	}
	if s.Saved != nil {
		return facts
	}
	facts = append(facts, fact{"quick", yesNo(h.Quick)}, fact{"scale", scaleOf(h)}, fact{"only", stated(h.Only, "all phases")},
		fact{"limits", stated(numeral.Pairs(h.Limits), "none")})
	for _, node := range slices.Sorted(maps.Keys(h.Versions)) {
		facts = append(facts, fact{"versions." + node, h.Versions[node]})
	}
	for _, name := range slices.Sorted(maps.Keys(h.Settings)) {
		if !slices.Contains(saidElsewhere(), name) {
			facts = append(facts, fact{"settings." + name, stated([]string{h.Settings[name]}, "")})
		}
	}
	return facts
}

// saidElsewhere are the settings that the scenario states, and those that are the system's own.
func saidElsewhere() []string {
	return []string{"users", "dead_tokens", "live_tokens", "password_hash", "arrivals", "zipf", "sessions", "sabotage", "revocation_bound"}
}

// stageFacts are the traffic as a saved baseline keeps it.
func (s side) stageFacts() (facts []fact) {
	var stages map[string]model.SavedStage
	if s.Saved != nil {
		stages = s.Saved.Stages
	} else {
		stages = savedStages(s.Run.Header)
	}
	for _, name := range slices.Sorted(maps.Keys(stages)) {
		stage := stages[name]
		facts = append(facts, fact{"stage " + name, fmt.Sprintf("%s hits in %s s", numeral.Count(stage.Hits), strconv.FormatFloat(float64(stage.Seconds), 'f', -1, 64))})
	}
	return facts
}

// roundsOf a run that adds them is what it was told to do: how many it took is a result.
func roundsOf(h record.Header) string {
	if h.UntilClear {
		return "until clear"
	}
	return strconv.Itoa(h.Rounds)
}

func scaleOf(h record.Header) string {
	if h.Scale == 0 {
		return "1"
	}
	return strconv.FormatFloat(h.Scale, 'f', -1, 64)
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// stated is never empty: what is stated to be nothing is stated.
func stated(list []string, nothing string) string {
	text := strings.Join(list, ", ")
	switch {
	case text != "":
		return text
	case nothing != "":
		return nothing
	}
	return `""`
}

// scenarioDiscords compares the content of the scenarios with that of the first run's. What the header says already is
// left out.
func scenarioDiscords(sides []side) (found []model.Discord) {
	first := slices.IndexFunc(sides, func(s side) bool { return s.Run != nil })
	for i, s := range sides {
		if s.Run == nil || i == first {
			continue
		}
		for _, d := range scenarios.Differences(sides[first].Scenario, s.Scenario) {
			if d.Path == "seed" || d.Path == "rounds" || d.Path == "only" {
				continue
			}
			field := "scenario " + d.Path
			at := slices.IndexFunc(found, func(known model.Discord) bool { return known.Field == field })
			if at < 0 {
				at, found = len(found), append(found, alike(sides, field, leftOut(d.A)))
			}
			found[at].Values[i] = leftOut(d.B)
		}
	}
	return found
}

// alike has every run say the same.
func alike(sides []side, field, value string) model.Discord {
	d := model.Discord{Field: field, Values: make([]string, len(sides))}
	for i, s := range sides {
		if s.Run != nil {
			d.Values[i] = value
		}
	}
	return d
}

func leftOut(value string) string {
	if value == "" {
		return "left out"
	}
	return value
}

// note says what has to be known before the numbers are believed.
func (c *comparing) note(unstated []model.Discord) {
	add := func(format string, values ...any) { c.Notes = append(c.Notes, fmt.Sprintf(format, values...)) }
	for _, s := range c.sides {
		switch {
		case s.Saved != nil:
			add("%s is a saved baseline: it keeps no limits, versions, settings and content of the scenario, so those are not compared", s.label)
			for _, o := range c.sides {
				if o.Run != nil && o.Run.Header.ID == s.Saved.Run {
					add("%s was saved from the run %s: they are one run, so nothing can differ", s.label, o.label)
				}
			}
		case !s.summary.Complete:
			add("%s did not reach its end%s", s.label, s.summary.Interruption)
		}
		if s.summary == nil {
			continue
		}
		for _, why := range promisesBroken(s.summary.Declared, s.summary.Correctness) {
			add("%s: %s", s.label, why)
		}
		for _, run := range s.Run.Notes {
			add("%s: %s", s.label, run)
		}
	}
	c.Notes = append(c.Notes, c.groupNotes()...)
	if len(unstated) > 0 {
		var told []string
		for _, d := range unstated {
			told = append(told, d.Text(c.Labels()))
		}
		add("not stated by all, so not compared: %s", strings.Join(told, "; "))
	}
}
