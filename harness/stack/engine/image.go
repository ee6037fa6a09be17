package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// Errors about images.
var (
	// ErrNoImage means that the place that was asked does not have the image.
	ErrNoImage = errors.New("no such image")
	// ErrNoRegistry means that the image's registry does not answer.
	ErrNoRegistry = errors.New("the image registry does not answer")
)

// reaperLimit bounds the pull of the reaper's image, of some 20 MB.
const reaperLimit = 30 * time.Second

// registryLimit bounds a question to a registry. The engine itself tries for minutes.
const registryLimit = 5 * time.Second

// Image is an image on the engine's machine.
type Image struct {
	// Ref is the reference it was asked for by; ID its content's digest.
	Ref, ID string
	// Digest is what its registry knows it by; empty for an image made here.
	Digest string
	// Tags are all its references.
	Tags []string
	// Env, Volumes, Labels and User are the image's own settings.
	Env     map[string]string
	Volumes []string
	Labels  map[string]string
	User    string
	// Created is when it was made, in RFC 3339.
	Created string
	// SizeBytes is its size on disk.
	SizeBytes int64
}

// Image looks for an image on the engine's machine; its error wraps [ErrNoImage] when it is not there.
func (e *Engine) Image(ctx context.Context, ref string) (Image, error) {
	answer, err := e.client.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return Image{}, fmt.Errorf("%w: %s", ErrNoImage, ref)
	}
	if err != nil {
		return Image{}, reachable(err)
	}
	img := Image{Ref: ref, ID: answer.ID, Tags: answer.RepoTags, Created: answer.Created, SizeBytes: answer.Size}
	if len(answer.RepoDigests) > 0 {
		_, img.Digest, _ = strings.Cut(answer.RepoDigests[0], "@")
	}
	if answer.Config != nil {
		img.Env, img.Labels, img.User = map[string]string{}, answer.Config.Labels, answer.Config.User
		for _, kv := range answer.Config.Env {
			name, value, _ := strings.Cut(kv, "=")
			img.Env[name] = value
		}
		img.Volumes = slices.Sorted(maps.Keys(answer.Config.Volumes))
	}
	return img, nil
}

// Images lists the images on the engine's machine whose reference matches, such as "rehearse/postgres".
func (e *Engine) Images(ctx context.Context, pattern string) ([]Image, error) {
	answer, err := e.client.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("reference", pattern)})
	if err != nil {
		return nil, reachable(err)
	}
	var found []Image
	for _, item := range answer.Items {
		for _, tag := range item.RepoTags {
			if !strings.HasPrefix(tag, pattern) {
				continue // another name of the same content
			}
			img, err := e.Image(ctx, tag)
			if err != nil {
				return nil, err
			}
			found = append(found, img)
		}
	}
	return found, nil
}

// Registry asks the registry of an image, through the engine with its proxies and mirrors, whether it has the image.
// The error wraps [ErrNoRegistry] when no answer comes within 5 s, [ErrNoImage] when the answer is no.
func (e *Engine) Registry(ctx context.Context, ref string) error {
	ctx, cancel := context.WithTimeout(ctx, registryLimit)
	defer cancel()
	_, err := e.client.DistributionInspect(ctx, ref, client.DistributionInspectOptions{EncodedRegistryAuth: e.credentials(ctx, ref)})
	switch {
	case err == nil:
		return nil
	case client.IsErrConnectionFailed(err):
		return reachable(err)
	case errdefs.IsNotFound(err), errdefs.IsUnauthorized(err), errdefs.IsPermissionDenied(err), errdefs.IsInvalidArgument(err):
		return fmt.Errorf("%w: %s: %w", ErrNoImage, ref, err)
	}
	return fmt.Errorf("%w: %s: %w", ErrNoRegistry, ref, err)
}

// credentials are the user's own for the registry of ref, empty when there are none.
func (e *Engine) credentials(ctx context.Context, ref string) (encoded string) {
	e.settle(ctx)
	err := guard(func() error {
		_, auth, err := testcontainers.DockerImageAuth(ctx, ref)
		if err != nil {
			return err
		}
		encoded, err = authconfig.Encode(auth)
		return err
	})
	if err != nil {
		return ""
	}
	return encoded
}

// Pull gets an image from its registry; how long that may take is ctx's to say.
func (e *Engine) Pull(ctx context.Context, ref string) error {
	stream, err := e.client.ImagePull(ctx, ref, client.ImagePullOptions{RegistryAuth: e.credentials(ctx, ref)})
	if err != nil {
		return fmt.Errorf("pull %s: %w", ref, reachable(err))
	}
	defer stream.Close()
	if err := stream.Wait(ctx); err != nil {
		return fmt.Errorf("pull %s: %w", ref, err)
	}
	return nil
}

// PullReaper gets the image of testcontainers' reaper, so that later processes use it. Without it leftovers are found by
// their labels all the same, so its absence is no error.
func (e *Engine) PullReaper(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, reaperLimit)
	defer cancel()
	if _, err := e.Image(ctx, reaperImage); err == nil {
		return
	}
	if err := e.Pull(ctx, reaperImage); err != nil {
		e.log.Debug("no reaper", "reason", err)
	}
}

// Import makes an image of the files in a tar stream. Changes are lines of a Dockerfile, such as "CMD [\"postgres\"]".
func (e *Engine) Import(ctx context.Context, ref string, tar io.Reader, changes []string) error {
	source := client.ImageImportSource{Source: tar, SourceName: "-"}
	stream, err := e.client.ImageImport(ctx, source, ref, client.ImageImportOptions{Changes: changes})
	if err != nil {
		return fmt.Errorf("import %s: %w", ref, reachable(err))
	}
	defer stream.Close()
	for dec := json.NewDecoder(stream); ; {
		var line struct{ Error string }
		if err := dec.Decode(&line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("import %s: %w", ref, err)
		}
		if line.Error != "" {
			return fmt.Errorf("import %s: %s", ref, line.Error)
		}
	}
}

// Tag gives an image another name.
func (e *Engine) Tag(ctx context.Context, ref, also string) error {
	_, err := e.client.ImageTag(ctx, client.ImageTagOptions{Source: ref, Target: also})
	return reachable(err)
}

// RemoveImage removes a name, and the image with its last name. One that is not there is no error.
func (e *Engine) RemoveImage(ctx context.Context, ref string) error {
	_, err := e.client.ImageRemove(ctx, ref, client.ImageRemoveOptions{PruneChildren: true})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return reachable(err)
}
