package judge

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// ErrUnfit is returned by [NewBaseline] for a run that is saved only if told to.
var ErrUnfit = errors.New("nothing to hold others against")

// unfit says why later runs should not be held against this one.
func unfit(run *record.Run, s *model.Summary) (why []string) {
	if !s.Complete {
		why = append(why, "it did not reach its end")
	}
	if defect := run.Header.Settings["sabotage"]; defect != "" {
		why = append(why, "the defect "+defect+" was planted in it")
	}
	if s.Verdict == model.Fail {
		why = append(why, "it failed: "+strings.Join(numeral.Limited(s.Reasons, 3), "; "))
	}
	return why
}

// NewBaseline has every number of a run. One that failed, did not reach its end, or had a defect planted makes none, unless
// anyway; nor does a state of which no trial is believed in anything. Where its latencies alone are void its counts are saved.
func NewBaseline(run *record.Run, sc *scenarios.Scenario, anyway bool) (*model.Baseline, error) {
	l := Examine(run)
	s, err := l.Summarize(nil, sc)
	if err != nil {
		return nil, err
	}
	if run.Header.SelfTest != nil {
		return nil, fmt.Errorf("run %s: %w", run.Header.ID, ErrSelfTestRun)
	}
	if why := unfit(run, s); len(why) > 0 && !anyway {
		return nil, fmt.Errorf("run %s is %w: %s", run.Header.ID, ErrUnfit, strings.Join(why, "; "))
	}
	h := run.Header
	b := &model.Baseline{
		Schema: model.BaselineSchema, Scenario: h.Scenario, Seed: h.Seed, Run: h.ID, Rounds: h.Rounds, Stack: h.Stack, Host: model.Host(h.Host),
		Stages: savedStages(h), Numbers: map[string]model.SavedNumber{},
	}
	for _, state := range h.States {
		if len(l.valid(state))+len(l.counted(state)) == 0 {
			return nil, fmt.Errorf("run %s has no valid trial of %s", h.ID, state)
		}
		for stage := range b.Stages {
			for _, operation := range append([]string{""}, h.Operations...) {
				l.save(b, model.Key{State: state, Stage: stage, Operation: operation})
			}
		}
	}
	return b, nil
}

func savedStages(h record.Header) map[string]model.SavedStage {
	stages := map[string]model.SavedStage{}
	for _, s := range h.Stages {
		if s.Measure {
			// A millisecond is finer than any stage; binary fractions would make a diff of nothing.
			stages[s.Name] = model.SavedStage{Seconds: math.Round((s.EndSeconds-s.BeginSeconds)*1000) / 1000, Hits: s.Hits}
		}
	}
	return stages
}

// save adds the known numbers of a state, a stage and an operation.
func (l *Ledger) save(b *model.Baseline, k model.Key) {
	counts := l.counts(k)
	for _, m := range l.declared.Metrics() {
		if k.Operation != "" && !m.ByOperation {
			continue
		}
		k.Metric = m.Name
		number := model.SavedNumber{Value: stat.Unknown(), Lo: stat.Unknown(), Hi: stat.Unknown()}
		if _, latency := model.Quantiles()[m.Name]; latency {
			mean := l.interval(l.latencies(k))
			number = model.SavedNumber{Value: stat.Number(mean.Value), Lo: stat.Number(mean.Lo), Hi: stat.Number(mean.Hi)}
		} else if n, known := counts[m.Name]; known {
			number.Value = n
		}
		if number.Value.Known() {
			b.Numbers[k.Saved()] = number
		}
	}
}

// Wanting says what budgets on a saved number will miss in the baseline; empty if nothing.
func Wanting(b *model.Baseline) (told []string) {
	var timeless, single, uncounted []string
	for _, state := range b.States() {
		timed, spread, counted := false, false, false
		for stage := range b.Stages {
			p50, known := b.Numbers[model.Key{Metric: "p50", State: state, Stage: stage}.Saved()]
			_, rate := b.Numbers[model.Key{Metric: "primary_qps", State: state, Stage: stage}.Saved()]
			timed, spread, counted = timed || known, spread || known && p50.Lo.Known(), counted || rate
		}
		switch {
		case !timed:
			timeless = append(timeless, state)
		case !spread:
			single = append(single, state)
		}
		if !counted {
			uncounted = append(uncounted, state)
		}
	}
	for _, one := range []struct {
		format string
		states []string
	}{
		{"no latency of %s is believed, so none is saved: budgets on them stay undecided", timeless},
		{"latencies of %s are of one round and have no interval: budgets on them stay undecided; save a run of two rounds or more", single},
		{"no count of %s is believed, so none is saved: budgets on them stay undecided", uncounted},
	} {
		if len(one.states) > 0 {
			told = append(told, fmt.Sprintf(one.format, strings.Join(one.states, ", ")))
		}
	}
	return told
}

// savedElsewhere says by what the machine of a run is of another class than the baseline's; empty if by nothing.
func savedElsewhere(b *model.Baseline, h record.Header) string {
	var apart []string
	if b.Host.CPU != h.Host.CPU {
		apart = append(apart, fmt.Sprintf("CPU %s there, %s here", b.Host.CPU, h.Host.CPU))
	}
	if b.Host.CPUs != h.Host.CPUs {
		apart = append(apart, fmt.Sprintf("%d CPUs there, %d here", b.Host.CPUs, h.Host.CPUs))
	}
	if b.Stack != h.Stack {
		apart = append(apart, fmt.Sprintf("stack %s there, %s here", b.Stack, h.Stack))
	}
	return strings.Join(apart, ", ")
}

// lenient tells whether budgets on a metric are only warnings: on another machine than that of the saved baseline no
// latency fails a run.
func (l *Ledger) lenient(metric string) bool {
	return l.metric(metric).Unit == scenarios.Seconds && l.saved != nil && savedElsewhere(l.saved, l.header) != ""
}

// savedTraffic says by what the traffic of a run differs from the baseline's; empty if by nothing.
func savedTraffic(b *model.Baseline, h record.Header) string {
	var apart []string
	if b.Seed != h.Seed {
		apart = append(apart, fmt.Sprintf("seed %d there, %d here", b.Seed, h.Seed))
	}
	now := savedStages(h)
	for _, s := range h.Stages {
		if was, both := b.Stages[s.Name]; both && s.Measure && was != now[s.Name] {
			apart = append(apart, fmt.Sprintf("%s hits in %v s at %s there, %s in %v s here", numeral.Count(was.Hits), was.Seconds, s.Name,
				numeral.Count(s.Hits), now[s.Name].Seconds))
		}
	}
	return strings.Join(apart, ", ")
}

// compared says what a reader has to know of the baseline that the run is judged against.
func (s *judgement) compared() {
	l := s.ledger
	if l.saved == nil {
		return
	}
	if apart := savedElsewhere(l.saved, l.header); apart != "" {
		s.press("the saved baseline is of another machine (%s): budgets on latency are only warnings", apart)
	}
	uses := slices.ContainsFunc(s.Budgets, func(b model.Budget) bool { return b.Of == scenarios.Saved })
	if apart := savedTraffic(l.saved, l.header); apart != "" && uses {
		s.press("the saved baseline is of other traffic: %s", apart)
	}
}

// savedAnswered is the share of the hits of a key that were answered in the saved run; one that does not say so is taken to have
// answered all of them.
func savedAnswered(b *model.Baseline, k model.Key) stat.Number {
	k.Metric, k.API = "achieved", ""
	if n, known := b.Numbers[k.Saved()]; known {
		return n.Value
	}
	return 1
}

// savedOver is what a count of statements was divided by, as that of a ledger: of counts per hit it is the hits of the measured
// stages, for no others are saved, and so less than it was.
func savedOver(b *model.Baseline, k model.Key) (n stat.Number) {
	if _, isRate := rates(k); isRate {
		return stat.Number(b.Stages[k.Stage].Seconds * float64(b.Rounds))
	}
	_, operation, per := perHitOf(k)
	for stage := range b.Stages {
		hits := model.Key{Metric: "hits", Operation: operation, Stage: stage, State: k.State}
		if saved := b.Numbers[hits.Saved()].Value; per && saved.Known() {
			n += saved
		}
	}
	return n
}

// unsaved says why there is no saved number to compare with.
func (l *Ledger) unsaved(k model.Key) string {
	switch {
	case l.saved == nil:
		return "no saved baseline is given: add --baseline FILE; rehearse baseline save writes it"
	case l.saved.Scenario != l.header.Scenario:
		return fmt.Sprintf("the saved baseline is of scenario %s", l.saved.Scenario)
	}
	if _, known := l.saved.Numbers[k.Saved()]; !known {
		return fmt.Sprintf("the saved baseline has no number %s", k.Saved())
	}
	return ""
}

// over is an interval as a ratio to a saved number. What the two do not know of themselves adds up: the interval is as wide
// as the furthest ends of both.
func over(mean stat.Interval, n model.SavedNumber) stat.Interval {
	return stat.Interval{
		Value: mean.Value / float64(n.Value), Lo: mean.Lo / float64(n.Hi), Hi: mean.Hi / float64(n.Lo),
		Centre: mean.Centre / float64(n.Value), N: mean.N,
	}
}

// overCount is a count as a ratio to a saved one, to the five digits that a file of six keeps of it. Nothing of nothing is
// as much as before, and anything of nothing is beyond every limit.
func overCount(now, saved stat.Number) stat.Number {
	if saved == 0 && now == 0 {
		return 1
	}
	ratio := float64(now / saved)
	short, err := strconv.ParseFloat(strconv.FormatFloat(ratio, 'g', 5, 64), 64)
	if err != nil {
		return stat.Number(ratio)
	}
	return stat.Number(short)
}
