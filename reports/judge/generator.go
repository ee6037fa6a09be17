package judge

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// When a generator was starved: each time one of its threads was ready, it waited longer than turnLimit for a processor,
// and what that makes for each hit is more than turnShare of the mean response; or it waited longer than turnBound. The
// share keeps the trials of a system that is overloaded and slow, where waiting is no error of the instrument worth
// mentioning; the bound is there because a response may be slow for nothing but the generator's own waiting.
//
// What the threads waited together in a second separates nothing, since it grows with the rate: alone on two cores it was
// 0.02 s to 0.08 s with real-time priority, and without 0.13 s at 400 hits a second and 0.77 s at 1500. The wait of each
// turn does, measured on those cores, in microseconds:
//
//	with real-time priority                                                        7 to 27
//	without                                                                       47 to 80
//	without, beside two busy loops, and beside four                  95 to 150, 159 to 185
//	with it, beside two loops of higher priority, half busy: hits left 27 ms late  548 to 740
//	without, on a system offered five times what it can carry                453 to 2,600
//	without, allowed 15 % of one processor: p95 5 s of a system that takes 5 ms  5,500 to 13,000
//
// In the last of these hits left late as well, but by less than a tenth of what the answers then seemed to take.
const (
	turnLimitSeconds = 0.00025
	turnShare        = 0.1
	turnBoundSeconds = 0.004
)

// stealLimit is the share of the processors' time from which on the host is a party to every latency. On the machine of
// the measurements above it took 0.1 to 2.6 % while nothing was amiss, and 5.0 % when hits left 5.7 ms late.
const stealLimit = 0.05

// How far the hits in flight may be from rate times response. Both are exact means over a whole trial, which begins and
// ends with no hit in flight, so no sampling noise has to be allowed for: only the resolution of the histograms, 0.1 %,
// and the time from an answer to its entry in the books, for each hit. That was under 50 µs in all the trials above.
const (
	littleTolerance      = 0.01
	littleHandledSeconds = 0.00025
)

// twice is a doubt: what was sent more often than it is counted may have been done more often, too.
func (t *trial) twice() []string {
	if n := t.generator.Resent; n > 0 {
		return []string{fmt.Sprintf("%s hits were sent more than once by the transport: the system may have done more than was counted, and failed more often", numeral.Count(n))}
	}
	return nil
}

// reconnections is a note for those who wonder about connections.
func (t *trial) reconnections() []string {
	if n := t.generator.Reconnected; n > 0 {
		return []string{fmt.Sprintf("%s hits took a new connection, because the system had closed the one kept; each was sent once", numeral.Count(n))}
	}
	return nil
}

func (t *trial) checkGenerator(processors int) model.GeneratorCheck {
	generator := map[string][]string{"process": {"generator"}}
	waited, _ := t.OverMeasured("cpu", reading.Counters{Metric: "wait_seconds_total", Labels: generator})
	turns, _ := t.OverMeasured("cpu", reading.Counters{Metric: "turns_total", Labels: generator})
	stolen, took := t.OverMeasured("cpu", reading.Counters{Metric: "steal_seconds_total"})
	g := model.GeneratorCheck{
		WaitPerTurnSeconds: stat.Number(waited / turns), WaitPerHitSeconds: stat.Number(waited / float64(t.Measured().Sent)),
		StealRatio: stat.Number(stolen / took / float64(processors)), InFlight: stat.Unknown(), InFlightByResponse: stat.Unknown(),
	}
	foreign := reading.ForeignIn(t.MeasuredStages(), func(stage, at string) record.Sample {
		return t.Edges[reading.Edge{Stage: stage, Side: at, Source: "cpu"}]
	})
	g.ForeignRatio, g.ForeignStage = stat.Number(foreign.Share), foreign.Stage
	for _, h := range t.StageHits {
		g.Reconnected, g.Resent = g.Reconnected+h.Reconnected, g.Resent+h.Resent
	}
	if total, seconds := t.Counted("", "load", reading.Counters{Metric: "in_flight_seconds_total"}); seconds > 0 {
		g.InFlight, g.InFlightByResponse = stat.Number(total/seconds), stat.Number(t.SpentSeconds()/seconds)
	}
	return g
}

// starvation finds a generator that had no processor when it needed one, also where its hits still left in time: the
// answers then waited to be taken. Of one that was late it is said there.
func (t *trial) starvation() []string {
	g, response := t.generator, t.MeanResponse()
	waited := func(limit stat.Number) string {
		return "the generator was starved: it waited " + numeral.SecondsBeside(g.WaitPerTurnSeconds, limit) + " for a processor each time"
	}
	switch {
	case len(t.punctuality()) > 0:
		return nil
	case g.WaitPerTurnSeconds > turnBoundSeconds:
		return []string{fmt.Sprintf("%s (limit %s); %s", waited(turnBoundSeconds), numeral.Limit(numeral.Seconds(turnBoundSeconds)), g.Taken(""))}
	case g.WaitPerTurnSeconds > turnLimitSeconds && g.WaitPerHitSeconds > turnShare*response:
		return []string{fmt.Sprintf("%s (limit %s), %s for each hit, over a tenth of the mean response %s; %s", waited(turnLimitSeconds),
			numeral.Limit(numeral.Seconds(turnLimitSeconds)), numeral.Seconds(g.WaitPerHitSeconds), numeral.Seconds(response), g.Taken(""))}
	}
	return nil
}

// crowding finds a machine that was shared. Where that made the generator late or starved, both are told: one is the cause.
func (t *trial) crowding() []string {
	g := t.generator
	if !(reading.Foreign{Share: float64(g.ForeignRatio)}).Crowded() {
		return nil
	}
	return []string{fmt.Sprintf("the machine was shared: other processes took %s of the processors in stage %s (limit %s)",
		numeral.PercentBeside(float64(g.ForeignRatio), reading.ForeignLimit), g.ForeignStage, numeral.Limit(numeral.Percent(reading.ForeignLimit)))}
}

// condition says what kept a generator from running, as far as that is known.
func condition(g model.GeneratorCheck) string {
	if !g.WaitPerTurnSeconds.Known() {
		return "how long it waited for a processor is not known; " + g.Taken("")
	}
	return fmt.Sprintf("it waited %s for a processor each time; %s", numeral.Seconds(g.WaitPerTurnSeconds), g.Taken(""))
}

// littlesLaw compares two counts of the same hits: how many were there, and how long they took.
func (t *trial) littlesLaw() []string {
	g := t.generator
	if !g.InFlight.Known() {
		return nil // an early record
	}
	_, took := t.Counted("", "load", reading.Counters{Metric: "in_flight_seconds_total"})
	hits := uint64(0)
	for _, h := range t.StageHits {
		hits += h.Sent
	}
	handled := littleHandledSeconds * float64(hits) / took
	low, high := float64(g.InFlightByResponse)*(1-littleTolerance), float64(g.InFlightByResponse)*(1+littleTolerance)+handled
	if n := float64(g.InFlight); n >= low && n <= high {
		return nil
	}
	return []string{fmt.Sprintf("%s hits were in flight on average, but rate times response makes %s (Little's law; limit %s to %s): "+
		"hits waited where no clock ran, or were not counted", numeral.Number(g.InFlight), numeral.Number(g.InFlightByResponse), numeral.Figure(low), numeral.Figure(high))}
}
