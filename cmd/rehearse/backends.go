package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/containers"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/processes"
)

// openStack boots a stack on the named back end, which is not auto.
func openStack(ctx context.Context, backend string, cfg stack.Config) (stack.Stack, error) {
	switch backend {
	case stack.BackendContainers:
		return containers.Open(ctx, cfg)
	case stack.BackendProcesses:
		return processes.Open(ctx, cfg)
	}
	return nil, fmt.Errorf("stack: %q is no back end; use %s or %s", backend, stack.BackendContainers, stack.BackendProcesses)
}

// chooseBackend is what auto stands for: containers when Docker answers and both images are here or can be had, else processes
// when the servers are installed. Why says what spoke against containers. Where neither can be, the error says what to do
// for either. It starts nothing and pulls nothing.
func chooseBackend(ctx context.Context, cfg stack.Config) (backend string, why error, err error) {
	if why = containers.Ready(ctx, cfg); why == nil {
		return stack.BackendContainers, nil, nil
	}
	if ctx.Err() != nil {
		return "", why, context.Cause(ctx)
	}
	_, postgresErr := processes.InstalledPostgres(ctx, cfg)
	_, redisErr := processes.InstalledRedis(ctx, cfg)
	if err := errors.Join(postgresErr, redisErr); err != nil {
		return "", why, errors.Join(why, err)
	}
	return stack.BackendProcesses, why, nil
}

// cleanLeftovers removes what crashed runs left: on a Docker engine, and in a home, chosen as in [stack.Config]. Only what carries
// rehearse's own mark is removed, and no run that is alive. What could not be removed is in the error, the rest is removed
// all the same.
func cleanLeftovers(ctx context.Context, path string) ([]stack.Leftover, error) {
	found, engineErr := containers.Clean(ctx, path)
	removed, err := processes.Clean(ctx, path, engineErr != nil)
	return append(found, removed...), errors.Join(engineErr, err)
}

// cleanKept removes the data that earlier runs prepared and kept in a home, chosen as in [stack.Config], and in volumes of the
// Docker engine, if one answers. What a run copies from at this moment stays and is an error; later runs prepare theirs
// anew.
func cleanKept(ctx context.Context, path string) ([]stack.Leftover, error) {
	removed, err := home.CleanTemplates(path)
	volumes, volumesErr := containers.CleanVolumes(ctx, path)
	return append(removed, volumes...), errors.Join(err, volumesErr)
}
