package containers

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// Ready is nil when [Open] would find an engine, images it takes, and a program for the services.
func Ready(ctx context.Context, cfg stack.Config) error {
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
