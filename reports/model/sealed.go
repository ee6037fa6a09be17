package model

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

// Sealed is what was judged as its file tells it, so that whoever shows it shows the same as one who has but the file: numbers
// have as many digits as are written. Over of the result lists what is above every limit, which the file writes as null.
func Sealed[T any](judged *T, over *[]string) (*T, error) {
	*over = nil
	beyond(reflect.ValueOf(judged), "", over)
	text, err := json.Marshal(judged)
	if err != nil {
		return nil, fmt.Errorf("seal what was judged: %w", err)
	}
	return unsealed[T](text)
}

// unsealed reads what was sealed.
func unsealed[T any](text []byte) (*T, error) {
	judged, known := new(T), struct {
		Over []string `json:"over"`
	}{}
	for _, into := range []any{judged, &known} {
		if err := json.Unmarshal(text, into); err != nil {
			return nil, fmt.Errorf("read what was judged: %w", err)
		}
	}
	for _, pointer := range known.Over {
		raise(reflect.ValueOf(judged), strings.Split(pointer, "/")[1:])
	}
	return judged, nil
}

// beyond lists the JSON pointers (RFC 6901) of the numbers that are infinite.
func beyond(v reflect.Value, at string, over *[]string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			beyond(v.Elem(), at, over)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name, shown := member(v.Type().Field(i)); shown {
				beyond(v.Field(i), at+name, over)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			beyond(v.Index(i), at+"/"+strconv.Itoa(i), over)
		}
	case reflect.Float64:
		if n, ok := reflect.TypeAssert[stat.Number](v); ok && math.IsInf(float64(n), 1) {
			*over = append(*over, at)
		}
	}
}

// member is what a field adds to a pointer: its name in JSON, or nothing where its members stand in its place.
func member(field reflect.StructField) (step string, shown bool) {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch {
	case !field.IsExported() || name == "-":
		return "", false
	case name == "" && field.Anonymous:
		return "", true
	}
	return "/" + name, true
}

// raise makes the number at a pointer infinite. A pointer to nothing is left alone: somebody may have edited the file.
func raise(v reflect.Value, steps []string) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	switch {
	case len(steps) == 0:
		if _, ok := reflect.TypeAssert[stat.Number](v); ok {
			v.SetFloat(math.Inf(1))
		}
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		if i, err := strconv.Atoi(steps[0]); err == nil && i >= 0 && i < v.Len() {
			raise(v.Index(i), steps[1:])
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			switch name, shown := member(v.Type().Field(i)); {
			case !shown:
			case name == "":
				raise(v.Field(i), steps)
			case name == "/"+steps[0]:
				raise(v.Field(i), steps[1:])
			}
		}
	}
}

// Read reads what was judged back from the directory of a run: a [Summary], a [Cutover] or a [SelfTest] from the file of that
// name, and its details. Everything that is shown of it is the same, byte for byte, as when it was written.
func Read[T any](dir, name string) (*T, *Details, error) {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, nil, err
	}
	judged, err := unsealed[T](text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Join(dir, name), err)
	}
	if text, err = os.ReadFile(filepath.Join(dir, DetailsFile)); err != nil {
		return nil, nil, err
	}
	d := new(Details)
	if err := json.Unmarshal(text, d); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Join(dir, DetailsFile), err)
	}
	return judged, d, nil
}
