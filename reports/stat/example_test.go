package stat_test

import (
	"fmt"
	"math"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

// A p95 counts the hits that were never answered: of 100 hits due, six without an answer make it infinite.
func ExampleQuantile() {
	answered := []stat.Bar{{Value: 0.010, Count: 90}, {Value: 0.050, Count: 4}}
	fmt.Println(stat.Quantile(answered, 0, 0.95))
	fmt.Println(stat.Quantile(answered, 6, 0.95))
	fmt.Println(stat.Tail(100, 0.95), "hits lie beyond it")
	// Output:
	// 0.01
	// +Inf
	// 5 hits lie beyond it
}

// What a phase did is the geometric mean of after over before, with an interval from two rounds on.
func ExampleGeometricMean() {
	rounds := []float64{0.5, 0.45, 0.55}
	i := stat.GeometricMean(rounds)
	fmt.Printf("%.3f, 95 %% interval %.3f to %.3f over %d rounds\n", i.Value, i.Lo, i.Hi, i.N)
	fmt.Println("of one round there is none:", math.IsNaN(stat.GeometricMean(rounds[:1]).Lo))
	// Output:
	// 0.498, 95 % interval 0.388 to 0.639 over 3 rounds
	// of one round there is none: true
}
