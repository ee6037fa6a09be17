package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/target"
)

// newServe runs the services of the systems. They are processes of their own, so that generator and system share no heap.
func newServe() *cobra.Command {
	serve := &cobra.Command{
		Use:    "serve",
		Short:  "Run a part of a reference system (used by run)",
		Hidden: true,
	}
	for _, t := range targets() {
		for _, service := range t.Describe().Services {
			serve.AddCommand(&cobra.Command{
				Use: service, Short: "Run " + service + " of " + t.Describe().Vocabulary.System, Args: noArguments,
				RunE: func(cmd *cobra.Command, _ []string) error { return serveOne(cmd, t, service) },
			})
		}
	}
	return serve
}

func serveOne(cmd *cobra.Command, t target.Target, service string) error {
	err := target.Serve(cmd.Context(), t, service)
	if errors.Is(err, target.ErrConfig) {
		return usageError("%w", err)
	}
	return err
}
