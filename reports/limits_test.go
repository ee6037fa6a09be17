package reports

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// A limit is shown as it was written, and a number with the digits that decide.
func TestLimitsAreShownAsWritten(t *testing.T) {
	for _, c := range []struct {
		metric, of, bound, written string
		limit, actual              float64
		shown, number, why         string
	}{
		{"primary_statements", "", model.BoundMax, "3", 3, 3.0004, "3", "3.0004", "outside the limit"},
		{"primary_statements", "", model.BoundMax, "3", 3, 2.9996, "3", "2.9996", "inside the limit"},
		{"primary_statements", "", model.BoundMax, "3", 3, 3, "3", "3.00", "at the limit"},
		{"primary_statements", "", model.BoundMax, "3", 3, 3.0000000000000004, "3", "3.00", "at the limit"},
		{"primary_statements", "", model.BoundBelow, "3", 3, 3, "3", "3.00", "outside the limit"},
		{"primary_statements", "", model.BoundMin, "3.50", 3.5, 3.4999, "3.50", "3.4999", "outside the limit"},
		{"primary_qps", "", model.BoundMax, "1234.5/s", 1234.5, 1234.6, "1,234.5/s", "1,235/s", "outside the limit"},
		{"primary_qps", "", model.BoundMax, "36k/min", 600, 600.3, "36k/min", "36.02k/min", "outside the limit"},
		{"primary_qps", "", model.BoundMax, "1234567/s", 1234567, 900, "1,234,567/s", "900/s", "inside the limit"},
		{"primary_qps", scenarios.Before, model.BoundMax, "0.9x", 0.9, 0.90004, "0.9x", "0.90004x", "outside the limit"},
		{"primary_qps", scenarios.Before, model.BoundMax, "0.9", 0.9, 0.8, "0.9", "0.800", "inside the limit"},
		{"errors", "", model.BoundMax, "0.1%", 0.001, 0.00100049, "0.1 %", "0.10005 %", "outside the limit"},
		{"errors", "", model.BoundMax, "0 %", 0, 0, "0 %", "0 %", "at the limit"},
		{"errors", "", model.BoundMax, "0", 0, 0.00001, "0", "0.0000100", "outside the limit"},
		{"p95", "", model.BoundMax, "20ms", 0.02, 0.0200004, "20 ms", "20.0004 ms", "outside the limit"},
		{"p95", "", model.BoundMax, "1m30s", 90, 90.04, "1m30s", "90.04 s", "outside the limit"},
		{"p95", "", model.BoundMax, "1500us", 0.0015, 0.00149999, "1,500 µs", "1.49999 ms", "inside the limit"},
		{"wrong_user", "", model.BoundMax, "1000", 1000, 1001, "1,000", "1,001", "outside the limit"},
		// What no text spells is not rounded either.
		{"primary_qps", "", model.BoundMax, "", 1234.5678, 1234.7, "1,234.5678/s", "1,235/s", "outside the limit"},
		{"errors", "", model.BoundMax, "", 0.29, 0.28996, "29 %", "28.996 %", "inside the limit"},
		{"p95", "", model.BoundMax, "", 0.0123456, 0.01, "12.3456 ms", "10.0 ms", "inside the limit"},
	} {
		b := model.Budget{Unit: string((scenarios.Budget{Metric: c.metric, Of: c.of}).Unit()), Key: model.Key{Metric: c.metric, State: "cache", Stage: "peak"}, Of: c.of, Bound: c.bound, Written: c.written, Limit: stat.Number(c.limit), Actual: stat.Number(c.actual), Lo: stat.Unknown(), Hi: stat.Unknown()}
		if got := b.Allowed(); got != c.shown {
			t.Errorf("%s %q: limit %q, want %q", c.metric, c.written, got, c.shown)
		}
		if got := b.Text(b.Actual); got != c.number {
			t.Errorf("%s %q: number %q, want %q", c.metric, c.written, got, c.number)
		}
		if got := b.Where(b.Passes(b.Actual)); got != c.why {
			t.Errorf("%s %q: %q, want %q", c.metric, c.written, got, c.why)
		}
		if margin := margin(b); strings.HasPrefix(margin, "at the limit") != (c.shown == c.number || c.number == "3.00") {
			t.Errorf("%s %q: margin %q", c.metric, c.written, margin)
		}
		if !strings.HasSuffix(b.Name(), " "+c.bound+" "+c.shown) {
			t.Errorf("got the name %q", b.Name())
		}
	}
}

// Reasons that name a limit have the same habit.
func TestNumbersBesideALimit(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{numeral.PercentBeside(0.00502, 0.005), "0.502 %"}, {numeral.PercentBeside(0.005003, 0.005), "0.5003 %"}, {numeral.PercentBeside(0.2, 0.005), "20.0 %"},
		{numeral.SecondsBeside(0.0050004, 0.005), "5.0004 ms"}, {numeral.SecondsBeside(1.2, 0.005), "1.20 s"}, {numeral.SecondsBeside(stat.Unknown(), 1), "-"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// Whatever the numbers, what is printed and what is in JSON lies where the number lies.
func TestNumbersBesideTheirLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Float64Range(1e-6, 1e6).Draw(t, "limit")
		actual := limit * (1 + rapid.SampledFrom([]float64{0, 1e-12, -1e-12, 1e-8, -1e-8, 1e-5, -1e-5, 3e-4, -3e-4, 0.02, -0.02, 5}).Draw(t, "off"))
		b := model.Budget{Key: model.Key{Metric: "hits"}, Unit: "number", Bound: model.BoundMax, Limit: stat.Number(limit), Actual: stat.Number(actual), Lo: stat.Unknown(), Hi: stat.Unknown()}
		var shown, bound float64
		if _, err := fmt.Sscan(strings.ReplaceAll(b.Text(b.Actual)+" "+b.Allowed(), ",", ""), &shown, &bound); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		var again model.Budget
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		side := func(x, limit float64) bool { return x > limit*(1+numeral.Sameness) }
		if want := side(actual, limit); side(shown, bound) != want || side(float64(again.Actual), float64(again.Limit)) != want {
			t.Errorf("%v beside %v: printed %v beside %v, in JSON %s", actual, limit, shown, bound, text)
		}
		if math.Abs(shown-actual) > 0.006*actual {
			t.Errorf("%v is printed as %v", actual, shown)
		}
	})
}
