package reports

import (
	"io"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// junit writes junit.xml of a cutover, with a test for each switch.
func (c *Cutover) junit(w io.Writer, run *record.Run) error { return writeJUnit(w, run, c.checks(run)) }

// checks are what a cutover is held to: itself, its answers, and each switch by what is said of it alone.
func (c *Cutover) checks(run *record.Run) []check {
	class := c.Scenario + ".cutover"
	alone := func(name string, seconds Number, judge func(*Cutover)) check {
		part := &Cutover{Verdict: Pass, Complete: true, ErrorsLimit: c.ErrorsLimit, Total: c.Total}
		judge(part)
		one := check{class: class, name: name, verdict: part.Verdict, said: strings.Join(part.Reasons, "; "), notes: part.Warnings}
		if seconds.Known() {
			one.seconds = float64(seconds)
		}
		return one
	}
	took := Number(elapsed(run))
	list := []check{
		{class: class, name: "verdict", verdict: c.Verdict, seconds: float64(took), notes: c.Warnings,
			said: strings.Join(append([]string{c.Verdict.String()}, c.Reasons...), "; ")},
		endCheck(class, c.Complete, run),
		alone("answers", took, func(part *Cutover) { part.judgeAnswers() }),
	}
	for _, s := range c.Switches {
		list = append(list, alone("switch "+s.name(), s.Seconds, func(part *Cutover) { part.judgeSwitch(s) }))
	}
	return distinct(list)
}
