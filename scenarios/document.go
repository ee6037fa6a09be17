package scenarios

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// MaxBytes is the size of the largest scenario file that is read.
const MaxBytes = 1 << 20

// document is what src holds, one mapping, or nil after reporting why there is none.
func (r *reader) document(src []byte) *yaml.Node {
	document := r.load(src)
	if document != nil && isNull(document) {
		r.reportPlace(1, 1, mistake{"the file is empty", "begin with version: 1 and a name"})
		return nil
	}
	if document == nil || !r.plain(document.Content[0]) {
		return nil
	}
	if root := document.Content[0]; root.Kind != yaml.MappingNode {
		r.report("", root, mistake{"the file is " + kindOf(root) + ", not a scenario", "begin with version: 1 and a name"})
		return nil
	}
	return document
}

// load is the one document of src, without content if src is empty, or nil after reporting why there is none.
func (r *reader) load(src []byte) *yaml.Node {
	if len(src) > MaxBytes {
		r.reportPlace(1, 1, mistake{"the file is larger than 1 MiB", "check that it is a scenario; no scenario needs that much"})
		return nil
	}
	if line, column, ok := textual(src); !ok {
		r.reportPlace(line, column, mistake{"the file is not UTF-8 text", "check that it is a scenario and save it as UTF-8"})
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(src))
	var first, second yaml.Node
	if err == nil {
		err = loader.Load(&first)
	}
	if errors.Is(err, io.EOF) {
		return &first
	}
	if err == nil {
		err = loader.Load(&second)
		if err == nil {
			r.report("", &second, mistake{"a second document begins here", "keep one scenario per file"})
			return nil
		}
	}
	if !errors.Is(err, io.EOF) {
		r.syntax(err)
		return nil
	}
	return &first
}

// textual tells whether src is UTF-8 without control characters, and where it ceases to be.
func textual(src []byte) (line, column int, ok bool) {
	line, column = 1, 1
	for i := 0; i < len(src); {
		char, size := utf8.DecodeRune(src[i:])
		if char == utf8.RuneError && size == 1 || char < ' ' && !strings.ContainsRune("\t\r\n", char) {
			return line, column, false
		}
		i += size
		column++
		if char == '\n' {
			line, column = line+1, 1
		}
	}
	return 0, 0, true
}

func isNull(document *yaml.Node) bool {
	return len(document.Content) == 0 || document.Content[0].ShortTag() == "!!null"
}

func (r *reader) syntax(err error) {
	const do = "check indentation, quotes and brackets just before this place"
	var one *yaml.LoadError
	if !errors.As(err, &one) {
		r.reportPlace(1, 1, mistake{"not YAML: " + err.Error(), do})
		return
	}
	what := one.Message
	if one.ContextMsg != "" {
		what = one.ContextMsg + ": " + what
	}
	r.reportPlace(max(one.Mark.Line, 1), max(one.Mark.Column, 1), mistake{"not YAML: " + what, do})
}

// plain tells whether n holds neither anchors, aliases nor tags, and reports the first: a scenario says what it means
// where it means it, and nothing in it can grow when read.
func (r *reader) plain(n *yaml.Node) bool {
	found := unplain(n)
	if found != nil {
		r.report("", found, mistake{"anchors, aliases and tags are not part of the language", "write the value out"})
	}
	return found == nil
}

func unplain(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		return n
	}
	for _, child := range n.Content {
		if found := unplain(child); found != nil {
			return found
		}
	}
	return nil
}
