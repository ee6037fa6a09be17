package judge

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// switchLimitSeconds is what the reference system promises of a switch; a longer one is told.
const switchLimitSeconds = 2

// ErrNoCutover says that a run directory holds an ordinary run, and ErrCutover that it does not.
var (
	ErrNoCutover = errors.New("the run is no cutover")
	ErrCutover   = errors.New("the run is a cutover: its states are parts of one trial, and no rounds to compare")
)

// Cutover judges the record of a cutover. Only a header that is no cutover's is an error.
func (l *Ledger) Cutover(sc *scenarios.Scenario) (*model.Cutover, error) {
	run, h := l.run, l.header
	if h.Cutover == nil || len(h.Cutover.States) != len(h.Stages) || len(h.Stages) < 2 || len(h.Trials) == 0 {
		return nil, ErrNoCutover
	}
	t := l.trials[0]
	c := &model.Cutover{
		Schema: model.CutoverSchema, Ruling: model.Ruling{Verdict: model.Pass, Reasons: []string{}}, Complete: run.Complete(),
		Provenance: provenanceOf(run), AndBack: h.Cutover.AndBack, OfferedRate: stat.Number(h.Stages[1].FromRate), ErrorsLimit: errorsLimit(sc), States: []model.CutoverState{}, Jobs: []model.CutoverJob{},
	}
	c.Warn(model.AboutRun, company(run.Events)...)
	cut := &cutting{run: run, trial: t, TrialSeconds: reading.SecondsOf(t.Trial), pulses: t.Pulses()}
	cut.warmUp = t.In(h.Stages[0].Name)
	_, cut.end = reading.SpanOf(run.Events, t.Index)
	c.Jobs = cut.jobs()
	if c.Switches = cut.switches(); len(c.Switches) != len(h.Stages)-2 {
		return nil, ErrNoCutover
	}
	c.States = cut.states(c)
	for i := range c.Switches {
		c.Switches[i].P95BeforeSeconds = c.States[i].P95Seconds
	}
	c.Total = cut.counted(cut.Sum(0, math.MaxInt))
	c.Validity = t.check()
	c.Validity.Doubts, c.Validity.Notes = slices.Concat([]string{}, t.stolen(), t.lagging(lagDoubtfulSeconds), t.twice()), []string{}
	if t.Began {
		c.Validity.Notes = append(c.Validity.Notes, t.noteworthy()...)
	}
	(&turnover{c, cut}).judge()
	return model.Sealed(c, &c.Over)
}

// errorsLimit is the strictest budget on errors that fails a run; in which state or stage it is meant, a cutover passes
// through.
func errorsLimit(sc *scenarios.Scenario) stat.Number {
	limit, found := stat.Number(0), false
	for _, b := range sc.Budgets {
		if b.Metric != "errors" || b.Operation != "" || b.Of != "" || b.Max == nil || b.Level == scenarios.LevelWarn {
			continue
		}
		if l := stat.Number(*b.Max); !found || l < limit {
			limit, found = l, true
		}
	}
	return limit
}

func (c *cutting) counted(h *reading.Hits) model.CutoverHits {
	return model.CutoverHits{N: h.Offered, Errors: h.Failed, Missed: h.Missed, Correctness: c.Declared.Ordered(h.Wrong)}
}

// cutting is a cutover on its way to being judged.
type cutting struct {
	run   *record.Run
	trial *trial
	*reading.TrialSeconds
	// end of the trial, on the run's clock.
	end    float64
	pulses []reading.Pulse
	// warmUp are the hits before the first state is held, and whole those of all of the time of each state.
	warmUp *reading.Hits
	whole  []*reading.Hits
}

// jobs are those done while the traffic flowed. Their events are written at their end.
func (c *cutting) jobs() []model.CutoverJob {
	list := []model.CutoverJob{}
	for _, e := range c.run.Events {
		took := e.Values["seconds"]
		if e.Kind != record.EventJob || !c.Began || e.AtSeconds-took < c.At {
			continue
		}
		h := c.Around(reading.Stretch{From: e.AtSeconds - took, To: e.AtSeconds})
		list = append(list, model.CutoverJob{Text: e.Text, BeginSeconds: stat.Number(e.AtSeconds - took), Seconds: stat.Number(took),
			P95Seconds: h.Believed(0.95), CutoverHits: c.counted(h)})
	}
	return list
}

// switches are all that were planned, those that did not take place included.
func (c *cutting) switches() []model.CutoverSwitch {
	list, names := []model.CutoverSwitch{}, c.run.Header.Stages
	for i, state := range c.run.Header.Cutover.States {
		if i > 0 && state != c.run.Header.Cutover.States[i-1] {
			list = append(list, model.CutoverSwitch{From: names[i-1].Name, To: names[i].Name, BeginSeconds: stat.Unknown(), Seconds: stat.Unknown(),
				LateSeconds: stat.Unknown(), P95AroundSeconds: stat.Unknown(), P95BeforeSeconds: stat.Unknown()})
		}
	}
	next := 0
	for _, e := range c.run.Events {
		begin, underLoad := e.Values["begin_seconds"]
		if e.Kind != record.EventSwitch || !underLoad || next == len(list) {
			continue
		}
		s := &list[next]
		h := c.Around(reading.Stretch{From: begin, To: begin + e.Values["seconds"]})
		s.Done, s.BeginSeconds, s.Seconds, s.LateSeconds = true, stat.Number(begin), stat.Number(e.Values["seconds"]), stat.Number(e.Values["late_seconds"])
		s.P95AroundSeconds, s.CutoverHits = h.Believed(0.95), c.counted(h)
		next++
	}
	return list
}

// states are all that were planned; of one that was never entered nothing is known.
func (c *cutting) states(judged *model.Cutover) (list []model.CutoverState) {
	for i, stage := range c.run.Header.Stages[1:] {
		s := model.CutoverState{Stage: stage.Name, State: c.run.Header.Cutover.States[i+1]}
		held := reading.Stretch{From: c.At + stage.BeginSeconds, To: min(c.end, c.At+stage.EndSeconds)}
		if i > 0 {
			held.From = judged.Switches[i-1].End()
		}
		if i < len(judged.Switches) && judged.Switches[i].Done {
			held.To = float64(judged.Switches[i].BeginSeconds)
		}
		c.fill(&s, undisturbed(held, judged.Jobs))
		c.collapse(&s, held, judged)
		list = append(list, s)
	}
	return list
}

// collapse finds out whether a state fell over, in all of its time: a job that it does not bear is its own.
func (c *cutting) collapse(s *model.CutoverState, held reading.Stretch, judged *model.Cutover) {
	whole := &reading.Hits{}
	if held.From < held.To {
		whole = c.Inside(held)
	}
	c.whole = append(c.whole, whole)
	if !collapsed(whole) {
		return
	}
	var before, seconds []reading.Pulse
	for _, p := range c.pulses {
		p.Begin, p.End = p.Begin+c.At, p.End+c.At
		switch {
		case p.End <= held.From:
			before = append(before, p)
		case p.Begin >= held.From && p.End <= held.To:
			seconds = append(seconds, p)
		}
	}
	s.Collapse = collapseOf(whole, judged.TimeoutSeconds)
	s.Collapse.OfferedRate, s.Collapse.AnsweredRate = judged.OfferedRate, judged.OfferedRate*s.Collapse.AnsweredRatio
	fall(s.Collapse, before, seconds)
}

// undisturbed is the longest part of a stretch without a job, the first of equal ones.
func undisturbed(held reading.Stretch, jobs []model.CutoverJob) reading.Stretch {
	parts := []reading.Stretch{held}
	for _, job := range jobs {
		last, begin, end := &parts[len(parts)-1], float64(job.BeginSeconds), float64(job.BeginSeconds+job.Seconds)
		if end > last.From && begin < last.To {
			rest := reading.Stretch{From: end, To: last.To}
			last.To = begin
			parts = append(parts, rest)
		}
	}
	return slices.MaxFunc(parts, func(a, b reading.Stretch) int { return cmp.Compare(a.To-a.From, b.To-b.From) })
}

// fill gives a state what is known of it: nothing, where the switch into it came too late or not at all.
func (c *cutting) fill(s *model.CutoverState, held reading.Stretch) {
	h := &reading.Hits{}
	if held.From < held.To {
		h = c.Inside(held)
	} else {
		held = reading.Stretch{From: math.NaN(), To: math.NaN()}
	}
	s.FromSeconds, s.ToSeconds, s.CutoverHits = stat.Number(held.From), stat.Number(held.To), c.counted(h)
	s.P50Seconds, s.P95Seconds, s.P99Seconds = h.Believed(0.5), h.Believed(0.95), h.Believed(0.99)
	s.PrimaryQPS = c.RateIn(held, "primary", c.Declared.Statements("read", "write"))
	s.PrimaryReadsQPS, s.PrimaryWritesQPS = c.RateIn(held, "primary", c.Declared.Statements("read")), c.RateIn(held, "primary", c.Declared.Statements("write"))
	s.ReplicaQPS, s.CacheHitRatio = c.RateIn(held, "replica", c.Declared.Statements("read", "write")), c.HitRatioIn(held)
}

// turnover is a cutover on its way to a verdict, with what it is found in.
type turnover struct {
	*model.Cutover
	cut *cutting
}

// judge comes to the verdict and says why it is not a pass.
func (c *turnover) judge() {
	if !c.Complete {
		c.Against(model.Inconclusive, model.AboutRun, "the run did not reach its end%s", c.Interruption)
	}
	c.judgeAnswers()
	c.judgeAnswered()
	missed := false
	for _, s := range c.Switches {
		if s.Done || !missed {
			c.judgeSwitch(s)
		}
		missed = missed || !s.Done
	}
	for _, r := range c.cut.trial.reasons {
		// What was answered was answered, however late it was asked.
		if r.voids == voidsLatencies {
			c.Warn(model.AboutRun, "latencies are not to be relied on: "+r.Text)
		} else if c.Complete {
			c.Against(model.Inconclusive, model.AboutRun, "%s", r.Text)
		}
	}
	c.Warn(model.AboutRun, c.Validity.Doubts...)
	c.Checks = c.checks()
}

// alone is what a part of the judgement comes to by itself.
func (c *turnover) alone(judge func(*turnover)) *model.Cutover {
	part := &turnover{&model.Cutover{Ruling: model.Ruling{Verdict: model.Pass}, Complete: c.Complete, ErrorsLimit: c.ErrorsLimit, Total: c.Total, Provenance: model.Provenance{Declared: c.Declared}}, c.cut}
	judge(part)
	return part.Cutover
}

func (c *turnover) judgeAnswers() {
	t := c.Total
	for _, why := range promisesBroken(c.Declared, t.Correctness) {
		c.Against(model.Fail, model.AboutRun, "%s", why)
	}
	c.Warn(model.AboutRun, untested(c.Declared, t.Correctness)...)
	if c.tooMany(t) {
		c.Against(model.Fail, model.AboutRun, "%s of %s hits failed (limit %s)", numeral.Count(t.Errors), numeral.Count(t.N), numeral.Exact(100*float64(c.ErrorsLimit))+" %")
	}
	if c.Complete && t.N == 0 {
		c.Against(model.Inconclusive, model.AboutRun, "no hit was due")
	}
}

// judgeAnswered fails a cutover in which a state answered too little, as an ordinary run fails, and doubts it where that is
// not sure.
func (c *turnover) judgeAnswered() {
	if fell := c.Fallen(); len(fell) > 0 {
		var names []string
		for _, f := range fell {
			names = append(names, f.Name)
		}
		c.Against(model.Fail, model.AboutRun, "%s collapsed while traffic flowed: under %s answered", numeral.Listed(numeral.Limited(names, 4)), numeral.Limit(numeral.Percent(answeredLeast)))
	}
	for i, s := range c.States {
		if h := c.cut.whole[i]; s.Collapse == nil && h.AnsweredRatio() < answeredDoubt {
			c.Warn(model.AboutRun, fmt.Sprintf("%s answered %s of %s hits due: under %s, so work that was not done is missing in its counts", s.Stage,
				numeral.Percent(float64(h.AnsweredRatio())), numeral.Count(h.Offered), numeral.Limit(numeral.Percent(answeredDoubt))))
		}
	}
	if h := c.cut.warmUp; h.AnsweredRatio() < answeredDoubt {
		c.Warn(model.AboutRun, fmt.Sprintf("%s of %s hits due were answered before the first state was held: it may not have been ready",
			numeral.Percent(float64(h.AnsweredRatio())), numeral.Count(h.Offered)))
	}
	if why := c.Unlike(); why != "" {
		c.Warn(model.AboutRun, "the change of primary (master DB) QPS is none to speak of: "+why)
	}
}

// fellOver tells of a state or a switch what collapsed tells of a stage.
func fellOver(h model.CutoverHits) bool {
	return collapsed(&reading.Hits{Offered: h.N, Sent: h.N - min(h.N, h.Missed), Failed: h.Errors, Missed: h.Missed})
}

func (c *turnover) tooMany(h model.CutoverHits) bool {
	return float64(h.Errors) > float64(c.ErrorsLimit)*float64(h.N)
}

func (c *turnover) judgeSwitch(s model.CutoverSwitch) {
	name := s.Name()
	switch {
	case !s.Done && c.Complete:
		c.Against(model.Inconclusive, model.AboutRun, "%s did not take place before the traffic ended; hold the states for longer", name)
		return
	case !s.Done:
		return
	case s.N == 0 && c.Complete:
		c.Against(model.Inconclusive, model.AboutRun, "no hit was due around %s", name)
	case c.tooMany(s.CutoverHits):
		c.Against(model.Fail, model.AboutRun, "%s of %s hits failed around %s (limit %s)", numeral.Count(s.Errors), numeral.Count(s.N), name, numeral.Exact(100*float64(c.ErrorsLimit))+" %")
	case fellOver(s.CutoverHits):
		c.Against(model.Fail, model.AboutRun, "%s of %s hits were answered around %s: it collapsed (under %s)", numeral.Percent(float64(s.AnsweredRatio())), numeral.Count(s.N), name, numeral.Limit(numeral.Percent(answeredLeast)))
	}
	if n := c.Declared.Wrong(s.Correctness); n > 0 {
		c.Against(model.Fail, model.AboutRun, "%s wrong answers around %s", numeral.Count(n), name)
	}
	if s.Seconds > switchLimitSeconds {
		c.Warn(model.AboutGround, fmt.Sprintf("%s took %s, over %s", name, numeral.SecondsBeside(s.Seconds, switchLimitSeconds), numeral.Limit(numeral.Seconds(switchLimitSeconds))))
	}
	if s.LateSeconds > lateSwitchSeconds {
		c.Warn(model.AboutGround, fmt.Sprintf("%s came %s late: what it needs, or the switch before, took too long", name, numeral.Seconds(s.LateSeconds)))
	}
}

// lateSwitchSeconds is from when on a switch is called late; a timer is, by some milliseconds.
const lateSwitchSeconds = 0.5
