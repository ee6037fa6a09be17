package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// SchemaTitle is the title of the JSON Schema; it tells our files from those of others.
const SchemaTitle = "rehearse scenario"

// schema is the part of JSON Schema, draft 2020-12, that the language needs. It has no references: older drafts, which
// some editors stop at, read it the same way.
type schema struct {
	Draft                string      `json:"$schema,omitempty"`
	Title                string      `json:"title,omitempty"`
	Description          string      `json:"description,omitempty"`
	Type                 any         `json:"type,omitempty"`
	Const                any         `json:"const,omitempty"`
	Enum                 []string    `json:"enum,omitempty"`
	Pattern              string      `json:"pattern,omitempty"`
	MaxLength            int         `json:"maxLength,omitempty"`
	Minimum              any         `json:"minimum,omitempty"`
	Maximum              any         `json:"maximum,omitempty"`
	MinItems             int         `json:"minItems,omitempty"`
	MaxItems             int         `json:"maxItems,omitempty"`
	UniqueItems          bool        `json:"uniqueItems,omitempty"`
	Items                *schema     `json:"items,omitempty"`
	MinProperties        int         `json:"minProperties,omitempty"`
	Properties           *properties `json:"properties,omitempty"`
	AdditionalProperties any         `json:"additionalProperties,omitempty"`
	Required             []string    `json:"required,omitempty"`
	AnyOf                []schema    `json:"anyOf,omitempty"`
	OneOf                []schema    `json:"oneOf,omitempty"`
	Not                  *schema     `json:"not,omitempty"`
	Default              any         `json:"default,omitempty"`
	Examples             []any       `json:"examples,omitempty"`
}

// properties are schemas by key, in the order in which people write them; editors offer them in it.
type properties struct {
	keys []string
	of   map[string]schema
}

// MarshalJSON implements [json.Marshaler].
func (p properties) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	for i, key := range p.keys {
		value, err := encoded(p.of[key])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&text, "%s%q:%s", map[bool]string{true: "{", false: ","}[i == 0], key, value)
	}
	text.WriteString("}")
	return text.Bytes(), nil
}

// encoded is value in JSON as people read it, with < and > as they are.
func encoded(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return text.Bytes(), err
}

// Schema is the JSON Schema of scenarios for one of these systems. What it refuses, [Parse] refuses as well;
// the reverse does not hold, since a schema knows little of how values depend on each other. An error is a defect of
// this package.
func Schema(systems ...Vocabulary) ([]byte, error) {
	l := lexicon{language(systems), Union(systems...)}
	root, err := l.object("")
	if err != nil {
		return nil, err
	}
	root.Draft, root.Title, root.Type = "https://json-schema.org/draft/2020-12/schema", SchemaTitle, "object"
	root.Description = "A peak event, and what a system has to stand in it."
	compact, err := encoded(root)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := json.Indent(&text, compact, "", "  "); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// lexicon is the language with the names that occur in it.
type lexicon struct {
	entries []entry
	v       Vocabulary
}

// inside are the entries right inside the mapping at path.
func (l lexicon) inside(path string) []entry {
	var found []entry
	for _, e := range l.entries {
		if at, _ := e.split(); at == path {
			found = append(found, e)
		}
	}
	return found
}

// split is the path of the mapping that the entry is in, and its key there.
func (e entry) split() (at, key string) {
	i := strings.LastIndexByte(e.path, '.')
	return e.path[:max(i, 0)], e.path[i+1:]
}

// names are the keys that stand for one in the table.
func (l lexicon) names(key string) []string {
	switch key {
	case "NODE":
		return slices.Sorted(maps.Keys(l.v.Nodes))
	case "OPERATION":
		return l.v.operationNames()
	case "API":
		return l.v.apiNames()
	default:
		return []string{key}
	}
}

// object has the rules for the mapping at path.
func (l lexicon) object(path string) (schema, error) {
	s := schema{Properties: &properties{of: map[string]schema{}}, AdditionalProperties: false}
	for _, e := range l.inside(path) {
		value, err := l.value(e)
		if err != nil {
			return s, fmt.Errorf("%s: %w", e.path, err)
		}
		_, key := e.split()
		for _, name := range l.names(key) {
			s.Properties.keys, s.Properties.of[name] = append(s.Properties.keys, name), value
		}
		if e.required {
			s.Required = append(s.Required, key)
		}
	}
	s.relate(path)
	return s, nil
}

// relate adds what keys of one mapping demand of each other.
func (s *schema) relate(path string) {
	switch path {
	case "nodes.NODE":
		s.MinProperties = 1
	case "budgets[]":
		s.AnyOf = having(limitKeys()...)
	case "traffic.stages[]." + kindSpike:
		s.AnyOf = having("rise", "hold", "decay")
	case "traffic.stages[]":
		for _, kind := range kinds() {
			one := schema{Required: []string{kind, "for"}}
			if kind == kindSpike || kind == kindReplay {
				one = schema{Required: []string{kind}, Not: &schema{Required: []string{"for"}}}
			}
			s.OneOf = append(s.OneOf, one)
		}
	}
}

// having is one schema for each key, which demands it.
func having(keys ...string) (each []schema) {
	for _, key := range keys {
		each = append(each, schema{Required: []string{key}})
	}
	return each
}

// value has the rules for the value of e.
func (l lexicon) value(e entry) (schema, error) {
	s := e.takes.as
	var err error
	switch {
	case s.Type == "object":
		s, err = l.object(e.path)
		s.Type = "object"
	case s.Type == "array" && s.Items == nil:
		var items schema
		items, err = l.object(e.path + "[]")
		items.Type, s.Items = "object", &items
	}
	if err != nil {
		return s, err
	}
	s.Description = e.description()
	// Editors offer the words of an enumeration by themselves.
	if example := e.shown(); example != "" && s.Enum == nil && s.Const == nil {
		value, err := plainValue(example)
		if err != nil {
			return s, err
		}
		s.Examples = []any{value}
	}
	if e.standard != "" {
		s.Default, err = plainValue(e.standard)
	}
	return s, err
}

// shown is an example of the value.
func (e entry) shown() string {
	if e.example != "" {
		return e.example
	}
	return e.takes.example
}

// description is what an editor shows beside the key.
func (e entry) description() string {
	text := e.says
	if !slices.Contains([]any{"object", "array"}, e.takes.as.Type) && e.takes.as.Const == nil && e.takes.as.Enum == nil {
		text += " Written as: " + e.takes.called + "."
	}
	if e.otherwise != "" {
		text += " Left out: " + e.otherwise + "."
	}
	return text
}

// plainValue is what YAML text means to other programs.
func plainValue(text string) (any, error) {
	var value any
	err := yaml.Unmarshal([]byte(text), &value)
	return value, err
}
