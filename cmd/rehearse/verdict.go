package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/reports/model"
)

// ending is how a verb that judges a run ends.
type ending struct{ noFail bool }

func (e *ending) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&e.noFail, "no-fail", false, "exit with 0 whatever the verdict, for demos; the last line says what it would have been")
}

// end makes an exit code of the verdict. For what is no failure it says the last line itself; see conclude for the others.
func (e ending) end(cmd *cobra.Command, verdict model.Verdict) error {
	err := verdictError(verdict)
	switch code := codeOf(cmd.Context(), err); {
	case code == exitPass:
		fmt.Fprintf(cmd.ErrOrStderr(), "exit %d: %s\n", code, meaning(code))
	case e.noFail:
		fmt.Fprintf(cmd.ErrOrStderr(), "exit %d: --no-fail; without it exit %d: %s\n", exitPass, code, meaning(code))
	default:
		return err
	}
	return exitError{code: exitPass}
}

// endWith ends with the verdict, which counts more than what went wrong after it. Where there is none, only that is left.
func (e ending) endWith(cmd *cobra.Command, verdict *model.Verdict, err error) error {
	switch {
	case verdict == nil:
		return err
	case err != nil:
		return errors.Join(verdictError(*verdict), err)
	}
	return e.end(cmd, *verdict)
}

// verdictError is the verdict as an exit code.
func verdictError(verdict model.Verdict) error {
	switch verdict {
	case model.Pass:
		return nil
	case model.Fail:
		return exitError{code: exitBreached}
	default:
		return exitError{code: exitInconclusive}
	}
}
