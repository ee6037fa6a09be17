package scenarios

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxExcerpt is how many characters of a line are shown, and maxBefore how many of them stand before the mistake.
const (
	maxExcerpt = 120
	maxBefore  = 80
)

// Excerpt is the line with a mistake.
type Excerpt struct {
	// Line is its number in the file; 0 is the value of a flag.
	Line int
	// Text of the line, without what is too far from the mistake.
	Text string
	// Column is where in Text the mistake begins, from one, and Span how many characters it is long; 0 is not known.
	Column, Span int
}

// text is what was read; it is cut into lines when the first mistake needs one.
type text struct {
	src   []byte
	lines [][]rune
	// flag tells that it stands on the command line and has no line numbers.
	flag bool
}

// line is line n, from one. The breaks are those of YAML.
func (t *text) line(n int) []rune {
	if t.lines == nil {
		breaks := strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")
		for line := range strings.SplitSeq(breaks.Replace(string(t.src)), "\n") {
			t.lines = append(t.lines, []rune(line))
		}
	}
	if n < 1 || n > len(t.lines) {
		return nil
	}
	return t.lines[n-1]
}

// excerpt shows n in its line. Its work is bounded: a file may be one line with a thousand mistakes.
func (t *text) excerpt(n *yaml.Node) Excerpt {
	line := t.line(n.Line)
	place := min(max(n.Column-1, 0), len(line))
	begin, end := max(place-maxBefore, 0), min(place+maxText, len(line))
	e := Excerpt{Line: n.Line, Text: string(line[begin:min(begin+maxExcerpt, end)]), Column: place - begin + 1, Span: span(n, line[place:end])}
	if begin > 0 {
		e.Text = "…" + e.Text
		e.Column++
	}
	if begin+maxExcerpt < len(line) {
		e.Text += "…"
	}
	if t.flag {
		e.Line = 0
	}
	return e
}

// span is how many characters of the line, from its beginning on, spell n: all of a value on one line, or what the line
// has of it. Lists and mappings are pointed at by their first character.
func span(n *yaml.Node, line []rune) int {
	if n.Kind != yaml.ScalarNode || len(line) == 0 {
		return 0
	}
	rest := strings.TrimRight(string(line), " \t")
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return quoted(rest, `"`, `\`)
	case n.Style&yaml.SingleQuotedStyle != 0:
		return quoted(rest, "'", "'")
	case strings.HasPrefix(rest, n.Value):
		return utf8.RuneCountInString(n.Value)
	default:
		return utf8.RuneCountInString(rest)
	}
}

// quoted is how many characters the quoted text at the beginning of line has, to the end of the line if need be. What
// follows an escape does not end it.
func quoted(line, quote, escape string) int {
	chars := []rune(line)
	for i := 1; i < len(chars); i++ {
		switch char := string(chars[i]); {
		case char == escape && i+1 < len(chars) && (escape != quote || string(chars[i+1]) == quote):
			i++
		case char == quote:
			return i + 1
		}
	}
	return len(chars)
}
