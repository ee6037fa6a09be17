package reports

import (
	"math"
	"testing"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

func TestFigures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{figure(0), "0"}, {figure(1234567), "1,230,000"}, {figure(1840), "1,840"}, {figure(999.6), "1,000"},
		{figure(99.96), "100"}, {figure(9.996), "10.0"}, {figure(12.345), "12.3"}, {figure(1), "1.00"},
		{figure(0.01234), "0.0123"}, {figure(-5.678), "−5.68"}, {figure(-1234), "−1,230"}, {figure(1000), "1,000"},
		{figure(math.NaN()), "-"}, {figure(math.Inf(1)), "-"},
		{seconds(0.0121), "12.1 ms"}, {seconds(1.5), "1.50 s"}, {seconds(0.000496), "496 µs"}, {seconds(0), "0 ms"},
		{seconds(stat.Unknown()), "-"}, {seconds(60), "60.0 s"},
		{percent(0.9), "90.0 %"}, {percent(math.NaN()), "-"}, {percent(0.0001), "0.0100 %"},
		{change(0.15), "−85.0 %"}, {change(1.5), "+50.0 %"}, {change(12), "+1,100 %"}, {change(1.0000291), "±0 %"},
		{change(0.9996), "±0 %"}, {change(0), "−100 %"}, {change(1000), "+99,900 %"},
		{change(3e13), "over ×1,000"}, {change(stat.Unknown()), "-"},
		{factor(1.0432), "×1.04"}, {count(1234567), "1,234,567"}, {count(999), "999"}, {whole(12345.4), "12,345"},
		{limit("20.0 %"), "20 %"}, {limit("1,200/s"), "1,200/s"}, {limit("50.0 ms"), "50 ms"}, {limit("0.500 %"), "0.5 %"},
		{limit("100 ms"), "100 ms"}, {limit("10"), "10"},
		{arrow("12.1 ms", "3.10 ms"), "12.1 → 3.10 ms"}, {arrow("1.20 s", "3.10 ms"), "1.20 s → 3.10 ms"},
		{arrow("12.1 ms", "-"), "12.1 ms → -"}, {arrow("1,500", "100"), "1,500 → 100"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestVerdictsTogether(t *testing.T) {
	var zero Verdict
	if zero != Inconclusive {
		t.Error("a forgotten verdict is not inconclusive")
	}
	for _, c := range []struct{ a, b, want Verdict }{
		{Pass, Pass, Pass}, {Pass, Inconclusive, Inconclusive}, {Inconclusive, Fail, Fail}, {Pass, Fail, Fail},
		{Inconclusive, Inconclusive, Inconclusive},
	} {
		if c.a.And(c.b) != c.want || c.b.And(c.a) != c.want {
			t.Errorf("%v and %v: got %v and %v, want %v", c.a, c.b, c.a.And(c.b), c.b.And(c.a), c.want)
		}
	}
	var v Verdict
	if err := v.UnmarshalText([]byte("passed")); err == nil {
		t.Error("an unknown verdict was read")
	}
}
