package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/rehearse-dev/rehearse/harness/images"
	"github.com/rehearse-dev/rehearse/harness/stack/containers"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/reports/visible"
)

// imagesSchema names the form of what images list --json prints.
const imagesSchema = "rehearse.images/1"

// choiceLimit bounds the look for images; most of it is waiting for a registry that does not answer.
const choiceLimit = 10 * time.Second

func newImages() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "images",
		Short: "List the images a run on containers takes, or make them",
		Long: `A run on containers takes the official images of Postgres and Redis. Where no image registry answers, images build
makes equivalent ones of the packages of this machine's distribution, Debian or Ubuntu, and runs take those.`,
		Example: `  rehearse images list
  rehearse images build`,
		Args: knownVerb,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newImagesBuild(), newImagesList())
	return cmd
}

func newImagesBuild() *cobra.Command {
	var ifNeeded bool
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Make both images of this distribution's packages",
		Long: `build installs Postgres and Redis with mmdebstrap, from where apt on this machine gets its packages, into images laid
out like the official ones, and prints their names. It takes about half a minute, as root or as a user with subordinate
ids, and installs nothing on this machine.`,
		Example: `  rehearse images build
  rehearse images build --if-needed     only where a run would find none`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return buildImages(cmd, ifNeeded) },
	}
	cmd.Flags().BoolVar(&ifNeeded, "if-needed", false, "make none when a run finds its images here or a registry has them")
	return cmd
}

func newImagesList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the images a run would take",
		Long: `list names the images a run on containers would take: those that REHEARSE_POSTGRES_IMAGE and REHEARSE_REDIS_IMAGE
name; else the official ones if they are here; else the newest made here; else the official ones of the registry. The
exit code is 3 when one of them is neither here nor to be had.`,
		Example: `  rehearse images list
  rehearse images list --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return listImages(cmd, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON instead of the table")
	return cmd
}

// buildImages prints the names of the images a run will take from now on.
func buildImages(cmd *cobra.Command, ifNeeded bool) error {
	tell := func(line string) { fmt.Fprintln(cmd.ErrOrStderr(), "images: "+line) }
	// Without --if-needed, what this machine lacks is told whether or not Docker answers.
	if !ifNeeded {
		if err := images.Check(cmd.Context()); err != nil {
			return imagesError(err)
		}
	}
	e, err := engine.Open(cmd.Context(), engine.Config{})
	if err != nil {
		return imagesError(err)
	}
	defer e.Close()
	if ifNeeded {
		choices, err := chooseImages(cmd.Context(), e)
		if err != nil {
			return imagesError(err)
		}
		switch err := missing(choices); {
		case err == nil:
			tell("none to make: " + choices[0].text() + ", " + choices[1].text())
			return printRefs(cmd.OutOrStdout(), choices[0].Ref, choices[1].Ref)
		case errors.Is(err, errNamed):
			return exitError{exitEnvironment, err}
		}
		tell("images of Postgres and Redis are neither here nor in a registry that answers; making them of this distribution's packages, once")
	}
	built, err := images.Build(cmd.Context(), images.Config{Engine: e, Postgres: containers.OwnPostgres, Redis: containers.OwnRedis, Tell: tell})
	if err != nil {
		return imagesError(err)
	}
	return printRefs(cmd.OutOrStdout(), built[0].Ref, built[1].Ref)
}

func printRefs(w io.Writer, refs ...string) error {
	_, err := fmt.Fprintln(w, strings.Join(refs, "\n"))
	return err
}

// imagesError gives the errors that the user can mend their exit code.
func imagesError(err error) error {
	if errors.Is(err, images.ErrNotReady) || errors.Is(err, engine.ErrUnreachable) {
		return exitError{exitEnvironment, err}
	}
	return err
}

// The kinds of images, and where they are.
const (
	imageNamed    = "named"
	imageOfficial = "official"
	imageOwn      = "own"

	imageLocal    = "local"
	imageRegistry = "registry"
	imageNowhere  = "nowhere"
)

// imageChoice is the image a run would take for a server.
type imageChoice struct {
	// Server is postgres or redis.
	Server string `json:"server"`
	Ref    string `json:"ref"`
	// Kind is named, official or own; Where is local, registry or nowhere.
	Kind  string `json:"kind"`
	Where string `json:"where"`
	// Digest is what its registry knows a local image by, or its own when it was made here.
	Digest    string `json:"digest,omitempty"`
	SizeBytes int64  `json:"size_bytes,omitempty"`
	// absent says why it is nowhere.
	absent error
}

// text is the choice in a line of talk.
func (c imageChoice) text() string {
	if c.Where == imageRegistry {
		return c.Ref + " can be pulled"
	}
	return c.Ref + " is here"
}

// chooseImages finds the images of both servers, Postgres' first.
func chooseImages(ctx context.Context, e *engine.Engine) ([]imageChoice, error) {
	ctx, cancel := context.WithTimeout(ctx, choiceLimit)
	defer cancel()
	choices := make([]imageChoice, 2)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		choices[0], err = chooseImage(ctx, e, "postgres", os.Getenv("REHEARSE_POSTGRES_IMAGE"), containers.OfficialPostgres, containers.OwnPostgres)
		return err
	})
	g.Go(func() (err error) {
		choices[1], err = chooseImage(ctx, e, "redis", os.Getenv("REHEARSE_REDIS_IMAGE"), containers.OfficialRedis, containers.OwnRedis)
		return err
	})
	return choices, g.Wait()
}

func chooseImage(ctx context.Context, e *engine.Engine, server, named, official, own string) (imageChoice, error) {
	found, err := containers.ChooseImage(ctx, e, named, official, own)
	if err != nil {
		return imageChoice{}, err
	}
	c := imageChoice{Server: server, Ref: found.Ref, Kind: imageOfficial, Where: imageLocal}
	switch {
	case named != "":
		c.Kind = imageNamed
	case found.Ref != official:
		c.Kind = imageOwn
	}
	if found.Image != nil {
		c.Digest, c.SizeBytes = cmp.Or(found.Image.Digest, found.Image.ID), found.Image.SizeBytes
		return c, nil
	}
	c.Where = imageRegistry
	if err := e.Registry(ctx, found.Ref); errors.Is(err, engine.ErrUnreachable) {
		return c, err
	} else if err != nil {
		c.Where, c.absent = imageNowhere, err
	}
	return c, nil
}

// errNamed marks an image that was named: for such a one no build helps.
var errNamed = errors.New("it was named")

// missing says what to do about images that are nowhere, those that were named first; nil when none is.
func missing(choices []imageChoice) (err error) {
	for _, c := range choices {
		switch {
		case c.Where != imageNowhere:
		case c.Kind == imageNamed:
			return fmt.Errorf("the image %s is not here and cannot be pulled (%w, %w); check the name, or load it with: docker load", c.Ref, errNamed, c.absent)
		case err == nil:
			err = fmt.Errorf("the image %s is not here and cannot be pulled (%w); type: rehearse images build", c.Ref, c.absent)
		}
	}
	return err
}

func listImages(cmd *cobra.Command, asJSON bool) error {
	e, err := engine.Open(cmd.Context(), engine.Config{})
	if err != nil {
		return imagesError(err)
	}
	defer e.Close()
	choices, err := chooseImages(cmd.Context(), e)
	if err != nil {
		return imagesError(err)
	}
	print := printChoices
	if asJSON {
		print = printChoicesJSON
	}
	if err := print(cmd.OutOrStdout(), choices); err != nil {
		return err
	}
	if err := missing(choices); err != nil {
		return exitError{exitEnvironment, err}
	}
	return nil
}

func printChoicesJSON(w io.Writer, choices []imageChoice) error {
	return visible.JSON(w, struct {
		Schema string        `json:"schema"`
		Images []imageChoice `json:"images"`
	}{imagesSchema, choices})
}

func printChoices(w io.Writer, choices []imageChoice) error {
	t := newTable()
	t.AppendHeader(table.Row{"server", "image", "kind", "where", "digest", "MiB"})
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "MiB", Align: text.AlignRight}})
	for _, c := range choices {
		size := any("")
		if c.SizeBytes > 0 {
			size = c.SizeBytes >> 20
		}
		t.AppendRow(table.Row{c.Server, c.Ref, c.Kind, c.Where, shortDigest(c.Digest), size})
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

// shortDigest is enough of a digest to find it.
func shortDigest(digest string) string {
	algorithm, hex, found := strings.Cut(digest, ":")
	if !found {
		return digest
	}
	return algorithm + ":" + hex[:min(len(hex), 12)]
}
