package judge

import (
	"cmp"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// checks are what a cutover is held to: itself, its answers, and each switch by what is said of it alone.
func (c *turnover) checks() []model.Check {
	class := c.Scenario + ".cutover"
	alone := func(name string, seconds stat.Number, judge func(*turnover)) model.Check {
		part := c.alone(judge)
		one := model.Check{Class: class, Name: name, Verdict: part.Verdict, Said: strings.Join(part.Reasons, "; "), Notes: part.Warnings}
		if seconds.Known() {
			one.Seconds = float64(seconds)
		}
		return one
	}
	states := func(part *turnover) {
		part.States, part.AndBack = c.States, c.AndBack
		part.judgeAnswered()
	}
	took := stat.Number(c.ElapsedSeconds)
	list := []model.Check{
		{Class: class, Name: "verdict", Verdict: c.Verdict, Seconds: float64(took),
			Said: strings.Join(append([]string{c.Verdict.String()}, c.Reasons...), "; ")},
		endCheck(class, c.Complete, c.Provenance),
		alone("answers", took, func(part *turnover) { part.judgeAnswers() }),
		alone("every state answers", took, states),
	}
	missed := ""
	for _, s := range c.Switches {
		one := alone("switch "+s.Name(), s.Seconds, func(part *turnover) { part.judgeSwitch(s) })
		switch {
		case !s.Done && !c.Complete:
			one.Verdict, one.Follows, one.Said = model.Inconclusive, model.ReachesEnd, "it did not take place"
		case !s.Done:
			// Where one came too late, there was no time for those after it.
			one.Follows, missed = missed, cmp.Or(missed, one.Name)
		}
		list = append(list, one)
	}
	if c.Total.N == 0 && !c.Complete {
		list[2].Verdict, list[2].Follows, list[2].Said = model.Inconclusive, model.ReachesEnd, "no hit was due"
	}
	if !c.Complete && list[3].Verdict == model.Pass {
		list[3].Verdict, list[3].Follows, list[3].Said = model.Inconclusive, model.ReachesEnd, "what the rest would have answered is not known"
	}
	return distinct(pointed(list))
}
