package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// Budget adds a budget in short, such as
//
//	p95 < 20ms
//	peak: errors <= 0.1%
//	cache@peak: p95(OPERATION) < 50% of baseline
//	p99(GET main/v1/home) < 50ms
//
// A stage, a state and an operation or API may be named or left to their defaults, as in the file; of names a state, [Before] or
// [Saved]. The budget comes after those of the file.
func (f *File) Budget(text string) {
	const flag = "--budget"
	s := &setting{flag: flag, place: flag, whole: true, text: typed(text)}
	short := &shorthand{text: []rune(text), example: f.someOperation()}
	if s.value = short.budget(); short.wrong != nil {
		words := string(short.text[short.near.from:short.near.to])
		n := &yaml.Node{Kind: yaml.ScalarNode, Value: words, Line: 1, Column: short.near.from + 1}
		f.errs = append(f.errs, Error{File: f.name, Flag: flag, Excerpt: s.text.excerpt(n), What: short.wrong.what, Do: short.wrong.do})
		return
	}
	if f.document != nil {
		f.append(s, "budgets")
	}
}

// typed is what stands on the command line.
func typed(words string) text { return text{src: []byte(words), flag: true} }

// append puts the value of s behind the entries of a list of the file. A list that is none is a mistake of the file, and
// is told as such.
func (f *File) append(s *setting, key string) {
	root := f.document.Content[0]
	s.path, s.near = key, root
	var list *yaml.Node
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == key {
			list = root.Content[i+1]
		}
	}
	switch {
	case list == nil:
		list = root.Content[f.add(s, root, key)]
		list.Kind, list.Tag = yaml.SequenceNode, "!!seq"
	case list.Kind != yaml.SequenceNode:
		return
	case f.origins[list].setting == nil:
		s.near = list
	}
	s.path = fmt.Sprintf("%s[%d]", key, len(list.Content))
	list.Content = append(list.Content, s.value)
	f.own(s, s.value)
	f.added = true
}

// shorthand is the text of a budget in short while it is taken apart.
type shorthand struct {
	text []rune
	// example is an operation, for whoever has to name one.
	example string
	// wrong is the first mistake, and near where it is.
	wrong *mistake
	near  part
}

// part is a piece of the text, from one place up to another.
type part struct{ from, to int }

// said is a part that is the value of a key; a part that is missing has a remedy.
type said struct {
	key string
	part
	do string
}

// budget is the mapping that the text stands for, or nil.
func (s *shorthand) budget() *yaml.Node {
	sign := s.find(part{0, len(s.text)}, "<>=")
	if sign < 0 {
		s.refuse(part{len(s.text), len(s.text)}, "nothing is compared", "write <, <=, > or >= and a limit, such as peak: p95 < 20ms")
		return nil
	}
	end := sign + 1
	for end < len(s.text) && strings.ContainsRune("<>=", s.text[end]) {
		end++
	}
	comparison := string(s.text[sign:end])
	key, known := map[string]string{"<": "below", "<=": "max", ">": "above", ">=": "min"}[comparison]
	if !known {
		s.refuse(part{sign, end}, comparison+" compares nothing with a limit", "write <, <=, > or >=")
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle, Line: 1, Column: 1}
	for _, one := range slices.Concat(s.subject(part{0, sign}), s.limit(key, part{end, len(s.text)})) {
		s.write(n, one)
	}
	if s.wrong != nil {
		return nil
	}
	return n
}

// subject reads [[STATE@]STAGE:] METRIC[(OPERATION or API)]. An API has a path, and so a slash.
func (s *shorthand) subject(p part) (all []said) {
	if colon := s.find(p, ":"); colon >= 0 {
		stage := part{p.from, colon}
		if at := s.find(stage, "@"); at >= 0 {
			all = append(all, said{"state", part{stage.from, at}, "name a state before @, such as cache@peak: p95 < 20ms"})
			stage.from = at + 1
		}
		all = append(all, said{"stage", stage, "name a stage before the colon, such as peak: p95 < 20ms"})
		p.from = colon + 1
	} else if at := s.find(p, "@"); at >= 0 {
		s.refuse(part{at, at + 1}, "a state is named and no stage", "write it like cache@peak: p95 < 20ms")
	}
	metric := said{"metric", p, "name the metric to limit, such as p95 < 20ms"}
	if open := s.find(p, "("); open >= 0 {
		end := s.find(p, ")")
		if end < open || s.trim(part{end + 1, p.to}) != (part{p.to, p.to}) {
			s.refuse(part{open, open + 1}, "the operation does not end before the limit", "write it like p95("+s.example+") < 20ms")
			return all
		}
		metric.to = open
		key := "op"
		if s.find(part{open, end}, "/") >= 0 {
			key = "api"
		}
		all = append(all, said{key, part{open + 1, end}, "name an operation or an API in the brackets, such as p95(" + s.example + ")"})
	}
	return append([]said{metric}, all...)
}

// limit reads LIMIT [of STATE].
func (s *shorthand) limit(key string, p part) (all []said) {
	value := said{key, p, "write a limit, such as 20ms"}
	for at := p.from; at+1 < p.to; at++ {
		alone := (at == p.from || unicode.IsSpace(s.text[at-1])) && (at+2 == p.to || unicode.IsSpace(s.text[at+2]))
		if alone && s.text[at] == 'o' && s.text[at+1] == 'f' {
			value.to = at
			all = append(all, said{"of", part{at + 2, p.to}, "name a state, such as 50% of baseline"})
			break
		}
	}
	return append(all, value)
}

// write puts a key and its value into n. Only limits may look like numbers.
func (s *shorthand) write(n *yaml.Node, one said) {
	p := s.trim(one.part)
	if p.from == p.to {
		called := map[string]string{"metric": "metric", "op": "operation", "stage": "stage", "state": "state", "of": "state to compare with"}
		s.refuse(p, "the "+cmp.Or(called[one.key], "limit")+" is missing", one.do)
		return
	}
	value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: string(s.text[p.from:p.to]), Line: 1, Column: p.from + 1}
	if slices.Contains(limitKeys(), one.key) {
		value.Tag = tagOf(value.Value)
	}
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: one.key, Line: 1, Column: p.from + 1}, value)
}

// tagOf is what a value is to YAML when it is written plainly.
func tagOf(value string) string {
	document := newReader("").load([]byte(value))
	if document == nil || len(document.Content) != 1 || document.Content[0].Kind != yaml.ScalarNode || document.Content[0].Value != value {
		return "!!str"
	}
	return document.Content[0].ShortTag()
}

// find is the first place in p that has one of chars, or -1.
func (s *shorthand) find(p part, chars string) int {
	at := slices.IndexFunc(s.text[p.from:p.to], func(char rune) bool { return strings.ContainsRune(chars, char) })
	if at < 0 {
		return at
	}
	return p.from + at
}

// trim is p without the blanks around it.
func (s *shorthand) trim(p part) part {
	for p.from < p.to && unicode.IsSpace(s.text[p.from]) {
		p.from++
	}
	for p.from < p.to && unicode.IsSpace(s.text[p.to-1]) {
		p.to--
	}
	return p
}

// refuse keeps the first mistake.
func (s *shorthand) refuse(near part, what, do string) {
	if s.wrong == nil {
		s.wrong, s.near = &mistake{what, do}, near
	}
}
