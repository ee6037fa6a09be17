package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/scenarios"
)

func newSchema() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of scenario files",
		Long: `schema prints the JSON Schema of scenario files, by which editors complete keys, explain them and mark mistakes.
With --format markdown it prints the table of all keys.`,
		Example: `  rehearse schema > rehearse.schema.json
  rehearse schema --format markdown`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return printSchema(cmd, format) },
	}
	known := slices.Sorted(maps.Keys(languages()))
	cmd.Flags().StringVar(&format, "format", "json", "how the language is described: "+strings.Join(known, ", "))
	// The flag was defined one line above.
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// languages are the ways to describe the scenario language, by their names.
func languages() map[string]func() ([]byte, error) {
	return map[string]func() ([]byte, error){
		"json":     func() ([]byte, error) { return scenarios.Schema(vocabularies()...) },
		"markdown": func() ([]byte, error) { return scenarios.Reference(vocabularies()...), nil },
	}
}

func printSchema(cmd *cobra.Command, format string) error {
	if err := oneOf("format", format, slices.Sorted(maps.Keys(languages()))); err != nil {
		return err
	}
	text, err := languages()[format]()
	if err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(text)
	return err
}
