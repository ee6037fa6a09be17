package scenarios

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"
)

// loadSchema is the schema as another program reads it.
func loadSchema(t *testing.T) map[string]any {
	t.Helper()
	text, err := Schema(carshare())
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// complete is the file that has every key, as a document of its own.
func complete(t *testing.T) *yaml.Node {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "complete.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return document.Content[0]
}

// judged is what the reader and the schema say of a file.
func judged(t *testing.T, s map[string]any, n *yaml.Node) (read *Scenario, reader error, schema []string) {
	t.Helper()
	text, err := yaml.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	read, reader = parseBeside("f.yaml", text, os.DirFS("testdata"))
	return read, reader, offences(s, plain(t, text), "")
}

// plain is YAML as JSON has it.
func plain(t *testing.T, text []byte) any {
	t.Helper()
	value, err := plainValue(string(text))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// Every valid file is valid to an editor, too, and every file with mistakes of form is not.
func TestSchemaOfFiles(t *testing.T) {
	s := loadSchema(t)
	files := map[string]string{"starter": starter, "minimal": minimal}
	for _, name := range Shipped() {
		text, _ := ReadShipped(name)
		files[name] = string(text)
	}
	for _, name := range []string{"complete", "commented", "effective"} {
		text, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	for name, text := range files {
		if _, err := parseBeside(name, []byte(text), os.DirFS("testdata")); err != nil {
			t.Errorf("the reader refuses %s: %v", name, err)
		}
		if found := offences(s, plain(t, []byte(text)), ""); len(found) > 0 {
			t.Errorf("the schema refuses %s: %q", name, found)
		}
	}
	for _, name := range []string{"mistakes", "stages"} {
		text, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		// Half of the mistakes are of form.
		once := strings.Replace(string(text), "\nrounds: 4\n", "\n", 1)
		if found := offences(s, plain(t, []byte(once)), ""); len(found) < 12 {
			t.Errorf("the schema finds only %q in %s", found, name)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	s := loadSchema(t)
	for _, tt := range []struct{ old, new, want string }{
		{"6k/min", "600", "/traffic/stages/0/hold: type"},
		{"6k/min", "6k/month", "/traffic/stages/0/hold: pattern"},
		{"6k/min", "060/s", "/traffic/stages/0/hold: pattern"},
		{"1m", "1 m", "/traffic/stages/0/for: pattern"},
		{"hold: 6k/min", "ramp: {from: 1/s}", "/traffic/stages/0/ramp: required to"},
		{"hold: 6k/min,", "", "/traffic/stages/0: oneOf"},
		{", for: 1m", "", "/traffic/stages/0: oneOf"},
		{"hold: 6k/min", "hold: 6k/min, ramp: {from: 1/s, to: 2/s}", "/traffic/stages/0: oneOf"},
		{"hold: 6k/min", "spike: {from: 1/s, to: 2/s, rise: 1s}", "/traffic/stages/0: oneOf"},
		{"hold: 6k/min, for: 1m", "spike: {from: 1/s, to: 2/s}", "/traffic/stages/0/spike: anyOf"},
		{"lunch", "Lunch", "/traffic/stages/0/name: pattern"},
		{"name: lunch", "nmae: lunch", "/traffic/stages/0: additionalProperties nmae"},
		{"version: 1", "version: 2", ": const"},
		{"version: 1", "", ": required version"},
		{"version: 1", "version: 1\nrounds: 101", "/rounds: maximum"},
		{"version: 1", "version: 1\nphases: [cash]", "/phases/0: enum"},
		{"version: 1", "version: 1\nphases: [cache, cache]", "/phases: uniqueItems"},
		{"version: 1", "version: 1\nnodes: {auth: {}}", "/nodes/auth: minProperties"},
		{"version: 1", "version: 1\nbudgets: [{metric: p59, max: 1s}]", "/budgets/0/metric: enum"},
		{"version: 1", "version: 1\nbudgets: [{metric: p95}]", "/budgets/0: anyOf"},
		{"version: 1", "version: 1\nbudgets: [{metric: p95, max: 1s, of: cash}]", "/budgets/0/of: enum"},
		{"version: 1", "version: 1\nbudgets: [{metric: p95, max: 1s, state: cash}]", "/budgets/0/state: enum"},
		{"version: 1", "version: 1\nbudgets: [{metric: p95, max: 1 second}]", "/budgets/0/max: pattern"},
		{"version: 1", "version: 1\nbudgets: [{metric: errors, min: -1}]", "/budgets/0/min: minimum"},
		{"version: 1", "version: 1\nbudgets: [{metric: p95, max: 1s, op: verfy}]", "/budgets/0/op: enum"},
		{"version: 1", "version: 1\nbudgets: [{metric: p95, below: 1 s}]", "/budgets/0/below: pattern"},
		{"version: 1", "version: 1\nbudgets: [{metric: p95, max: 1s, level: wran}]", "/budgets/0/level: enum"},
		{"version: 1", "version: 1\nbudgets: [{metric: p95, max: 1s, least: -1}]", "/budgets/0/least: minimum"},
		{"version: 1", "version: 1\nbudgets: [{metric: wrong_user, max: 0, abort: 1}]", "/budgets/0/abort: type"},
		{"version: 1", "version: 1\nbudgets: [{metric: p95, max: 1s, for: 5}]", "/budgets/0/for: type"},
		{"version: 1", "version: 1\nonly: [cash]", "/only/0: enum"},
		{"version: 1", "version: 1\nsystem: {name: carshop}", "/system/name: enum"},
		{"version: 1", "version: 1\nnodes: {atuh: {cpus: 1}}", "/nodes: additionalProperties atuh"},
		{"version: 1", "version: 1\nnodes: {auth: {cpus: 2000}}", "/nodes/auth/cpus: maximum"},
		{"version: 1", "version: 1\nnodes: {auth: {memory: 1G}}", "/nodes/auth/memory: pattern"},
		{"version: 1", "version: 1\nseed: -1", "/seed: minimum"},
		{"stages:", "arrivals: poison, stages:", "/traffic/arrivals: enum"},
		{"stages:", "zipf: -1, stages:", "/traffic/zipf: minimum"},
		{"stages:", "mix: {logn: 100%}, stages:", "/traffic/mix: additionalProperties logn"},
		{"hold: 6k/min", "step: {from: 1/s, to: 2/s, steps: 0}", "/traffic/stages/0/step/steps: minimum"},
		{"hold: 6k/min, for: 1m", "spike: {from: 1/s, to: 2/s, rise: 1s, decay: 1s, decay_shape: steep}", "/traffic/stages/0/spike/decay_shape: enum"},
		{"hold: 6k/min, for: 1m", "replay: {file: friday.txt}", "/traffic/stages/0/replay/file: pattern"},
		{"[{name: lunch, hold: 6k/min, for: 1m}]", "[]", "/traffic/stages: minItems"},
	} {
		text := strings.Replace(minimal, tt.old, tt.new, 1)
		if found := offences(s, plain(t, []byte(text)), ""); !slices.ContainsFunc(found, func(o string) bool { return strings.HasSuffix(o, tt.want) }) {
			t.Errorf("%s: got %q, want %s", text, found, tt.want)
		}
		if _, err := Parse("f.yaml", []byte(text), carshare()); err == nil {
			t.Errorf("the reader takes %s", text)
		}
	}
}

// The keys that the reader knows in each mapping are the keys that the table has there, in both directions.
func TestSchemaKnowsTheReadersKeys(t *testing.T) {
	s, root := loadSchema(t), complete(t)
	seen := map[string]bool{}
	walk(root, "", func(path string, n *yaml.Node) {
		seen[general(path)] = true
		if n.Kind != yaml.MappingNode || strings.HasSuffix(path, ".mix") || path == "traffic.apis" {
			return // there the keys are names of the vocabulary
		}
		f := edited(t, root)
		f.Set(strings.TrimPrefix(path+".zzzzzzzzzzzzzzz", ".") + "=1")
		_, err := f.Read()
		_, keys, found := strings.Cut(fmt.Sprint(err), "unknown key; use one of ")
		if !found {
			t.Fatalf("%s: got %v, want the keys", path, err)
		}
		keys, _, _ = strings.Cut(keys, "\n")
		want := slices.Sorted(slices.Values(strings.Split(keys, ", ")))
		of := at(s, path)["properties"].(map[string]any)
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(of))); diff != "" {
			t.Errorf("keys of the reader (-) and of the schema (+) in %q: %s", path, diff)
		}
	})
	for _, e := range language([]Vocabulary{carshare()}) {
		if !seen[e.path] {
			t.Errorf("testdata/complete.yaml has no %s", e.path)
		}
	}
}

func edited(t *testing.T, root *yaml.Node) *File {
	t.Helper()
	text, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	f := Open("f.yaml", text, carshare())
	f.Beside(os.DirFS("testdata"))
	return f
}

// Without any one key, or with another value there, the schema refuses nothing that the reader takes; and what is left
// out, or of another kind, both refuse alike.
func TestSchemaAgreesWithTheReader(t *testing.T) {
	if testing.Short() {
		t.Skip("-short tries no thousands of files")
	}
	s := loadSchema(t)
	_, err, found := judged(t, s, complete(t))
	if err != nil || len(found) > 0 {
		t.Fatalf("got %v, %q", err, found)
	}
	probes := []string{"[]", "{}", "[7]", "null", "true", "-1", "0", "1", "2.5", "1e30", "text", "baseline", "cache", "10/s", "1s", "3%", "1GiB"}
	var paths []string
	walk(complete(t), "", func(path string, _ *yaml.Node) { paths = append(paths, path) })
	tried := map[string]bool{}
	for _, path := range paths[1:] {
		root := complete(t)
		if remove(root, path) {
			if _, err, found := judged(t, s, root); (err == nil) != (len(found) == 0) && !meaning(err) {
				t.Errorf("without %s: the reader says %v, the schema %q", path, err, found)
			}
		}
		if tried[general(path)] {
			continue
		}
		tried[general(path)] = true
		for _, probe := range probes {
			root := complete(t)
			n := find(root, path)
			var other yaml.Node
			if err := yaml.Unmarshal([]byte(probe), &other); err != nil {
				t.Fatal(err)
			}
			*n = *other.Content[0]
			_, err, found := judged(t, s, root)
			if err == nil && len(found) > 0 {
				t.Errorf("%s: %s: the reader takes it, the schema says %q", path, probe, found)
			}
			if err != nil && len(found) == 0 && n.Kind != yaml.ScalarNode && !meaning(err) {
				t.Errorf("%s: %s: the schema takes it, the reader says %v", path, probe, err)
			}
		}
	}
}

// meaning tells whether all mistakes are of meaning, which no schema sees.
func meaning(err error) bool {
	errs, _ := errors.AsType[Errors](err)
	return !slices.ContainsFunc(errs, func(e Error) bool {
		return !regexp.MustCompile(`^budgets\[\d\]\.(max|min|below|above): |cannot be clear|by operation$|for each second$|of whole stages|lasts .*, not|only a warning|does not occur|is not called|no state before|has m..: already|compared with itself|shares sum|is no measured stage|is unknown$|is not in the scenario|order has gaps|causes it$|nothing to spread|nobody logs in|no API has a weight|no hit is due|uses up`).MatchString(e.What)
	})
}

// A default in the table is what the reader takes for a key that is left out.
func TestSchemaDefaults(t *testing.T) {
	s := loadSchema(t)
	for _, e := range language([]Vocabulary{carshare()}) {
		if e.standard == "" {
			continue
		}
		walk(complete(t), "", func(path string, _ *yaml.Node) {
			if general(path) != e.path {
				return
			}
			without, with := complete(t), complete(t)
			remove(without, path)
			var standard yaml.Node
			if err := yaml.Unmarshal([]byte(e.standard), &standard); err != nil {
				t.Fatal(err)
			}
			*find(with, path) = *standard.Content[0]
			want, _, _ := judged(t, s, with)
			got, err, found := judged(t, s, without)
			if err != nil || len(found) > 0 {
				t.Fatalf("%s: got %v, %q", path, err, found)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Scenario{}, "Source"), cmpopts.IgnoreFields(Budget{}, "Line")); diff != "" {
				t.Errorf("%s: with %s (-), without (+): %s", path, e.standard, diff)
			}
		})
	}
}

// Patterns and the reader of spellings agree, where values are neither zero nor beyond their bounds.
func TestSchemaPatterns(t *testing.T) {
	for _, tt := range []struct {
		name, pattern, letters string
		read                   func(string) *mistake
	}{
		{"rate", ratePattern, `[0-9.k/smin]`, func(text string) *mistake { _, wrong := readRate(text); return wrong }},
		{"ratio", ratioPattern, `[0-9. %+-]`, func(text string) *mistake { _, wrong := readRatio(text); return wrong }},
		{"size", strings.Trim(size().as.Pattern, "^$"), `[0-9.KMGiB]`, func(text string) *mistake { _, wrong := readBytes(text); return wrong }},
		// Its composites have spellings that nobody would miss in an editor, such as 1m.5s.
		{"duration", durationPattern, "", func(text string) *mistake { _, wrong := readDuration(text); return wrong }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			whole := regexp.MustCompile(anchored(tt.pattern))
			short := rapid.StringMatching(tt.pattern).Filter(func(text string) bool { return len(text) < 8 && strings.Trim(text, "0.") == text })
			rapid.Check(t, func(t *rapid.T) {
				text := short.Draw(t, "fits")
				if wrong := tt.read(text); wrong != nil && !strings.Contains(wrong.what, "out of range") && !strings.Contains(wrong.what, "no time at all") {
					t.Fatalf("the pattern takes %q, the reader says %v", text, wrong)
				}
				text = time.Duration(rapid.Int64Range(1, 1<<50).Draw(t, "time")).String()
				if tt.letters != "" {
					text = rapid.StringMatching(tt.letters+`{1,8}`).Draw(t, "any")
				}
				if wrong := tt.read(text); wrong == nil && !whole.MatchString(text) {
					t.Fatalf("the reader takes %q, the pattern does not", text)
				}
			})
		})
	}
}

// Everything has its text for hovering.
func TestSchemaDescribes(t *testing.T) {
	for _, e := range language([]Vocabulary{carshare()}) {
		if e.says == "" || !strings.HasSuffix(e.says, ".") {
			t.Errorf("%s says %q, want a sentence", e.path, e.says)
		}
		if e.required && e.standard+e.otherwise != "" {
			t.Errorf("%s is required and has a default", e.path)
		}
	}
}
