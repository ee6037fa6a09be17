package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// untilClear adds rounds to a run until its effects are clear. What the repeated looking costs, the intervals pay: they are
// as wide as [stat.LookConfidence] says.
type untilClear struct {
	on        bool
	maxTime   time.Duration
	precision float64
}

func (u *untilClear) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&u.on, "until-clear", false, "add rounds until budgets and effects on p95 are decided")
	flags.DurationVar(&u.maxTime, "max-time", 30*time.Minute, "with --until-clear: add no round that would end later")
	flags.Float64Var(&u.precision, "precision", 0.1, "with --until-clear: an effect known to within this `fraction` is clear, whatever it is")
}

// vary makes the scenario have the rounds that the first look needs.
func (u *untilClear) vary(v *variation) error {
	switch {
	case !u.on && (v.has("max-time") || v.has("precision")):
		return usageError("--max-time and --precision say when --until-clear ends; add --until-clear, or leave them out")
	case u.on && !(u.precision > 0):
		return usageError("--precision %v is not above zero; write --precision 0.1 for a tenth", u.precision)
	case u.on && u.precision > 1:
		return usageError("--precision %v is more than the effect itself; write it as a fraction, such as --precision 0.1 for a tenth", u.precision)
	case u.on && u.maxTime <= 0:
		return usageError("--max-time %v is no time; write --max-time 30m", u.maxTime)
	case u.on:
		v.leastRounds, v.leastFor = stat.FirstLook, "--until-clear"
	}
	return nil
}

// more looks at the rounds so far and decides whether one more follows.
func (r *rehearsal) more(began time.Time) func(context.Context) (bool, error) {
	most := r.scenario.MostRounds()
	return func(context.Context) (bool, error) {
		if err := r.writer.Flush(); err != nil {
			return false, err
		}
		_, s, err := look(r.dir, judging{})
		if err != nil {
			return false, err
		}
		more, why := r.flags.until.decide(s, most, time.Since(began))
		r.say("after %d rounds: %s", s.Rounds, why)
		r.note(record.Event{Trial: -1, Kind: record.EventLook, Text: why, Values: map[string]float64{"rounds": float64(s.Rounds)}})
		return more, nil
	}
}

// decide tells whether one more round follows, and why. All rounds so far took so long together.
func (u untilClear) decide(s *model.Summary, most int, took time.Duration) (more bool, why string) {
	for _, state := range s.States {
		if state.Collapse != nil {
			return false, state.Name + " collapsed, and no further round mends that: the run has failed"
		}
	}
	open := judge.Undecided(s, u.precision)
	if len(open) == 0 {
		return false, "all is clear"
	}
	why = open[0]
	if others := len(open) - 1; others > 0 {
		why += fmt.Sprintf("; and %d more", others)
	}
	switch {
	case s.Rounds >= most:
		return false, fmt.Sprintf("not clear yet, and no further round is possible; raise system.data.live_tokens for more (%s)", why)
	case took+took/time.Duration(s.Rounds) > u.maxTime:
		return false, fmt.Sprintf("not clear yet, and one more round would end after --max-time %v (%s)", u.maxTime, why)
	default:
		return true, "one more round: " + why
	}
}
