package scenarios

import (
	"encoding/binary"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Hits streams the hits of a trial in order of their due times, in constant memory but for the sessions under way. What is
// due when, and which operation it is, follows from the seed and the round alone: all trials of a round offer every state
// the same traffic.
func (p *Plan) Hits(trial int) iter.Seq[Hit] {
	if p.Sessions == nil {
		return p.arrivals(trial)
	}
	return p.withSessions(trial)
}

// arrivals are the hits that the stages' rates make due.
func (p *Plan) arrivals(trial int) iter.Seq[Hit] {
	return func(yield func(Hit) bool) {
		round := p.Trials[trial].Round
		dealer := p.dealer(trial, round)
		arrivals := p.random(round, "arrivals")
		var hit Hit
		var volume float64
		for i, stage := range p.Stages {
			hit.Stage = i
			dealer.left, dealer.total = p.pack(stage), stage.Hits
			stage.Curve = stage.curve()
			next := even(stage, volume)
			if p.Arrivals == Poisson {
				next = poisson(stage, arrivals)
			}
			for range stage.Hits {
				// Two hits nearer than a rounding error could come in the wrong order.
				hit.Due = max(hit.Due, next())
				hit.Operation, hit.N = dealer.deal()
				if !yield(hit) {
					return
				}
				hit.Seq++
			}
			volume += stage.Curve.total()
		}
	}
}

// random is a generator of its own for one purpose in one round. ChaCha8 keeps neighbouring seeds apart.
func (p *Plan) random(round int, purpose string) *rand.Rand {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[0:], p.Seed)
	binary.LittleEndian.PutUint64(key[8:], uint64(round))
	copy(key[16:], purpose)
	return rand.New(rand.NewChaCha8(key))
}

// due is when the stage, whose Curve is set, has seen volume y. It is kept inside the stage, so rounding never moves a hit
// into the next one.
func (s PlannedStage) due(y float64) time.Duration { return min(s.Begin+s.Curve.When(y), s.End-1) }

// even puts hit k of the trial where the cumulative curve passes k + 1/2: then the curve, rounded, is the number of hits
// so far at any time. Before is the curve at the stage's begin.
func even(stage PlannedStage, before float64) func() time.Duration {
	y := math.Round(before) + 0.5 - before
	return func() time.Duration {
		due := stage.due(y)
		y++
		return due
	}
}

// poisson draws the stage's arrivals given their number: then they are independent of one another and each falls like
// the rate, so sorted uniforms, sent through the inverse of the curve, are a Poisson process of exactly that many
// hits. The sorting is for free: of m uniforms above x the smallest is 1 - (1-x)*U^(1/m) (Bentley and Saxe 1980,
// doi:10.1145/355900.355907).
func poisson(stage PlannedStage, random *rand.Rand) func() time.Duration {
	volume, above, left := stage.Curve.total(), 1.0, float64(stage.Hits)
	return func() time.Duration {
		// One minus a draw from [0,1) is never zero, so its logarithm is finite.
		above *= math.Exp(math.Log(1-random.Float64()) / left)
		left--
		return stage.due((1 - above) * volume)
	}
}

// dealer hands out operations like cards: the pack of a stage holds each operation exactly as often as its share says, in
// random order. So how many of each a trial needs is known without walking through it.
type dealer struct {
	random *rand.Rand
	left   []uint64
	total  uint64
	// next is the N of the next hit of each operation.
	next []uint64
}

func (p *Plan) dealer(trial, round int) *dealer {
	d := &dealer{random: p.random(round, "operations"), next: p.dealt()}
	for i := range d.next {
		// Every trial deals the same packs, so those before this one have dealt this many.
		d.next[i] *= uint64(trial)
	}
	return d
}

func (d *dealer) deal() (operation int, n uint64) {
	card := d.random.Uint64N(d.total)
	for card >= d.left[operation] {
		card -= d.left[operation]
		operation++
	}
	n = d.next[operation]
	d.next[operation]++
	d.left[operation]--
	d.total--
	return operation, n
}

// pack is how many of the stage's own hits each operation has: the shares of their number, rounded so that they sum to it,
// the largest fractions rounded up.
func (p *Plan) pack(stage PlannedStage) []uint64 {
	counts := make([]uint64, len(p.Operations))
	fractions := make([]float64, len(p.Operations))
	rest := stage.Hits
	for i, op := range p.Operations {
		share := op.Share
		if len(stage.Shares) > 0 {
			share = stage.Shares[i]
		}
		whole, fraction := math.Modf(share * float64(stage.Hits))
		counts[i], fractions[i] = min(uint64(whole), rest), fraction
		rest -= counts[i]
	}
	for ; rest > 0 && len(counts) > 0; rest-- {
		i := slices.Index(fractions, slices.Max(fractions))
		counts[i]++
		fractions[i]--
	}
	return counts
}

// dealt is how many hits of the stages each operation has in a trial, without those of sessions.
func (p *Plan) dealt() []uint64 {
	counts := make([]uint64, len(p.Operations))
	for _, stage := range p.Stages {
		add(counts, p.pack(stage))
	}
	return counts
}

func add(to, counts []uint64) {
	for i, count := range counts {
		to[i] += count
	}
}

// CountStages is the number of hits of each operation in each stage of a trial, in the orders of [Plan.Stages] and
// [Plan.Operations].
func (p *Plan) CountStages(trial int) [][]uint64 {
	if trial < len(p.Trials) && p.counted[p.Trials[trial].Round] != nil {
		return p.counted[p.Trials[trial].Round]
	}
	counts := make([][]uint64, len(p.Stages))
	for i, stage := range p.Stages {
		counts[i] = make([]uint64, len(p.Operations))
		if p.Sessions == nil {
			counts[i] = p.pack(stage)
		}
	}
	if p.Sessions != nil {
		p.each(trial, func(hit Hit) { counts[hit.Stage][hit.Operation]++ })
	}
	return counts
}

// Count is [Plan.CountStages] over all stages.
func (p *Plan) Count(trial int) []uint64 {
	counts := make([]uint64, len(p.Operations))
	for _, stage := range p.CountStages(trial) {
		add(counts, stage)
	}
	return counts
}

// CountAll is [Plan.Count] over all trials.
func (p *Plan) CountAll() []uint64 {
	all := make([]uint64, len(p.Operations))
	for i := range p.Trials {
		add(all, p.Count(i))
	}
	return all
}

// Total is the number of hits due in a trial; see [Plan.Count].
func (p *Plan) Total(trial int) uint64 {
	var total uint64
	for _, count := range p.Count(trial) {
		total += count
	}
	return total
}
