package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// ConfigVariable carries the configuration of a service as JSON: it holds passwords, and arguments can be read by every
// user of the machine.
const ConfigVariable = "REHEARSE_SERVE"

// ErrConfig says that a service was started with none of its configuration, or with that of another: by hand.
var ErrConfig = errors.New("no configuration of a service")

// Config is the configuration of a service, as [Site.Spawn] was given it.
type Config []byte

// Read reads it into the type that the service was spawned with. The error is an [ErrConfig].
func (c Config) Read(into any) error {
	if err := json.Unmarshal(c, into); err != nil {
		return fmt.Errorf("%w in %s: %w", ErrConfig, ConfigVariable, err)
	}
	return nil
}

// Serve runs one of the services of a target until ctx ends.
func Serve(ctx context.Context, t Target, service string) error {
	config, found := os.LookupEnv(ConfigVariable)
	if !found {
		return fmt.Errorf("%w: %s is not set: the services are started by rehearse run, not by hand", ErrConfig, ConfigVariable)
	}
	s, err := t.Serve(ctx, service, Config(config))
	if err != nil {
		return err
	}
	err = listen(ctx, s.Handlers)
	if s.Close != nil {
		err = errors.Join(err, s.Close())
	}
	return err
}

// listen serves each handler on the port named after it until ctx ends.
func listen(ctx context.Context, handlers map[string]http.Handler) error {
	group, ctx := errgroup.WithContext(ctx)
	for name, handler := range handlers {
		port := os.Getenv("REHEARSE_PORT_" + strings.ReplaceAll(strings.ToUpper(name), "-", "_"))
		listener, err := net.Listen("tcp", net.JoinHostPort(os.Getenv("REHEARSE_HOST"), port))
		if err != nil {
			return fmt.Errorf("listen for %s: %w", name, err)
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute}
		group.Go(func() error {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve %s: %w", name, err)
			}
			return nil
		})
		group.Go(func() error {
			<-ctx.Done()
			return server.Close()
		})
	}
	return group.Wait()
}
