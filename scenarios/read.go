package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// reader turns YAML nodes into values and collects every mistake on the way. The library's own strict decoding stops
// at a duplicate key and speaks of Go types; this one goes on and speaks of the file.
type reader struct {
	file string
	errs Errors
	// text is what was read, to show the line of a mistake.
	text text
	// origins has the nodes that stand there for a flag, not for the file.
	origins map[*yaml.Node]origin
	// nodes has the value at each path, such as traffic.stages[2].hold.
	nodes map[string]*yaml.Node
	// bad has the paths with a mistake and around what surrounds them, so that one mistake is not reported twice.
	bad, around map[string]bool
	// library has the files that the scenario names.
	library library
	reading
}

// given tells whether the value at a path is of a flag.
func (r *reader) given(path string) bool {
	_, given := r.origins[r.nodes[path]]
	return given
}

// old tells whether the value at a path is to be taken as an earlier rehearse took it.
func (h reading) old(path string) bool { return h.asRecorded && !h.given(path) }

// readRatio reads a ratio, with the strictness of earlier files if it is old.
func (r *reader) readRatio(text string, old bool) (float64, *mistake) {
	if old && !strings.HasSuffix(text, "x") {
		return readPlainRatio(text)
	}
	return readRatio(text)
}

func newReader(file string) *reader {
	return &reader{file: file, library: library{scenario: file}, nodes: map[string]*yaml.Node{}, bad: map[string]bool{}, around: map[string]bool{}}
}

// sound tells whether no mistake was found, here or in the files that the scenario names.
func (r *reader) sound() bool { return len(r.errs)+len(r.library.errs) == 0 }

// spoil marks path as having a mistake.
func (r *reader) spoil(path string) {
	r.bad[path] = true
	for path != "" {
		path = parent(path)
		r.around[path] = true
	}
}

// parent is what surrounds the value at path; of the whole file it is the file.
func parent(path string) string { return path[:max(strings.LastIndexAny(path, ".["), 0)] }

// report places a mistake at n, which belongs to path.
func (r *reader) report(path string, n *yaml.Node, m mistake) {
	r.spoil(path)
	what := m.what
	from, given := r.origins[n]
	if path != "" && !(given && from.names(path)) {
		what = path + ": " + what
	}
	e := r.at(n)
	switch {
	case from.key:
		e, what = r.at(from.near), from.place+": "+what
	case given:
		e = r.at(from.near)
		e.Flag, e.Excerpt = from.place, from.text.excerpt(n)
	}
	e.What, e.Do = what, m.do
	r.errs = append(r.errs, e)
}

// reportPlace places a mistake where no value could be read.
func (r *reader) reportPlace(line, column int, m mistake) {
	r.report("", &yaml.Node{Line: line, Column: column}, m)
}

// at is a mistake at n, of which nothing is said yet.
func (r *reader) at(n *yaml.Node) Error {
	e := Error{File: r.file, Line: n.Line, Column: n.Column}
	e.Excerpt = r.text.excerpt(n)
	if e.Excerpt.Span > 0 {
		e.EndColumn = n.Column + e.Excerpt.Span
	}
	return e
}

// reportAt places a mistake at the value of path, or at what surrounds it when the file leaves the value out.
func (r *reader) reportAt(path string, m mistake) {
	place := path
	for r.nodes[place] == nil && place != "" {
		place = parent(place)
	}
	r.report(path, r.nodes[place], m)
}

// broken tells whether path, something inside it or something around it has a mistake already.
func (r *reader) broken(path string) bool {
	for outer := path; outer != ""; outer = parent(outer) {
		if r.bad[outer] {
			return true
		}
	}
	return r.around[path]
}

func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "empty"
	case len(n.Value) > maxText:
		return "too long"
	default:
		return strconv.Quote(n.Value)
	}
}

// fields are the values of a mapping by key.
type fields struct {
	r    *reader
	path string
	of   map[string]*yaml.Node
	// meant lists known keys that a misspelt one stands for: they are not missing as well.
	meant []string
}

// mapping reads n as a mapping with the given keys; a nil n is an empty one.
func (r *reader) mapping(path string, n *yaml.Node, keys ...string) fields {
	f := fields{r: r, path: path, of: map[string]*yaml.Node{}}
	if n == nil {
		return f
	}
	r.nodes[path] = n
	if n.Kind != yaml.MappingNode {
		r.report(path, n, mistake{"it is " + kindOf(n) + ", not a mapping", mappingHint(keys)})
		return f
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if line, seen := lines[key.Value]; seen && key.Kind == yaml.ScalarNode {
			r.report(f.at(key.Value), key, mistake{fmt.Sprintf("the key is on line %d already", line), "remove one of the two"})
			continue
		}
		lines[key.Value] = key.Line
		f.add(key, value, keys)
	}
	for _, near := range f.meant {
		if f.of[near] == nil {
			r.spoil(f.at(near))
		}
	}
	return f
}

func mappingHint(keys []string) string {
	if len(keys) == 0 {
		return "write it as key: value, one per line"
	}
	return "write it as a mapping with " + strings.Join(keys, ", ")
}

// add files value under key. Without keys to choose from every key is known.
func (f *fields) add(key, value *yaml.Node, keys []string) {
	switch {
	case key.Kind != yaml.ScalarNode:
		f.r.report(f.path, key, mistake{"a key is " + kindOf(key) + ", not text", "write a plain word before the colon"})
	case len(keys) > 0 && !slices.Contains(keys, key.Value):
		f.r.report(f.at(key.Value), key, mistake{"unknown key", oneOf(key.Value, keys)})
		if near := Nearest(key.Value, keys); near != "" {
			f.meant = append(f.meant, near)
		}
	default:
		f.of[key.Value] = value
		f.r.nodes[f.at(key.Value)] = value
	}
}

// at is the path of key.
func (f fields) at(key string) string {
	key = brief(key)
	if f.path == "" {
		return key
	}
	return f.path + "." + key
}

// brief is a key short enough for a message.
func brief(key string) string {
	if len(key) > maxName {
		return key[:maxName] + "…"
	}
	return key
}

func (f fields) has(key string) bool { return f.of[key] != nil || slices.Contains(f.meant, key) }

// require reports a key that is missing, unless its mapping could not be read at all.
func (f fields) require(key, do string) {
	if !f.has(key) && !f.r.bad[f.path] {
		f.r.reportAt(f.at(key), mistake{"it is missing", do})
	}
}

// items reads the list under key.
func (f fields) items(key string) []*yaml.Node {
	n := f.of[key]
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		f.r.reportAt(f.at(key), mistake{"it is " + kindOf(n) + ", not a list", "write the entries below it, each after a dash"})
		return nil
	}
	if len(n.Content) > maxItems {
		f.r.reportAt(f.at(key), mistake{fmt.Sprintf("%d entries are more than %d", len(n.Content), maxItems), "merge some, or make two scenarios of it"})
	}
	items := n.Content[:min(len(n.Content), maxItems)]
	for i, item := range items {
		f.r.nodes[f.item(key, i)] = item
	}
	return items
}

// item is the path of entry i of the list under key.
func (f fields) item(key string, i int) string { return fmt.Sprintf("%s[%d]", f.at(key), i) }

// text reads text, which YAML takes for something else when it looks like a number or a truth value.
func (f fields) text(key, fallback string) string {
	return value(f, key, fallback, readText)
}

// texts reads a list of names.
func (f fields) texts(key string) []string {
	words := []string{}
	for i, n := range f.items(key) {
		word, _ := scalar(f.r, f.item(key, i), n, readText)
		words = append(words, word)
	}
	return words
}

func readText(n *yaml.Node) (string, *mistake) {
	if n.ShortTag() != "!!str" {
		return "", &mistake{n.Value + " is not text to YAML", "put it in quotes"}
	}
	return n.Value, nil
}

func (f fields) truth(key string, fallback bool) bool {
	return value(f, key, fallback, func(n *yaml.Node) (bool, *mistake) {
		if n.ShortTag() != "!!bool" || n.Value != "true" && n.Value != "false" {
			return false, &mistake{kindOf(n) + " is neither true nor false", "write true or false"}
		}
		return n.Value == "true", nil
	})
}

// whole reads a number without unit or fraction, at most the largest of int.
func (f fields) whole(key string, fallback int) int {
	return int(value(f, key, uint64(fallback), func(n *yaml.Node) (uint64, *mistake) {
		number, wrong := unquoted(readWhole)(n)
		if wrong == nil && number > 1<<53 {
			wrong = &mistake{n.Value + " is too large", "write a smaller number"}
		}
		return number, wrong
	}))
}

// unquoted refuses a quoted number: it is text to every other reader of the file.
func unquoted[T any](read func(string) (T, *mistake)) func(*yaml.Node) (T, *mistake) {
	return func(n *yaml.Node) (T, *mistake) {
		if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			var none T
			return none, &mistake{strconv.Quote(n.Value) + " is text, not a number", "remove the quotes"}
		}
		return read(n.Value)
	}
}

// spelt reads a value by its spelling, quoted or not.
func spelt[T any](read func(string) (T, *mistake)) func(*yaml.Node) (T, *mistake) {
	return func(n *yaml.Node) (T, *mistake) { return read(n.Value) }
}

// value reads the scalar under key, or returns fallback when it is left out or wrong.
func value[T any](f fields, key string, fallback T, read func(*yaml.Node) (T, *mistake)) T {
	if f.of[key] == nil {
		return fallback
	}
	got, ok := scalar(f.r, f.at(key), f.of[key], read)
	if !ok {
		return fallback
	}
	return got
}

// scalar reads the single value at path.
func scalar[T any](r *reader, path string, n *yaml.Node, read func(*yaml.Node) (T, *mistake)) (got T, ok bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || len(n.Value) > maxText {
		r.reportAt(path, mistake{"it is " + kindOf(n) + ", not a value", "write one short value here"})
		return got, false
	}
	got, wrong := read(n)
	if wrong != nil {
		r.reportAt(path, *wrong)
	}
	return got, wrong == nil
}
