package scenarios

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const apartBase = `version: 1
name: lunch
seed: 7
traffic:
  mix: {verify: 80%, login: 20%}
  stages:
    - {name: warm-up, hold: 100/s, for: 2s, measure: false}
    - {name: noon, hold: 300/s, for: 60s}
budgets:
  - {metric: p95, max: 20ms}
`

func TestDifferences(t *testing.T) {
	for _, tt := range []struct {
		name     string
		old, new string
		want     []Difference
	}{
		{"nothing", "", "", nil},
		{"a comment", "seed: 7", "# The one of last year.\nseed: 7", nil},
		{"another spelling", "for: 60s", "for: 1m", nil},
		{"a default written out", "seed: 7", "seed: 7\nrounds: 3", nil},
		{"what measures nothing", "max: 20ms", "max: 10ms", nil},
		{"the name", "name: lunch", "name: dinner\ndescription: Later.", nil},
		{"a rate", "hold: 300/s", "hold: 400/s", []Difference{{"traffic.stages[noon].hold", "300/s", "400/s"}}},
		{"a rate, and another spelling of a time", "hold: 300/s, for: 60s", "hold: 400/s, for: 1m",
			[]Difference{{"traffic.stages[noon].hold", "300/s", "400/s"}}},
		{"a value left out", "seed: 7", "seed: 7\nrounds: 5", []Difference{{"rounds", "", "5"}}},
		{"the mix", "verify: 80%, login: 20%", "verify: 70%, login: 30%", []Difference{{"traffic.mix.verify", "80%", "70%"}, {"traffic.mix.login", "20%", "30%"}}},
		{"one more stage", "for: 60s}", "for: 60s}\n    - {name: after, hold: 100/s, for: 10s}",
			[]Difference{{"traffic.stages", "[warm-up, noon]", "[warm-up, noon, after]"}}},
		{"the order of stages", "    - {name: warm-up, hold: 100/s, for: 2s, measure: false}\n    - {name: noon, hold: 300/s, for: 60s}",
			"    - {name: noon, hold: 300/s, for: 60s}\n    - {name: warm-up, hold: 100/s, for: 2s, measure: false}",
			[]Difference{{"traffic.stages", "[warm-up, noon]", "[noon, warm-up]"}}},
		{"fewer phases", "seed: 7", "seed: 7\nphases: [extract-main]", []Difference{{"phases", "", "[extract-main]"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			varied := strings.Replace(apartBase, tt.old, tt.new, 1)
			if tt.old != "" && varied == apartBase {
				t.Fatal("nothing was replaced")
			}
			a, b := parsed(t, apartBase, nil), parsed(t, varied, nil)
			if diff := cmp.Diff(tt.want, Differences(a, b)); diff != "" {
				t.Error(diff)
			}
			back := Differences(b, a)
			if len(back) != len(tt.want) {
				t.Errorf("the other way round: got %v", back)
			}
		})
	}
}

// The content of a file that a scenario names is a part of it.
func TestDifferencesInFiles(t *testing.T) {
	replay := strings.Replace(apartBase, "hold: 300/s, for: 60s", "replay: {file: noon.csv}", 1)
	a := parsed(t, replay, fstest.MapFS{"noon.csv": {Data: []byte("0,100\n60,300\n")}})
	b := parsed(t, replay, fstest.MapFS{"noon.csv": {Data: []byte("0,100\n60,400\n")}})
	got := Differences(a, b)
	if len(got) != 1 || got[0].Path != "noon.csv" || got[0].A == got[0].B || !strings.HasPrefix(got[0].A, "13 bytes, SHA-256 ") {
		t.Errorf("got %+v", got)
	}
}

func parsed(t *testing.T, text string, files fstest.MapFS) *Scenario {
	t.Helper()
	f := Open("lunch.yaml", []byte(text), carshare())
	f.Beside(files)
	s, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
