package main

import (
	"cmp"
	"errors"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/scenarios"
)

func newReport() *cobra.Command {
	var asJSON bool
	var j judging
	cmd := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Judge a recorded run again and rebuild its reports",
		Long: `report reads a run directory, judges it by the scenario kept in it, and writes its reports anew: tables, charts,
and files for build servers. It needs no database, and nothing but the directory. RUN is a run directory, or the name of one
in out; without it, it is out/latest. A run that was cut short is reported as far as it went; of one that never began it is
told why. The exit code is the verdict's, as after run, and for a run that never began that of the run.`,
		Example: `  rehearse report                    the latest run, out/latest
  rehearse report latest --json      its summary.json
  rehearse report --budget 'peak: p95 < 20ms'  judged by one budget more`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("%s named; name one, or none for %s", counted(len(args), "run"), latestRun())
			}
			return nil
		},
		ValidArgsFunction: completeRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := runDirectory(append(args, latestRun())[0])
			if err != nil {
				return err
			}
			return report(cmd, dir, j, asJSON)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&asJSON, "json", false, "print summary.json instead of the tables")
	addBudgets(cmd, &j.budgets)
	addBaseline(cmd, &j.baseline)
	j.ending.addFlags(cmd)
	return cmd
}

// judging is what a run is judged by besides its record.
type judging struct {
	// budgets in short, on top of those of the scenario.
	budgets []string
	// baseline is the file of a saved one; empty is the one in the run directory, if any.
	baseline string
	ending   ending
}

// report judges the run in dir and prints what it found, even where the reports cannot be written. A directory that
// cannot be read as a run is a mistake of the caller.
func report(cmd *cobra.Command, dir string, j judging, asJSON bool) error {
	frugal()
	if err := throughLatest(dir); err != nil {
		return err
	}
	if u := unmeasuredIn(dir); u != nil {
		return reportUnmeasured(cmd, u, j, asJSON)
	}
	of, err := tell(cmd, cmd.ErrOrStderr(), dir, j, asJSON)
	if of == nil {
		// What has no code of its own is a directory that is no run.
		if _, coded := errors.AsType[exitError](err); !coded {
			err = exitError{exitUsage, err}
		}
		return err
	}
	verdict, _, unfinished := of.end()
	return j.ending.endWith(cmd, verdict, cmp.Or(err, unfinished))
}

// frugal has memory collected at a quarter more than is in use, not at twice as much: a record is read once and looked at a few
// times, so what that costs in time is little.
func frugal() { debug.SetGCPercent(25) }

// look judges a run and writes nothing.
func look(dir string, j judging) (*judge.Ledger, *model.Summary, error) {
	recorded, err := openRun(new(record.Room), dir)
	if err != nil {
		return nil, nil, err
	}
	scenario, err := j.scenario(dir, recorded)
	if err != nil {
		return nil, nil, err
	}
	saved, err := j.saved(dir, scenario.Name)
	if err != nil {
		return nil, nil, err
	}
	of := judge.Examine(recorded)
	s, err := of.Summarize(saved, scenario)
	return of, s, err
}

// scenario is the one in the run directory, with the budgets of the command line. Those stand on no line of its file.
func (j judging) scenario(dir string, recorded *record.Run) (*scenarios.Scenario, error) {
	open := func() *scenarios.File {
		file := scenarios.Open(filepath.Join(dir, record.ScenarioFile), recorded.Scenario, vocabularies()...)
		file.Beside(directory(dir))
		file.Recorded()
		return file
	}
	kept, err := open().Read()
	if err != nil || len(j.budgets) == 0 {
		return kept, err
	}
	file := open()
	for _, budget := range j.budgets {
		file.Budget(budget)
	}
	varied, err := file.Read()
	if err != nil {
		return nil, err
	}
	for i := range varied.Budgets {
		varied.Budgets[i].Line = 0
		if i < len(kept.Budgets) {
			varied.Budgets[i].Line = kept.Budgets[i].Line
		}
	}
	return varied, nil
}

// saved is the baseline that was named, or else the one that the run directory keeps, if any.
func (j judging) saved(dir, scenario string) (*model.Baseline, error) {
	if j.baseline != "" {
		return baselineOf(j.baseline, scenario)
	}
	kept, err := judge.KeptBaseline(dir)
	if err != nil || kept == nil {
		return nil, err
	}
	return fitting(kept, filepath.Join(dir, judge.BaselineFile), scenario)
}

// written says where the reports are.
func written(dir string, files []string) string {
	return "reports in " + dir + ": " + strings.Join(files, ", ")
}
