package plot

import (
	"cmp"
	"math"
	"slices"
)

// InOrder is all points of some pieces in the order of time.
func InOrder(pieces []Piece) Piece {
	all := slices.Concat(pieces...)
	slices.SortStableFunc(all, func(a, b Point) int { return cmp.Compare(a.X, b.X) })
	return all
}

// During is the points of a span, of a piece in the order of time. They are found without a look at each of the others: there
// may be thousands of spans.
func (p Piece) During(s Span) Piece {
	at := func(x float64) int {
		i, _ := slices.BinarySearchFunc(p, x, func(point Point, x float64) int { return cmp.Compare(point.X, x) })
		return i
	}
	first := at(s.From)
	return p[first:max(first, at(math.Nextafter(s.To, math.Inf(1))))]
}
