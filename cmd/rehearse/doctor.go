package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/doctor"
	"github.com/rehearse-dev/rehearse/harness/presence"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/reports/visible"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// doctorSchema names the form of what doctor --json prints.
const doctorSchema = "rehearse.doctor/1"

func newDoctor() *cobra.Command {
	var config doctor.Config
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell whether this machine can hold a rehearsal, and what to type if not",
		Long: `doctor looks at Docker and its images, at the installed servers, and at what the machine has left of CPU, memory,
disk, files and ports. Each line says what was found, what is required, and the command that mends it. It starts nothing
and changes nothing; a check that hangs is given up after 10 s.

One back end is enough: what is missing for the other one only is a note. A busy machine is a note as well, since a
rehearsal starts on it and its numbers are noisy. The exit code is 0 when a rehearsal can start, 3 when it cannot.
Paste the output into a bug report.

REHEARSE_POSTGRES_IMAGE and REHEARSE_REDIS_IMAGE name images like the flags do; REHEARSE_HOME names the directory where
the servers keep their data; DOCKER_HOST says where Docker is.`,
		Example: `  rehearse doctor                       what is missing, and what to type
  rehearse doctor --stack containers    can it be containers?
  rehearse doctor --json                the same for a machine`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return examine(cmd, config, asJSON) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print JSON instead of the table")
	flags.StringVar(&config.Stack, "stack", stack.BackendAuto, "back end: auto, containers or processes")
	flags.StringVar(&config.Servers.PostgresImage, "postgres-image", "", "`image` of Postgres for containers (default: found)")
	flags.StringVar(&config.Servers.RedisImage, "redis-image", "", "`image` of Redis for containers (default: found)")
	flags.StringVar(&config.Servers.PostgresBin, "postgres-bin", "", "`directory` of postgres and initdb (default: found)")
	flags.StringVar(&config.Servers.RedisBin, "redis-bin", "", "`directory` of redis-server (default: found)")
	return cmd
}

// examine prints the findings. The exit code says what they mean, so there is nothing left for an error to say.
func examine(cmd *cobra.Command, config doctor.Config, asJSON bool) error {
	if err := oneOf("stack", config.Stack, backends()); err != nil {
		return err
	}
	config.Servers.PostgresImage = cmp.Or(config.Servers.PostgresImage, os.Getenv("REHEARSE_POSTGRES_IMAGE"))
	config.Servers.RedisImage = cmp.Or(config.Servers.RedisImage, os.Getenv("REHEARSE_REDIS_IMAGE"))
	var err error
	if config.Connections, err = connections(); err != nil {
		return err
	}
	config.Others = func() (names []string) {
		for _, other := range presence.Others("") {
			names = append(names, other.String())
		}
		return names
	}
	report := doctor.Examine(cmd.Context(), config)
	if cmd.Context().Err() != nil {
		return context.Cause(cmd.Context())
	}
	print := printFindings
	if asJSON {
		print = printFindingsJSON
	}
	if err := print(cmd.OutOrStdout(), report); err != nil {
		return err
	}
	if !report.Ready {
		return exitError{code: exitEnvironment}
	}
	return nil
}

// connections are those open at worst in a run of the shipped scenarios: two for each hit in flight, to the calling
// services and from them, when every answer takes as long as the timeout.
func connections() (int, error) {
	most := 0.0
	for _, name := range scenarios.Shipped() {
		s, err := new(variation).read(name)
		if err != nil {
			return 0, err
		}
		p := s.Plan()
		most = max(most, 2*peakRate(p.Stages)*p.Timeout.Seconds())
	}
	return int(most), nil
}

// printFindingsJSON prints the report under the name of its schema, with the binary that made it.
func printFindingsJSON(w io.Writer, report doctor.Report) error {
	release, revision := build()
	return visible.JSON(w, struct {
		Schema  string `json:"schema"`
		Version string `json:"version"`
		Commit  string `json:"commit"`
		System  string `json:"system"`
		doctor.Report
	}{doctorSchema, release, revision, runtime.GOOS + "/" + runtime.GOARCH, report})
}

// printFindings prints a table with each fix below its line, and the sentence.
func printFindings(w io.Writer, report doctor.Report) error {
	release, revision := build()
	t := newTable()
	t.AppendHeader(table.Row{"check", "", "found", "required"})
	for _, f := range report.Findings {
		t.AppendRow(table.Row{strings.ReplaceAll(f.Check, "_", " "), mark(f.Level), visible.Line(f.Found), visible.Line(f.Required)})
	}
	const heading = 2 // the names of the columns and the line below them
	lines := strings.Split(t.Render(), "\n")
	colour := coloured(w)
	var b strings.Builder
	fmt.Fprintf(&b, "rehearse %s (commit %s) on %s/%s\n\n%s\n", release, revision, runtime.GOOS, runtime.GOARCH, strings.Join(lines[:heading], "\n"))
	for i, f := range report.Findings {
		fmt.Fprintln(&b, painted(lines[heading+i], f.Level, colour))
		if f.Fix != "" {
			fmt.Fprintf(&b, "    fix: %s\n", visible.Line(f.Fix))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", visible.Line(report.Summary))
	if colour {
		return composed(w, b.String())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mark is the level as the table writes it: what keeps a rehearsal from starting has to stand out without colours.
func mark(l doctor.Level) string {
	if l == doctor.Problem {
		return strings.ToUpper(l.String())
	}
	return l.String()
}

// painted is a line of the table with its mark in colour.
func painted(line string, l doctor.Level, colour bool) string {
	if !colour || l == doctor.OK {
		return line
	}
	ink := text.Colors{text.FgYellow}
	if l == doctor.Problem {
		ink = text.Colors{text.FgRed, text.Bold}
	}
	// Not Sprint, which asks the environment: whether to colour is the caller's decision.
	return strings.Replace(line, mark(l), text.Escape(mark(l), ink.EscapeSeq()), 1)
}
