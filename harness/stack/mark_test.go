package stack_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
	"github.com/rehearse-dev/rehearse/harness/stack/containers"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/processes"
)

// markName is the file that says whose a home or the directory of a run is.
const markName = "made-by-rehearse"

// strew makes files and, of names that end in a slash, directories.
func strew(t *testing.T, base string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(base, name)
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(path, 0o755))
			continue
		}
		must(t, errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o600)))
	}
}

// A directory that is somebody's is refused, with what is in it and what to do, and stays as it was.
func TestForeignHome(t *testing.T) {
	for name, tt := range map[string]struct {
		has     []string
		refused string
	}{
		"missing":            {},
		"empty":              {has: []string{"/"}},
		"of an old rehearse": {has: []string{"lock", "runs/", "templates/"}},
		"somebody's":         {has: []string{"thesis.tex", "runs/"}, refused: "thesis.tex"},
		"with other runs":    {has: []string{"runs/", "lock/"}, refused: "lock"},
		"an unfinished mark": {has: []string{markName}},
		"a false mark":       {has: []string{markName + "/"}, refused: markName},
		"controls":           {has: []string{"a\x1b[2Jb"}, refused: `a\x1b[2Jb`},
	} {
		t.Run(name, func(t *testing.T) {
			as, err := home.ChooseAccount()
			must(t, err)
			path := filepath.Join(testHome(t), "home")
			strew(t, path, tt.has...)
			_, err = home.Open(path, as)
			_, cleanErr := clean(t.Context(), path)
			if tt.refused == "" {
				mark, markErr := os.ReadFile(filepath.Join(path, markName))
				must(t, errors.Join(err, cleanErr, markErr))
				if !strings.HasPrefix(string(mark), "rehearse keeps runs") {
					t.Error("the home got no mark")
				}
				return
			}
			for _, err := range []error{err, cleanErr} {
				if !errors.Is(err, stack.ErrNotReady) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), tt.refused) || !strings.Contains(err.Error(), "REHEARSE_HOME") {
					t.Errorf("got %v", err)
				}
			}
			if home.Exists(filepath.Join(path, "templates")) {
				t.Error("something was made in it")
			}
		})
	}
}

// Only runs that rehearse made are removed; what else stands there is told once, and stays.
func TestCleanLeavesOthersAlone(t *testing.T) {
	as, err := home.ChooseAccount()
	must(t, err)
	h, err := home.Open(filepath.Join(testHome(t), "home"), as)
	must(t, err)
	r, err := h.NewRun(t.Context(), "mine")
	must(t, errors.Join(err, r.Release()))
	strew(t, filepath.Join(h.Path, "runs"), "old-0a1b2c/lock", "old-0a1b2c/data/", "photos/", "photos/cat.jpg", "more-0a1b2c/lock", "more-0a1b2c/cat.jpg",
		"copied-0a1b2c/lock", "copied-0a1b2c/other", "notes.txt")
	mark, err := os.ReadFile(filepath.Join(r.Path, markName))
	must(t, errors.Join(err, os.WriteFile(filepath.Join(h.Path, "runs", "copied-0a1b2c", markName), mark, 0o600)))
	must(t, os.Symlink(t.TempDir(), filepath.Join(h.Path, "runs", "linked-0a1b2c")))
	// A mark that fits, but lies elsewhere.
	elsewhere := filepath.Join(t.TempDir(), "mark")
	strew(t, filepath.Join(h.Path, "runs"), "claimed-0a1b2c/lock", "claimed-0a1b2c/cat.jpg")
	must(t, os.WriteFile(elsewhere, []byte("the run claimed-0a1b2c of rehearse\n"), 0o600))
	must(t, os.Symlink(elsewhere, filepath.Join(h.Path, "runs", "claimed-0a1b2c", markName)))
	removed, err := clean(t.Context(), h.Path)
	var names []string
	for _, l := range removed {
		names = append(names, l.Run)
	}
	slices.Sort(names)
	if want := []string{filepath.Base(r.Path), "old-0a1b2c"}; !slices.Equal(names, want) {
		t.Errorf("removed %q, want %q", names, want)
	}
	for _, left := range []string{"photos", "more-0a1b2c", "copied-0a1b2c", "notes.txt", "linked-0a1b2c", "claimed-0a1b2c"} {
		if path := filepath.Join(h.Path, "runs", left); !home.Exists(path) || strings.Count(err.Error(), path) != 1 {
			t.Errorf("%s is gone, or not told once: %v", left, err)
		}
	}
	// Templates, too.
	strew(t, filepath.Join(h.Path, "templates"), "thesis/chapter", "thesis.lock")
	if _, err := home.CleanTemplates(h.Path); !errors.Is(err, stack.ErrNotReady) || !home.Exists(filepath.Join(h.Path, "templates", "thesis", "chapter")) {
		t.Errorf("got %v", err)
	}
}

// No file outside is written, handed over or read through a link in a directory of the servers' account.
func TestPlantedLinks(t *testing.T) {
	base, outside := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(outside, []byte("kept"), 0o600))
	strew(t, base, "data/primary/")
	conf := filepath.Join(base, "data", "primary", "postgresql.conf")
	must(t, os.Symlink(outside, conf))
	must(t, home.Account{}.Write(base, conf, "port = 1"))
	must(t, os.Symlink(filepath.Dir(outside), filepath.Join(base, "data", "away")))
	if err := (home.Account{}).Write(base, filepath.Join(base, "data", "away", "secret"), "x"); err == nil {
		t.Error("a directory that is a link was followed")
	}
	written, err := os.ReadFile(conf)
	must(t, err)
	kept, err := os.ReadFile(outside)
	must(t, err)
	if string(written) != "port = 1" || string(kept) != "kept" {
		t.Errorf("got %q, and outside %q", written, kept)
	}
	log := filepath.Join(base, "x.log")
	must(t, os.Symlink(outside, log))
	l, err := child.OpenList(filepath.Join(base, "list"))
	must(t, err)
	launcher := child.NewLauncher(nil, l, nil)
	defer launcher.Close()
	if _, err := launcher.Start(child.Command{Name: "x", Path: "/bin/true", Log: log}); err == nil {
		t.Error("a log that is a link was opened")
	}
}

// A lock that is a link is not made where it leads to.
func TestLinkedLock(t *testing.T) {
	as, err := home.ChooseAccount()
	must(t, err)
	h, err := home.Open(filepath.Join(testHome(t), "home"), as)
	must(t, err)
	outside := filepath.Join(t.TempDir(), "new")
	must(t, errors.Join(os.Remove(filepath.Join(h.Path, "lock")), os.Symlink(outside, filepath.Join(h.Path, "lock"))))
	if _, err := h.NewRun(t.Context(), "x"); err == nil || home.Exists(outside) {
		t.Errorf("got %v, and what it leads to was made: %t", err, home.Exists(outside))
	}
}

// clean removes what crashed runs of a home left, as the command does.
func clean(ctx context.Context, dir string) ([]stack.Leftover, error) {
	found, engineErr := containers.Clean(ctx, dir)
	removed, err := processes.Clean(ctx, dir, engineErr != nil)
	return append(found, removed...), errors.Join(engineErr, err)
}
