package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Whatever a run directory holds, a report on it ends, in a verdict or a refusal, and takes less than a gigabyte of memory.
func TestHostileRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("-short reads no record of millions of lines")
	}
	t.Parallel()
	for name, tt := range map[string]struct {
		file   string
		change func(text string) string
		verbs  []string
	}{
		"a million windows": {"windows.jsonl", func(text string) string {
			const line = "{\"stage\":\"peak\",\"op\":\"verify\",\"second\":1,\"offered\":1,\"sent\":1,\"completed\":1,\"response\":[[1980416,1]],\"lag\":[[99840,1]]}\n"
			return text + strings.Repeat(line, 1_000_000)
		}, []string{"compare run run"}},
		"no end of windows": {"windows.jsonl", func(text string) string {
			return text + strings.Repeat("{\"stage\":\"peak\",\"op\":\"verify\",\"second\":1}\n", 2_000_000)
		}, []string{"report run", "compare run run", "baseline save run"}},
		"no end of operations and states": {"run.json", func(text string) string {
			for _, list := range []string{"operations", "states"} {
				more := ""
				for i := range 990 {
					more += fmt.Sprintf("\"x%d\", ", i)
				}
				text = strings.Replace(text, "\""+list+"\": [", "\""+list+"\": ["+more, 1)
			}
			return text
		}, []string{"report run", "compare run run", "baseline save run"}},
		"a counter that explodes": {"samples.jsonl", func(text string) string {
			const line = "{\"at_seconds\":%d,\"trial\":0,\"source\":\"primary\",\"values\":{\"checkpoints_total\":%d}}\n"
			return text + fmt.Sprintf(line, 7, 0) + fmt.Sprintf(line, 8, int64(1e18))
		}, []string{"report run", "compare run run", "baseline save run"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "run"), os.DirFS(filepath.Join("..", "..", "reports", "testdata", "runs", "pass"))); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "run", tt.file)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(tt.change(string(text))), 0o644); err != nil {
				t.Fatal(err)
			}
			for _, verb := range tt.verbs {
				endsWithin(t, dir, verb)
			}
		})
	}
}

// endsWithin runs a verb in a process of its own, and looks at how it ended and at the most memory that was resident.
func endsWithin(t *testing.T, dir, verb string) {
	t.Helper()
	const most = 1 << 30
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // or it hangs
	defer cancel()
	cmd := exec.CommandContext(ctx, "rehearse", strings.Fields(verb)...)
	cmd.Dir = dir
	out, _ := cmd.CombinedOutput() // the exit code says it
	code := cmd.ProcessState.ExitCode()
	if !slices.Contains([]int{0, exitUsage, exitInconclusive, exitBreached}, code) || bytes.Contains(out, []byte("goroutine ")) {
		t.Errorf("%s: got %v and %.3000s", verb, cmd.ProcessState, out)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("no resource usage")
	}
	if taken := usage.Maxrss << 10; taken > most {
		t.Errorf("%s: took %d MiB of memory, want less than %d", verb, taken>>20, most>>20)
	}
	t.Logf("%s: exit %d, %d MiB, %v of the processors", verb, code, usage.Maxrss>>10, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
}
