package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What is in the repository for editors and readers is what this binary prints; -update rewrites it.
func TestSchemaIsCommitted(t *testing.T) {
	for format, name := range map[string]string{"json": "scenario.schema.json", "markdown": "REFERENCE.md"} {
		t.Run(format, func(t *testing.T) {
			got, err := languages()[format]()
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("..", "..", "scenarios", name)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what the language is; run go test ./cmd/rehearse -run TestSchemaIsCommitted -update", path)
			}
		})
	}
}
