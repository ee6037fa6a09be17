package scenarios

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadSeries(t *testing.T) {
	points := []Point{{0, 100}, {90 * time.Second, 200.5}, {100 * time.Second, 0}}
	for name, text := range map[string]string{
		"seconds":            "0,100\n90,200.5\n100,0\n",
		"no last newline":    "0,100\n90,200.5\n100,0",
		"header":             "time,rate\n0,100\n90,200.5\n100,0\n",
		"any header":         "Timestamp (UTC),rate_per_second\n0,100\n90,200.5\n100,0\n",
		"durations":          "0s,100\n1m30s,200.5\n100s,0\n",
		"timestamps":         "2026-07-01T10:00:00Z,100\n2026-07-01T10:01:30Z,200.5\n2026-07-01T10:01:40Z,0\n",
		"zones":              "2026-07-01T10:00:00+09:00,100\n2026-07-01T01:01:30Z,200.5\n2026-07-01T10:01:40.000+09:00,0\n",
		"epoch":              "1782900000,100\n1782900090,200.5\n1782900100,0\n",
		"a later begin":      "1h,100\n1h1m30s,200.5\n1h1m40s,0\n",
		"rates with units":   "0,6k/min\n90,200.5/s\n100,0/h\n",
		"exponents":          "0e0,1e2\n9.0E+1,2005e-1\n1e2,0.0\n",
		"spaces and quotes":  " 0 , 100 \n\"90\", \"200.5\"\n\n100 ,0\t\n",
		"carriage returns":   "time,rate\r\n0,100\r\n90,200.5\r\n100,0\r\n",
		"a commented header": "#time,rate\n0,100\n90,200.5\n100,0\n",
		"a row left out":     "0,100\n# 7,5000\n90,200.5\n## 8,1\n100,0\n",
		"quotes in comments": "# 5\" of rain, \"x\n0,100\n90,200.5\n#\n100,0\n",
		"comments":           "# exported\n0,100\n# lunch\n90,200.5\n100,0\n",
		"byte order mark":    "\ufefftime,rate\n0,100\n90,200.5\n100,0\n",
	} {
		got, errs := readSeries("f.csv", []byte(text))
		if len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
		}
		if diff := cmp.Diff(points, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Fractions of a second survive, also in seconds since 1970, as far as float64 has them.
func TestReadSeriesFractions(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0.25,1\n0.75,1\n":               500 * time.Millisecond,
		"0s,1\n1.5ms,1\n":                1500 * time.Microsecond,
		"0,1\n0.000000001,1\n":           1,
		"1782900000,1\n1782900000.5,1\n": 500 * time.Millisecond,
		"2026-07-01T10:00:00.1Z,1\n2026-07-01T10:00:00.350000001Z,1\n": 250_000_001,
	} {
		got, errs := readSeries("f.csv", []byte(text))
		if len(errs) > 0 || len(got) != 2 || got[1].At != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, errs, want)
		}
	}
}

func TestReadSeriesMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "f.csv:1:1: the file is empty: there is nothing to follow from one point to another; write two rows",
		"time,rate\n":                  "f.csv:1:1: there is nothing to follow",
		"0,1\n":                        "f.csv:1:1: there is nothing to follow",
		"rate,time\n1,0\n1,5\n":        "f.csv:1:1: the first column is the rate; write time first, then rate",
		"NaN,1\n0,1\n5,1\n":            `f.csv:1:1: time: "NaN" is not a time`,
		"time;rate\n0;1\n5;1,5\n":      "f.csv:1:1: the columns are separated by semicolons; separate them by a comma, and write decimals with a point: 60,1.5",
		"0;1\n5;1\n9;1\n":              "f.csv:1:1: the columns are separated by semicolons",
		"0\t1\n5\t1\n":                 "f.csv:1:1: the columns are separated by tabs",
		"0,1\r5,1\r":                   "f.csv:1:4: a line ends as on old Macs, with a carriage return alone; save the file with line ends of Unix or Windows",
		"0,1\r\n5,1\r9,1\n":            "f.csv:2:4: a line ends as on old Macs",
		"#N/A,5000\n0,1\n5,1\n":        `f.csv:1:1: time: "#N/A" is not a time`,
		"0,1\n#N/A\n5,1\n":             "f.csv:2:1: columns: 1 instead of 2",
		"0,1\n#DIV/0!\n5,1\n":          "f.csv:2:1: columns: 1 instead of 2",
		"0,1\n#7,5000\n9,1\n":          `f.csv:2:1: time: "#7" is not a time; to leave the row out, write a blank behind the #`,
		"0,1\n5,#REF!\n":               `f.csv:2:3: rate: "#REF!" is not a rate`,
		"O,100\n0,1\n5,1\n":            `f.csv:1:1: time: "O" is not a time`,
		"O,rate\n0,1\n5,1\n":           `f.csv:1:1: "O" is neither a time nor the name of a column of times; call the columns time and rate, or correct the row`,
		"tmie,rate\n0,1\n5,1\n":        `f.csv:1:1: "tmie" is neither a time`,
		"time,reate\n0,1\n5,1\n":       `f.csv:1:6: "reate" is neither a rate nor the name of a column of rates`,
		"0,1\n5,\"1,5\"\n":             `f.csv:2:3: rate: "1,5" is not a rate: it has a comma; write a decimal point, as in 1.5, and thousands without any mark`,
		"0,1,5\n":                      "f.csv:1:1: columns: 3 instead of 2; write time and rate, separated by a comma; decimals have a point",
		"0,1\n5,\n":                    "f.csv:2:3: rate: it is empty; write hits per second, or leave the row out",
		"0,1\n,1\n":                    "f.csv:2:1: time: it is empty",
		" \n":                          "f.csv:1:1: the file is empty: there is nothing to follow",
		"time,rate,note\n0,1\n5,1\n":   "f.csv:1:1: columns: 3 instead of 2",
		"0,1\n5,1,\n":                  "f.csv:2:1: columns: 3 instead of 2",
		"0,1\n5,\"1\n":                 "f.csv:2:5: not CSV: extraneous or missing \" in quoted-field; check the quotes",
		"0,1\n5,1\"\n":                 "f.csv:2:4: not CSV: bare \" in non-quoted-field",
		"0,1\n5,-0.5\n":                "f.csv:2:3: rate: -0.5 is negative",
		"0,1\n5,0x10\n":                `f.csv:2:3: rate: "0x10" is not a rate`,
		"0,1\n5,1_000\n":               `f.csv:2:3: rate: "1_000" is not a rate`,
		"0,1\n5,-Inf\n":                `f.csv:2:3: rate: "-Inf" is not a rate`,
		"0,1\n5,1e400\n":               `f.csv:2:3: rate: "1e400" is not a rate`,
		"0,1\n5,1e21\n":                "f.csv:2:3: rate: 1e21 is too large",
		"0,1\n5,-5/s\n":                "f.csv:2:3: rate: -5/s is not a rate: -5 is negative",
		"0,1\n0,1\n":                   "f.csv:2:1: time: 0 does not come after the time on line 1; sort the rows by time, each time once",
		"0,1\n9,1\n\n# x\n8,1\n":       "f.csv:5:1: time: 8 does not come after the time on line 2",
		"0,1\n1e12,1\n":                "f.csv:2:1: time: 1e12 is no time",
		"0,1\n1719800000000,1\n":       "f.csv:2:1: time: 1719800000000 is no time; write seconds from zero on",
		"0s,1\n-5s,1\n":                `f.csv:2:1: time: "-5s" is not a time`,
		"0s,1\n8785h,1\n9000h,1\n":     "f.csv:2:1: time: 8785h is more than a year after the first time; write times in seconds, or cut the series",
		"0,1\n2026-07-01 10:00:00,1\n": `f.csv:2:1: time: "2026-07-01 10:00:00" is not a time; write seconds like 90, a duration like 1m30s, or a timestamp like 2026-07-01T10:00:00Z`,
		"0,1\n5," + strings.Repeat("9", 1000) + "\n": `f.csv:2:3: rate: "` + strings.Repeat("9", 63) + `…" is not a rate`,
		"0,1\n5,\x00\n":      "f.csv:2:3: the file is not UTF-8 text; save it as CSV in UTF-8",
		"\xff\xfe0\x00,\x00": "f.csv:1:1: the file is not UTF-8 text but UTF-16; save it as CSV in UTF-8",
	} {
		_, errs := readSeries("f.csv", []byte(text))
		if len(errs) != 1 || !strings.Contains(errs.Error(), want) {
			t.Errorf("%.60q:\ngot  %v\nwant %s", text, errs, want)
		}
	}
}

// Neither a large series nor one of mistakes takes long, and what is said of it is short.
func TestHostileSeries(t *testing.T) {
	var many strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&many, "%d,1\n", i)
	}
	source := func(name string) string {
		var stages []string
		for i := range 100 {
			stages = append(stages, fmt.Sprintf("{name: s%d, replay: {file: %s}}", i, name))
		}
		return "version: 1\nname: peak\ntraffic: {stages: [" + strings.Join(stages, ", ") + "]}\n"
	}
	hostile := fstest.MapFS{
		"many.csv":   {Data: []byte(many.String())},
		"large.csv":  {Data: []byte(strings.Repeat("#", MaxBytes+1))},
		"wrong.csv":  {Data: []byte(strings.Repeat(",\n", MaxBytes/2))},
		"quote.csv":  {Data: []byte("\"" + strings.Repeat("x", MaxBytes-1))},
		"commas.csv": {Data: []byte(strings.Repeat(",", MaxBytes))},
		"blank.csv":  {Data: []byte(strings.Repeat("\n", MaxBytes))},
	}
	for name, want := range map[string]string{
		"many.csv": "all replays together have more than 262144 points; thin the series out", "large.csv": "large.csv:1:1: the file is larger than 1 MiB",
		"wrong.csv": "and 980 more", "quote.csv": "not CSV", "commas.csv": "columns: 1048577 instead of 2", "blank.csv": "nothing to follow",
	} {
		begin := time.Now()
		_, err := parseBeside("f", []byte(source(name)), hostile)
		if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 32<<10 {
			t.Errorf("%s: got %.200v, want %s", name, err, want)
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// A mistake in a series can be shown in its line, whatever stands before it there.
func TestSeriesExcerpts(t *testing.T) {
	for text, want := range map[string]Error{
		"0,1\n5,fast \n":     {Line: 2, Column: 3, EndColumn: 7, Excerpt: Excerpt{Line: 2, Text: "5,fast ", Column: 3, Span: 4}},
		"0,1\n 5s, \"-1\"\n": {Line: 2, Column: 6, EndColumn: 10, Excerpt: Excerpt{Line: 2, Text: " 5s, \"-1\"", Column: 6, Span: 4}},
		"0,1\n\"５\",fast\n":  {Line: 2, Column: 5, EndColumn: 9, Excerpt: Excerpt{Line: 2, Text: "\"５\",fast", Column: 5, Span: 4}},
		"\ufeff0,1\n0,1\n":   {Line: 2, Column: 1, EndColumn: 2, Excerpt: Excerpt{Line: 2, Text: "0,1", Column: 1, Span: 1}},
	} {
		_, errs := readSeries("f.csv", []byte(text))
		got := errs[len(errs)-1]
		want.File, want.What, want.Do = got.File, got.What, got.Do
		if got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}

// A series is looked up beside the scenario, wherever that is, and its mistakes name it as seen from here.
func TestSeriesFileNames(t *testing.T) {
	_, err := parseBeside(filepath.Join("peaks", "friday.yaml"), []byte(shaped("replay: {file: far/x.csv}")),
		fstest.MapFS{"far/x.csv": {Data: []byte("0,1\n5,x\n")}})
	if err == nil || !strings.HasPrefix(err.Error(), "peaks/far/x.csv:2:3: rate: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	for name, want := range map[string]string{
		"/etc/x.csv": "/etc/x.csv is not below the scenario's directory: it begins at the root", "a/../../x.csv": "../x.csv is not below the scenario's directory",
		"../x.csv": "../x.csv is not below the scenario's directory", `a\x.csv`: `a\x.csv has backslashes in it; write / between directories`,
		"x.CSV": "x.CSV is not called a CSV file; name a file that ends in .csv, in small letters", "windows.csv": "windows.csv is what rehearse calls a file of its own",
		"x.csv/": "x.csv/ is not called a CSV file",
	} {
		_, err := parseBeside("f", []byte(shaped("replay: {file: "+name+"}")), os.DirFS("."))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	// However a file beside the scenario is named, it is one file, kept under one name.
	for _, name := range []string{"./friday.csv", "a/../friday.csv", ".//friday.csv"} {
		s, err := parseBeside("f", []byte(shaped("replay: {file: "+name+"}")), files())
		if err != nil || s.Traffic.Stages[0].Shape.(Replay).File != "friday.csv" || s.Files["friday.csv"] == nil {
			t.Errorf("%s: got %+v, %v", name, s, err)
		}
	}
}

// The scale that a refusal asks for is small enough, and not much smaller than it must be.
func TestScaleAskedForSuffices(t *testing.T) {
	for _, peak := range []float64{20_001, 33_333, 52_000, 1e6, 7.77e12} {
		series := fstest.MapFS{"x.csv": {Data: fmt.Appendf(nil, "0,0\n1,%v\n", peak)}}
		read := func(stage string) error {
			_, err := parseBeside("f", []byte(shaped(stage)+"rounds: 1\n"), series)
			return err
		}
		_, asked, _ := strings.Cut(fmt.Sprint(read("replay: {file: x.csv}")), "write scale: ")
		scale, _, found := strings.Cut(asked, " ")
		if err := read("replay: {file: x.csv, scale: " + scale + "}"); !found || err != nil {
			t.Errorf("%v: scale %s: %v", peak, scale, err)
		}
		share, wrong := readRatio(scale)
		if got := share * peak; wrong != nil || got < 0.99*MaxRate {
			t.Errorf("%v: scale %s leaves %v/s", peak, scale, got)
		}
	}
}

func FuzzReadSeries(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("testdata", "series", "*d.csv"))
	if err != nil || len(names) != 2 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("2026-07-01T10:00:00Z,100\n2026-07-01T10:01:30+09:00,6k/min\n"))
	f.Add([]byte("\ufeff\"time\",rate\r\n1m,1e3\r\n\r\n1h1.5s,0\r\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		points, errs := readSeries("f.csv", src)
		if len(errs) > 0 {
			checkErrors(t, src, errs)
			return
		}
		if len(points) < 2 || points[0].At != 0 {
			t.Fatalf("got %v", points)
		}
		for i, p := range points {
			if !(p.Rate >= 0) || math.IsInf(p.Rate, 0) || p.At > maxSpan || i > 0 && p.At <= points[i-1].At {
				t.Fatalf("point %d is %+v", i, p)
			}
		}
	})
}

// The parser with every shape, and with any series beside it.
func FuzzParseShapes(f *testing.F) {
	for _, stage := range []string{
		"step: {from: 100/s, to: 600/s, steps: 5}, for: 12s",
		"spike: {from: 100/s, to: 600/s, rise: 2s, hold: 8s, decay: 20s, decay_shape: exponential}",
		"sine: {low: 0/s, high: 600/s, period: 24s, peak_at: 19s, growth: 200/s}, for: 1m",
		"replay: {file: friday.csv, speed: 5, scale: 10%}, measure: false}\n    - {name: other, hold: 5/s, for: 1s",
	} {
		f.Add([]byte(shaped(stage)), []byte(friday))
	}
	stages, err := os.ReadFile(filepath.Join("testdata", "stages.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stages, []byte("x"))
	f.Fuzz(func(t *testing.T, src, series []byte) {
		s, err := parseBeside("f", src, fstest.MapFS{"friday.csv": {Data: series}})
		if err != nil {
			errs, ok := errors.AsType[Errors](err)
			if !ok {
				t.Fatalf("got %#v, want Errors", err)
			}
			own := slices.DeleteFunc(slices.Clone(errs), func(e Error) bool { return e.File != "f" })
			if len(own) > 0 {
				checkErrors(t, src, own)
			}
			return
		}
		checkHits(t, s.Plan(), 0, 1000)
		for _, flag := range []func(*File){(*File).Quick, func(f *File) { f.Scale(0.5) }} {
			file := Open("f", src, carshare())
			file.Beside(fstest.MapFS{"friday.csv": {Data: series}})
			flag(file)
			// What is varied may have become too little to measure; whatever passes must hold together.
			if s, err := file.Read(); err == nil {
				checkHits(t, s.Plan(), 0, 1000)
			}
		}
	})
}
