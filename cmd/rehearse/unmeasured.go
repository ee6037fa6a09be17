package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// exitValue is under what the end of a run that never began keeps the exit code it had.
const exitValue = "exit"

// unmeasured is a run that ended before its first trial began: a server that did not come up, or another run that was there.
type unmeasured struct {
	dir, why string
	// code is the exit code that the run itself had, where it was kept.
	code int
}

// Error says so, and where there is something to read instead.
func (u unmeasured) Error() string {
	return fmt.Sprintf("%s measured nothing, because it never began: %s; %s", u.dir, u.why, measuredInstead())
}

// unmeasuredIn tells whether the run in dir never began; nil if it did, or cannot be read. Only a record without a window is
// opened, which is a small one.
func unmeasuredIn(dir string) *unmeasured {
	if info, err := os.Stat(filepath.Join(dir, record.WindowsFile)); err != nil || info.Size() > 0 {
		return nil
	}
	run, err := openRun(new(record.Room), dir)
	if err != nil || slices.ContainsFunc(run.Events, func(e record.Event) bool { return e.Kind == record.EventTrialBegin }) {
		return nil
	}
	for _, e := range run.Events {
		if e.Kind != record.EventInterrupted {
			continue
		}
		u := &unmeasured{dir: dir, why: e.Text, code: exitInconclusive}
		for _, code := range []int{exitEnvironment, exitHungUp, exitInterrupted, exitTerminated} {
			if e.Values[exitValue] == float64(code) {
				u.code = code
			}
		}
		return u
	}
	return &unmeasured{dir: dir, why: "it does not say why, and may be booting still", code: exitInconclusive}
}

// measuredInstead says which run to name, or how to come by one.
func measuredInstead() string {
	for _, name := range knownRuns() {
		dir := filepath.Join(filepath.Dir(latestRun()), name)
		if info, err := os.Stat(filepath.Join(dir, record.WindowsFile)); name != latestName && err == nil && info.Size() > 0 {
			return "the last one that measured is " + name
		}
	}
	return "mend that, and run again"
}

// reportUnmeasured rebuilds what build servers read of a run that never began, and ends as it did: there are no tables to show.
func reportUnmeasured(cmd *cobra.Command, u *unmeasured, j judging, asJSON bool) error {
	of, err := judgeRun(u.dir, j)
	if of != nil {
		if asJSON {
			err = errors.Join(err, of.print(cmd.OutOrStdout(), true))
		}
		of.annotate(cmd.ErrOrStderr())
	}
	return errors.Join(exitError{u.code, *u}, err)
}
