package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// tame runs a command line, of which what it makes is not the point, and looks at what it prints.
func tame(t *testing.T, args ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	run(t.Context(), args, &stdout, &stderr)
	for name, text := range map[string]string{"stdout": stdout.String(), "stderr": stderr.String()} {
		if at := astray().FindStringIndex(text); at != nil {
			t.Errorf("%s of %q has %q in it", name, args, text[max(at[0]-40, 0):min(at[1]+40, len(text))])
		}
	}
}

// hostileScenario is one that says something bad wherever any text will do.
func hostileScenario() string {
	quoted := must(json.Marshal(bad))
	return "version: 1\nname: described\ndescription: " + string(quoted) + `
rounds: 1
system: {data: {users: 500, dead_tokens: 5000, live_tokens: 8000}, password_iterations: 10}
traffic: {stages: [{name: peak, hold: 50/s, for: 2s}]}
phases: [extract-main]
budgets: [{metric: p95, max: 5s}]
`
}

// Whatever stands in a field of a scenario, in the name of a file or in a flag, no verb prints a control, and no line that a
// build server obeys.
func TestOutsideText(t *testing.T) {
	if testing.Short() {
		t.Skip("-short tries no hundreds of texts")
	}
	t.Chdir(t.TempDir())
	t.Setenv("REHEARSE_HOME", t.TempDir())
	text, name := hostileScenario(), bad+".yaml"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	short := []string{"--stack", "processes", "--postgres-bin", "."} // it comes as far as to look for its servers
	tame(t, "plan", name, "--chart", bad+".svg")
	tame(t, "validate", name)
	tame(t, append([]string{"run", name, "--out", bad}, short...)...)
	tame(t, append([]string{"run", name}, short...)...)
	for _, dir := range []string{bad, "out"} {
		tame(t, "report", filepath.Join(dir, latestName))
		tame(t, "compare", filepath.Join(dir, latestName), filepath.Join(dir, latestName))
		tame(t, "baseline", "save", filepath.Join(dir, latestName))
	}
	tame(t, "init", bad+"2.yaml")
	tame(t, "init", bad+"2.yaml")
	quoted := must(json.Marshal(bad))
	for _, key := range scenarios.Keys([]string{"peak"}, vocabularies()...) {
		key = strings.ReplaceAll(key, "budgets[]", "budgets[0]")
		set := []string{"--set", key + "=" + string(quoted)}
		tame(t, append([]string{"plan", name}, set...)...)
		tame(t, append([]string{"validate", name}, set...)...)
		for _, format := range []string{"json", "gitlab"} {
			tame(t, append([]string{"validate", name, "--format", format}, set...)...)
		}
	}
	// A file that a scenario names.
	series := strings.Replace(text, "hold: 50/s, for: 2s", "replay: {file: "+strings.Replace(string(quoted), `x"`, `x.csv"`, 1)+"}", 1)
	if err := os.WriteFile(bad+".csv", []byte("time,"+strings.ReplaceAll(bad, "\n", "")+"\n1,"+bad), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("series.yaml", []byte(series), 0o600); err != nil {
		t.Fatal(err)
	}
	tame(t, "validate", "series.yaml")
	tame(t, "plan", "series.yaml")
}

// Whatever stands in a field of a record, no verb that reads it prints a control either.
func TestOutsideRecord(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short tries no hundreds of texts")
	}
	source := filepath.Join("..", "..", "reports", "testdata", "runs", "fail")
	other, err := filepath.Abs(source)
	if err != nil {
		t.Fatal(err)
	}
	dir, quoted := recorded(t, "fail"), string(must(json.Marshal(bad)))
	for name, most := range map[string]int{record.HeaderFile: 90, record.EventsFile: 12} {
		path := filepath.Join(dir, name)
		kept := string(must(os.ReadFile(path)))
		// Each text by itself: what refuses one of them hides the others.
		fields := regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"`).FindAllStringIndex(kept, most)
		for _, field := range fields {
			text := kept[:field[0]] + quoted + kept[field[1]:]
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			tame(t, "compare", dir, other, "--anyway")
		}
		if err := os.WriteFile(path, []byte(kept), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// A run that never began says why.
	events := `{"at_seconds":0,"trial":-1,"kind":"interrupted","text":` + quoted + `,"values":{"exit":3}}` + "\n"
	for name, text := range map[string]string{record.EventsFile: events, record.WindowsFile: "", record.SamplesFile: ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tame(t, "report", dir)
	tame(t, "compare", dir, other)
	tame(t, "baseline", "save", dir)
}
