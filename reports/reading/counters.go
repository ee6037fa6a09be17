package reading

import (
	"cmp"
	"math"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// Counters selects counters: the metric, and for each label the values wanted.
type Counters struct {
	Metric string
	Labels map[string][]string
}

// Match tells whether a series, by its key, is one of them.
func (s Counters) Match(key string) bool {
	metric, labels := record.ParseKey(key)
	if metric != s.Metric {
		return false
	}
	for name, values := range s.Labels {
		if !slices.Contains(values, labels[name]) {
			return false
		}
	}
	return true
}

// counter adds up the counters of a reading that are selected. It remembers which those are: a run has some thousand
// readings of the same names.
func (s Counters) counter() func(record.Sample) float64 {
	selected := map[string]bool{}
	return func(reading record.Sample) (sum float64) {
		for key, value := range reading.Values {
			wanted, known := selected[key]
			if !known {
				wanted = s.Match(key)
				selected[key] = wanted
			}
			if wanted {
				sum += value
			}
		}
		return sum
	}
}

// Sums adds up the counters of a reading that are selected, by one of their labels.
func (s Counters) Sums(of record.Sample, label string) map[string]float64 {
	sums := map[string]float64{}
	for key, value := range of.Values {
		if s.Match(key) {
			_, labels := record.ParseKey(key)
			sums[labels[label]] += value
		}
	}
	return sums
}

// grown is by how much the counters of the later of two readings grew, and in how many seconds. One that appears only there
// began at zero.
func (s Counters) grown(before, after record.Sample) (counts, seconds float64) {
	for key, value := range after.Values {
		if s.Match(key) {
			counts += value - before.Values[key]
		}
	}
	return counts, after.AtSeconds - before.AtSeconds
}

// Rise is by how much a counter grew between two readings, in seconds on the run's clock; NaN where that is not known: it
// fell, or the next reading came too late to speak of the time between.
type Rise struct{ From, To, Grown float64 }

// Middle is the moment between the readings.
func (s Rise) Middle() float64 { return (s.From + s.To) / 2 }

// Rate is how much it grew in a second.
func (s Rise) Rate() float64 { return s.Grown / (s.To - s.From) }

// Between is by how much the sum of some counters grew from one reading of a source to another.
func Between(before, after record.Sample, of Counters) Rise {
	counts := of.counter()
	return riseOf(before.AtSeconds, after.AtSeconds, counts(after)-counts(before))
}

func riseOf(from, to, grown float64) Rise {
	if grown < 0 || to <= from || to-from > LongestGapSeconds {
		grown = math.NaN()
	}
	return Rise{from, to, grown}
}

// Rises are those of the sum of some counters.
func Rises(readings []record.Sample, of Counters) (rises []Rise) {
	counts := of.counter()
	var before float64
	for i, reading := range readings {
		now := counts(reading)
		if i > 0 {
			rises = append(rises, riseOf(readings[i-1].AtSeconds, reading.AtSeconds, now-before))
		}
		before = now
	}
	return rises
}

// PerSecond are the one-second readings of each instrument, in the order of time.
func PerSecond(samples []record.Sample) map[string][]record.Sample {
	readings := map[string][]record.Sample{}
	for _, s := range samples {
		if s.Edge == "" {
			readings[s.Source] = append(readings[s.Source], s)
		}
	}
	for _, list := range readings {
		slices.SortStableFunc(list, func(a, b record.Sample) int { return cmp.Compare(a.AtSeconds, b.AtSeconds) })
	}
	return readings
}

// Having are the readings that have a series: without it, nothing is known.
func Having(readings []record.Sample, key string) []record.Sample {
	return slices.DeleteFunc(slices.Clone(readings), func(s record.Sample) bool { _, known := s.Values[key]; return !known })
}

// joined adds to each rise of one service that of another around the same moment: both are read in the same second,
// though not at once.
func joined(one, other []Rise) []Rise {
	if len(one) == 0 {
		return other
	}
	sum, next := slices.Clone(one), 0
	for i := range sum {
		for next < len(other) && other[next].To < sum[i].Middle() {
			next++
		}
		if next < len(other) && other[next].From <= sum[i].Middle() {
			sum[i].Grown += other[next].Grown
		}
	}
	return sum
}

// ShortestGapSeconds is how many seconds have to lie between two readings that make a rate. They come every second, a little
// early or late.
const ShortestGapSeconds = 0.5

// LongestGapSeconds is the longest time between two readings that still makes a rate; beyond it the line has a gap.
const LongestGapSeconds = 2.5

// Share is a ratio between two readings, at the second in their middle.
type Share struct{ At, Ratio float64 }
