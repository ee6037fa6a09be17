package numeral

import (
	"math"
	"testing"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

func TestFigures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Figure(0), "0"}, {Figure(1234567), "1,230,000"}, {Figure(1840), "1,840"}, {Figure(999.6), "1,000"},
		{Figure(99.96), "100"}, {Figure(9.996), "10.0"}, {Figure(12.345), "12.3"}, {Figure(1), "1.00"},
		{Figure(0.01234), "0.0123"}, {Figure(-5.678), "−5.68"}, {Figure(-1234), "−1,230"}, {Figure(1000), "1,000"},
		{Figure(math.NaN()), "-"}, {Figure(math.Inf(1)), "-"},
		{Seconds(0.0121), "12.1 ms"}, {Seconds(1.5), "1.50 s"}, {Seconds(0.000496), "496 µs"}, {Seconds(0), "0 ms"},
		{Seconds(stat.Unknown()), "-"}, {Seconds(60), "60.0 s"},
		{Percent(0.9), "90.0 %"}, {Percent(math.NaN()), "-"}, {Percent(0.0001), "0.0100 %"},
		{Change(0.15), "−85.0 %"}, {Change(1.5), "+50.0 %"}, {Change(12), "+1,100 %"}, {Change(1.0000291), "±0 %"},
		{Change(0.9996), "±0 %"}, {Change(0), "−100 %"}, {Change(1000), "+99,900 %"},
		{Change(3e13), "over ×1,000"}, {Change(stat.Unknown()), "-"},
		{Factor(1.0432), "×1.04"}, {Count(1234567), "1,234,567"}, {Count(999), "999"}, {Whole(12345.4), "12,345"},
		{Limit("20.0 %"), "20 %"}, {Limit("1,200/s"), "1,200/s"}, {Limit("50.0 ms"), "50 ms"}, {Limit("0.500 %"), "0.5 %"},
		{Limit("100 ms"), "100 ms"}, {Limit("10"), "10"},
		{Arrow("12.1 ms", "3.10 ms"), "12.1 → 3.10 ms"}, {Arrow("1.20 s", "3.10 ms"), "1.20 s → 3.10 ms"},
		{Arrow("12.1 ms", "-"), "12.1 ms → -"}, {Arrow("1,500", "100"), "1,500 → 100"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
