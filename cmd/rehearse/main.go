// Command rehearse puts a reference system under the scripted traffic of a peak event, changes its architecture one phase at a
// time, and says what each phase did to latency and to the load of the primary database.
//
// Scope: the command line, one file per verb. This is the only place where the scenario, the environment, the system
// under test, the measurement and the report meet; each of them knows nothing of the others.
//
// Opinion: data goes to stdout and talk to stderr, so every verb can stand in a pipe. Every exit code has one meaning,
// and the last line on stderr says it. An error names what happened, where, and what to do next.
//
// Steps: main calls run; run builds the root command from the list of verbs; the verb's error becomes the exit code.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/rehearse-dev/rehearse/harness/alone"
)

func main() {
	if err := alone.Enter(); err != nil {
		os.Exit(conclude(context.Background(), err, newOutlet(os.Stderr)))
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns its exit code. The first interrupt cancels the context of the verb, so that
// it can finish what it has begun; a second one ends the process at once. What is printed leaves by the two outlets alone.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, release := untilSignal(ctx)
	defer release()
	out, talk := newOutlet(stdout), newOutlet(stderr)
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(talk)
	redis.SetLogger(silence{})
	return conclude(ctx, complete(root.ExecuteContext(ctx), out), talk)
}

// silence keeps the Redis client from writing lines of its own to stderr; its errors are returned as well.
type silence struct{}

// Printf implements the client's logger.
func (silence) Printf(context.Context, string, ...any) {}

// complete makes it an error that what a verb found did not reach stdout. It comes on top of what the verb itself says,
// whose exit code counts more.
func complete(err error, out *outlet) error {
	lost := out.lost()
	if lost == nil {
		return err
	}
	return errors.Join(err, fmt.Errorf("stdout: %s: what was printed there is not all; free some space, or print it elsewhere", reason(lost)))
}

// conclude prints err and what the exit code means, and returns the code.
func conclude(ctx context.Context, err error, stderr io.Writer) int {
	code := codeOf(ctx, err)
	if err == nil {
		return code
	}
	explain(err, stderr)
	if code != exitPass {
		fmt.Fprintf(stderr, "exit %d: %s\n", code, meaning(code))
	}
	return code
}
