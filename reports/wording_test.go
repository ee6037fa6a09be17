package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// reworded is a run judged with every reason, doubt and note of its trials in other words: no two of a kind are alike, and each
// looks like something else.
func reworded(t *testing.T, run *record.Run, sc *scenarios.Scenario) *model.Summary {
	t.Helper()
	l, n := judge.Examine(run), 0
	words := func() string {
		n++
		return fmt.Sprintf("%c: put (otherwise); in stage peak: 1 → 2 %%, %d times", 'a'+n%26, n)
	}
	l.Reword(words)
	s, err := l.Summarize(nil, sc)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shape is what is left of a summary, of its JUnit file and of its annotations without the words.
func shape(t *testing.T, run *record.Run, s *model.Summary) map[string]any {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var numbers any
	if err := json.Unmarshal(text, &numbers); err != nil {
		t.Fatal(err)
	}
	var suite bytes.Buffer
	if err := junit(&suite, &summary{s}); err != nil {
		t.Fatal(err)
	}
	var levels []string
	for _, a := range Annotations(s) {
		levels = append(levels, a.Level)
	}
	elements := regexp.MustCompile(`<(testcase name="[^"]*"|failure|error|skipped|testsuite [^>]*)`).FindAllString(suite.String(), -1)
	return map[string]any{"summary": wordless("", numbers), "junit": elements, "annotations": levels}
}

// wordless takes the texts out of a summary and leaves how many there are.
func wordless(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, of := range v {
			v[key] = wordless(key, of)
		}
	case []any:
		for i := range v {
			v[i] = wordless(key, v[i])
		}
	case string:
		switch key {
		case "reasons", "doubts", "notes", "warnings", "reason", "said", "pressing", "interruption":
			return "words"
		}
	}
	return v
}

// What becomes of a run does not hang on how a reason or a doubt is worded.
func TestWordsDecideNothing(t *testing.T) {
	judge := func(name string, run *record.Run, sc *scenarios.Scenario) {
		t.Run(name, func(t *testing.T) {
			s, err := judge.Examine(run).Summarize(nil, sc)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(shape(t, run, s), shape(t, run, reworded(t, run, sc))); diff != "" {
				t.Errorf("in other words (-as worded +otherwise):\n%s", diff)
			}
		})
	}
	for _, r := range recordedRuns() {
		c := recordedRun(t, r.name)
		judge(r.name, c.Run, c.Scenario)
	}
	for _, tt := range troubles() {
		m := gated(2)
		tt.spoil(m)
		judge(tt.name, m.written(t), &m.scenario)
	}
}
