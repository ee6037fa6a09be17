package plot

import (
	"slices"
	"testing"
)

// A span has its edges, and nothing of what lies outside.
func TestDuring(t *testing.T) {
	all := InOrder([]Piece{{{X: 3, Y: 3}, {X: 5, Y: 5}}, {{X: 1, Y: 1}, {X: 3, Y: 4}}})
	for _, tt := range []struct {
		span Span
		want []float64
	}{
		{Span{1, 3}, []float64{1, 3, 4}}, {Span{3, 5}, []float64{3, 4, 5}}, {Span{3.5, 4}, nil}, {Span{6, 9}, nil}, {Span{0, 0.5}, nil}, {Span{5, 1}, nil},
	} {
		var got []float64
		for _, point := range all.During(tt.span) {
			got = append(got, point.Y)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.span, got, tt.want)
		}
	}
}
