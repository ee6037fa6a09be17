package record

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// leaf is a number, a text or a histogram somewhere in a value, and how it is called in JSON.
type leaf struct {
	name string
	kind reflect.Kind
	// set makes it another one.
	set func(any)
}

// leaves are those of a value. What is a list, a map or a pointer without anything in it gets something, so that nothing of
// a type is missed.
func leaves(v reflect.Value, name string) (list []leaf) {
	set := func(value any) { v.Set(reflect.ValueOf(value).Convert(v.Type())) }
	switch v.Interface().(type) {
	case time.Time:
		return nil // JSON knows no time before year 0 or after 9999
	case Histogram:
		return []leaf{{name, reflect.Struct, set}}
	case Counts:
		return []leaf{
			{"count", reflect.String, func(name any) { v.Set(reflect.ValueOf(Counts{{name.(string), 1}})) }},
			{"count", reflect.Uint64, func(n any) { v.Set(reflect.ValueOf(Counts{{"x", n.(uint64)}})) }},
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			of := v.Type().Field(i)
			tag, _, _ := strings.Cut(of.Tag.Get("json"), ",")
			list = append(list, leaves(v.Field(i), tag)...)
		}
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return leaves(v.Elem(), name)
	case reflect.Slice:
		if v.Len() == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		for i := range v.Len() {
			list = append(list, leaves(v.Index(i), name)...)
		}
	case reflect.Map:
		key := reflect.ValueOf("x")
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		v.SetMapIndex(key, reflect.Zero(v.Type().Elem()))
		list = append(list, leaf{name, v.Type().Elem().Kind(), func(value any) {
			v.SetMapIndex(key, reflect.ValueOf(value).Convert(v.Type().Elem()))
		}})
	case reflect.Bool:
	default:
		list = append(list, leaf{name, v.Kind(), set})
	}
	return list
}

// absurd are values of a kind that no run has.
func absurd(kind reflect.Kind) []any {
	switch kind {
	case reflect.Float64:
		return []any{1e300, -1e300}
	case reflect.Int, reflect.Int64:
		return []any{int64(math.MaxInt64), int64(math.MinInt64)}
	case reflect.Uint64:
		return []any{uint64(math.MaxUint64)}
	case reflect.String:
		return []any{strings.Repeat("x", mostText+1)}
	case reflect.Struct:
		h := Histogram{}
		for range 100 {
			h.Record(time.Second)
		}
		return []any{h}
	}
	return nil
}

// anything may be any number, or is no text for a reader.
func anything() map[string]string {
	return map[string]string{
		"seed":      "each makes a sequence of its own",
		"checksums": "whatever it says, lines without are refused",
		"crc":       "it is compared with what it has to be",
	}
}

// Each number, each text and each histogram of each kind of line and of the header has its bounds: one that is added
// without fails here.
func TestEveryFieldHasBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("-short tries no thousands of records")
	}
	window := Window{Stage: "peak", Op: "verify", Second: 2, Offered: 3, Sent: 2, Missed: 1, Completed: 1, Failed: 1}
	for file, fresh := range map[string]func() any{
		HeaderFile:  func() any { h := sound(); h.Schema = Schema; return &h },
		WindowsFile: func() any { w := window; return &w },
		APIsFile:    func() any { w := window; w.Second = 0; return &APIWindow{"GET /", w} },
		SamplesFile: func() any { return &Sample{AtSeconds: 1, Source: "primary"} },
		EventsFile:  func() any { return &Event{AtSeconds: 1, Kind: EventFault} },
	} {
		t.Run(file, func(t *testing.T) {
			n := len(leaves(reflect.ValueOf(fresh()).Elem(), ""))
			for i := range n {
				of := leaves(reflect.ValueOf(fresh()).Elem(), "")[i]
				if _, any := anything()[of.name]; any {
					continue
				}
				values := absurd(of.kind)
				if len(values) == 0 {
					t.Errorf("%s is of kind %v, of which nobody knows what is absurd", of.name, of.kind)
				}
				for _, value := range values {
					changed := fresh()
					leaves(reflect.ValueOf(changed).Elem(), "")[i].set(value)
					refusedAs(t, file, changed, of.name, value)
				}
			}
			if n < 5 {
				t.Errorf("got %d fields", n)
			}
		})
	}
}

// refusedAs wants a file of a run that has this value to be refused, by the name of the field that is out of bounds.
func refusedAs(t *testing.T, file string, value any, field string, what any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	dir := planted(t, sound(), map[string]string{})
	if err := os.WriteFile(filepath.Join(dir, file), append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir)
	if told := fmt.Sprint(err); err == nil || !slices.ContainsFunc(called(field), func(name string) bool { return strings.Contains(told, name) }) {
		t.Errorf("%s of %.20v: got %.300v", field, what, told)
	}
}

// called is how a message may call a field: by its name in JSON, or as what it is to a reader.
func called(field string) []string {
	plain := map[string]string{"levels": "state", "errors": "errors of class", "cutover": "states of the cutover", "name": "stage", "values": "value of"}
	return slices.DeleteFunc([]string{field, plain[field]}, func(name string) bool { return name == "" })
}

// The exceptions are about fields that there are.
func TestExceptionsFromBounds(t *testing.T) {
	known := map[string]bool{"": true}
	for _, of := range leaves(reflect.ValueOf(&Header{}).Elem(), "") {
		known[of.name] = true
	}
	for name := range maps.Keys(anything()) {
		if !known[name] {
			t.Errorf("there is no field %s", name)
		}
	}
}
