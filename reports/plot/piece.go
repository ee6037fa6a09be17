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

// mostColumns is into how many columns a timeline is cut, with two values each: more than a screen shows, for who looks
// closer.
const mostColumns = 1200

// ColumnSeconds is how wide a column is; zero for a run so short that every second is drawn.
func ColumnSeconds(from, to float64) float64 {
	if to-from <= mostColumns {
		return 0
	}
	return math.Ceil((to - from) / mostColumns)
}

// Thinned keeps the smallest and the largest value of each column, in their order, so that no peak and no gap is lost.
func Thinned(pieces []Piece, column float64) []Piece {
	if column == 0 {
		return pieces
	}
	thin := make([]Piece, len(pieces))
	for i, piece := range pieces {
		for begin := 0; begin < len(piece); {
			end, low, high := begin, begin, begin
			for ; end < len(piece) && math.Floor(piece[end].X/column) == math.Floor(piece[begin].X/column); end++ {
				if piece[end].Y < piece[low].Y {
					low = end
				}
				if piece[end].Y > piece[high].Y {
					high = end
				}
			}
			thin[i] = append(thin[i], piece[min(low, high)])
			if low != high {
				thin[i] = append(thin[i], piece[max(low, high)])
			}
			begin = end
		}
	}
	return thin
}

// Spread is what a series did over some time, in N points.
type Spread struct {
	N               int
	Mean, Low, High float64
}

// SpreadOf looks at the points from begin to end.
func SpreadOf(pieces []Piece, begin, end float64) (s Spread) {
	for _, piece := range pieces {
		for _, point := range piece {
			if point.X < begin || point.X > end {
				continue
			}
			if s.N == 0 {
				s.Low, s.High = point.Y, point.Y
			}
			s.N, s.Mean, s.Low, s.High = s.N+1, s.Mean+point.Y, min(s.Low, point.Y), max(s.High, point.Y)
		}
	}
	s.Mean /= float64(s.N)
	return s
}
