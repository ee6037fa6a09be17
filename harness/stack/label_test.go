package stack

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// endingRun is an engine whose one run ends in good order right after the first look at it.
type endingRun struct {
	lock  string
	looks int
}

func (e *endingRun) Labelled(context.Context, string) ([]engine.Object, error) {
	e.looks++
	if e.looks > 1 {
		return nil, nil
	}
	o := engine.Object{Kind: "volume", Name: "v", Labels: map[string]string{labelRun: "r", labelLock: e.lock, labelHost: here()}}
	return []engine.Object{o}, os.Remove(e.lock)
}

// Without the second look what such a run had would be called a leftover of a crash.
func TestDeadObjectsOfAnEndingRun(t *testing.T) {
	e := &endingRun{lock: filepath.Join(t.TempDir(), "lock")}
	must(t, os.WriteFile(e.lock, nil, 0o600))
	dead, err := deadObjects(t.Context(), e, t.TempDir())
	must(t, err)
	if len(dead) != 0 || e.looks != 2 {
		t.Errorf("got %+v after %d looks, want none after two", dead, e.looks)
	}
}
