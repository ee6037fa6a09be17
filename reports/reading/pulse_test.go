package reading

import (
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// At one rate the busiest second is chance, so the mean counts; on a ramp the last second is the highest that was offered.
func TestHighestRate(t *testing.T) {
	at := func(stage string, second float64, steady bool, offered uint64) Pulse {
		return Pulse{Stage: stage, Begin: second, End: second + 1, Steady: steady, Hits: Hits{Offered: offered}}
	}
	for _, c := range []struct {
		name    string
		seconds []Pulse
		rate    float64
		stage   string
	}{
		{"none", nil, 0, ""},
		{"one rate", []Pulse{at("easy", 0, true, 180), at("easy", 1, true, 226), at("easy", 2, true, 194)}, 200, "easy"},
		{"a ramp", []Pulse{at("rise", 0, false, 50), at("rise", 1, false, 150), at("rise", 2, false, 250)}, 250, "rise"},
		{"a part of a second", []Pulse{at("easy", 0, true, 200), {Stage: "easy", Begin: 1, End: 1.5, Steady: true, Hits: Hits{Offered: 130}}}, 220, "easy"},
		{"the higher mean of two", []Pulse{at("easy", 0, true, 300), at("easy", 1, true, 100), at("more", 2, true, 230), at("more", 3, true, 220)}, 225, "more"},
		{"a ramp after one rate", []Pulse{at("easy", 0, true, 226), at("easy", 1, true, 174), at("rise", 2, false, 210)}, 210, "rise"},
	} {
		if rate, stage, ok := HighestRate(c.seconds); rate != c.rate || stage != c.stage || ok != (len(c.seconds) > 0) {
			t.Errorf("%s: got %v of %q, %v, want %v of %q", c.name, rate, stage, ok, c.rate, c.stage)
		}
	}
	for want, stages := range map[bool][]record.Stage{
		true:  {{FromRate: 200, ToRate: 200}, {FromRate: 200, ToRate: 200, Rates: []float64{200, 200}}},
		false: {{FromRate: 0, ToRate: 200}, {FromRate: 200, ToRate: 200, Rates: []float64{200, 800, 200}}},
	} {
		for _, s := range stages {
			if steady(s) != want {
				t.Errorf("steady of %+v is %v", s, !want)
			}
		}
	}
}

// The seconds of a trial know whether their stage has one rate.
func TestPulsesOfStages(t *testing.T) {
	of := Trial{Stages: []record.Stage{{Name: "easy", EndSeconds: 2, FromRate: 200, ToRate: 200}, {Name: "rise", BeginSeconds: 2, EndSeconds: 4, FromRate: 200, ToRate: 600}}}
	for second, offered := range []uint64{174, 226, 250, 350} {
		of.Windows = append(of.Windows, &record.Window{Stage: of.Stages[second/2].Name, Second: second, Offered: offered})
	}
	seconds := of.Pulses()
	if rate, stage, _ := HighestRate(seconds[:2]); rate != 200 || stage != "easy" {
		t.Errorf("got %v of %s, want the mean of the stage", rate, stage)
	}
	if rate, stage, _ := HighestRate(seconds); rate != 350 || stage != "rise" {
		t.Errorf("got %v of %s, want the last second of the ramp", rate, stage)
	}
}
