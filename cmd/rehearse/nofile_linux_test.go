package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// special are kinds of what stands in a directory and is no file: opened like one, a pipe is waited for, a socket cannot be
// opened, and a device has no end.
func special() map[string]func(path string) error {
	return map[string]func(path string) error{
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"socket": func(path string) error { return syscall.Mknod(path, syscall.S_IFSOCK|0o600, 0) },
		"device": func(path string) error { return os.Symlink("/dev/zero", path) },
	}
}

// Wherever somebody names a path, or a record or a scenario does, what stands there may be anything: it is told at once, and
// neither waited for nor replaced.
func TestNoFile(t *testing.T) {
	if testing.Short() {
		t.Skip("-short tries no eighty commands")
	}
	t.Parallel()
	for _, tt := range []struct {
		name string

		// path is where it stands, and args what runs beside it.
		path, args string
		env        string
		code       int
		// want is in what is said.
		want string
	}{
		{"a scenario to validate", "x.yaml", "validate x.yaml", "", exitUsage, "x.yaml: is no regular file; write the scenario into one, and name that"},
		{"a scenario to plan", "x.yaml", "plan x.yaml", "", exitUsage, "x.yaml: is no regular file"},
		{"a scenario to run", "x.yaml", "run x.yaml", "", exitUsage, "x.yaml: is no regular file"},
		{"a scenario that a shell asks about", "x.yaml", "__complete plan x.yaml --only a", "", exitPass, ":6"},
		{"the scenario of a run that a shell asks about", "run/scenario.yaml", "__complete report run --budget a", "", exitPass, ":6"},
		{"the directory of a scenario", "dir", "validate dir/x.yaml", "", exitUsage, "dir/x.yaml: not a directory"},
		{"the file of a replay", "peak.csv", "validate replay.yaml", "", exitUsage, "traffic.stages[0].replay.file: peak.csv "},
		{"the file of a replay in a run", "replayed/peak.csv", "report replayed", "", exitUsage, "traffic.stages[0].replay.file: peak.csv "},
		{"a run", "other", "report other", "", exitUsage, "other"},
		{"a run to compare", "other", "compare other run", "", exitUsage, "read the saved baseline: open"},
		{"a run to save", "other", "baseline save other", "", exitUsage, "other"},
		{"the scenario of a run", "run/scenario.yaml", "report run", "", exitUsage, "scenario.yaml: "},
		{"a saved baseline", "b.json", "report run --baseline b.json", "", exitUsage, "read the saved baseline: open"},
		{"a saved baseline to run against", "b.json", "run tiny.yaml --baseline b.json", "", exitUsage, "read the saved baseline: open"},
		{"a baseline to write", "b.json", "baseline save run b.json", "", exitUsage, "it stays: name another file, or move it away"},
		{"the directory of a baseline to write", "dir", "baseline save run dir/b.json", "", exitUsage, "open dir/b.json: not a directory; it stays"},
		{"a picture", "x.svg", "plan tiny.yaml --chart x.svg", "", exitUsage, "x.svg: is there, and is no file; name another one"},
		{"the directory of a picture", "dir", "plan tiny.yaml --chart dir/x.svg", "", exitUsage, "dir/x.svg: not a directory"},
		{"the place of a comparison", "dir", "compare run run -o dir", "", exitUsage, "dir: not a directory; choose another directory with -o"},
		{"the charts of a comparison", "cmp/charts", "compare run run -o cmp", "", exitUsage, "charts: not a directory"},
		{"the charts of a run", "run/charts", "report run", "", exitUnexpected, "charts: not a directory"},
		{"the place of runs", "dir", "run tiny.yaml --out dir", "", exitEnvironment, "dir: not a directory; choose another place with --out"},
		{"a starter", "new.yaml", "init new.yaml", "", exitUsage, "new.yaml: is there already"},
		{"the schema beside a starter", "rehearse.schema.json", "init new.yaml", "", exitUsage, "rehearse.schema.json: is there, and is no schema of rehearse"},
		{"the summary of a step", "step", "report run --no-fail", "GITHUB_STEP_SUMMARY=step", exitPass, ""},
		{"a home", "home", "clean", "REHEARSE_HOME=home", exitEnvironment, "set REHEARSE_HOME to a directory of yours"},
		{"the mark of a home", "made/made-by-rehearse", "run tiny.yaml --stack processes", "REHEARSE_HOME=made", exitEnvironment, "made is not empty"},
		{"the lock of a home", "made/lock", "run tiny.yaml --stack processes", "REHEARSE_HOME=made", exitEnvironment, "made is not empty"},
	} {
		for kind, make := range special() {
			t.Run(tt.name+"/"+kind, func(t *testing.T) {
				dir := noFileSite(t, tt.path+" "+tt.args)
				if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, tt.path)), 0o700), os.RemoveAll(filepath.Join(dir, tt.path)),
					make(filepath.Join(dir, tt.path))); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // or it waits for ever
				defer cancel()
				cmd := exec.CommandContext(ctx, "rehearse", strings.Fields(tt.args)...)
				cmd.Dir, cmd.Env = dir, append(os.Environ(), "GITHUB_ACTIONS=true", "REHEARSE_HOME="+filepath.Join(dir, "bare"), tt.env)
				out, _ := cmd.CombinedOutput() // the exit code says it
				if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(string(out), tt.want) || ctx.Err() != nil {
					t.Errorf("%s: got %v, want exit code %d and %q in:\n%.2000s", tt.args, cmd.ProcessState, tt.code, tt.want, out)
				}
				if info, err := os.Lstat(filepath.Join(dir, tt.path)); err != nil || info.Mode().IsRegular() {
					t.Errorf("what was there is gone: %v, %v", info, err)
				}
			})
		}
	}
}

// noFileSite is a directory with scenarios, of which one has its rates in a file, and with the runs that are spoken of.
func noFileSite(t *testing.T, spoken string) string {
	t.Helper()
	dir := t.TempDir()
	const scenario = "version: 1\nname: tiny\nrounds: 1\nsystem: {name: carshare}\ntraffic:\n  stages:\n    - {name: peak, %s}\n"
	recorded := os.DirFS(filepath.Join("..", "..", "reports", "testdata", "runs", "pass"))
	shapes := map[string]string{"tiny.yaml": "hold: 10/s, for: 2s", "replay.yaml": "replay: {file: peak.csv}"}
	var err error
	for _, run := range []string{"run", "replayed"} {
		if regexp.MustCompile(`\b` + run + `\b`).MatchString(spoken) {
			err = errors.Join(err, os.CopyFS(filepath.Join(dir, run), recorded))
		}
	}
	if strings.Contains(spoken, "replayed") {
		shapes["replayed/scenario.yaml"] = shapes["replay.yaml"]
	}
	for name, shape := range shapes {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, scenario, shape), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
