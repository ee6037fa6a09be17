package stat

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestBatches(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		most   int
		want   []float64
	}{
		{nil, 20, []float64{}},
		{[]float64{1, 2, 3}, 3, []float64{1, 2, 3}},
		{[]float64{9, 1, 3, 5, 7}, 4, []float64{2, 6}},
		{[]float64{1, 3, 5, 7}, 2, []float64{2, 6}},
	} {
		if got := Batches(tt.values, tt.most); !slices.Equal(got, tt.want) {
			t.Errorf("%v in at most %d: got %v, want %v", tt.values, tt.most, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n, most := rapid.IntRange(0, 500).Draw(t, "n"), rapid.IntRange(1, 50).Draw(t, "most")
		got := Batches(slices.Repeat([]float64{2}, n), most)
		if len(got) > most || n > 0 && len(got) == 0 || slices.ContainsFunc(got, func(mean float64) bool { return mean != 2 }) {
			t.Fatalf("got %v", got)
		}
	})
}

func TestTruncation(t *testing.T) {
	for name, tt := range map[string]struct {
		values []float64
		want   int
	}{
		"nothing":         {nil, 0},
		"one value":       {[]float64{3}, 0},
		"all alike":       {[]float64{3, 3, 3, 3}, 0},
		"a first outlier": {[]float64{90, 3, 4, 3, 4, 3, 4, 3}, 1},
		// The mean of 2 values with variance 1/4 is known better than that of 4 with variance 5/4, or of 3 with 2/3.
		"rising":     {[]float64{1, 2, 3, 4}, 2},
		"a late one": {[]float64{3, 4, 3, 4, 3, 4, 3, 90}, 0},
	} {
		if got := Truncation(tt.values); got != tt.want {
			t.Errorf("%s: got %d, want %d", name, got, tt.want)
		}
	}
}

func TestTrend(t *testing.T) {
	for name, tt := range map[string]struct {
		values []float64
		want   float64
	}{
		"rising":      {[]float64{1, 2, 4, 8}, 1},
		"falling":     {[]float64{8, 4, 2}, -1},
		"alike":       {[]float64{3, 3, 3}, 0},
		"one swapped": {[]float64{1, 3, 2, 4}, 4. / 6},
	} {
		if got := Trend(tt.values); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
	for _, few := range [][]float64{nil, {1}} {
		if got := Trend(few); !math.IsNaN(got) {
			t.Errorf("%v: got %v, want NaN", few, got)
		}
	}
}
