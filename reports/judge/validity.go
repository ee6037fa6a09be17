package judge

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// Limits beyond which a trial reaches no estimate.
const (
	sentTolerance  = 0.01  // of the hits due
	countTolerance = 0.005 // between what servers and services counted
)

// examine finds out whether the trial can be believed, and what has to be known of it.
func (t *trial) examine(h *record.Header, read reading.Instruments) {
	t.generator = t.checkGenerator(h.Host.CPUs)
	t.reasons, t.doubts, t.notes = t.against(h, read), nil, []string{}
	if t.Began {
		t.doubts = t.doubtful(h.Headline)
		if t.Ended {
			t.doubts = append(t.doubts, voidsCounts.because(model.MissingReading, t.unread(read.Besides))...)
		}
		// Never nil: in JSON nothing is an empty list.
		t.notes = append(t.notes, t.noteworthy()...)
	}
}

func (l *Ledger) validity() []model.TrialCheck {
	checks := []model.TrialCheck{}
	for _, t := range l.trials {
		checks = append(checks, t.check())
	}
	return checks
}

// against lists the reasons against the trial. One that did not reach its end is not examined further: everything else
// would only repeat it.
func (t *trial) against(h *record.Header, read reading.Instruments) []reason {
	switch {
	case !t.Began:
		return []reason{{voidsWhole, model.Reason{Kind: model.NotBegun, Text: "the trial did not begin"}}}
	case !t.Ended:
		return []reason{{voidsMeasures, model.Reason{Kind: model.NotEnded, Text: "the trial did not end"}}}
	}
	return slices.Concat(
		voidsWhole.because(model.OtherState, t.elsewhere(h)),
		t.visited(),
		voidsCounts.because(model.MissingReading, t.unread(read.Needed)),
		// Less than was due was asked of the system, or not all of it is on record.
		voidsMeasures.because(model.OtherHits, t.onRecord()),
		voidsMeasures.because(model.HitsNeverSent, t.sending()),
		voidsLatencies.because(model.CrowdedMachine, t.crowding()),
		voidsLatencies.because(model.LateGenerator, t.punctuality()),
		voidsLatencies.because(model.Starved, t.starvation()),
		voidsLatencies.because(model.UncountedHits, t.littlesLaw()),
		t.statistics(),
		voidsCounts.because(model.FallenCounter, t.resets()),
		voidsCounts.because(model.CountsApart, t.agreement()))
}

// onRecord tells where other hits are on record than were due.
func (t *trial) onRecord() []string {
	if due := t.Due(); t.OnRecord != due {
		return []string{fmt.Sprintf("%s hits recorded of %s due", numeral.Count(t.OnRecord), numeral.Count(due))}
	}
	return t.overfull()
}

// sending tells of hits that were left out.
func (t *trial) sending() []string {
	missed := uint64(0)
	for _, h := range t.StageHits {
		missed += h.Missed
	}
	if float64(missed) <= sentTolerance*float64(t.OnRecord) {
		return nil
	}
	return []string{fmt.Sprintf("%s of %s hits were due and never sent (limit %s)",
		numeral.Count(missed), numeral.Count(t.OnRecord), numeral.Limit(numeral.Percent(sentTolerance)))}
}

// unread says which readings are missing.
func (t *trial) unread(read reading.EdgesRead) (told []string) {
	for _, u := range t.Unread(read) {
		told = append(told, fmt.Sprintf("no reading of %s at the %s of %s", strings.Join(u.Sources, ", "), u.Side, cmp.Or(u.Stage, "the trial")))
	}
	return told
}

// overfull names the stages of which more hits are on record than were due.
func (t *trial) overfull() (told []string) {
	for _, s := range t.Surplus {
		told = append(told, fmt.Sprintf("%s hits at %s, where %s were due", numeral.Count(s.Hits), s.Stage, numeral.Count(s.Due)))
	}
	return told
}

func (t *trial) punctuality() []string {
	all := t.Measured()
	p := all.Punctuality()
	if !p.Late() {
		return nil
	}
	return []string{fmt.Sprintf("the generator was late: lag p99 %s, over %s and a tenth of p95 %s; %s",
		numeral.SecondsBeside(p.LagP99Seconds, reading.LagLimitSeconds), numeral.Limit(numeral.Seconds(reading.LagLimitSeconds)), numeral.Seconds(p.P95Seconds), condition(t.generator))}
}

// resets finds counters that went down between any two readings of a source. Where the statistics were reset, that says it
// all.
func (t *trial) resets() (reasons []string) {
	for _, source := range slices.Sorted(maps.Keys(t.Samples)) {
		if t.Forgot(source) {
			continue
		}
		fallen := map[string]string{}
		for i, now := range t.Samples[source][1:] {
			before := t.Samples[source][i]
			for key, value := range before.Values {
				metric, _, _ := strings.Cut(key, "{")
				later, ok := now.Values[key]
				if strings.HasSuffix(metric, "_total") && ok && later < value && fallen[key] == "" {
					fallen[key] = fmt.Sprintf("%s: %s went down from %s to %s", source, key, numeral.Whole(value), numeral.Whole(later))
				}
			}
		}
		if keys := slices.Sorted(maps.Keys(fallen)); len(keys) > 0 {
			reasons = append(reasons, fallen[keys[0]]+others(len(keys)-1))
		}
	}
	return reasons
}

func others(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return ", and one more counter"
	}
	return fmt.Sprintf(", and %d more counters", n)
}

// statistics finds out whether pg_stat_statements forgot something while it was read.
func (t *trial) statistics() (reasons []reason) {
	for _, node := range []string{"primary", "replica"} {
		begin, end := t.Edges[reading.Edge{Side: "begin", Source: node}].Values, t.Edges[reading.Edge{Side: "end", Source: node}].Values
		if begin == nil || end == nil {
			continue // it is said already
		}
		if t.Forgot(node) {
			reasons = append(reasons, reason{voidsCounts, model.Reason{Kind: model.StatsReset, Text: node + ": the statement statistics were reset during the trial"}})
		}
		if grown := end["dealloc_total"] - begin["dealloc_total"]; grown > 0 {
			reasons = append(reasons, reason{voidsCounts, model.Reason{Kind: model.DroppedCalls, Text: fmt.Sprintf("%s: pg_stat_statements dropped statements %s times, so calls are missing; "+
				"raise pg_stat_statements.max", node, numeral.Whole(grown))}})
		}
	}
	return reasons
}

// agreement compares two independent counts of the same statements: the server's and the services'.
func (t *trial) agreement() (reasons []string) {
	for _, node := range []string{"primary", "replica"} {
		if t.Forgot(node) {
			continue
		}
		server, _ := t.Growth("", node, t.Declared.Statements("read", "write"))
		own := t.Services("", reading.Counters{Metric: "statements_total",
			Labels: map[string][]string{"node": {node}, "kind": {"read", "write"}}})
		if !own.Known() {
			own = 0
		}
		if apart := math.Abs(server-float64(own)) / max(server, float64(own)); apart > countTolerance {
			reasons = append(reasons, fmt.Sprintf("%s: the server counted %s statements, the services %s: %s apart (limit %s)",
				node, numeral.Whole(server), numeral.Whole(float64(own)), numeral.PercentBeside(apart, countTolerance), numeral.Limit(numeral.Percent(countTolerance))))
		}
	}
	return reasons
}
