// Package images makes images of Postgres and Redis from the packages of this machine's distribution.
//
// Scope: [Check] tells whether that is possible here, [Build] does it. The images are laid out like the official ones for
// Debian: the same user ids, directories, modes, volumes, variables and stop signal, no entrypoint. They differ in three
// things: Postgres and Redis are the distribution's, the locale is C.UTF-8, and Postgres has no JIT: that is for long
// analytical queries, and its compiler would nearly double the image. Where its library is missing Postgres does without.
//
// Opinion: where no image registry answers, packages are still at hand, and images made of them are as good. Everything
// comes from where apt on this machine gets it, with its sources, keys and proxies, so no place is named here; and
// nothing of that stays in the image. mmdebstrap installs into a directory in a namespace of its own, and whoever ends it
// leaves neither mounts nor files. Two builds at a time both succeed.
//
// Steps: look at the machine; per server, one beside the other, let mmdebstrap install it and write the files as a tar
// stream straight into the engine, as an image of a passing name; give it its settings and its name; remove the passing
// name and the image that had the name before.
package images

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// ErrNotReady is wrapped by every error that the user can mend on the machine; its text says what to type.
var ErrNotReady = errors.New("images cannot be made here")

const (
	// buildLimit bounds a build. With packages at hand it takes half a minute; a slow line gets time.
	buildLimit = 30 * time.Minute
	// passing is the repository of images that are not ready yet; directory begins the name of the one to install in.
	passing   = "rehearse/import"
	directory = "rehearse-images-"
)

// Config says where the images go.
type Config struct {
	// Engine gets them.
	Engine *engine.Engine
	// Postgres and Redis are the repositories; the tags are made of version and distribution, as in 15.13-bookworm.
	Postgres, Redis string
	// Tell is told of every step in a line, never twice at once; nil is silence.
	Tell func(line string)
}

// Built is an image that was made.
type Built struct {
	// Ref is its reference.
	Ref string
}

// Check tells whether images can be made on this machine. Its errors wrap [ErrNotReady] when they say what to type.
func Check(ctx context.Context) error {
	_, err := survey(ctx)
	return err
}

// Build makes both images, Postgres' first in the answer. An error leaves everything as it was; see [Check] for its kind.
func Build(ctx context.Context, cfg Config) ([]Built, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, buildLimit, fmt.Errorf("not done after %v", buildLimit))
	defer cancel()
	m, err := survey(ctx)
	if err != nil {
		return nil, err
	}
	if arch := cfg.Engine.Info().Arch; arch != runtime.GOARCH {
		return nil, fmt.Errorf("%w: the engine runs on %s and this machine is %s; run this on the engine's machine", ErrNotReady, arch, runtime.GOARCH)
	}
	if err := removeStale(ctx, cfg.Engine); err != nil {
		return nil, err
	}
	servers := []server{postgres(cfg.Postgres), redis(cfg.Redis)}
	built := make([]Built, len(servers))
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	for i, s := range servers {
		g.Go(func() (err error) {
			b := build{server: s, machine: m, engine: cfg.Engine, tell: func(step string) {
				mu.Lock()
				defer mu.Unlock()
				if cfg.Tell != nil {
					cfg.Tell(s.user + ": " + step)
				}
			}}
			if built[i].Ref, err = b.run(ctx); err != nil {
				return fmt.Errorf("make an image of %s: %w", s.title, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return built, nil
}

// removeStale removes what builds left that were killed: mmdebstrap still clears away by itself, but not our directory
// around it, and not the image.
func removeStale(ctx context.Context, e *engine.Engine) error {
	left, err := e.Images(ctx, passing)
	if err != nil {
		return err
	}
	for _, img := range left {
		if made, err := time.Parse(time.RFC3339, img.Created); err != nil || time.Since(made) < buildLimit {
			continue
		}
		if err := e.RemoveImage(ctx, img.Ref); err != nil {
			return err
		}
	}
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), directory+"*"))
	for _, dir := range dirs {
		if about, err := os.Stat(dir); err == nil && time.Since(about.ModTime()) > buildLimit {
			os.Remove(dir) // goes when it is empty, and when it is ours
		}
	}
	return err
}

// build is the making of one image.
type build struct {
	server  server
	machine machine
	engine  *engine.Engine
	tell    func(step string)
}

// run makes the image and returns its reference.
func (b build) run(ctx context.Context) (ref string, err error) {
	from := passing + ":" + strings.ToLower(rand.Text())
	defer func() { err = errors.Join(err, b.engine.RemoveImage(context.WithoutCancel(ctx), from)) }()
	told, err := b.install(ctx, from)
	if err != nil {
		return "", err
	}
	version, err := b.server.version(told)
	if err != nil {
		return "", err
	}
	ref = b.server.repository + ":" + version + "-" + b.machine.codename
	settings := b.server.settings(version)
	settings.Labels = map[string]string{
		"org.opencontainers.image.title":       b.server.title,
		"org.opencontainers.image.version":     version,
		"org.opencontainers.image.description": "from the packages of " + b.machine.name,
	}
	if err := b.name(ctx, from, ref, settings); err != nil {
		return "", err
	}
	b.tell("made " + ref)
	return ref, nil
}

// name makes the image ref of the passing one and removes the image that had the name before. Two builds must not do it
// at once: each would remove the same predecessor, and one of the two new images would stay without a name.
func (b build) name(ctx context.Context, from, ref string, s engine.Settings) error {
	unlock, err := lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	before, err := b.engine.Image(ctx, ref)
	if err != nil && !errors.Is(err, engine.ErrNoImage) {
		return err
	}
	if err := b.engine.Configure(ctx, from, ref, s); err != nil {
		return err
	}
	if before.ID != "" {
		// A container may still use it: then it stays until that one is gone.
		_ = b.engine.RemoveImage(ctx, before.ID)
	}
	return nil
}

// install lets mmdebstrap install the server and the engine import the files. It returns what the server says of itself.
func (b build) install(ctx context.Context, ref string) (version string, err error) {
	dir, err := os.MkdirTemp("", directory)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	// mmdebstrap and apt go in as other users.
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	return b.bootstrap(ctx, dir, func(ctx context.Context, files io.Reader) error {
		// The first byte comes when everything is installed; until then the engine need not wait.
		buffered := bufio.NewReader(files)
		if _, err := buffered.Peek(1); err != nil {
			return errNoFiles
		}
		return b.engine.Import(ctx, ref, buffered, nil)
	})
}
