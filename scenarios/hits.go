package scenarios

import (
	"encoding/binary"
	"iter"
	"math"
	"math/rand/v2"
	"time"
)

// Hits streams the hits of a trial in order of their due times, in constant memory. What is due when, and which
// operation it is, follows from the seed and the round alone: all trials of a round offer every state the same traffic.
func (p *Plan) Hits(trial int) iter.Seq[Hit] {
	return func(yield func(Hit) bool) {
		round := p.Trials[trial].Round
		dealer := p.dealer(trial, round)
		arrivals := p.random(round, "arrivals")
		var hit Hit
		var volume float64
		for i, stage := range p.Stages {
			hit.Stage = i
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

// dealer hands out operations like cards: the pack of a trial holds each operation exactly as often as its share says,
// in random order. So how many of each a trial needs is known without walking through it.
type dealer struct {
	random *rand.Rand
	left   []uint64
	total  uint64
	// next is the N of the next hit of each operation.
	next []uint64
}

func (p *Plan) dealer(trial, round int) *dealer {
	d := &dealer{random: p.random(round, "operations"), left: p.Count(trial), next: make([]uint64, len(p.Operations))}
	for i, count := range d.left {
		d.total += count
		// Every trial deals the same pack, so those before this one have dealt this many.
		d.next[i] = uint64(trial) * count
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
