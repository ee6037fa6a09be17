package scenarios

import (
	"math"
	"slices"
	"time"
)

// Bounds of [Plan.Sample]. A hit takes a tenth of a microsecond to find, or half of one where the curve has no inverse
// formula, so what is looked at takes well under a second.
const (
	sampledHits = 400_000
	// pilotHits begin the look at how many hits sessions add, which is given up after pilotMost.
	pilotHits = 2_000
	pilotMost = 50_000
)

// Timeline counts the hits of a trial in equal parts of its length, by operation: [part][operation] as in Plan.Operations.
func (p *Plan) Timeline(trial, parts int) [][]uint64 {
	counts := make([][]uint64, max(parts, 0))
	for part := range counts {
		counts[part] = make([]uint64, len(p.Operations))
	}
	if parts < 1 {
		return counts
	}
	part, end := 0, p.edge(1, parts)
	for hit := range p.Hits(trial) {
		for hit.Due >= end && part < parts-1 {
			part++
			end = p.edge(part+1, parts)
		}
		counts[part][hit.Operation]++
	}
	return counts
}

// edge is where so many parts of a trial are over.
func (p *Plan) edge(part, parts int) time.Duration {
	return p.Duration() * time.Duration(part) / time.Duration(parts)
}

// Sample is [Plan.Timeline] for trials of any length. A trial has up to two thousand million hits, which take minutes to
// walk through; where there are more than can be looked at in a moment, it counts those of a curve with as many times
// fewer, each of which stands for oneIn hits. Up to 400,000 hits oneIn is 1, and the counts are exact.
func (p *Plan) Sample(trial, parts int) (counts [][]uint64, oneIn uint64) {
	oneIn = p.oneIn(trial)
	return p.thinned(oneIn).Timeline(trial, parts), oneIn
}

// oneIn is how thin the hits have to be so that no more are left than can be looked at. What sessions add is known only by
// walking, so a few of them are walked through first.
func (p *Plan) oneIn(trial int) uint64 {
	var stages uint64
	for _, s := range p.Stages {
		stages += s.Hits
	}
	pilot := max(stages/pilotHits, 1)
	seen := p.count(trial, pilot)
	for seen > pilotMost && pilot < stages {
		pilot *= 8
		seen = p.count(trial, pilot)
	}
	return max((pilot*seen+sampledHits-1)/sampledHits, 1)
}

// count is the number of hits of a thinned trial, or one more than pilotMost if there are more.
func (p *Plan) count(trial int, oneIn uint64) (seen uint64) {
	for range p.thinned(oneIn).Hits(trial) {
		if seen++; seen > pilotMost {
			break
		}
	}
	return seen
}

// thinned is p with a curve that is so many times lower. Everything else stays, so the hits keep their shape in time, their
// operations, and what follows them in sessions; but it is no plan to run, since its hits are none of p's.
func (p *Plan) thinned(oneIn uint64) *Plan {
	if oneIn == 1 {
		return p
	}
	thin := *p
	thin.Stages = slices.Clone(p.Stages)
	var before float64
	for i := range thin.Stages {
		s := &thin.Stages[i]
		s.Curve = s.curve().thinned(float64(oneIn))
		after := before + s.Curve.total()
		s.Hits = uint64(math.Round(after) - math.Round(before))
		before = after
	}
	return &thin
}

func (c Curve) thinned(by float64) Curve {
	thin := Curve{pieces: slices.Clone(c.pieces)}
	for i := range thin.pieces {
		p := &thin.pieces[i]
		p.form, p.before, p.after = lower{p.form, by}, p.before/by, p.after/by
	}
	return thin
}

// lower is a formula divided by a number.
type lower struct {
	form
	by float64
}

func (l lower) rate(t float64) float64   { return l.form.rate(t) / l.by }
func (l lower) volume(t float64) float64 { return l.form.volume(t) / l.by }
func (l lower) when(y float64) float64   { return l.form.when(y * l.by) }
func (l lower) peak() float64            { return l.form.peak() / l.by }
