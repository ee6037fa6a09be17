package model

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/rehearse-dev/rehearse/reports/reading"
)

// What was judged has the counts of answers among the members of its own objects, by names that the system declares. In Go
// they are a field of those objects, which encoding/json cannot take apart: it is done on the text, in which a quote that is
// not escaped begins or ends a name.

// inlined is the JSON of what was judged, with each object of answers dissolved in the one around it.
func inlined(judged any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(judged); err != nil {
		return nil, err
	}
	return regexp.MustCompile(`"answers":\{([^{}]*)\}`).ReplaceAll(text.Bytes(), []byte("$1")), nil
}

// outlined reads what was inlined. The text itself says by which names.
func outlined(text []byte, into any) error {
	var said struct{ Declared reading.Declared }
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return err
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return err
	}
	names := []string{"rechecked", "acknowledged", "first_rechecks"}
	for _, check := range said.Declared.Checks {
		names = append(names, regexp.QuoteMeta(check.Name), regexp.QuoteMeta(check.Chances))
	}
	one := `"(?:` + strings.Join(names, "|") + `)":[0-9]+`
	members := regexp.MustCompile(`(\{?)(` + one + `(?:,` + one + `)*)(\}?)`)
	dissolved := members.ReplaceAllFunc(compact.Bytes(), func(found []byte) []byte {
		if found[0] == '{' && found[len(found)-1] == '}' {
			return found // an object by itself
		}
		return members.ReplaceAll(found, []byte(`$1"answers":{$2}$3`))
	})
	return json.Unmarshal(dissolved, into)
}

// plainSummary and plainCutover are these without their methods, as JSON knows them by itself.
type (
	plainSummary Summary
	plainCutover Cutover
)

// MarshalJSON implements [json.Marshaler].
func (s Summary) MarshalJSON() ([]byte, error) { return inlined(plainSummary(s)) }

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Summary) UnmarshalJSON(text []byte) error { return outlined(text, (*plainSummary)(s)) }

// MarshalJSON implements [json.Marshaler].
func (c Cutover) MarshalJSON() ([]byte, error) { return inlined(plainCutover(c)) }

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Cutover) UnmarshalJSON(text []byte) error { return outlined(text, (*plainCutover)(c)) }
