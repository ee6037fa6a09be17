package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// cleanLimit bounds the whole of clean.
const cleanLimit = time.Minute

func newClean() *cobra.Command {
	var data bool
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Remove what crashed runs left behind",
		Long: `clean removes what runs whose rehearse is gone left behind: processes, containers with their networks and volumes,
directories. Runs that are alive, recorded runs and the kept seed data stay; --data removes the kept seed data too, and
the next run of each scenario seeds again.`,
		Example: "  rehearse clean\n  rehearse clean --data",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), cleanLimit)
			defer cancel()
			leftovers, err := cleanLeftovers(ctx, "")
			for _, l := range leftovers {
				fmt.Fprintf(cmd.OutOrStdout(), "removed %s of run %s: %s\n", l.Kind, l.Run, l.What)
			}
			if data {
				kept, dataErr := cleanKept(ctx, "")
				for _, l := range kept {
					fmt.Fprintf(cmd.OutOrStdout(), "removed kept data: %s\n", l.What)
				}
				leftovers = append(leftovers, kept...)
				// A home that cannot be used is found twice, and told once.
				if err == nil || dataErr == nil || err.Error() != dataErr.Error() {
					err = errors.Join(err, dataErr)
				}
			}
			if len(leftovers) == 0 && err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), "nothing to clean")
			}
			if errors.Is(err, stack.ErrNotReady) {
				return exitError{exitEnvironment, err}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&data, "data", false, "remove the kept seed data as well")
	return cmd
}
