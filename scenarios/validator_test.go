package scenarios

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// offences are what the schema refuses in value, each as place: keyword. It knows the keywords that our schema has, and
// panics at any other.
func offences(schema map[string]any, value any, place string) (found []string) {
	refuse := func(ok bool, keyword string) {
		if !ok {
			found = append(found, place+": "+keyword)
		}
	}
	inside := func(s any, value any) []string { return offences(s.(map[string]any), value, place) }
	fitting := func(all any) (n int) {
		for _, s := range all.([]any) {
			if len(inside(s, value)) == 0 {
				n++
			}
		}
		return n
	}
	text, isText := value.(string)
	list, _ := value.([]any)
	mapping, isMapping := value.(map[string]any)
	for keyword, rule := range schema {
		switch keyword {
		case "$schema", "title", "description", "default", "examples", "additionalProperties":
		case "type":
			refuse(hasType(rule, value), keyword)
		case "const":
			refuse(reflect.DeepEqual(rule, value), keyword)
		case "enum":
			refuse(slices.Contains(rule.([]any), value), keyword)
		case "pattern":
			refuse(!isText || compiled(rule.(string)).MatchString(text), keyword)
		case "maxLength", "minimum", "maximum", "minItems", "maxItems", "minProperties":
			refuse(withinBound(keyword, rule.(float64), value), keyword)
		case "uniqueItems":
			for i := range list {
				refuse(!slices.ContainsFunc(list[:i], func(v any) bool { return reflect.DeepEqual(v, list[i]) }), keyword)
			}
		case "items":
			for i := range list {
				found = append(found, offences(rule.(map[string]any), list[i], place+"/"+strconv.Itoa(i))...)
			}
		case "required":
			for _, key := range rule.([]any) {
				_, has := mapping[key.(string)]
				refuse(!isMapping || has, "required "+key.(string))
			}
		case "properties":
			for key, inner := range mapping {
				if s, known := rule.(map[string]any)[key]; known {
					found = append(found, offences(s.(map[string]any), inner, place+"/"+key)...)
				} else {
					refuse(schema["additionalProperties"] != false, "additionalProperties "+key)
				}
			}
		case "anyOf":
			refuse(fitting(rule) > 0, keyword)
		case "oneOf":
			refuse(fitting(rule) == 1, keyword)
		case "not":
			refuse(len(inside(rule, value)) > 0, keyword)
		default:
			panic("the schema has a keyword that is not checked: " + keyword)
		}
	}
	return found
}

// patterns are those of the schema, compiled once.
var patterns sync.Map

func compiled(pattern string) *regexp.Regexp {
	known, found := patterns.Load(pattern)
	if !found {
		known, _ = patterns.LoadOrStore(pattern, regexp.MustCompile(pattern))
	}
	return known.(*regexp.Regexp)
}

// withinBound tells whether value keeps to a bound, which those of other types do.
func withinBound(keyword string, bound float64, value any) bool {
	switch value := value.(type) {
	case float64:
		return (keyword != "minimum" || value >= bound) && (keyword != "maximum" || value <= bound)
	case string:
		return keyword != "maxLength" || utf8.RuneCountInString(value) <= int(bound)
	case []any:
		return (keyword != "minItems" || len(value) >= int(bound)) && (keyword != "maxItems" || len(value) <= int(bound))
	case map[string]any:
		return keyword != "minProperties" || len(value) >= int(bound)
	default:
		return true
	}
}

func hasType(rule, value any) bool {
	if types, several := rule.([]any); several {
		return slices.ContainsFunc(types, func(one any) bool { return hasType(one, value) })
	}
	switch value := value.(type) {
	case string:
		return rule == "string"
	case bool:
		return rule == "boolean"
	case float64:
		return rule == "number" || rule == "integer" && value == math.Trunc(value)
	case []any:
		return rule == "array"
	case map[string]any:
		return rule == "object"
	default:
		return false
	}
}

// walk visits n and everything inside it, with its path.
func walk(n *yaml.Node, path string, visit func(path string, n *yaml.Node)) {
	visit(path, n)
	for i, child := range n.Content {
		if n.Kind == yaml.SequenceNode {
			walk(child, fmt.Sprintf("%s[%d]", path, i), visit)
		} else if i%2 == 1 {
			walk(child, strings.TrimPrefix(path+"."+n.Content[i-1].Value, "."), visit)
		}
	}
}

// general is path as the table of the language has it.
func general(path string) string {
	path = regexp.MustCompile(`\[\d+\]`).ReplaceAllString(path, "[]")
	path = regexp.MustCompile(`^nodes\.[a-z]+`).ReplaceAllString(path, "nodes.NODE")
	path = regexp.MustCompile(`^traffic\.apis\.[^.]+`).ReplaceAllString(path, "traffic.apis.API")
	return regexp.MustCompile(`^(traffic(?:\.stages\[\])?)\.mix\.[a-z]+`).ReplaceAllString(path, "$1.mix.OPERATION")
}

func find(root *yaml.Node, path string) (found *yaml.Node) {
	walk(root, "", func(at string, n *yaml.Node) {
		if at == path {
			found = n
		}
	})
	return found
}

// remove takes the key at path out of its mapping. It is false for an entry of a list.
func remove(root *yaml.Node, path string) bool {
	around, value := find(root, parent(path)), find(root, path)
	i := slices.Index(around.Content, value)
	if around.Kind == yaml.MappingNode {
		around.Content = slices.Delete(around.Content, i-1, i+1)
	}
	return around.Kind == yaml.MappingNode
}

// at is the part of the schema for the value at path.
func at(schema map[string]any, path string) map[string]any {
	for _, step := range regexp.MustCompile(`[^.\[\]]+|\[\d+\]`).FindAllString(path, -1) {
		if step[0] == '[' {
			schema = schema["items"].(map[string]any)
		} else {
			schema = schema["properties"].(map[string]any)[step].(map[string]any)
		}
	}
	return schema
}
