package reports

import (
	"math"
	"testing"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

func TestFigures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{numeral.Figure(0), "0"}, {numeral.Figure(1234567), "1,230,000"}, {numeral.Figure(1840), "1,840"}, {numeral.Figure(999.6), "1,000"},
		{numeral.Figure(99.96), "100"}, {numeral.Figure(9.996), "10.0"}, {numeral.Figure(12.345), "12.3"}, {numeral.Figure(1), "1.00"},
		{numeral.Figure(0.01234), "0.0123"}, {numeral.Figure(-5.678), "−5.68"}, {numeral.Figure(-1234), "−1,230"}, {numeral.Figure(1000), "1,000"},
		{numeral.Figure(math.NaN()), "-"}, {numeral.Figure(math.Inf(1)), "-"},
		{numeral.Seconds(0.0121), "12.1 ms"}, {numeral.Seconds(1.5), "1.50 s"}, {numeral.Seconds(0.000496), "496 µs"}, {numeral.Seconds(0), "0 ms"},
		{numeral.Seconds(stat.Unknown()), "-"}, {numeral.Seconds(60), "60.0 s"},
		{numeral.Percent(0.9), "90.0 %"}, {numeral.Percent(math.NaN()), "-"}, {numeral.Percent(0.0001), "0.0100 %"},
		{numeral.Change(0.15), "−85.0 %"}, {numeral.Change(1.5), "+50.0 %"}, {numeral.Change(12), "+1,100 %"}, {numeral.Change(1.0000291), "±0 %"},
		{numeral.Change(0.9996), "±0 %"}, {numeral.Change(0), "−100 %"}, {numeral.Change(1000), "+99,900 %"},
		{numeral.Change(3e13), "over ×1,000"}, {numeral.Change(stat.Unknown()), "-"},
		{numeral.Factor(1.0432), "×1.04"}, {numeral.Count(1234567), "1,234,567"}, {numeral.Count(999), "999"}, {numeral.Whole(12345.4), "12,345"},
		{numeral.Limit("20.0 %"), "20 %"}, {numeral.Limit("1,200/s"), "1,200/s"}, {numeral.Limit("50.0 ms"), "50 ms"}, {numeral.Limit("0.500 %"), "0.5 %"},
		{numeral.Limit("100 ms"), "100 ms"}, {numeral.Limit("10"), "10"},
		{numeral.Arrow("12.1 ms", "3.10 ms"), "12.1 → 3.10 ms"}, {numeral.Arrow("1.20 s", "3.10 ms"), "1.20 s → 3.10 ms"},
		{numeral.Arrow("12.1 ms", "-"), "12.1 ms → -"}, {numeral.Arrow("1,500", "100"), "1,500 → 100"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestVerdictsTogether(t *testing.T) {
	var zero model.Verdict
	if zero != model.Inconclusive {
		t.Error("a forgotten verdict is not inconclusive")
	}
	for _, c := range []struct{ a, b, want model.Verdict }{
		{model.Pass, model.Pass, model.Pass}, {model.Pass, model.Inconclusive, model.Inconclusive}, {model.Inconclusive, model.Fail, model.Fail}, {model.Pass, model.Fail, model.Fail},
		{model.Inconclusive, model.Inconclusive, model.Inconclusive},
	} {
		if c.a.And(c.b) != c.want || c.b.And(c.a) != c.want {
			t.Errorf("%v and %v: got %v and %v, want %v", c.a, c.b, c.a.And(c.b), c.b.And(c.a), c.want)
		}
	}
	var v model.Verdict
	if err := v.UnmarshalText([]byte("passed")); err == nil {
		t.Error("an unknown verdict was read")
	}
}
