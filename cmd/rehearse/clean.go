package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// cleanLimit bounds the whole of clean.
const cleanLimit = time.Minute

func newClean() *cobra.Command {
	return &cobra.Command{
		Use:   "clean",
		Short: "Remove what crashed runs left behind",
		Long: `clean ends processes and removes directories of runs whose rehearse is gone. Runs that are alive, recorded runs
and the kept seed data stay.`,
		Example: "  rehearse clean",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), cleanLimit)
			defer cancel()
			leftovers, err := stack.Clean(ctx, "")
			for _, l := range leftovers {
				fmt.Fprintf(cmd.OutOrStdout(), "removed %s of run %s: %s\n", l.Kind, l.Run, l.What)
			}
			if len(leftovers) == 0 && err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), "nothing to clean")
			}
			return err
		},
	}
}
