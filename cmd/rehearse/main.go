// Command rehearse puts a system under the scripted traffic of a peak event, changes its architecture one phase at a
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
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns its exit code. The first interrupt cancels the context of the verb, so that
// it can finish what it has begun; a second one ends the process at once.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, release := untilSignal(ctx)
	defer release()
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	redis.SetLogger(silence{})
	return conclude(ctx, root.ExecuteContext(ctx), stderr)
}

// silence keeps the Redis client from writing lines of its own to stderr; its errors are returned as well.
type silence struct{}

// Printf implements the client's logger.
func (silence) Printf(context.Context, string, ...any) {}

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string {
	if i.signal == syscall.SIGTERM {
		return "interrupted by SIGTERM"
	}
	return "interrupted by SIGINT"
}

// untilSignal is ctx until SIGINT or SIGTERM arrives. After the first one the signals have their usual effect again.
func untilSignal(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			if number, ok := s.(syscall.Signal); ok {
				cancel(interrupted{number})
			}
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// conclude prints err and what the exit code means, and returns the code.
func conclude(ctx context.Context, err error, stderr io.Writer) int {
	code := codeOf(ctx, err)
	if code == exitPass {
		return code
	}
	explain(err, stderr)
	fmt.Fprintf(stderr, "exit %d: %s\n", code, meaning(code))
	return code
}
