package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// Exit codes. Scripts rely on them; each has one meaning, for every verb.
const (
	exitPass         = 0
	exitUnexpected   = 1
	exitUsage        = 2
	exitEnvironment  = 3
	exitInconclusive = 4
	exitBreached     = 99
	exitHungUp       = 129
	exitInterrupted  = 130
	exitTerminated   = 143
)

// meaning says an exit code to a person.
func meaning(code int) string {
	switch code {
	case exitPass:
		return "pass"
	case exitUsage:
		return "usage error or invalid scenario"
	case exitEnvironment:
		return "environment not ready"
	case exitInconclusive:
		return "inconclusive: the run does not decide every budget"
	case exitBreached:
		return "failed: a budget is breached, a state collapsed, or answers were wrong"
	case exitHungUp, exitInterrupted, exitTerminated:
		return "interrupted"
	default:
		return "unexpected error"
	}
}

// exitError is an error that decides the exit code. A nil err says nothing more than the code does, as when the report
// has told it all.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// usageError is a mistake of the caller.
func usageError(format string, args ...any) error {
	return exitError{exitUsage, fmt.Errorf(format, args...)}
}

// codeOf is the exit code for err. An error that decides nothing is unexpected, unless a signal ended the verb.
func codeOf(ctx context.Context, err error) int {
	if err == nil {
		return exitPass
	}
	if decided, ok := errors.AsType[exitError](err); ok {
		return decided.code
	}
	if stopped, ok := errors.AsType[interrupted](context.Cause(ctx)); ok {
		// 128 + the signal's number, as shells count it.
		return 128 + int(stopped.signal)
	}
	return exitUnexpected
}

// nodeDied is the cause of a run ended by the death of a server or a service.
type nodeDied struct {
	node string
	err  error
}

func (d nodeDied) Error() string {
	if gone, ok := errors.AsType[stack.NotReadyError](d.err); ok {
		return fmt.Sprintf("during the run %s; %s", gone.What, gone.Do)
	}
	return fmt.Sprintf("%s died during the run: %v", d.node, d.err)
}

func (d nodeDied) Unwrap() error { return d.err }
