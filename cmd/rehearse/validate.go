package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func newValidate() *cobra.Command {
	return &cobra.Command{
		Use:   "validate SCENARIO...",
		Short: "Check scenario files and report every mistake",
		Long: `validate reads scenario files, or shipped scenarios by name, and reports every mistake in them as
file:line:column: what is wrong; what to do. It needs no database.`,
		Example: `  rehearse validate my-peak.yaml
  rehearse validate peaks/*.yaml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("no scenario named; name one file or more")
			}
			return nil
		},
		ValidArgsFunction: completeScenario,
		RunE:              func(cmd *cobra.Command, args []string) error { return validate(cmd, args) },
	}
}

// validate goes through all scenarios, whatever is wrong with the first.
func validate(cmd *cobra.Command, names []string) error {
	var errs []error
	for _, name := range names {
		s, err := loadScenario(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: valid: %s, %s, %s\n", name,
			counted(len(s.Traffic.Stages), "stage"), counted(len(s.Phases), "phase"), counted(len(s.Budgets), "budget"))
	}
	return errors.Join(errs...)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
