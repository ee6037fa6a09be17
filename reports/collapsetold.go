package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// collapseTimeout says where the percentile of a state is that is one of its unanswered hits.
func collapseTimeout(c *model.Collapse) string {
	if c.TimeoutSeconds == 0 {
		return "among the hits that failed"
	}
	return numeral.Waited(stat.Number(math.Inf(1)), c.TimeoutSeconds)
}

// held says what the state still answered.
func held(c *model.Collapse) string {
	if !c.HeldRate.Known() {
		return "no rate that was offered"
	}
	return fmt.Sprintf("%s/s (%s)", numeral.Number(c.HeldRate), c.HeldStage)
}

// fell says from when to when it did not.
func fell(c *model.Collapse) string {
	from := fmt.Sprintf("from second %s (%s)", numeral.Limit(numeral.Number(c.FromSeconds)), c.FromStage)
	if c.ToEnd {
		return from + " to the end"
	}
	return fmt.Sprintf("%s to second %s", from, numeral.Limit(numeral.Number(c.ToSeconds)))
}

// answeredShare says how much was answered.
func answeredShare(c *model.Collapse) string {
	if c.AnsweredRatio == 0 {
		return "nothing"
	}
	return numeral.Percent(float64(c.AnsweredRatio))
}

// howMuchAnswered says how much was, and how fast that.
func howMuchAnswered(c *model.Collapse) string {
	switch {
	case c.AnsweredRatio == 0:
		return answeredShare(c)
	case !c.AnsweredP95Seconds.Known():
		return answeredShare(c) + " (too few for a p95 of those)"
	}
	return fmt.Sprintf("%s (p95 of those %s)", answeredShare(c), numeral.Seconds(c.AnsweredP95Seconds))
}

// untilCollapse says what was still answered, and when no more.
func untilCollapse(c *model.Collapse) string {
	return fmt.Sprintf("answered %s, and fell over %s", held(c), fell(c))
}

// who is the state, and in how many of its trials it fell over where that is not all of them.
func who(f model.Fallen) string {
	if f.Trials == f.Begun {
		return f.Name
	}
	return fmt.Sprintf("%s (in %d of %d trials)", f.Name, f.Trials, f.Begun)
}

// fallenSentence is what there is to know of states that collapsed under the same traffic. What is the same of all of them
// is said once.
func fallenSentence(list []model.Fallen, at string) string {
	var names, answers, ends []string
	for _, f := range list {
		names, answers = append(names, who(f)), append(answers, howMuchAnswered(f.Collapse))
		if end := untilCollapse(f.Collapse); !slices.Contains(ends, end) {
			ends = append(ends, end)
		}
	}
	they, still := "they", "all still "+ends[0]
	switch {
	case len(ends) > 1:
		each := make([]string, len(list))
		for i, f := range list {
			each[i] = f.Name + " still " + untilCollapse(f.Collapse)
		}
		still = strings.Join(each, "; ")
	case len(list) == 1:
		they, still = "it", "it still "+ends[0]
	case len(list) == 2:
		still = "both still " + ends[0]
	}
	return fmt.Sprintf("%s collapsed %s: of %s hits/s %s answered %s, the p95 of all is %s; %s.", numeral.Listed(names), at,
		numeral.Number(list[0].OfferedRate), they, numeral.Listed(sameOnce(answers)), collapseTimeout(list[0].Collapse), still)
}

// fallenTitle is the same in few words.
func fallenTitle(list []model.Fallen, at string) string {
	var names, answers []string
	for _, f := range list {
		names, answers = append(names, f.Name), append(answers, answeredShare(f.Collapse))
	}
	return fmt.Sprintf("%s collapsed %s: %s of %s hits/s answered", numeral.Listed(names), at, numeral.Listed(sameOnce(answers)), numeral.Number(list[0].OfferedRate))
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
func (s *summary) collapseTable() table.Writer { return collapseTable(s.Fallen(s.States...)) }

func collapseTable(list []model.Fallen) table.Writer {
	t := newTable("collapsed", "trials", "hits/s", "answered", "p95 of those", "p95 of all", "still answered", "fell over")
	right(t, 2, 3, 4, 5, 6)
	for _, row := range collapseRows(list) {
		t.AppendRow(row)
	}
	return t
}

func collapseRows(list []model.Fallen) (rows [][]any) {
	for _, c := range list {
		rows = append(rows, []any{c.Name, fmt.Sprintf("%d of %d", c.Trials, c.Begun), numeral.Number(c.OfferedRate),
			fmt.Sprintf("%s (%s/s)", numeral.Percent(float64(c.AnsweredRatio)), numeral.Number(c.AnsweredRate)), numeral.Seconds(c.AnsweredP95Seconds),
			numeral.Waited(stat.Number(math.Inf(1)), c.TimeoutSeconds), held(c.Collapse), fell(c.Collapse)})
	}
	return rows
}

// latency prints a latency of a state.
func (s *summary) latency(state model.State, n stat.Number) string {
	if state.Timeless() {
		return numeral.Void
	}
	return numeral.Waited(n, s.TimeoutSeconds)
}

// counted is what is printed of a count of a state.
func counted(state model.State, text string) string {
	if state.Uncounted() {
		return numeral.Void
	}
	return text
}
