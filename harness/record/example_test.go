package record_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// A run directory is written as things happen and read back whole.
func ExampleCreate() {
	parent, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "run")
	w, err := record.Create(dir, record.Header{
		ID: "example", Scenario: "sale", States: []string{"baseline"}, Operations: []string{"browse"},
		Stages: []record.Stage{{Name: "calm", EndSeconds: 10, Hits: 2, Measure: true}}, Trials: []record.Trial{{State: "baseline", Hits: 2}},
	}, []byte("version: 1\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	window := record.Window{Stage: "calm", Op: "browse", Offered: 2, Sent: 2, Completed: 1, Failed: 1, Errors: map[string]uint64{"timeout": 1}}
	window.Response.Record(20 * time.Millisecond)
	if err := w.AddWindow(window); err != nil {
		fmt.Println(err)
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	run, err := record.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(run.Header.Scenario, "complete:", run.Complete())
	fmt.Println(run.Windows[0].Stage, run.Windows[0].Completed, "answered of", run.Windows[0].Offered, run.Windows[0].Errors)
	// Output:
	// sale complete: false
	// calm 1 answered of 2 map[timeout:1]
}

// A series of a sample is named by its metric and labels.
func ExampleKey() {
	key := record.Key("statements_total", map[string]string{"role": "auth", "kind": "read"})
	fmt.Println(key)
	fmt.Println(record.ParseKey(key))
	// Output:
	// statements_total{kind=read,role=auth}
	// statements_total map[kind:read role:auth]
}
