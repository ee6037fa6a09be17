package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

func TestMain(m *testing.M) {
	// The commands a script may run; each runs in a process of its own, as from a shell.
	testscript.Main(household{m}, map[string]func(){
		"rehearse": main,
	})
}

// household runs the tests of this package with one place for seeded data, and side by side.
//
// A test that needs the machine to itself, for what it says of latencies or of rates, is one without t.Parallel: those come
// first, one after the other. All others run beside each other, one for each processor: what they hold a run to is counted,
// which company does not spoil, but with twice as many a peak of a hundred requests a second is more than is answered, and with
// three for two processors, beside a load of others, services in containers were not ready in their half minute.
type household struct{ m *testing.M }

// sharedData is the variable that names the place for seeded data.
const sharedData = "REHEARSE_TEST_DATA"

func (h household) Run() int {
	dir, err := os.MkdirTemp("", "rehearse-data-")
	// Only rehearse looks into it.
	err = errors.Join(err, os.Setenv(sharedData, dir))
	defer os.RemoveAll(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return h.m.Run()
}

// Every command line worth a promise is a script in testdata/script; -update rewrites what they compare.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			recorded, err := filepath.Abs(filepath.Join("..", "..", "reports", "testdata", "runs"))
			env.Setenv("RUNS", recorded)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"fill":  fill,
			"edit":  edit,

			"hostile": hostile,
		},
	})
}

// exits CODE COMMAND... runs a command and compares its exit code, and demands that the last line on stderr says it.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	stderr := strings.TrimRight(ts.ReadFile("stderr"), "\n")
	last := stderr[strings.LastIndex(stderr, "\n")+1:]
	if !strings.HasPrefix(last, "exit "+args[0]+": ") {
		ts.Fatalf("got %v and the last line %q, want exit %s", err, last, args[0])
	}
	if got, want := fmt.Sprint(err), "exit status "+args[0]; got != want && !(err == nil && args[0] == "0") {
		ts.Fatalf("got %s, want %s", got, want)
	}
}

// fill FILE KIND makes a file that does not fit into a script.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	kinds := map[string][]byte{
		"large":  bytes.Repeat([]byte("# a comment that goes on\n"), 2<<20/25),
		"binary": {0x7f, 'E', 'L', 'F', 0, 1, 2, 0xff},
		"latin1": []byte("name: caf\xe9\n"),
		"mac":    []byte("time,rate\r0,100\r60,200\r"),
		"nested": bytes.Repeat([]byte("["), 1<<19),
	}
	if neg || len(args) != 2 || kinds[args[1]] == nil {
		ts.Fatalf("usage: fill FILE KIND")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), kinds[args[1]], 0o600))
}

// edit FILE OLD NEW replaces the one place that says OLD.
func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if strings.Count(text, args[1]) != 1 {
		ts.Fatalf("%s says %q %d times, want once", args[0], args[1], strings.Count(text, args[1]))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

// bad is what leads a terminal, a build server or a reader's eye astray, in a text from outside.
const bad = "x\n ::error::x\x1b[31m\x1b]0;t\a\r\b\u009b2J\u202e\u2066\u200b##[error]y##vso[z]"

// astray finds what of it has left rehearse, as a terminal or a build server would obey it.
func astray() *regexp.Regexp {
	return regexp.MustCompile(`(?m)[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{200b}\x{202a}-\x{202e}\x{2066}-\x{2069}]|^[ \t]*::|##\w*\[`)
}

// hostile FILE... puts into files, and hostile rehearse ARGS... into arguments, in place of each BAD what leads a terminal, a
// build server or a reader's eye astray. Nothing of it may leave rehearse.
func hostile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: hostile FILE... or hostile rehearse ARGS...")
	}
	// As JSON has it, which is what a record is.
	quoted, err := json.Marshal(bad)
	ts.Check(err)
	escaped := strings.Trim(string(quoted), `"`)
	if args[0] != "rehearse" {
		for _, name := range args {
			ts.Check(os.WriteFile(ts.MkAbs(name), []byte(strings.ReplaceAll(ts.ReadFile(name), "BAD", escaped)), 0o600))
		}
		return
	}
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "BAD", bad)
	}
	// What it makes of them is not the point.
	_ = ts.Exec(args[0], args[1:]...)
	for _, stream := range []string{"stdout", "stderr"} {
		text := ts.ReadFile(stream)
		if at := astray().FindStringIndex(text); at != nil {
			ts.Fatalf("%s of %q has %q in it", stream, args, text[max(at[0]-40, 0):min(at[1]+40, len(text))])
		}
	}
}

// A verb that fails for no reason of its own after a signal exits like any program the signal ended.
func TestInterrupted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cause error
		err   error
		want  int
	}{
		{"SIGINT", interrupted{2}, context.Canceled, exitInterrupted},
		{"SIGTERM", interrupted{15}, context.Canceled, exitTerminated},
		{"a verdict counts more", interrupted{2}, exitError{code: exitBreached}, exitBreached},
		{"no signal", nil, context.Canceled, exitUnexpected},
		{"no error", interrupted{2}, nil, exitPass},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(tt.cause)
			if got := codeOf(ctx, tt.err); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
