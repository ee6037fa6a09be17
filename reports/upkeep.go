package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
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
func (t *trial) doubtful(headline string) (doubts []doubt) {
	var blurred []string
	if !t.void(voidsCounts) {
		blurred = t.blurred(headline)
	}
	for _, one := range []struct {
		doubt
		texts []string
	}{
		{doubt{voids: voidsMeasures}, t.uninvited()},
		{doubt{voids: voidsLatencies}, t.unsettled(headline)},
		{doubt{voids: voidsCounts, rates: true}, blurred},
		{doubt{voids: voidsLatencies}, t.stolen()},
		{doubt{voids: voidsCounts}, t.lagging(lagDoubtfulSeconds)},
		{doubt{voids: voidsMeasures}, t.flushed()},
		{doubt{voids: voidsMeasures | voidsErrors}, t.twice()},
	} {
		for _, text := range one.texts {
			one.text = text
			doubts = append(doubts, one.doubt)
		}
	}
	return doubts
}

// doubt is what has to be known of a trial, and which of its numbers it is about.
type doubt struct {
	voids
	// rates tells that of the counts it is only about rates, and not about those of a hit.
	rates bool
	text  string
}

// about tells whether a budget rests on the numbers of the doubt.
func (d doubt) about(b Budget) bool {
	_, rate := b.Key.rates()
	return b.rests()&d.voids != 0 && (rate || !d.rates)
}

// noteworthy lists what else went on while there was load, and when.
func (t *trial) noteworthy() (notes []string) {
	if len(t.lagging(lagDoubtfulSeconds)) == 0 {
		notes = t.lagging(lagNotedSeconds)
	}
	notes = append(notes, t.reconnections()...)
	for _, r := range t.readings("primary") {
		began := r.grown("checkpoints_total", "")
		switch n := began["checkpoints_total"]; {
		case n == 1:
			notes = append(notes, "a checkpoint began at "+r.when())
		case n > 1:
			notes = append(notes, fmt.Sprintf("%s checkpoints began at %s", whole(n), r.when()))
		}
		for _, what := range []string{"autovacuum", "autoanalyze"} {
			for _, key := range slices.Sorted(maps.Keys(r.grown(what+"s_total", ""))) {
				_, labels := record.ParseKey(key)
				notes = append(notes, fmt.Sprintf("%s of %s ended at %s", what, labels["table"], r.when()))
			}
		}
	}
	notes = append(notes, t.vacuuming()...)
	for _, r := range t.readings("redis") {
		if n := r.grown("evicted_keys_total", "")["evicted_keys_total"]; n > 0 {
			notes = append(notes, fmt.Sprintf("Redis evicted %s keys at %s", whole(n), r.when()))
		}
	}
	return notes
}

// step is what happened from one reading of a source to the next.
type step struct {
	before, after *record.Sample
	at            float64
	stage         string
}

func (s step) when() string { return fmt.Sprintf("%s (%s)", seconds(Number(s.at)), s.stage) }

// readings are the steps of a source while there was load; what happens between two readings is told of the second.
func (t *trial) readings(source string) (steps []step) {
	list := t.samples[source]
	for i := 1; i < len(list); i++ {
		at := list[i].AtSeconds - t.at
		if stage := t.stageAt(at); stage != "" {
			steps = append(steps, step{&list[i-1], &list[i], at, stage})
		}
	}
	return steps
}

// stageAt names the stage at a time on the trial's clock; outside of all it is empty.
func (t *trial) stageAt(at float64) string {
	for _, stage := range t.stages {
		if at >= stage.BeginSeconds && at <= stage.EndSeconds {
			return stage.Name
		}
	}
	return ""
}

// grown lists the series of a counter that grew, those whose key contains part. One that appears began at zero.
func (s step) grown(metric, part string) map[string]float64 {
	grown := map[string]float64{}
	for key, value := range s.after.Values {
		name, _ := record.ParseKey(key)
		if name == metric && strings.Contains(key, part) && value > s.before.Values[key] {
			grown[key] = value - s.before.Values[key]
		}
	}
	return grown
}

// lagging tells when the replica was furthest behind, if that was further than a limit.
func (t *trial) lagging(limitSeconds float64) []string {
	worst := step{after: &record.Sample{}}
	for _, r := range t.readings("primary") {
		if r.after.Values["replica_lag_seconds"] > worst.after.Values["replica_lag_seconds"] {
			worst = r
		}
	}
	lag := worst.after.Values["replica_lag_seconds"]
	if lag <= limitSeconds {
		return nil
	}
	return []string{fmt.Sprintf("the replica was %s behind at %s, over %s: its answers were that old",
		secondsBeside(Number(lag), Number(limitSeconds)), worst.when(), limit(seconds(Number(limitSeconds))))}
}

// stolen tells of a host that took much away: it slows the system as well as the generator.
func (t *trial) stolen() []string {
	if !(t.generator.StealRatio > stealLimit) {
		return nil
	}
	return []string{fmt.Sprintf("the host took %s of the processors (steal, limit %s), from the system as well",
		percentBeside(float64(t.generator.StealRatio), stealLimit), limit(percent(stealLimit)))}
}

// flushed tells when the cache was emptied. Its hit ratio is then that of a cold cache for a time.
func (t *trial) flushed() (doubts []string) {
	for _, r := range t.readings("redis") {
		if len(r.grown("commands_total", "command=flush")) > 0 {
			doubts = append(doubts, fmt.Sprintf("Redis was flushed at %s: %s keys before, %s after",
				r.when(), whole(r.before.Values["keys"]), whole(r.after.Values["keys"])))
		}
	}
	return doubts
}

// vacuuming tells of autovacuum at work, unless its end is told.
func (t *trial) vacuuming() []string {
	var seen []string
	for _, r := range t.readings("primary") {
		if len(r.grown("autovacuums_total", ""))+len(r.grown("autoanalyzes_total", "")) > 0 {
			return nil
		}
		if r.after.Values["autovacuum_workers"] > 0 {
			seen = append(seen, r.when())
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
