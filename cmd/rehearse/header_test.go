package main

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// A run directory holds all that its scenario needs, and the curve of every stage.
func TestRunDirectoryHoldsTheCurve(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "peak.yaml")
	for name, text := range map[string]string{
		file:                               "version: 1\nname: peak\ntraffic:\n  stages:\n    - {name: calm, hold: 100/s, for: 2s}\n    - {name: friday, replay: {file: x/friday.csv}}\n",
		filepath.Join(dir, "x/friday.csv"): "0s,100\n4s,300\n8s,0\n",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := new(variation).read(file)
	if err != nil {
		t.Fatal(err)
	}
	f := &runFlags{out: filepath.Join(dir, "out"), variation: variation{scenario: file}}
	r, err := newRehearsal(f, s, s.Plan(), time.Now(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer r.writer.Close()

	run, err := record.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	kept := scenarios.Open(record.ScenarioFile, run.Scenario, vocabularies()...)
	kept.Beside(os.DirFS(r.dir))
	again, err := kept.Read()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again); diff != "" {
		t.Error(diff)
	}
	if run.Header.ScenarioPath != file || run.Header.ScenarioVaried {
		t.Errorf("the scenario is %q, varied %v, want %q as it is", run.Header.ScenarioPath, run.Header.ScenarioVaried, file)
	}
	calm, friday := run.Header.Stages[0], run.Header.Stages[1]
	if calm.Shape != "hold" || len(calm.Rates) != 0 || friday.Shape != "replay" || len(friday.Rates) != harness.RecordedRates {
		t.Errorf("got %+v and %+v", calm, friday)
	}
	var hits float64
	for _, rate := range friday.Rates {
		hits += rate * (friday.EndSeconds - friday.BeginSeconds) / harness.RecordedRates
	}
	if math.Abs(hits-float64(friday.Hits)) > 1 || friday.FromRate != 100 || friday.ToRate != 0 {
		t.Errorf("the recorded rates make %v hits, want %v", hits, friday.Hits)
	}
}

// Lines in reports are those of the user's file only as long as no flag changed it, and what comes with rehearse is none.
func TestOrigin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "peak.yaml")
	shipped, err := new(variation).read("stay-launch")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, shipped.Source, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, set, path string
		varied          bool
	}{{"stay-launch", "", "", false}, {file, "", file, false}, {file, "seed=7", file, true}} {
		v := &variation{}
		if tt.set != "" {
			v.set = []string{tt.set}
		}
		s, err := v.read(tt.name)
		if err != nil {
			t.Fatal(err)
		}
		h := newHeader("id", time.Now(), nil, s, s.Plan(), v)
		if h.ScenarioPath != tt.path || h.ScenarioVaried != tt.varied {
			t.Errorf("%s set %q: got %q, varied %v", tt.name, tt.set, h.ScenarioPath, h.ScenarioVaried)
		}
	}
}
