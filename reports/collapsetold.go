package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

// timeout says where the percentile of a state is that is one of its unanswered hits.
func (c *Collapse) timeout() string {
	if c.TimeoutSeconds == 0 {
		return "among the hits that failed"
	}
	return waited(stat.Number(math.Inf(1)), c.TimeoutSeconds)
}

// held says what the state still answered.
func (c *Collapse) held() string {
	if !c.HeldRate.Known() {
		return "no rate that was offered"
	}
	return fmt.Sprintf("%s/s (%s)", number(c.HeldRate), c.HeldStage)
}

// fell says from when to when it did not.
func (c *Collapse) fell() string {
	from := fmt.Sprintf("from second %s (%s)", limit(number(c.FromSeconds)), c.FromStage)
	if c.ToEnd {
		return from + " to the end"
	}
	return fmt.Sprintf("%s to second %s", from, limit(number(c.ToSeconds)))
}

// share says how much was answered.
func (c *Collapse) share() string {
	if c.AnsweredRatio == 0 {
		return "nothing"
	}
	return percent(float64(c.AnsweredRatio))
}

// answered says how much was, and how fast that.
func (c *Collapse) answered() string {
	switch {
	case c.AnsweredRatio == 0:
		return c.share()
	case !c.AnsweredP95Seconds.Known():
		return c.share() + " (too few for a p95 of those)"
	}
	return fmt.Sprintf("%s (p95 of those %s)", c.share(), seconds(c.AnsweredP95Seconds))
}

// until says what was still answered, and when no more.
func (c *Collapse) until() string {
	return fmt.Sprintf("answered %s, and fell over %s", c.held(), c.fell())
}

// who is the state, and in how many of its trials it fell over where that is not all of them.
func (f fallen) who() string {
	if f.Trials == f.trials {
		return f.name
	}
	return fmt.Sprintf("%s (in %d of %d trials)", f.name, f.Trials, f.trials)
}

// fallenSentence is what there is to know of states that collapsed under the same traffic. What is the same of all of them
// is said once.
func fallenSentence(list []fallen, at string) string {
	var names, answers, ends []string
	for _, f := range list {
		names, answers = append(names, f.who()), append(answers, f.answered())
		if end := f.until(); !slices.Contains(ends, end) {
			ends = append(ends, end)
		}
	}
	they, still := "they", "all still "+ends[0]
	switch {
	case len(ends) > 1:
		each := make([]string, len(list))
		for i, f := range list {
			each[i] = f.name + " still " + f.until()
		}
		still = strings.Join(each, "; ")
	case len(list) == 1:
		they, still = "it", "it still "+ends[0]
	case len(list) == 2:
		still = "both still " + ends[0]
	}
	return fmt.Sprintf("%s collapsed %s: of %s hits/s %s answered %s, the p95 of all is %s; %s.", listed(names), at,
		number(list[0].OfferedRate), they, listed(sameOnce(answers)), list[0].timeout(), still)
}

// fallenTitle is the same in few words.
func fallenTitle(list []fallen, at string) string {
	var names, answers []string
	for _, f := range list {
		names, answers = append(names, f.name), append(answers, f.share())
	}
	return fmt.Sprintf("%s collapsed %s: %s of %s hits/s answered", listed(names), at, listed(sameOnce(answers)), number(list[0].OfferedRate))
}

// sameOnce says once what is the same of all.
func sameOnce(words []string) []string {
	if len(slices.Compact(slices.Clone(words))) == 1 {
		return words[:1]
	}
	return words
}

// collapses are the states that fell over.
func (s *summary) collapses() (names []string) {
	for _, state := range s.States {
		if state.Collapse != nil {
			names = append(names, state.Name)
		}
	}
	return names
}

// collapseTable has what is to be known of the states that fell over; the other numbers say little of them.
func (s *summary) collapseTable() table.Writer { return collapseTable(s.fallen(s.States...)) }

func collapseTable(list []fallen) table.Writer {
	t := newTable("collapsed", "trials", "hits/s", "answered", "p95 of those", "p95 of all", "still answered", "fell over")
	right(t, 2, 3, 4, 5, 6)
	for _, row := range collapseRows(list) {
		t.AppendRow(row)
	}
	return t
}

func collapseRows(list []fallen) (rows [][]any) {
	for _, c := range list {
		rows = append(rows, []any{c.name, fmt.Sprintf("%d of %d", c.Trials, c.trials), number(c.OfferedRate),
			fmt.Sprintf("%s (%s/s)", percent(float64(c.AnsweredRatio)), number(c.AnsweredRate)), seconds(c.AnsweredP95Seconds),
			waited(stat.Number(math.Inf(1)), c.TimeoutSeconds), c.held(), c.fell()})
	}
	return rows
}

// latency prints a latency of a state.
func (s *summary) latency(state State, n stat.Number) string {
	if state.timeless() {
		return void
	}
	return waited(n, s.TimeoutSeconds)
}

// count is what is printed of a count of a state.
func (state State) count(text string) string {
	if state.uncounted() {
		return void
	}
	return text
}
