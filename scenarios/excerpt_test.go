package scenarios

import (
	"errors"
	"strings"
	"testing"
)

// What is pointed at is what is wrong: all of a value that is on one line, the first character of what is on several.
func TestExcerpt(t *testing.T) {
	long := strings.Repeat("l", 300)
	for _, tt := range []struct {
		name, src, text, marked string
		line, column, end       int
	}{
		{"plain", "version: 9\n" + minimal[11:], "version: 9", "9", 1, 10, 11},
		{"double quotes", strings.Replace(minimal, "name: peak", `name: "Pe\"ak" # name`, 1), `name: "Pe\"ak" # name`, `"Pe\"ak"`, 2, 7, 15},
		{"single quotes", strings.Replace(minimal, "name: peak", `name: 'It''s' # name`, 1), `name: 'It''s' # name`, `'It''s'`, 2, 7, 14},
		{"a key", minimal + "bugdets: []\n", "bugdets: []", "bugdets", 4, 1, 8},
		{"a list", minimal + "nodes: [a]\n", "nodes: [a]", "[", 4, 8, 0},
		{"nothing", minimal + "nodes:\n", "nodes:", "", 4, 7, 0},
		{"several lines", minimal + "seed: 1\n  2\n", "seed: 1", "1", 4, 7, 8},
		{"characters, not bytes", minimal + "system: {'é日本': 1, name: taxi}\n", "system: {'é日本': 1, name: taxi}", "taxi", 4, 26, 30},
		{"line breaks", strings.ReplaceAll(minimal, "\n", "\r\n") + "seed: x\r\n", "seed: x", "x", 4, 7, 8},
		{"a long line", minimal + "nodes: {auth: {cpus: 1}, " + long + ": 1, redis: {cpus: 1}, x: 1}\n", "…" + long[:57] + ": 1, redis: {cpus: 1}, x: 1}", "x", 4, 349, 350},
	} {
		_, err := Parse("f", []byte(tt.src), carshare())
		errs, ok := errors.AsType[Errors](err)
		if !ok {
			t.Errorf("%s: got %v, want Errors", tt.name, err)
			continue
		}
		e := errs[len(errs)-1]
		x := e.Excerpt
		chars := []rune(x.Text + " ")
		marked := string(chars[x.Column-1 : x.Column-1+max(x.Span, 1)])
		if x.Text != tt.text || strings.TrimSpace(marked) != tt.marked || x.Line != tt.line || e.Line != tt.line || e.Column != tt.column || e.EndColumn != tt.end {
			t.Errorf("%s: got %+v, marking %q", tt.name, e, marked)
		}
	}
}

// A line is shown as far as it helps, whatever its length.
func TestExcerptIsShort(t *testing.T) {
	_, err := Parse("f", []byte(minimal+"a"+strings.Repeat("é", 100_000)+": 1\nseed: "+strings.Repeat("9", 100_000)+"\n"), carshare())
	errs, ok := errors.AsType[Errors](err)
	if !ok || len(errs) != 2 {
		t.Fatalf("got %v, want two mistakes", err)
	}
	for _, e := range errs {
		if chars := []rune(e.Excerpt.Text); len(chars) > maxExcerpt+2 || chars[len(chars)-1] != '…' {
			t.Errorf("got %d characters: %q", len(chars), e.Excerpt.Text)
		}
	}
}
