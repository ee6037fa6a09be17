package reading

import (
	"math"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// Two processors for ten seconds, of which others have so many seconds in each of two stages.
func TestForeignIn(t *testing.T) {
	reading := func(at, foreign, processors float64) record.Sample {
		return record.Sample{AtSeconds: at, Values: map[string]float64{record.ForeignKey: foreign, record.ProcessorsKey: processors}}
	}
	for _, tt := range []struct {
		name     string
		readings map[string]record.Sample
		share    float64
		stage    string
		crowded  bool
	}{
		{"quiet", map[string]record.Sample{"a begin": reading(0, 5, 2), "a end": reading(10, 5.2, 2)}, 0.01, "a", false},
		{"at the limit", map[string]record.Sample{"a begin": reading(0, 5, 2), "a end": reading(10, 7, 2)}, 0.1, "a", false},
		{"in the second of two", map[string]record.Sample{"a begin": reading(0, 5, 2), "a end": reading(10, 5, 2), "b begin": reading(10, 5, 2), "b end": reading(20, 15, 2)}, 0.5, "b", true},
		{"in the first of two", map[string]record.Sample{"a begin": reading(0, 5, 2), "a end": reading(10, 8, 2), "b begin": reading(10, 8, 2), "b end": reading(20, 8, 2)}, 0.15, "a", true},
		{"one of two not read", map[string]record.Sample{"a begin": reading(0, 5, 2), "b begin": reading(10, 5, 2), "b end": reading(20, 5, 2)}, 0, "b", false},
		{"nothing known", map[string]record.Sample{"a begin": {AtSeconds: 1}, "a end": {AtSeconds: 2}}, math.NaN(), "", false},
		{"known from the end on", map[string]record.Sample{"a begin": {AtSeconds: 1}, "a end": reading(10, 100, 2)}, math.NaN(), "", false},
		{"no length", map[string]record.Sample{"a begin": reading(3, 5, 2), "a end": reading(3, 6, 2)}, math.NaN(), "", false},
		{"no processors", map[string]record.Sample{"a begin": reading(0, 5, 0), "a end": reading(3, 6, 0)}, math.NaN(), "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ForeignIn([]string{"a", "b"}, func(stage, edge string) record.Sample { return tt.readings[stage+" "+edge] })
			same := math.Abs(got.Share-tt.share) < 1e-9 || math.IsNaN(got.Share) && math.IsNaN(tt.share)
			if !same || got.Stage != tt.stage || got.Crowded() != tt.crowded {
				t.Errorf("got %+v, crowded %v, want %v of %q, %v", got, got.Crowded(), tt.share, tt.stage, tt.crowded)
			}
		})
	}
}
