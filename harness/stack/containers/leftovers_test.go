package containers

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
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

// TestExamineEngine: what a run has on an engine is left over as soon as nobody holds its lock.
func TestExamineEngine(t *testing.T) {
	e, err := engine.Open(t.Context(), engine.Config{})
	if errors.Is(err, engine.ErrUnreachable) {
		t.Skip("no Docker answers here")
	}
	must(t, err)
	defer e.Close()
	as, err := home.ChooseAccount()
	must(t, err)
	h, err := home.Open(homeBelow(t, "/var/tmp"), as)
	must(t, err)
	r, err := h.NewRun(t.Context(), "examined")
	must(t, err)
	run := r.Name()
	name := "rehearse-" + run
	must(t, e.Volume(t.Context(), name, map[string]string{labelRun: run, labelLock: r.LockFile(), labelHost: here()}))
	defer e.RemoveVolume(t.Context(), name)
	left, err := Examine(t.Context(), e, h.Path)
	if must(t, err); len(left) != 0 {
		t.Errorf("a run that lives is left over: %+v", left)
	}
	must(t, r.Release())
	left, err = Examine(t.Context(), e, h.Path)
	if must(t, err); !slices.Equal(left, []stack.Leftover{{Run: run, Kind: "volume", What: name}}) {
		t.Errorf("left over is %+v, want the volume %s", left, name)
	}
	left, err = Examine(t.Context(), e, t.TempDir())
	if must(t, err); len(left) != 0 {
		t.Errorf("left over in another home is %+v", left)
	}
}
