package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/scenarios"
)

func newValidate() *cobra.Command {
	var v variation
	var format string
	cmd := &cobra.Command{
		Use:   "validate SCENARIO...",
		Short: "Check scenario files and report every mistake",
		Long: `validate reads scenario files, or shipped scenarios by name, and reports every mistake in them: where it is, what is
wrong, and what to do. It needs no database. With --format json, github or gitlab the mistakes go to stdout in a form for
machines; github is workflow commands, gitlab a Code Quality report.`,
		Example: `  rehearse validate my-peak.yaml
  rehearse validate peaks/*.yaml --format github
  rehearse validate my-peak.yaml --set 'traffic.stages[peak].hold=800/s'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("no scenario named; name one file or more")
			}
			return nil
		},
		ValidArgsFunction: completeScenario,
		RunE:              func(cmd *cobra.Command, args []string) error { return validate(cmd, args, &v, format) },
	}
	known := slices.Sorted(maps.Keys(formats()))
	cmd.Flags().StringVar(&format, "format", "text", "how mistakes are written: "+strings.Join(known, ", "))
	// The flag was defined one line above.
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp))
	v.addSet(cmd)
	return cmd
}

// validate goes through all scenarios, whatever is wrong with the first.
func validate(cmd *cobra.Command, names []string, v *variation, format string) error {
	if err := oneOf("format", format, slices.Sorted(maps.Keys(formats()))); err != nil {
		return err
	}
	var mistakes scenarios.Errors
	for _, name := range names {
		s, err := v.read(name)
		if found, ok := errors.AsType[scenarios.Errors](err); ok {
			mistakes = append(mistakes, found...)
		} else if err != nil {
			return err
		} else if format == "text" {
			fmt.Fprintf(cmd.OutOrStdout(), "%s: valid: %s, %s, %s\n", name,
				counted(len(s.Traffic.Stages), "stage"), counted(len(s.Phases), "phase"), counted(len(s.Budgets), "budget"))
		}
	}
	out := cmd.OutOrStdout()
	if format == "text" {
		out = cmd.ErrOrStderr()
	}
	if err := formats()[format](out, mistakes); err != nil || len(mistakes) == 0 {
		return err
	}
	return exitError{code: exitUsage}
}

// counted is a number of things, in words that fit it.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ends := strings.CutSuffix(noun, "y"); ends {
		noun = stem + "ie"
	}
	return grouped(uint64(n)) + " " + noun + "s"
}
