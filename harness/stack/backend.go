package stack

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Names of back ends, as flags and records spell them.
const (
	BackendAuto       = "auto"
	BackendContainers = "containers"
	BackendProcesses  = "processes"
)

// Open boots a stack on the named back end, which is not auto.
func Open(ctx context.Context, backend string, cfg Config) (Stack, error) {
	switch backend {
	case BackendContainers:
		return Containers(ctx, cfg)
	case BackendProcesses:
		return Processes(ctx, cfg)
	}
	return nil, fmt.Errorf("stack: %q is no back end; use %s or %s", backend, BackendContainers, BackendProcesses)
}

// Choose is what auto stands for: containers when Docker answers and both images are here or can be had, else processes
// when the servers are installed. Why says what spoke against containers. Where neither can be, the error says what to do
// for either. It starts nothing and pulls nothing.
func Choose(ctx context.Context, cfg Config) (backend string, why error, err error) {
	if why = containersReady(ctx, cfg); why == nil {
		return BackendContainers, nil, nil
	}
	if ctx.Err() != nil {
		return "", why, context.Cause(ctx)
	}
	_, postgresErr := InstalledPostgres(ctx, cfg)
	_, redisErr := InstalledRedis(ctx, cfg)
	if err := errors.Join(postgresErr, redisErr); err != nil {
		return "", why, errors.Join(why, err)
	}
	return BackendProcesses, why, nil
}

// containersReady is nil when [Containers] would find an engine, images it takes, and a program for the services.
func containersReady(ctx context.Context, cfg Config) error {
	if _, err := ServiceProgram(); err != nil {
		return err
	}
	e, err := openEngine(ctx, cfg)
	if err != nil {
		return err
	}
	defer e.Close()
	g, gctx := errgroup.WithContext(ctx)
	for _, want := range [][3]string{{cfg.PostgresImage, OfficialPostgres, OwnPostgres}, {cfg.RedisImage, OfficialRedis, OwnRedis}} {
		g.Go(func() error {
			c, err := ChooseImage(gctx, e, want[0], want[1], want[2])
			if err != nil {
				return err
			}
			if c.Image != nil {
				return serverImage{*c.Image}.checkMajor()
			}
			if err := e.Registry(gctx, c.Ref); err != nil {
				return missingImage(c.Ref, want[0] != "", err)
			}
			return nil
		})
	}
	return g.Wait()
}
