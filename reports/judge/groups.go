package judge

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// group is what is held against another: the runs of one build, or a saved baseline.
type group struct {
	label string
	sides []side
}

// identity is what runs have in common that measure the same thing.
type identity struct {
	version, commit, sabotage string
	// conditions are what else differs between the runs and should not.
	conditions string
	// alone is the place of a run that is in one group with no other, counted from one.
	alone int
}

// identity of a saved baseline nobody knows, nor that of a build with uncommitted changes.
func (s side) identity() (i identity, known bool) {
	if s.Run == nil {
		return identity{}, false
	}
	h := s.Run.Header
	i = identity{version: h.Version, commit: h.Commit, sabotage: h.Settings["sabotage"]}
	changed := strings.HasSuffix(h.Version, "dirty") || strings.HasSuffix(h.Commit, "dirty")
	// A release that go install built knows no commit.
	released := strings.HasPrefix(h.Version, "v") && strings.Count(h.Version, ".") >= 2
	return i, !changed && (released || h.Commit != "" && h.Commit != "unknown")
}

// same tells whether two are one record, however it was named.
func (s side) same(o side) bool {
	a, _ := s.identity()
	b, _ := o.identity()
	return s.Run != nil && o.Run != nil && s.Run.Header.ID == o.Run.Header.ID && a == b
}

// once leaves out a run that was named before: it is no second measurement, and would make the first look certain.
func once(sides []side) (distinct []side, notes []string) {
	for _, s := range sides {
		if at := slices.IndexFunc(distinct, s.same); at >= 0 {
			notes = append(notes, fmt.Sprintf("%s is the same run as %s, and counts once", s.Source, distinct[at].Source))
			continue
		}
		distinct = append(distinct, s)
	}
	if len(distinct) < 2 { // to see that a run does not differ from itself
		return sides, []string{"these are one run, so nothing can differ; name another run of the build to see what two runs of it differ by"}
	}
	return distinct, notes
}

// group puts the runs of one build together, in the order in which builds appear, and gives everything its label. Where
// there is but one build, each of its runs is held against the first.
func (c *comparing) group(found []model.Discord) {
	identities := make([]identity, len(c.sides))
	for i, s := range c.sides {
		build, known := s.identity()
		for _, d := range found {
			build.conditions += strconv.Quote(d.Values[i])
		}
		if !known {
			build.alone = i + 1
		}
		identities[i] = build
	}
	c.oneBuild = !slices.ContainsFunc(identities, func(i identity) bool { return i != identities[0] })
	var order []identity
	members := map[identity][]int{}
	for i, build := range identities {
		if c.oneBuild {
			build.alone = i + 1
		}
		if members[build] == nil {
			order = append(order, build)
		}
		members[build] = append(members[build], i)
	}
	for i, build := range order {
		c.groups = append(c.groups, c.labelled(letter(i), members[build]))
	}
}

// labelled is the group of these sides: a single one has its label, several are counted.
func (c *comparing) labelled(label string, members []int) group {
	g, told := group{label: label}, model.ComparedGroup{Label: label}
	for n, i := range members {
		c.sides[i].label = label
		if len(members) > 1 {
			c.sides[i].label += strconv.Itoa(n + 1)
		}
		g.sides, told.Runs = append(g.sides, c.sides[i]), append(told.Runs, c.sides[i].label)
	}
	c.Groups = append(c.Groups, told)
	return g
}

// letter is what the i-th group is called: A, B, and after Z comes AA.
func letter(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return letter(i/26-1) + letter(i%26)
}

// size adds to a state on how many runs, trials and hits its numbers rest in the group.
func (g group) size(state *model.ComparedState, stage string) {
	runs, all, hits := 0, model.State{}, stat.Number(0)
	for _, s := range g.sides {
		of, due := s.size(state.State, stage)
		all.Trials, all.CountedTrials, all.BegunTrials, hits = all.Trials+of.Trials, all.CountedTrials+of.CountedTrials, all.BegunTrials+of.BegunTrials, hits+due
		runs += min(of.Trials, 1)
	}
	state.Runs, state.Trials, state.Hits = append(state.Runs, runs), append(state.Trials, all.Trials), append(state.Hits, hits)
	state.Counted, state.Begun = append(state.Counted, all.CountedTrials), append(state.Begun, all.BegunTrials)
}

// level of a group is the mean over its runs, each of which is one number: trials of a run have their hour in common. A run
// that does not know the number, for want of a valid trial, is left out.
func (g group) level(k model.Key) level {
	var all level
	var lo, hi, answered []float64
	for _, s := range g.sides {
		l := s.level(k)
		all.chance = all.chance || l.chance
		if math.IsNaN(float64(l.value)) {
			continue
		}
		all.hits, all.over = all.hits+l.hits, all.over+l.over
		answered = append(answered, float64(l.answered))
		all.runs, lo, hi = append(all.runs, float64(l.value)), append(lo, float64(l.lo)), append(hi, float64(l.hi))
	}
	mean := stat.Mean
	if k.Latency() {
		mean = stat.GeometricMean
	}
	all.answered = stat.Number(stat.Mean(answered).Value)
	all.bracket = bracket{stat.Number(mean(all.runs).Value), stat.Number(mean(lo).Value), stat.Number(mean(hi).Value)}
	return all
}

// matched are two groups of runs with the trials of a state of the rounds that all runs have counts of: the hits of a round
// are the same in every run, and those of two rounds are not, so other rounds alone would change a count per hit. Of a round
// that was repeated both trials count, as in the reports of the run.
func (c *comparing) matched(a, b group, state string) [2]group {
	runs := slices.Concat(a.sides, b.sides)
	if slices.ContainsFunc(runs, func(s side) bool { return s.ledger == nil }) {
		return [2]group{a, b}
	}
	counted, most, have := 0, 0, map[int]int{}
	for _, s := range runs {
		in := s.ledger.countedRounds(state)
		if most = max(most, len(in)); len(in) > 0 {
			counted++
		}
		for _, round := range in {
			have[round]++
		}
	}
	var all []int
	for round, n := range have {
		if n == counted {
			all = append(all, round)
		}
	}
	slices.Sort(all)
	if len(all) > 0 && len(all) < most {
		c.Notes = append(c.Notes, fmt.Sprintf("%s: counts of %s and %s are compared over the %s that both have", state, a.label, b.label, numeral.Rounds(len(all))))
	}
	return [2]group{a.only(state, all), b.only(state, all)}
}

// only is the group with nothing but the counted trials of some rounds of a state.
func (g group) only(state string, rounds []int) group {
	less := group{label: g.label}
	for _, s := range g.sides {
		l := *s.ledger
		l.known, l.trials = nil, slices.DeleteFunc(s.ledger.counted(state), func(t *trial) bool { return !slices.Contains(rounds, t.Round) })
		l.sort()
		s.ledger = &l
		less.sides = append(less.sides, s)
	}
	return less
}

// countedRounds are those in which counts of a state can be believed, each once.
func (l *Ledger) countedRounds(state string) (in []int) {
	for _, t := range l.counted(state) {
		if !slices.Contains(in, t.Round) {
			in = append(in, t.Round)
		}
	}
	return in
}

// before tells whether several runs all began before several others did.
func (g group) before(o group) bool {
	began := func(of group) (list []time.Time) {
		for _, s := range of.sides {
			list = append(list, s.header().Started)
		}
		return list
	}
	last, first := slices.MaxFunc(began(g), time.Time.Compare), slices.MinFunc(began(o), time.Time.Compare)
	return len(g.sides) > 1 && len(o.sides) > 1 && last.Before(first)
}

// groupNotes say what has to be known of how the runs were put together.
func (c *comparing) groupNotes() (notes []string) {
	if c.oneBuild && !c.sides[0].same(c.sides[1]) {
		notes = append(notes, strings.Join(c.Labels(), " and ")+" are the same build: what they differ by is what two runs of one build differ by here")
	}
	if alone := c.unknownBuilds(); len(alone) > 0 {
		notes = append(notes, fmt.Sprintf("%s are of a build that no commit tells, so nobody knows whether it is the same: each stands alone; "+
			"commit what is to be measured, and build from that", strings.Join(alone, " and ")))
	}
	for _, g := range c.groups[1:] {
		first, last := c.groups[0], g
		if last.before(first) {
			first, last = last, first
		}
		if first.before(last) {
			notes = append(notes, fmt.Sprintf("all runs of %s began before those of %s: a machine that changed meanwhile looks like a change of the build; "+
				"let the builds take turns", first.label, last.label))
		}
	}
	return notes
}

// unknownBuilds are the runs that would be in one group if their builds were known.
func (c *comparing) unknownBuilds() (labels []string) {
	for i, s := range c.sides {
		build, known := s.identity()
		alike := func(o side) bool { other, _ := o.identity(); return o.Run != nil && other == build }
		if others := slices.Delete(slices.Clone(c.sides), i, i+1); s.Run != nil && !known && slices.ContainsFunc(others, alike) {
			labels = append(labels, s.label)
		}
	}
	return labels
}
