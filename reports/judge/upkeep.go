package judge

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// From when on a replica's lag is told. Trials on two busy cores read at most 0.23 s, but for one of seventy. What is
// beyond the doubtful lag is no state of the scenario's any more: the reference system promises that a revoked token is
// accepted no longer than two seconds.
const (
	lagNotedSeconds    = 0.25
	lagDoubtfulSeconds = 2
)

// doubtful lists what does not make the trial invalid, since it may be what the state does, but has to be known before
// its numbers are believed.
func (t *trial) doubtful(headline string) []reason {
	var blurred []string
	if !t.void(voidsCounts) {
		blurred = t.blurred(headline)
	}
	return slices.Concat(
		voidsMeasures.because(model.OtherClient, t.uninvited()),
		voidsMeasures.because(model.NeverReceived, t.unreceived()),
		voidsLatencies.because(model.UnsettledStage, t.unsettled(headline)),
		voidsCounts.because(model.BlurredRate, blurred),
		voidsLatencies.because(model.StolenTime, t.stolen()),
		voidsCounts.because(model.LaggingReplica, t.lagging(lagDoubtfulSeconds)),
		voidsMeasures.because(model.FlushedCache, t.flushed()),
		(voidsMeasures|voidsErrors).because(model.SentTwice, t.twice()))
}

// about tells whether a budget rests on the numbers of a doubt. A rate may be blurred where counts of a hit are not.
func (r reason) about(b model.Budget) bool {
	_, rate := rates(b.Key)
	return rests(b)&r.voids != 0 && (rate || r.Kind != model.BlurredRate)
}

// noteworthy lists what else went on while there was load, and when.
func (t *trial) noteworthy() (notes []string) {
	if len(t.lagging(lagDoubtfulSeconds)) == 0 {
		notes = t.lagging(lagNotedSeconds)
	}
	notes = append(notes, t.reconnections()...)
	for _, r := range t.Steps("primary") {
		began := r.Grown("checkpoints_total", "")
		switch n := began["checkpoints_total"]; {
		case n == 1:
			notes = append(notes, "a checkpoint began at "+when(r))
		case n > 1:
			notes = append(notes, fmt.Sprintf("%s checkpoints began at %s", numeral.Whole(n), when(r)))
		}
		for _, what := range []string{"autovacuum", "autoanalyze"} {
			for _, key := range slices.Sorted(maps.Keys(r.Grown(what+"s_total", ""))) {
				_, labels := record.ParseKey(key)
				notes = append(notes, fmt.Sprintf("%s of %s ended at %s", what, labels["table"], when(r)))
			}
		}
	}
	notes = append(notes, t.vacuuming()...)
	for _, r := range t.Steps("redis") {
		if n := r.Grown("evicted_keys_total", "")["evicted_keys_total"]; n > 0 {
			notes = append(notes, fmt.Sprintf("Redis evicted %s keys at %s", numeral.Whole(n), when(r)))
		}
	}
	return notes
}

func when(s reading.Step) string {
	return fmt.Sprintf("%s (%s)", numeral.Seconds(stat.Number(s.At)), s.Stage)
}

// lagging tells when the replica was furthest behind, if that was further than a limit.
func (t *trial) lagging(limitSeconds float64) []string {
	worst := reading.Step{After: &record.Sample{}}
	for _, r := range t.Steps("primary") {
		if r.After.Values["replica_lag_seconds"] > worst.After.Values["replica_lag_seconds"] {
			worst = r
		}
	}
	lag := worst.After.Values["replica_lag_seconds"]
	if lag <= limitSeconds {
		return nil
	}
	return []string{fmt.Sprintf("the replica was %s behind at %s, over %s: its answers were that old",
		numeral.SecondsBeside(stat.Number(lag), stat.Number(limitSeconds)), when(worst), numeral.Limit(numeral.Seconds(stat.Number(limitSeconds))))}
}

// stolen tells of a host that took much away: it slows the system as well as the generator.
func (t *trial) stolen() []string {
	if !(t.generator.StealRatio > stealLimit) {
		return nil
	}
	return []string{fmt.Sprintf("the host took %s of the processors (steal, limit %s), from the system as well",
		numeral.PercentBeside(float64(t.generator.StealRatio), stealLimit), numeral.Limit(numeral.Percent(stealLimit)))}
}

// flushed tells when the cache was emptied. Its hit ratio is then that of a cold cache for a time.
func (t *trial) flushed() (doubts []string) {
	for _, r := range t.Steps("redis") {
		if len(r.Grown("commands_total", "command=flush")) > 0 {
			doubts = append(doubts, fmt.Sprintf("Redis was flushed at %s: %s keys before, %s after",
				when(r), numeral.Whole(r.Before.Values["keys"]), numeral.Whole(r.After.Values["keys"])))
		}
	}
	return doubts
}

// vacuuming tells of autovacuum at work, unless its end is told.
func (t *trial) vacuuming() []string {
	var seen []string
	for _, r := range t.Steps("primary") {
		if len(r.Grown("autovacuums_total", ""))+len(r.Grown("autoanalyzes_total", "")) > 0 {
			return nil
		}
		if r.After.Values["autovacuum_workers"] > 0 {
			seen = append(seen, when(r))
		}
	}
	switch len(seen) {
	case 0:
		return nil
	case 1:
		return []string{"autovacuum was at work at " + seen[0]}
	}
	return []string{fmt.Sprintf("autovacuum was at work from %s to %s", seen[0], seen[len(seen)-1])}
}
