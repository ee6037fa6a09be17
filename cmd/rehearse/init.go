package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// starterFile is what a scenario to start from is called unless the caller says.
const starterFile = "rehearse.yaml"

func newInit() *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a scenario to start from",
		Long: `init writes a short scenario, by default ` + starterFile + `, and beside it the schema by which editors complete and
explain what is in it. It replaces no scenario. The three values to edit are marked; it runs as it is, in about a minute.`,
		Example: `  rehearse init
  rehearse init lunch-rush.yaml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("%d files named; name one", len(args))
			}
			if slices.Contains(args, "-") {
				return usageError("init writes a schema beside the scenario, so it needs a file; try rehearse init my-peak.yaml")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return start(cmd, append(args, starterFile)[0])
		},
	}
}

// start writes the starter called name and its schema, both or neither.
func start(cmd *cobra.Command, name string) error {
	text, err := scenarios.Schema(vocabularies()...)
	if err != nil {
		return err
	}
	schema := filepath.Join(filepath.Dir(name), scenarios.SchemaFile)
	if !replaceable(schema) {
		return usageError("%s: is there, and is no schema of rehearse; move it away, or name a file in another directory", schema)
	}
	if err := create(name, scenarios.Starter()); err != nil {
		return err
	}
	if err := os.WriteFile(schema, text, 0o644); err != nil {
		os.Remove(name)
		return usageError("%s: %s; check the directory and its permissions", schema, reason(err))
	}
	fmt.Fprintf(cmd.ErrOrStderr(), `wrote %s, and %s for editors
edit the three marked values: the rate, the duration, a budget
next: rehearse run %s
`, name, schema, quoted(name))
	return nil
}

// quoted is name as a shell takes it.
func quoted(name string) string {
	if strings.ContainsAny(name, " \t\n\"'`$&|;<>()*?[]{}!#~\\") {
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}

// replaceable tells whether there is nothing called name, or a schema that an earlier version wrote.
func replaceable(name string) bool {
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return true
	}
	text, err := record.ReadFile(name, scenarios.MaxBytes)
	var schema struct{ Title string }
	return err == nil && json.Unmarshal(text, &schema) == nil && schema.Title == scenarios.SchemaTitle
}

// create writes a file that was not there.
func create(name string, text []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	switch {
	case errors.Is(err, fs.ErrExist):
		return usageError("%s: is there already; name another file, such as rehearse init new-%s", name, filepath.Base(name))
	case errors.Is(err, fs.ErrNotExist):
		return usageError("%s: there is no such directory; make it first", name)
	case err != nil:
		return usageError("%s: %s; check the directory and its permissions", name, reason(err))
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		os.Remove(name)
		return fmt.Errorf("%s: %s; free some space on the disk", name, reason(err))
	}
	return nil
}
