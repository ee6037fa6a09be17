package main

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

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/rehearse-dev/rehearse/fixtures/auth"
	"github.com/rehearse-dev/rehearse/fixtures/carshare"
)

// configVariable carries the configuration of a service as JSON: it holds passwords, and arguments can be read by every
// user of the machine.
const configVariable = "REHEARSE_SERVE"

// adminPort is the name of the port on which the calling services are administered; authPort is the auth service's.
const (
	adminPort = "admin"
	authPort  = "auth"
)

// newServe runs the reference services. They are processes of their own, so that generator and system share no heap.
func newServe() *cobra.Command {
	serve := &cobra.Command{
		Use:    "serve",
		Short:  "Run a part of the reference system (used by run)",
		Hidden: true,
	}
	serve.AddCommand(
		&cobra.Command{Use: "auth", Short: "Run the auth service", Args: noArguments, RunE: serveAuth},
		&cobra.Command{Use: "callers", Short: "Run the five calling services", Args: noArguments, RunE: serveCallers},
	)
	return serve
}

func serveAuth(cmd *cobra.Command, _ []string) error {
	var config auth.Config
	if err := readConfig(&config); err != nil {
		return err
	}
	service, err := auth.New(cmd.Context(), config)
	if err != nil {
		return err
	}
	return errors.Join(listen(cmd.Context(), map[string]http.Handler{authPort: service.Handler()}), service.Close())
}

func serveCallers(cmd *cobra.Command, _ []string) error {
	var config carshare.CallersConfig
	if err := readConfig(&config); err != nil {
		return err
	}
	callers, err := carshare.NewCallers(cmd.Context(), config)
	if err != nil {
		return err
	}
	defer callers.Close()
	handlers := map[string]http.Handler{adminPort: callers.Admin()}
	for _, name := range carshare.Services() {
		handlers[name] = callers.Handler(name)
	}
	return listen(cmd.Context(), handlers)
}

func readConfig(config any) error {
	text, found := os.LookupEnv(configVariable)
	if !found {
		return usageError("%s is not set: the services are started by rehearse run, not by hand", configVariable)
	}
	if err := json.Unmarshal([]byte(text), config); err != nil {
		return usageError("%s: %w", configVariable, err)
	}
	return nil
}

// listen serves each handler on the port named after it until ctx ends.
func listen(ctx context.Context, handlers map[string]http.Handler) error {
	group, ctx := errgroup.WithContext(ctx)
	for name, handler := range handlers {
		port := os.Getenv("REHEARSE_PORT_" + strings.ToUpper(name))
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
