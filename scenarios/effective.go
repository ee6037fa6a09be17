package scenarios

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// effective is the text of the varied file: the source with its comments and blank lines, and behind each value that a
// flag gave a comment that says what gave it and what the file has there.
func (f *File) effective() ([]byte, error) {
	root, _ := f.annotated(f.document.Content[0])
	document := *f.document
	document.Content = []*yaml.Node{root}
	written, err := yaml.Dump(&document, yaml.WithIndent(2), yaml.WithCompactSeqIndent(false), yaml.WithLineWidth(-1))
	// A blank line in an odd place may change a text of several lines.
	for _, text := range [][]byte{f.spaced(written, root), written} {
		if err == nil && f.means(text) {
			return text, nil
		}
	}
	return nil, Errors{{File: f.name, What: unwritten, Do: "change the values in the file itself"}}
}

// unwritten is not known to happen.
const unwritten = "what the flags make of it cannot be written down"

// means tells whether text has the content of the varied file.
func (f *File) means(text []byte) bool {
	again := content(text)
	return again != nil && same(again, f.document.Content[0])
}

// content is the mapping that src holds, or nil.
func content(src []byte) *yaml.Node {
	document := newReader("").load(src)
	if document == nil || isNull(document) {
		return nil
	}
	return document.Content[0]
}

// same tells whether a and b mean the same.
func same(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.Value == b.Value && a.ShortTag() == b.ShortTag() && slices.EqualFunc(a.Content, b.Content, same)
}

// spaced puts the blank lines of the source back into what was written of root.
func (f *File) spaced(written []byte, root *yaml.Node) []byte {
	if !f.means(written) {
		return written
	}
	source, lines := strings.Split(string(f.src), "\n"), strings.Split(string(written), "\n")
	seen, blank := map[int]bool{}, map[int]bool{}
	for was, is := range pairs(root, content(written)) {
		// The first on a line begins it.
		if over := above(source, was.Line); !seen[was.Line] && over >= 0 && strings.TrimSpace(source[over]) == "" {
			blank[above(lines, is.Line)] = true
		}
		seen[was.Line] = true
	}
	var text strings.Builder
	for i, line := range lines[:len(lines)-1] {
		text.WriteString(line + "\n")
		if blank[i] && line != "" {
			text.WriteString("\n")
		}
	}
	return []byte(text.String())
}

// above is the index of the line over line n and its comment; -1 is none.
func above(lines []string, n int) int {
	at := min(n, len(lines)) - 2
	for at >= 0 && strings.HasPrefix(strings.TrimSpace(lines[at]), "#") {
		at--
	}
	return at
}

// pairs yields each node of a with its like in b, which has the same shape.
func pairs(a, b *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(a, b *yaml.Node) bool) {
		var visit func(a, b *yaml.Node) bool
		visit = func(a, b *yaml.Node) bool {
			if !yield(a, b) {
				return false
			}
			for i := range a.Content {
				if !visit(a.Content[i], b.Content[i]) {
					return false
				}
			}
			return true
		}
		visit(a, b)
	}
}

// annotated is a copy of n with the origin of what was set. Touched tells that something was, here or inside.
func (f *File) annotated(n *yaml.Node) (copied *yaml.Node, touched bool) {
	c := *n
	c.Content = slices.Clone(n.Content)
	if _, given := f.origins[n]; given {
		c.Line = 0 // in the source
	}
	for i, child := range n.Content {
		inner, inside := f.annotated(child)
		c.Content[i] = inner
		if !inside {
			continue
		}
		touched = true
		if n.Kind == yaml.MappingNode {
			raise(c.Content[i-1], inner)
		} else {
			raise(inner, inner)
		}
	}
	if touched {
		// Comments inside have a line of their own only in block style.
		c.Style &^= yaml.FlowStyle
	}
	if s := f.origins[n].setting; s != nil && s.value == n {
		touched = true
		c.LineComment = "# " + f.says(s)
		if s.old != nil {
			c.HeadComment, c.FootComment = s.old.HeadComment, s.old.FootComment
			c.LineComment = strings.TrimSpace(c.LineComment + " " + s.old.LineComment)
		}
	}
	return &c, touched
}

// raise puts the comment behind a mapping or list that is written over several lines above it.
func raise(above, n *yaml.Node) {
	if n.Kind != yaml.ScalarNode && n.Style&yaml.FlowStyle == 0 && n.LineComment != "" {
		above.HeadComment = strings.TrimPrefix(above.HeadComment+"\n"+n.LineComment, "\n")
		n.LineComment = ""
	}
}

// says tells what gave a value and what it replaced: --scale 0.5; --set says 800/s; the file says 600/s.
func (f *File) says(s *setting) string {
	words := s.flag
	for {
		if s.old == nil {
			return words + "; not in the file"
		}
		before, given := f.origins[s.old]
		if !given {
			return words + "; the file says " + shortly(s.old)
		}
		words += "; " + before.flag + " says " + shortly(s.old)
		if before.value != s.old {
			return words
		}
		s = before.setting
	}
}

// shortly writes n into a comment.
func shortly(n *yaml.Node) string {
	var words string
	switch {
	case n.Kind == yaml.MappingNode:
		words = "otherwise"
	case n.Kind == yaml.SequenceNode && slices.ContainsFunc(n.Content, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode }):
		words = "otherwise"
	case n.Kind == yaml.SequenceNode:
		var entries []string
		for _, entry := range n.Content {
			entries = append(entries, shortly(entry))
		}
		words = "[" + strings.Join(entries, ", ") + "]"
	case n.ShortTag() == "!!null":
		words = "nothing"
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		words = strconv.Quote(n.Value)
	default:
		words = n.Value
	}
	printable := func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}
	return brief(strings.Map(printable, words))
}
