package reports

import (
	"cmp"
	"io"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// junit writes junit.xml of a cutover, with a test for each switch.
func (c *Cutover) junit(w io.Writer, run *record.Run) error { return writeJUnit(w, run, c.checks(run)) }

// checks are what a cutover is held to: itself, its answers, and each switch by what is said of it alone.
func (c *Cutover) checks(run *record.Run) []check {
	class := c.Scenario + ".cutover"
	alone := func(name string, seconds stat.Number, judge func(*Cutover)) check {
		part := &Cutover{Verdict: Pass, Complete: c.Complete, ErrorsLimit: c.ErrorsLimit, Total: c.Total}
		judge(part)
		one := check{class: class, name: name, verdict: part.Verdict, said: strings.Join(part.Reasons, "; "), notes: part.Warnings}
		if seconds.Known() {
			one.seconds = float64(seconds)
		}
		return one
	}
	states := func(part *Cutover) {
		part.States, part.warmUp, part.AndBack = c.States, c.warmUp, c.AndBack
		part.judgeAnswered()
	}
	took := stat.Number(elapsed(run))
	list := []check{
		{class: class, name: "verdict", verdict: c.Verdict, seconds: float64(took), notes: c.Warnings,
			said: strings.Join(append([]string{c.Verdict.String()}, c.Reasons...), "; ")},
		endCheck(class, c.Complete, run),
		alone("answers", took, func(part *Cutover) { part.judgeAnswers() }),
		alone("every state answers", took, states),
	}
	missed := ""
	for _, s := range c.Switches {
		one := alone("switch "+s.name(), s.Seconds, func(part *Cutover) { part.judgeSwitch(s) })
		switch {
		case !s.Done && !c.Complete:
			one.verdict, one.follows, one.said = Inconclusive, reachesEnd, "it did not take place"
		case !s.Done:
			// Where one came too late, there was no time for those after it.
			one.follows, missed = missed, cmp.Or(missed, one.name)
		}
		list = append(list, one)
	}
	if c.Total.N == 0 && !c.Complete {
		list[2].verdict, list[2].follows, list[2].said = Inconclusive, reachesEnd, "no hit was due"
	}
	if !c.Complete && list[3].verdict == Pass {
		list[3].verdict, list[3].follows, list[3].said = Inconclusive, reachesEnd, "what the rest would have answered is not known"
	}
	return distinct(pointed(list))
}
