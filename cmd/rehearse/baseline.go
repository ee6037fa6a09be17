package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/scenarios"
)

func newBaseline() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "Save what a run measured, to compare later runs with",
		Long: `A saved baseline is a file with the numbers of a run, for the repository of the system. Budgets with of: saved limit
what later runs may make of them: counts anywhere, latencies on a machine of the same class.`,
		Example: `  rehearse baseline save latest
  rehearse run ci-gate --baseline ci-gate.baseline.json --budget 'gate: primary_statements(verify) <= 105% of saved'`,
		Args: knownVerb,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBaselineSave())
	return cmd
}

func newBaselineSave() *cobra.Command {
	anyway := false
	cmd := &cobra.Command{
		Use:   "save RUN [FILE]",
		Short: "Save the numbers of a run directory",
		Long: `save writes the numbers of a run into FILE, by default SCENARIO.baseline.json, and replaces an earlier one. RUN is a run
directory, or the name of one in out, such as latest.
The run has to have reached its end, not failed, and had no defect planted, unless --anyway. Latencies have an interval only from a run of at least two rounds.`,
		Example: `  rehearse baseline save latest
  rehearse baseline save latest ci/peak.baseline.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError("%s given; name a run directory or a run in out, such as %s, and the file if you like", counted(len(args), "argument"), latestName)
			}
			return nil
		},
		ValidArgsFunction: completeRuns,
		RunE:              func(cmd *cobra.Command, args []string) error { return saveBaseline(cmd, args[0], args[1:], anyway) },
	}
	cmd.Flags().BoolVar(&anyway, "anyway", false, "save a run that failed, was cut short, or had a defect planted, too")
	return cmd
}

// saveBaseline saves the run called name. What cannot be saved is a mistake of the caller, who chooses the run and the file.
func saveBaseline(cmd *cobra.Command, name string, file []string, anyway bool) error {
	frugal()
	dir, err := runDirectory(name)
	if err != nil {
		return err
	}
	if err := throughLatest(dir); err != nil {
		return err
	}
	if u := unmeasuredIn(dir); u != nil {
		return exitError{exitUsage, u}
	}
	recorded, err := openRun(new(record.Room), dir)
	if err != nil {
		return exitError{exitUsage, err}
	}
	scenario, err := judging{}.scenario(dir, recorded)
	if err != nil {
		return exitError{exitUsage, err}
	}
	b, err := judge.NewBaseline(recorded, scenario, anyway)
	switch {
	case errors.Is(err, judge.ErrUnfit):
		return usageError("%w; save another run, or this one with --anyway", err)
	case errors.Is(err, judge.ErrCutover):
		return usageError("%w; it cannot be saved, with --anyway or without: save an ordinary run", err)
	case err != nil:
		return usageError("%w; save another run", err)
	}
	to := append(file, b.Scenario+".baseline.json")[0]
	if err := replaceableBaseline(to); err != nil {
		return err
	}
	if err := reports.WriteBaseline(b, to); err != nil {
		return usageError("%w; check the directory and its permissions", err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "wrote %s: %s of %s\n", to, counted(len(b.Numbers), "number"), b.Run)
	for _, told := range judge.Wanting(b) {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: %s\n", told)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "next: rehearse run %s --baseline %s\n", quoted(cmp.Or(recorded.Header.ScenarioPath, b.Scenario)), quoted(to))
	return nil
}

// replaceableBaseline refuses a file that holds anything but an earlier baseline, damaged as that may be: named by mistake, a
// scenario would be lost, and a device such as /dev/null, which root can replace, to the whole machine.
func replaceableBaseline(path string) error {
	text, err := record.ReadFile(path, mostReplaced)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && (len(text) == 0 || bytes.Contains(text, []byte(baselineFormat))):
		return nil
	case err == nil:
		err = fmt.Errorf("%s is there, and is no saved baseline", path)
	}
	return usageError("%w; it stays: name another file, or move it away", err)
}

// mostReplaced is more than any baseline has, in bytes, and baselineFormat is in every one.
const (
	mostReplaced   = 64 << 20
	baselineFormat = `"rehearse.baseline/`
)

// baselineOf is the saved baseline in a file, for a scenario. Without a name there is none.
func baselineOf(name, scenario string) (*model.Baseline, error) {
	if name == "" {
		return nil, nil
	}
	b, err := judge.ReadBaseline(name)
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	return fitting(b, name, scenario)
}

// fitting refuses a baseline of another scenario.
func fitting(b *model.Baseline, name, scenario string) (*model.Baseline, error) {
	if b.Scenario != scenario {
		return nil, usageError("%s is a baseline of %s, not of %s; save one of a run of %s", name, b.Scenario, scenario, scenario)
	}
	return b, nil
}

// wantsBaseline tells whether budgets of a scenario compare with a saved baseline.
func wantsBaseline(s *scenarios.Scenario) bool {
	return slices.ContainsFunc(s.Budgets, func(b scenarios.Budget) bool { return b.Of == scenarios.Saved })
}

// addBaseline makes cmd take a saved baseline.
func addBaseline(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "baseline", "", "saved baseline `file` for budgets that are of: saved")
}
