package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// Shares of the hits due that have to be answered in every trial and measured stage. What answers fewer than answeredDoubt
// is a doubt about every number beside it; what answers fewer than answeredLeast has collapsed, and fails the run without
// any budget.
const (
	answeredDoubt = 0.99
	answeredLeast = model.AnsweredLeast
)

// collapsed tells that the system failed so many hits that it answered too few. Hits that were never sent are no failure of
// the system: nobody knows what it would have made of them.
func collapsed(h *reading.Hits) bool {
	return h.Offered > 0 && h.AnsweredRatio() < answeredLeast && float64(h.Failed) > (1-answeredLeast)*float64(h.Sent)
}

// short is a stage of a trial in which too few hits were answered.
type short struct {
	*trial
	stage string
	*reading.Hits
}

func (s short) told() string {
	return fmt.Sprintf("%s of %s hits due at %s (trial %d)", numeral.Percent(float64(s.AnsweredRatio())), numeral.Count(s.Offered), s.stage, s.Index+1)
}

// shortest are the stages of a state of which too few hits were answered in some trial, each in the worst of them, the worst
// stage first.
func (l *Ledger) shortest(state string) (list []short) {
	for _, stage := range l.header.Stages {
		var worst *short
		for _, t := range l.begun(state) {
			h := t.In(stage.Name)
			if h.AnsweredRatio() < answeredDoubt && (worst == nil || h.AnsweredRatio() < worst.AnsweredRatio()) {
				worst = &short{t, stage.Name, h}
			}
		}
		if worst != nil {
			list = append(list, *worst)
		}
	}
	slices.SortStableFunc(list, func(a, b short) int { return cmp.Compare(a.AnsweredRatio(), b.AnsweredRatio()) })
	return list
}

// fallenOperations are those that fell over at a measured stage which as a whole did not, in the first trial in which they did.
// One of few hits may be dead and the share of all hardly less.
func (l *Ledger) fallenOperations(state string) (told []string) {
	for _, stage := range l.header.Stages {
		for _, op := range l.header.Operations {
			at := slices.IndexFunc(l.begun(state), func(t *trial) bool {
				h := t.hits(model.Key{Stage: stage.Name, Operation: op})
				return stage.Measure && h.Offered >= reading.LeastTail && collapsed(h) && !collapsed(t.In(stage.Name))
			})
			if at < 0 {
				continue
			}
			t := l.begun(state)[at]
			h := t.hits(model.Key{Stage: stage.Name, Operation: op})
			told = append(told, fmt.Sprintf("%s of %s %s hits due at %s (trial %d)", numeral.Percent(float64(h.AnsweredRatio())), numeral.Count(h.Offered), op, stage.Name, t.Index+1))
		}
	}
	return told
}

// judgeAnswered fails a run in which a state answered too little, budget or not, and doubts it where that is not sure. A
// warm-up is not measured, but what fails in it alone is no good beginning.
func (s *judgement) judgeAnswered() {
	l := s.ledger
	for _, one := range s.collapsedAt() {
		s.Against(model.Fail, model.AboutRun, "%s", one)
	}
	for _, state := range s.States {
		var short, cold []string
		for _, one := range l.shortest(state.Name) {
			switch {
			case !l.stage(one.stage).Measure:
				cold = append(cold, one.told())
			case !collapsed(one.Hits):
				short = append(short, one.told())
			}
		}
		if len(short) > 0 {
			s.press("%s answered %s: under %s, so work that was not done is missing in its counts", state.Name,
				strings.Join(numeral.Limited(short, 3), ", "), numeral.Limit(numeral.Percent(answeredDoubt)))
		}
		if fell := l.fallenOperations(state.Name); len(fell) > 0 {
			s.press("%s answered %s: of that operation under %s, whatever of all", state.Name, strings.Join(numeral.Limited(fell, 3), ", "), numeral.Limit(numeral.Percent(answeredLeast)))
		}
		if len(cold) > 0 && len(short) == 0 && state.Collapse == nil {
			s.press("%s answered %s: what is not measured was not served, so the stages after it may have met a system that was not ready",
				state.Name, strings.Join(numeral.Limited(cold, 3), ", "))
		}
	}
}

// collapse is how a state fell over at the headline stage; nil if it did not.
func (l *Ledger) collapse(state string) *model.Collapse {
	headline, n := l.header.Headline, 0
	var worst *trial
	for _, t := range l.begun(state) {
		if !collapsed(t.In(headline)) {
			continue
		}
		n++
		if worst == nil || t.In(headline).AnsweredRatio() < worst.In(headline).AnsweredRatio() {
			worst = t
		}
	}
	if worst == nil {
		return nil
	}
	saw := answered([]*trial{worst}, l.stage(headline), model.Key{Stage: headline})
	c := collapseOf(worst.In(headline), l.header.TimeoutSeconds)
	c.Trials, c.Trial, c.OfferedRate, c.AnsweredRate = n, worst.Index, saw["offered_rate"], saw["achieved_rate"]
	fall(c, nil, worst.Pulses())
	return c
}

// collapseOf is what the hits themselves tell of one.
func collapseOf(h *reading.Hits, timeoutSeconds float64) *model.Collapse {
	c := &model.Collapse{Trials: 1, AnsweredRatio: h.AnsweredRatio(), OfferedRate: stat.Unknown(), AnsweredRate: stat.Unknown(), AnsweredP95Seconds: stat.Unknown(),
		TimeoutSeconds: timeoutSeconds, HeldRate: stat.Unknown(), FromSeconds: stat.Unknown(), ToSeconds: stat.Unknown()}
	if answered := h.Response.Count(); stat.Tail(answered, 0.95) >= reading.LeastTail {
		c.AnsweredP95Seconds = stat.Number(stat.Quantile(reading.Bars(h.Response), 0, 0.95))
	}
	return c
}

// fall finds when it was in these seconds that the trial fell over, and what it had answered until then, in those before
// them too.
func fall(c *model.Collapse, before, seconds []reading.Pulse) {
	from := slices.IndexFunc(seconds, func(p reading.Pulse) bool { return p.AnsweredRatio() < answeredLeast })
	if from < 0 {
		return
	}
	c.FromSeconds, c.FromStage = stat.Number(seconds[from].Begin), seconds[from].Stage
	for i, p := range seconds {
		if p.AnsweredRatio() < answeredLeast {
			c.ToSeconds, c.ToEnd = stat.Number(p.End), i == len(seconds)-1
		}
	}
	held := slices.DeleteFunc(slices.Concat(before, seconds[:from]), func(p reading.Pulse) bool { return p.AnsweredRatio() < answeredDoubt })
	if rate, stage, ok := reading.HighestRate(held); ok {
		c.HeldRate, c.HeldStage = stat.Number(rate), stage
	}
}

// answeredShare is the share of the hits of a key that were answered in the trials whose counts are believed, and from which
// its counts come.
func (l *Ledger) answeredShare(k model.Key) stat.Number {
	return together(l.counted(k.State), k).AnsweredRatio()
}

// unlike is otherWork of two states.
func (l *Ledger) unlike(k model.Key, before string) string {
	return model.OtherWork(before, k.State, l.answeredShare(k.Elsewhere(before)), l.answeredShare(k))
}

// noteCollapses says of the runs compared which states fell over in them: what they are held against is then no measure.
func (c *comparing) noteCollapses() {
	for _, s := range c.sides {
		if s.ledger == nil {
			continue
		}
		for _, state := range s.states() {
			for _, one := range s.ledger.shortest(state) {
				switch {
				case one.stage != c.Stage:
				case collapsed(one.Hits):
					c.Collapsed = append(c.Collapsed, model.ComparedCollapse{Label: s.label, State: state, Trial: one.Index, AnsweredRatio: one.AnsweredRatio(), Hits: one.Offered})
				default:
					c.Notes = append(c.Notes, fmt.Sprintf("%s: %s answered %s; work that was not done makes no count better", s.label, state, one.told()))
				}
			}
		}
	}
}

// collapsedAt says which states collapsed, and where. What the sentence has said of a state is not said again, and states
// that fell over at the same stages are told together.
func (s *judgement) collapsedAt() (told []string) {
	l := s.ledger
	heads := s.Fallen(s.Find(s.Overall.Before), s.Find(s.Overall.After))
	together := map[string][]string{}
	var order []string
	for _, state := range s.States {
		var stages, shares []string
		for _, one := range l.shortest(state.Name) {
			if l.stage(one.stage).Measure && collapsed(one.Hits) {
				stages, shares = append(stages, one.stage), append(shares, one.told())
			}
		}
		if len(stages) == 0 {
			continue
		}
		at := fmt.Sprintf("collapsed at %s: under %s answered", numeral.Listed(numeral.Limited(stages, 3)), numeral.Limit(numeral.Percent(answeredLeast)))
		if !slices.ContainsFunc(heads, func(f model.Fallen) bool { return f.Name == state.Name }) {
			at = fmt.Sprintf("answered %s: it collapsed (under %s)", strings.Join(numeral.Limited(shares, 3), ", "), numeral.Limit(numeral.Percent(answeredLeast)))
		}
		if together[at] == nil {
			order = append(order, at)
		}
		together[at] = append(together[at], state.Name)
	}
	for _, at := range order {
		told = append(told, numeral.Listed(together[at])+" "+at)
	}
	return told
}
