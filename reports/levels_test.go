package reports

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// A row never contradicts itself: after over before is the change, as far as they are rounded, or the row says why not. Rounds
// differ by much, and some trials are lost, so pooled levels would.
func TestRowsAgreeWithThemselves(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		factors := rapid.SliceOfN(rapid.Float64Range(0.2, 20), 12, 12).Draw(rt, "factors")
		m := makeRun(4, func(round int, state string) float64 { return factors[(round*3+len(state))%12] }, "baseline", "extract-main", "cache")
		for _, lost := range rapid.SliceOfNDistinct(rapid.IntRange(0, 11), 0, 6, rapid.ID).Draw(rt, "lost") {
			m.events = slices.DeleteFunc(m.events, func(e record.Event) bool { return e.Trial == lost && e.Kind == record.EventTrialEnd })
		}
		run := &record.Run{Header: m.header, Windows: m.windows, Samples: m.samples, Events: m.events}
		s, err := judge.Examine(run).Summarize(nil, &m.scenario)
		if err != nil {
			rt.Fatal(err)
		}
		for _, phase := range s.Compared() {
			before, after := (&summary{s}).sides(phase)
			agree(rt, phase.Name+" p95", before.P95Seconds, after.P95Seconds, phase.P95Ratio)
			agree(rt, phase.Name+" primary QPS", before.PrimaryQPS, after.PrimaryQPS, phase.PrimaryQPSRatio)
		}
		agreeAsShown(rt, (&summary{s}).phaseTable(paint{}).Render()+"\n"+(&summary{s}).sentence())
	})
}

// agree allows for the six digits that are written of each of the three.
func agree(t *rapid.T, what string, before, after stat.Number, e model.Estimate) {
	if before.Known() && after.Known() && e.Value.Known() && e.Why == "" && math.Abs(float64(after/before/e.Value)-1) > 2e-5 {
		t.Errorf("%s: %v to %v beside the ratio %v", what, before, after, e.Value)
	}
}

// agreeAsShown holds each "12.0 → 10.0 ms … −16.7 %" against itself.
func agreeAsShown(t *rapid.T, text string) {
	row := regexp.MustCompile(`([0-9.,]+)( ?[mµ]?s)? → ([0-9.,]+)( [mµ]?s)?(?: QPS)? *\(?~? *([+−±][0-9.,]+) %`)
	units := map[string]float64{"s": 1, "ms": 1e-3, "µs": 1e-6}
	found := row.FindAllStringSubmatch(text, -1)
	for _, f := range found {
		before, after, change := parsed(t, f[1]), parsed(t, f[3]), parsed(t, f[5])
		if unit := strings.TrimSpace(f[2]); unit != "" {
			before *= units[unit] / units[strings.TrimSpace(f[4])]
		}
		// Three digits each, and a tenth of a per cent or three digits of the change.
		ratio, told := after/before, 1+change/100
		if slack := 0.011*ratio + 0.0006 + 0.006*math.Abs(told); math.Abs(ratio-told) > slack {
			t.Errorf("%q: the levels make %+.1f %%", f[0], (ratio-1)*100)
		}
	}
}

func parsed(t *rapid.T, text string) float64 {
	sign := 1.0
	if strings.HasPrefix(text, "−") {
		sign = -1
	}
	x, err := strconv.ParseFloat(strings.TrimLeft(strings.ReplaceAll(text, ",", ""), "+−±"), 64)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", text, err))
	}
	return sign * x
}
