package home

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// TestRunName: any label makes a name that is one path element, short, and unique.
func TestRunName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		label := rapid.String().Draw(t, "label")
		name := runName(label)
		if filepath.Base(name) != name || strings.HasPrefix(name, ".") || len(name) > 40 || name == runName(label) {
			t.Fatalf("%q", name)
		}
	})
}

// A path goes into the configuration of servers, where a line break begins a setting.
func TestPathWithoutControls(t *testing.T) {
	for path, want := range map[string]bool{"/a b/ü,'\"\\$日": true, "/a\nb": false, "/a\rb": false, "/a\tb": false, "/a\x7f": false} {
		if _, err := Path(path); (err == nil) != want || err != nil && !errors.Is(err, stack.ErrNotReady) {
			t.Errorf("%q: got %v, want it taken: %v", path, err, want)
		}
		if _, err := Open(path, Account{}); !want && !errors.Is(err, stack.ErrNotReady) {
			t.Errorf("%q: opened with %v", path, err)
		}
	}
}

func TestTemplateName(t *testing.T) {
	cfg := stack.Config{Template: "k", Database: "d", Roles: []string{"a"}}
	same := TemplateName(cfg, "1", "pg15")
	if same != TemplateName(cfg, "1", "pg15") || filepath.Base(same) != same || !strings.HasPrefix(same, "k-pg15-") {
		t.Errorf("name is %s", same)
	}
	for what, other := range map[string]string{
		"key":      TemplateName(stack.Config{Template: "k2", Database: "d", Roles: []string{"a"}}, "1", "pg15"),
		"a slash":  TemplateName(stack.Config{Template: "k/", Database: "d", Roles: []string{"a"}}, "1", "pg15"),
		"database": TemplateName(stack.Config{Template: "k", Database: "e", Roles: []string{"a"}}, "1", "pg15"),
		"roles":    TemplateName(stack.Config{Template: "k", Database: "d"}, "1", "pg15"),
		"layout":   TemplateName(cfg, "2", "pg15"),
		"version":  TemplateName(cfg, "1", "pg16"),
	} {
		if other == same {
			t.Errorf("another %s, the same template", what)
		}
	}
}
