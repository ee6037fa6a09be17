package visible

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// hostile is text with what leads terminals, build servers and readers astray, and how it leaves.
func hostile() map[string]string {
	return map[string]string{
		"": "",
		"plain, ✓ 日本 é → −5 %\n\tand more\n": "plain, ✓ 日本 é → −5 %\n\tand more\n",
		"\x1b[31mred\x1b[0m":                 "\ufffd[31mred\ufffd[0m",
		"\x1b]0;title\a":                     "\ufffd]0;title\ufffd",
		"fail\rpass\r\n":                     "fail\ufffdpass\ufffd\n",
		"a\b\x00\x7f\x85\u009b31m":           "a\ufffd\ufffd\ufffd\ufffd\ufffd31m",
		"\u202etxt.exe\u2066\u2069":          "\ufffdtxt.exe\ufffd\ufffd",
		"pa\u200bss\u200d\ufeff\u2060\u00ad": "pa\ufffdss\ufffd\ufffd\ufffd\ufffd",
		"\u3164\u115f\u034f\U000e0041":       "\ufffd\ufffd\ufffd\ufffd",
		"a\u00a0b\u3000c\u2028d\u2029":       "a b c\ufffdd\ufffd",
		"\xff\xfe":                           "\ufffd\ufffd",
		"::error::x\nb ::c::\n":              ": :error::x\nb ::c::\n",
		" \t ::add-mask::x":                  " \t : :add-mask::x",
		"\u00a0::error::x":                   " : :error::x",
		":::x":                               ": ::x",
		"a ##[error]b ##vso[task] ##teamcity[x] ###[y] # #[z]": "a ## [error]b ##vso [task] ##teamcity [x] ### [y] # #[z]",
		"## Heading [link] #[a] a#b##c[d]":                     "## Heading [link] #[a] a#b##c [d]",
		"\x1b[12;31mforged":                                    "\ufffd[12;31mforged",
	}
}

func TestWriter(t *testing.T) {
	for text, want := range hostile() {
		var whole, pieces bytes.Buffer
		w := NewWriter(&whole, "77")
		n, err := w.Write([]byte(text))
		if err != nil || n != len(text) || whole.String() != want {
			t.Errorf("%q: got %q, %d bytes and %v, want %q", text, whole.String(), n, err, want)
		}
		w = NewWriter(&pieces, "77")
		for i := range len(text) {
			if _, err := w.Write([]byte(text[i : i+1])); err != nil {
				t.Fatal(err)
			}
		}
		if pieces.String() != want {
			t.Errorf("%q in pieces: got %q, want %q", text, pieces.String(), want)
		}
	}
}

// Colours of one's own stay, and no others; without a key there are none.
func TestPaint(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b, "77")
	text := Paint("a\x1b[8mb", "\x1b[1;31m", "77") + Paint("c", "\x1b[32m", "") + Paint("d", "\x1b[2J", "77")
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if want := "\x1b[1;31ma\ufffd[8mb\x1b[0m\ufffd[32mc\ufffd[0m\ufffd[77;2Jd\x1b[0m"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	if got := Paint("a", "\x1b[31m", ""); got != "\x1b[31ma\x1b[0m" {
		t.Errorf("got %q", got)
	}
	b.Reset()
	if _, err := NewWriter(&b, "").Write([]byte("\x1b[;31m\x1b[31m")); err != nil || strings.Contains(b.String(), "\x1b") {
		t.Errorf("got %q, %v", b.String(), err)
	}
}

// What was composed here passes as it is, and what follows begins a line or does not.
func TestWritePlain(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b, "")
	for _, err := range []error{w.WritePlain("::error::x\n"), written(w, "::y\n"), w.WritePlain("\r\x1b[J"), written(w, "::z")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := "::error::x\n: :y\n\r\x1b[J::z"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func written(w *Writer, text string) error {
	_, err := w.Write([]byte(text))
	return err
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

func TestWriterTellsErrors(t *testing.T) {
	w := NewWriter(full{}, "")
	for _, err := range []error{written(w, "a"), w.WritePlain("a"), JSON(full{}, 1)} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	}
}

// A line stays rune for rune: what stands below it stays below it.
func TestLine(t *testing.T) {
	if got := Line("a\tb\nc\r\x1b[2J\u202e\u00a0日"); got != "a b c\ufffd\ufffd[2J\ufffd 日" {
		t.Errorf("got %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if got := Line(text); utf8.RuneCountInString(got) != utf8.RuneCountInString(text) || Line(got) != got {
			t.Fatalf("got %q of %q", got, text)
		}
	})
}

// JSON loses nothing, and the writer finds nothing left to do.
func TestJSON(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, text string) {
		var data, shown bytes.Buffer
		if err := JSON(&data, map[string]string{"key " + text: text}); err != nil {
			t.Fatalf("%v", err)
		}
		var back map[string]string
		if err := json.Unmarshal(data.Bytes(), &back); err != nil || back["key "+text] != text {
			t.Fatalf("got %q of %q, %v", data.String(), text, err)
		}
		if err := written(NewWriter(&shown, ""), data.String()); err != nil || shown.String() != data.String() {
			t.Fatalf("got %q of %q, %v", shown.String(), data.String(), err)
		}
	}
	for text := range hostile() {
		check(t, strings.ToValidUTF8(text, ""))
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.String().Draw(t, "text")) })
}
