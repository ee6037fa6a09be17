package scenarios

import (
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// File is the text of a scenario, in which flags may replace values before it is read. What they give is read like the
// rest, so every rule holds for it too, and a mistake in it has the flag as its place.
type File struct {
	name    string
	src     []byte
	systems []Vocabulary
	// document is nil when src is no YAML mapping; errs says why, and why settings found no place.
	document *yaml.Node
	errs     Errors
	origins  map[*yaml.Node]origin
	// files is the directory the scenario is in.
	files fs.FS
	// added tells that flags have added budgets.
	added bool
	reading
}

// reading is how strictly a file is read.
type reading struct {
	// asRecorded takes ratios and limits as a rehearse did that refused less.
	asRecorded bool
	// given tells whether a flag gave the value at a path: what somebody writes today is read as of today.
	given func(path string) bool
	// varied tells that flags have changed the traffic for which budgets were written.
	varied bool
}

// setting is a value from the command line.
type setting struct {
	// flag is what gave it, such as --set or --scale 0.5.
	flag string
	// place is what mistakes call it.
	place string
	// path of the value, entries of lists by number.
	path string
	// whole tells that mistakes need no path: what they are about is all on the command line.
	whole bool
	text  text
	// value is what the flag gives, old what stood in its place, if anything.
	value, old *yaml.Node
	// near is what the file has there, or what surrounds the place.
	near *yaml.Node
}

// origin tells that a node is there because of a setting, and whether it is a key on the way to the value.
type origin struct {
	*setting
	key bool
}

// names tells whether the place of the setting says path already.
func (o origin) names(path string) bool {
	return o.whole || path == o.path && (o.place != o.flag || strings.TrimLeft(o.flag, "-") == path)
}

// Open begins with the text of a scenario file. Name is what mistakes call it; systems are what those know that it may name.
// What is wrong with it is told by [File.Read].
func Open(name string, src []byte, systems ...Vocabulary) *File {
	r := newReader(name)
	r.text.src = src
	document := r.document(src)
	return &File{name: name, src: src, systems: systems, document: document, errs: r.errs, origins: map[*yaml.Node]origin{}}
}

// Beside gives the directory that the scenario is in, where the files lie that it names, such as the series of a replay.
// Their mistakes come after its own. Without a directory a scenario can name none.
func (f *File) Beside(files fs.FS) { f.files = files }

// Recorded takes the file as the rehearse did that measured by it: earlier ones took a bare 5 as five times as much, and
// limits that nothing can breach.
func (f *File) Recorded() { f.asRecorded = true }

// Read is the scenario with everything that was set. The error, if any, is of type [Errors] and holds every mistake of
// the file and the flags: first of structure, then of meaning. The source of a varied scenario is a text of its own, which
// says of each value that was set what the file had there; it reads as the same scenario.
func (f *File) Read() (*Scenario, error) {
	s, r := f.read(f.reading)
	switch {
	case !r.sound():
		return nil, append(r.errs.sorted(), r.library.errs...)
	case !f.varied && !f.added:
		return s, nil
	}
	text, err := f.effective()
	if err != nil {
		return nil, err
	}
	again := Open(f.name, text, f.systems...)
	again.Beside(f.files)
	s, r = again.read(f.reading)
	if !r.sound() {
		return nil, append(r.errs.sorted(), r.library.errs...)
	}
	return s, nil
}

func (f *File) read(how reading) (*Scenario, *reader) {
	r := newReader(f.name)
	how.given = r.given
	r.reading = how
	r.text.src, r.origins, r.library.files, r.errs = f.src, f.origins, f.files, slices.Clip(f.errs)
	if f.document == nil {
		return nil, r
	}
	v, known := f.vocabulary()
	s := r.scenario(f.document.Content[0], v)
	s.Source, s.Files = f.src, r.library.contents
	c := &checker{s: s, systems: systemNames(f.systems), broken: r.broken, reading: how}
	if c.system(); known {
		c.all()
	}
	for _, found := range c.found {
		r.reportAt(found.path, found.mistake)
	}
	return s, r
}

// Set gives the value at a path, from the text PATH=VALUE. In a path dots lead to keys, and brackets to entries of lists
// by number from zero or by name: traffic.stages[peak].hold. The value is spelt as in the file.
func (f *File) Set(assignment string) {
	path, value, found := strings.Cut(assignment, "=")
	s := &setting{flag: "--set", place: "--set " + brief(path)}
	if !found {
		f.refuse(s, nil, mistake{"it gives no value", "write --set PATH=VALUE, such as --set traffic.stages[peak].hold=800/s"})
		return
	}
	f.set(s, path, value)
}

// SetBy gives the value at a path for a flag with a meaning of its own, such as --seed.
func (f *File) SetBy(flag, path, value string) { f.set(&setting{flag: flag, place: flag}, path, value) }

func (f *File) set(s *setting, path, value string) {
	steps, ok := readPath(path)
	if !ok {
		f.refuse(s, nil, mistake{"it is not a path", "write it like seed or traffic.stages[peak].hold"})
		return
	}
	s.text = typed(value)
	if s.value = f.value(s, value); s.value != nil && f.document != nil {
		f.put(s, steps)
	}
}

// value reads the value of a setting, or returns nil after reporting why it is none.
func (f *File) value(s *setting, value string) *yaml.Node {
	r := newReader(f.name)
	r.text = s.text
	document := r.load([]byte(value))
	switch {
	case document != nil && isNull(document):
		// To be refused where a value is expected.
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: 1, Column: 1}
	case document != nil && r.plain(document.Content[0]):
		flow(document.Content[0])
		return document.Content[0]
	}
	for _, e := range r.errs {
		f.errs = append(f.errs, Error{
			File: f.name, Flag: s.place, Excerpt: e.Excerpt,
			What: strings.Replace(e.What, "the file is", "the value is", 1), Do: strings.Replace(e.Do, "per file", "each", 1),
		})
	}
	return nil
}

// flow makes n fit on one line, and drops its comments.
func flow(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	if n.Kind != yaml.ScalarNode {
		n.Style |= yaml.FlowStyle
	} else if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range n.Content {
		flow(child)
	}
}

// refuse reports a setting that finds no place in near, or nowhere if that is nil.
func (f *File) refuse(s *setting, near *yaml.Node, m mistake) {
	r := newReader(f.name)
	r.text.src = f.src
	e := Error{File: f.name, Flag: s.place, What: m.what, Do: m.do}
	if near != nil {
		e = r.at(near)
		e.What, e.Do = s.place+": "+m.what, m.do
	}
	f.errs = append(f.errs, e)
}
