package plot

import (
	"math"
	"slices"
	"testing"
)

func exampleDistribution() Distribution {
	d := Distribution{Title: "p95: 4 → 2 ms", Subtitle: "made up", Unit: "ms"}
	for _, curve := range []Curve{{Name: "before", Colour: Before, Dashed: true}, {Name: "after", Colour: After}} {
		for _, q := range []float64{0, 0.5, 0.9, 0.99, 0.999} {
			curve.Points = append(curve.Points, Quantile{q, float64(len(d.Curves)+1) * (1 + 10*q)})
		}
		d.Curves = append(d.Curves, curve)
	}
	return d
}

func exampleShares() Distribution {
	d := exampleDistribution()
	d.ECDF = true
	return d
}

func TestDistributionNamesWhatItShows(t *testing.T) {
	got := words(t, drawn(t, exampleDistribution(), SVG))
	for _, want := range []string{"p95: 4 → 2 ms", "percentile", "ms", "before", "after", "0 %", "90 %", "99 %", "99.9 %", "0", "20"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	got = words(t, drawn(t, exampleShares(), SVG))
	for _, want := range []string{"answered within, ms", "% of hits", "before", "after", "100", "1", "2", "5", "10", "20"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
}

// Each nine has the same width.
func TestNinesAreEquallyFar(t *testing.T) {
	line := points(t, drawn(t, exampleDistribution(), SVG), "fill:none;stroke:#5B3A8C")[0]
	to90, to99, to999 := line[2].X-line[0].X, line[3].X-line[2].X, line[4].X-line[3].X
	if math.Abs(to90-to99) > 0.1 || math.Abs(to99-to999) > 0.1 {
		t.Errorf("90 %%, 99 %% and 99.9 %% are %v, %v and %v apart", to90, to99, to999)
	}
}

// Half of the hits are half of the height, and a curve that never reaches all of them ends below the top.
func TestSharesHaveTheirHeight(t *testing.T) {
	d := exampleShares()
	d.Curves[1].Points = []Quantile{{0, 1}, {0.5, 2}, {1, 4}}
	d.Curves[0].Points = []Quantile{{0, 1}, {0.5, 2}, {1, math.Inf(1)}}
	svg := drawn(t, d, SVG)
	whole, half := points(t, svg, "fill:none;stroke:#5B3A8C")[0], points(t, svg, "fill:none;stroke:#767676")[0]
	if ratio := rise(half) / rise(whole); math.Abs(ratio-0.5) > 0.001 {
		t.Errorf("half of the hits are drawn %v as high as all", ratio)
	}
	if mid := (whole[1].X - whole[0].X) / (whole[2].X - whole[0].X); math.Abs(mid-0.5) > 0.001 {
		t.Errorf("2 is drawn %v of the way from 1 to 4, want half on a logarithmic axis", mid)
	}
}

// One state and one latency are enough.
func TestDistributionOfOneValue(t *testing.T) {
	for _, shares := range []bool{false, true} {
		d := Distribution{Unit: "ms", ECDF: shares, Curves: []Curve{{Name: "only", Colour: After, Points: []Quantile{{0, 3}, {0.5, 3}}}}}
		if got := words(t, drawn(t, d, SVG)); !slices.Contains(got, "only") || slices.Contains(got, "no data") {
			t.Errorf("got %q", got)
		}
		drawn(t, d, PNG)
	}
}
