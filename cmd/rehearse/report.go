package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/scenarios"
)

func newReport() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "report [DIR]",
		Short: "Judge a recorded run again and rebuild its reports",
		Long: `report reads a run directory, judges it by the scenario kept in it, and writes summary.json, report.md and the
charts anew. It needs no database, and nothing but the directory. A run that was cut short is reported as far as it went.
The exit code is the verdict's, as after run.`,
		Example: `  rehearse report                    the latest run, out/latest
  rehearse report out/latest --json  its summary.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("%d directories named; name one run directory, or none for %s", len(args), latestRun())
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := latestRun()
			if len(args) == 1 {
				dir = args[0]
			}
			return report(cmd, dir, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print summary.json instead of the tables")
	return cmd
}

// latestRun is where run leaves a link to what it measured last.
func latestRun() string { return filepath.Join("out", "latest") }

// report judges the run in dir and prints what it found, even where the reports cannot be written. A directory that
// cannot be read as a run is a mistake of the caller.
func report(cmd *cobra.Command, dir string, asJSON bool) error {
	recorded, s, err := judge(dir)
	if s == nil {
		return exitError{exitUsage, err}
	}
	if err := errors.Join(show(cmd, recorded, s, asJSON), err); err != nil {
		return err
	}
	return verdictError(s)
}

// judge reads a run directory, judges it and writes the reports into it.
func judge(dir string) (*record.Run, *reports.Summary, error) {
	recorded, err := record.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	file := scenarios.Open(filepath.Join(dir, record.ScenarioFile), recorded.Scenario, vocabulary())
	file.Beside(os.DirFS(dir))
	scenario, err := file.Read()
	if err != nil {
		return nil, nil, err
	}
	s, err := reports.Summarize(recorded, scenario)
	if err != nil {
		return nil, nil, err
	}
	return recorded, s, reports.Write(dir, recorded, s)
}

// show prints the tables, or summary.json.
func show(cmd *cobra.Command, recorded *record.Run, s *reports.Summary, asJSON bool) error {
	if asJSON {
		return reports.JSON(cmd.OutOrStdout(), s)
	}
	out := cmd.OutOrStdout()
	return reports.Print(out, recorded, s, reports.Options{Color: isTerminal(out) && os.Getenv("NO_COLOR") == ""})
}

// verdictError is the verdict as an exit code.
func verdictError(s *reports.Summary) error {
	switch s.Verdict {
	case reports.Pass:
		return nil
	case reports.Fail:
		return exitError{code: exitBreached}
	default:
		return exitError{code: exitInconclusive}
	}
}
