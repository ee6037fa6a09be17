package containers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// Names of images.
const (
	// OfficialPostgres and OfficialRedis are taken unless others are named.
	OfficialPostgres = "postgres:17"
	OfficialRedis    = "redis:7"
	// OwnPostgres and OwnRedis are repositories of images made on this machine, used when the official ones are not here.
	OwnPostgres = "rehearse/postgres"
	OwnRedis    = "rehearse/redis"
)

// images are the servers' images, on the engine's machine.
type images struct{ postgres, redis serverImage }

// serverImage is an image with what matters of its layout.
type serverImage struct{ engine.Image }

// text names an image beyond doubt.
func (i serverImage) text() string {
	if i.Digest != "" {
		return i.Ref + "@" + i.Digest
	}
	return i.Ref + " (" + i.ID + ", made here)"
}

// Choice is the image a run would use.
type Choice struct {
	// Ref is its reference.
	Ref string
	// Image is what is on the engine's machine; nil when it has to be pulled first.
	Image *engine.Image
}

// ChooseImage finds the image of a server without getting it: the one named; else the official one if it is here; else
// the newest made here; else the official one, to be pulled.
func ChooseImage(ctx context.Context, e *engine.Engine, named, official, own string) (Choice, error) {
	ref := cmp.Or(named, official)
	img, err := e.Image(ctx, ref)
	if err == nil {
		return Choice{Ref: ref, Image: &img}, nil
	}
	if !errors.Is(err, engine.ErrNoImage) {
		return Choice{}, err
	}
	if named != "" {
		return Choice{Ref: named}, nil
	}
	made, err := e.Images(ctx, own)
	if err != nil || len(made) == 0 {
		return Choice{Ref: official}, err
	}
	newest := slices.MaxFunc(made, func(a, b engine.Image) int { return cmp.Compare(a.Created, b.Created) })
	return Choice{Ref: newest.Ref, Image: &newest}, nil
}

// obtainImages makes sure of both images.
func obtainImages(ctx context.Context, e *engine.Engine, cfg stack.Config) (found images, err error) {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		found.postgres, err = obtainImage(gctx, e, cfg, cfg.PostgresImage, OfficialPostgres, OwnPostgres)
		return err
	})
	g.Go(func() (err error) {
		found.redis, err = obtainImage(gctx, e, cfg, cfg.RedisImage, OfficialRedis, OwnRedis)
		return err
	})
	if err := g.Wait(); err != nil {
		return images{}, err
	}
	return found, found.postgres.checkMajor()
}

func obtainImage(ctx context.Context, e *engine.Engine, cfg stack.Config, named, official, own string) (serverImage, error) {
	c, err := ChooseImage(ctx, e, named, official, own)
	if err != nil {
		return serverImage{}, fmt.Errorf("stack: look for the image %s: %w", cmp.Or(named, official), err)
	}
	if c.Image != nil {
		return serverImage{*c.Image}, nil
	}
	if err := e.Registry(ctx, c.Ref); err != nil {
		return serverImage{}, missingImage(c.Ref, named != "", err)
	}
	cfg.Log.Warn("pulling an image, once", "image", c.Ref)
	if err := e.Pull(ctx, c.Ref); err != nil {
		return serverImage{}, missingImage(c.Ref, named != "", err)
	}
	e.PullReaper(ctx)
	img, err := e.Image(ctx, c.Ref)
	return serverImage{img}, err
}

// missingImage says what to do about an image that is not here and cannot be had.
func missingImage(ref string, named bool, err error) error {
	what := fmt.Sprintf("the image %s is not on this machine, and its registry does not answer", ref)
	if errors.Is(err, engine.ErrNoImage) {
		what = fmt.Sprintf("the image %s is not on this machine, and its registry does not have it or does not give it to you", ref)
	}
	if named {
		return stack.NotReady(what, "check the name, or load it with: docker load")
	}
	return stack.NotReady(what, "type: rehearse images build, which makes the images from your distribution's packages")
}

// checkMajor refuses a Postgres that is too old, as far as the image tells.
func (i serverImage) checkMajor() error {
	major, err := strconv.Atoi(i.Env["PG_MAJOR"])
	if err == nil && major < stack.LeastPostgres {
		return stack.NotReady(fmt.Sprintf("PostgreSQL %d of the image %s is too old, %d is the least", major, i.Ref, stack.LeastPostgres), "name a newer one with --postgres-image")
	}
	return nil
}

// dataMount is where the volume goes: where the image declares one itself, which differs between versions, or the
// engine would put another one there.
func (i serverImage) dataMount() string {
	for _, path := range i.Volumes {
		if strings.HasPrefix(path, "/var/lib/postgresql") {
			return path
		}
	}
	return "/var/lib/postgresql/data"
}

// writer tells what wrote a data directory: another image may have another library underneath, or other user ids.
func (i serverImage) writer() string {
	_, hex, _ := strings.Cut(i.ID, ":")
	return "pg" + cmp.Or(i.Env["PG_MAJOR"], "x") + "-" + hex[:min(len(hex), 12)]
}
