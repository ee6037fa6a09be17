package scenarios

import (
	"strings"
	"testing"
	"time"
)

// spelling is one way to write a value: what it means, or what the mistake and its remedy say.
type spelling[T any] struct {
	text     string
	want     T
	what, do string
}

func checkSpellings[T comparable](t *testing.T, read func(string) (T, *mistake), spellings []spelling[T]) {
	t.Helper()
	for _, s := range spellings {
		got, wrong := read(s.text)
		switch {
		case s.what == "" && wrong != nil:
			t.Errorf("%q: got mistake %v, want %v", s.text, *wrong, s.want)
		case s.what == "" && got != s.want:
			t.Errorf("%q: got %v, want %v", s.text, got, s.want)
		case s.what != "" && wrong == nil:
			t.Errorf("%q: got %v, want a mistake", s.text, got)
		case s.what != "" && (!strings.Contains(wrong.what, s.what) || !strings.Contains(wrong.do, s.do)):
			t.Errorf("%q: got %q; %q, want %q; %q", s.text, wrong.what, wrong.do, s.what, s.do)
		}
	}
}

func TestReadRate(t *testing.T) {
	checkSpellings(t, readRate, []spelling[float64]{
		{text: "600/s", want: 600},
		{text: "0/s", want: 0},
		{text: "0.5/s", want: 0.5},
		{text: "36k/min", want: 600},
		{text: "1.5k/s", want: 1500},
		{text: "7200/h", want: 2},
		{text: "600", what: "without a unit", do: "write 600/s or 36000/min"},
		{text: "-5/s", what: "negative", do: "before /s"},
		{text: "-5", what: "not a rate", do: "600/s"},
		{text: "600/m", what: "unknown unit", do: "/min"},
		{text: "600/ms", what: "unknown unit", do: "/s"},
		{text: "1e3/s", what: "not plain decimal", do: "write 1000 before /s"},
		{text: "010/s", what: "begins with a zero", do: "write 10 before /s"},
		{text: "/s", what: "empty", do: "write a number before /s"},
		{text: "fast", what: "not a rate", do: "600/s"},
		{text: "Inf/s", what: "not plain decimal", do: "write digits"},
		{text: "600 /s", what: "not plain decimal"},
	})
}

func TestReadDuration(t *testing.T) {
	checkSpellings(t, readDuration, []spelling[time.Duration]{
		{text: "4s", want: 4 * time.Second},
		{text: "2m", want: 2 * time.Minute},
		{text: "50ms", want: 50 * time.Millisecond},
		{text: "1m30s", want: 90 * time.Second},
		{text: "1.5h", want: 90 * time.Minute},
		{text: "4", what: "without a unit", do: "write 4s or 4000ms"},
		{text: "0", what: "without a unit"},
		{text: "0s", what: "no time at all", do: "above zero"},
		{text: "-4s", what: "negative", do: "not negative before the unit"},
		{text: "010s", what: "begins with a zero", do: "write 10 before the unit"},
		{text: "1e3s", what: "not plain decimal", do: "write 1000 before the unit"},
		{text: "4 s", what: "not a time", do: "write it like"},
		{text: "4sec", what: "not a time", do: "write it like"},
		{text: "1d", what: "not a time", do: "write it like"},
		{text: "9999999h", what: "not a time"},
		{text: "", what: "not a time"},
	})
}

func TestReadBytes(t *testing.T) {
	checkSpellings(t, readBytes, []spelling[int64]{
		{text: "512MiB", want: 512 << 20},
		{text: "1GiB", want: 1 << 30},
		{text: "1.5GiB", want: 3 << 29},
		{text: "1GB", want: 1e9},
		{text: "900MB", want: 9e8},
		{text: "65536KiB", want: 64 << 20},
		{text: "2TB", want: 2e12},
		{text: "64TiB", want: 64 << 40},
		{text: "512", what: "without a unit", do: "write 512MiB or 512GiB"},
		{text: "512mb", what: "unknown unit", do: "write 512MB"},
		{text: "512mib", what: "unknown unit", do: "write 512MiB"},
		{text: "1g", what: "unknown unit", do: "write 1GiB"},
		{text: "512Mi", what: "unknown unit", do: "write 512MiB"},
		{text: "64k", what: "unknown unit", do: "write 64KiB"},
		{text: "100B", what: "unknown unit", do: "write 100MiB"},
		{text: "0MiB", what: "out of range", do: "leave it out"},
		{text: "65TiB", what: "out of range", do: "at most 64TiB"},
		{text: "1 GiB", what: "not a size", do: "write it like"},
		{text: "-1GiB", what: "negative"},
		{text: "1e3MiB", what: "not plain decimal"},
		{text: "lots", what: "not a size: it is empty", do: "512MiB"},
		{text: "", what: "not a size"},
	})
}

func TestReadRatio(t *testing.T) {
	checkSpellings(t, readRatio, []spelling[float64]{
		{text: "0.1%", want: 0.001},
		{text: "20%", want: 0.2},
		{text: "20 %", want: 0.2},
		{text: "0.001", want: 0.001},
		{text: "0", want: 0},
		{text: "150%", want: 1.5},
		{text: "1", want: 1},
		{text: "1.0", want: 1},
		{text: "0.9x", want: 0.9},
		{text: "1.2 x", want: 1.2},
		{text: "1.2", what: "1.2 is a ratio above one without a unit", do: "write 1.2% or 1.2x"},
		{text: "90", what: "without a unit", do: "write 90% or 90x"},
		{text: "x", what: "not a ratio: it is empty"},
		{text: "2x%", what: "not plain decimal"},
		{text: "-1%", what: "negative"},
		{text: "1e-3", what: "not plain decimal", do: "0.1% or 0.001"},
		{text: ".5", what: "not plain decimal"},
		{text: "%", what: "empty"},
		{text: "some", what: "not plain decimal"},
	})
}

func TestReadShare(t *testing.T) {
	checkSpellings(t, readShare, []spelling[float64]{
		{text: "20%", want: 0.2},
		{text: "0.2", want: 0.2},
		{text: "1", want: 1},
		{text: "20", what: "20 is a ratio above one without a unit", do: "write 20%"},
		{text: "0.5x", what: "not plain decimal", do: "0.1% or 0.001"},
	})
}

func TestReadWhole(t *testing.T) {
	checkSpellings(t, readWhole, []spelling[uint64]{
		{text: "0", want: 0},
		{text: "18446744073709551615", want: 1<<64 - 1},
		{text: "3.5", what: "not a whole number", do: "write 4"},
		{text: "010", what: "octal", do: "write 10"},
		{text: "00", what: "octal", do: "write 0"},
		{text: "1e3", what: "not plain decimal", do: "write 1000"},
		{text: "1_000", what: "not plain decimal", do: "write 1000"},
		{text: "0x10", what: "not plain decimal", do: "write digits"},
		{text: "+3", what: "sign", do: "write 3"},
		{text: "-3", what: "negative"},
		{text: "99999999999999999999", what: "too large"},
		{text: "1.2.3", what: "not plain decimal"},
		{text: "nan", what: "not plain decimal"},
	})
}

func TestReadLimit(t *testing.T) {
	for unit, text := range map[Unit]string{Seconds: "50ms", PerSecond: "3/min", Ratio: "5%", Number: "0.05"} {
		if got, wrong := readLimit(text, unit); wrong != nil || got != 0.05 {
			t.Errorf("%s %s: got %v, %v, want 0.05", unit, text, got, wrong)
		}
	}
	if _, wrong := readLimit("0.05", Count); wrong == nil {
		t.Error("a count of 0.05: got no mistake, want one")
	}
	for _, m := range Metrics(carshare()) {
		if _, wrong := readLimit("fast", m.Unit); wrong == nil {
			t.Errorf("%s of fast: got no mistake, want one", m.Name)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"hold", "ramp", "for", "name", "measure", "extract-writes", "to"}
	for word, want := range map[string]string{
		"nmae": "name", "Hold": "hold", "extract-write": "extract-writes", "mesure": "measure",
		"": "", "xyz": "", "ab": "", "too": "to", "description": "", strings.Repeat("a", 1000): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
