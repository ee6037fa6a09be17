package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// compareFlags are the flags of compare.
type compareFlags struct {
	options judge.CompareOptions
	out     string
	json    bool
}

func newCompare() *cobra.Command {
	f := &compareFlags{}
	cmd := &cobra.Command{
		Use:   "compare RUN RUN...",
		Short: "Compare runs of different builds with one another",
		Long: `compare puts runs of one build together and holds the builds against that of the first run named: latencies, QPS of
primary and replica, statements per operation and errors, in each state. What is not proven to have changed is marked ~. A
machine differs from run to run, so latencies and errors need two or more runs of each build, measured in turn; counts do
not. A run is a run directory, the name of one in out, latest, or a saved baseline, which stands alone. Runs that differ in
anything but the build of rehearse and of the system are refused with exit code 2, each difference by its name; --anyway
compares them all the same. Whatever has changed, the exit code is 0: budgets decide, see rehearse baseline. But a build
that collapsed, in which a state answered under 90 % of its hits, is exit code 99, and 4 where it is the first one.`,
		Example: `  rehearse compare old new old-again new-again
  rehearse compare ci-gate.baseline.json latest --stage gate
  rehearse compare old-1 new-1 old-2 new-2 old-3 new-3 -o out/compared   also compare.md and charts`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError("%s named; name at least two: run directories, names in out, latest, or saved baselines", counted(len(args), "run"))
			}
			return nil
		},
		ValidArgsFunction: completeRuns,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.compare(cmd, args) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.options.Stage, "stage", "", "compare at this `stage` (default: the headline stage)")
	flags.BoolVar(&f.options.Anyway, "anyway", false, "compare what differs in more than the build, and list the differences as warnings")
	flags.StringVarP(&f.out, "out", "o", "", "write compare.md and charts into this `directory`")
	flags.BoolVar(&f.json, "json", false, "print the comparison as JSON instead of the tables")
	return cmd
}

// compare finds the runs, compares them and shows what it found. All that can be wrong is the caller's choice of runs.
func (f *compareFlags) compare(cmd *cobra.Command, names []string) error {
	frugal()
	var candidates []judge.Candidate
	var errs []error
	room := &record.Room{}
	for _, name := range names {
		candidate, err := findCandidate(name, room)
		candidates, errs = append(candidates, candidate), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return exitError{exitUsage, err}
	}
	c, err := judge.Compare(candidates, f.options)
	if err != nil {
		return exitError{exitUsage, err}
	}
	if f.out != "" {
		if err := reports.WriteComparison(f.out, c); err != nil {
			return usageError("%w; choose another directory with -o", err)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "comparison: %s\n", filepath.Join(f.out, reports.ComparisonFile))
	}
	out := cmd.OutOrStdout()
	if f.json {
		err = reports.JSON(out, c)
	} else {
		err = reports.PrintComparison(out, c, options(out))
	}
	if err != nil {
		return err
	}
	switch c.Verdict() {
	case model.Fail:
		return exitError{exitBreached, errors.New("a build collapsed")}
	case model.Inconclusive:
		return exitError{exitInconclusive, errors.New("the build to compare with collapsed")}
	default:
		return nil
	}
}

// findCandidate is what name stands for: a run directory, a saved baseline, or else the name of a run in out. A record takes
// its memory from room.
func findCandidate(name string, room *record.Room) (judge.Candidate, error) {
	candidate, path := judge.Candidate{Source: name}, located(name)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return candidate, fmt.Errorf("there is no run and no saved baseline %s; %s", name, insteadOfRun(name))
	case err != nil:
		return candidate, fmt.Errorf("%s: %s; check the path and its permissions", name, reason(err))
	case throughLatest(path) != nil:
		return candidate, throughLatest(path)
	case !info.IsDir():
		candidate.Saved, err = judge.ReadBaseline(path)
		return candidate, err
	}
	if u := unmeasuredIn(path); u != nil {
		return candidate, u
	}
	if candidate.Run, err = openRun(room, path); err != nil {
		return candidate, err
	}
	candidate.Scenario, err = judging{}.scenario(path, candidate.Run)
	return candidate, err
}

// located is the path of what name stands for: itself, or else the run in out that is called so.
func located(name string) string {
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) || filepath.Base(name) != name {
		return name
	}
	path := filepath.Join(filepath.Dir(latestRun()), name)
	if _, err := os.Stat(path); err != nil {
		return name
	}
	return path
}

// runDirectory is the run directory that name stands for; one that is nowhere is a mistake of the caller.
func runDirectory(name string) (string, error) {
	dir := located(name)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return "", usageError("there is no run %s; %s", name, insteadOfRun(name))
	}
	return dir, nil
}

// insteadOfRun says what to name when there is no run of this name.
func insteadOfRun(name string) string {
	known := knownRuns()
	if near := scenarios.Nearest(name, known); near != "" {
		return "did you mean " + near + "?"
	}
	if len(known) == 0 {
		return "rehearse run makes one in " + filepath.Dir(latestRun())
	}
	verb := "are"
	if len(known) == 1 {
		verb = "is"
	}
	return fmt.Sprintf("in %s there %s %s", filepath.Dir(latestRun()), verb, strings.Join(known[:min(len(known), 5)], ", "))
}

// knownRuns are the runs in out by their names, the latest first.
func knownRuns() (names []string) {
	entries, err := os.ReadDir(filepath.Dir(latestRun()))
	if err != nil {
		return nil // as before the first run
	}
	for _, entry := range slices.Backward(entries) {
		if _, err := os.Stat(filepath.Join(filepath.Dir(latestRun()), entry.Name(), record.HeaderFile)); err == nil {
			names = append(names, entry.Name())
		}
	}
	return names
}

// completeRuns offers the runs in out besides the files the shell offers.
func completeRuns(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	other := func(name string) bool { return !strings.HasPrefix(name, typed) }
	return slices.DeleteFunc(knownRuns(), other), cobra.ShellCompDirectiveDefault
}
