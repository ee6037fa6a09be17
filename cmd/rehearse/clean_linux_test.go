package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plant makes files below a directory, links to where "->" says, and directories of names that end in a slash.
func plant(t *testing.T, base string, names ...string) {
	t.Helper()
	for _, name := range names {
		name, target, link := strings.Cut(name, " -> ")
		path := filepath.Join(base, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		switch {
		case err != nil:
		case link:
			err = os.Symlink(target, path)
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o755)
		default:
			err = os.WriteFile(path, []byte("precious"), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What rehearse has not made, clean does not touch: whoever's directory REHEARSE_HOME names, whatever stands among the runs,
// wherever a link in them leads. Each is told once, with its path and what to do.
func TestCleanTouchesNothingOfOthers(t *testing.T) {
	s := newBareSite(t)
	plant(t, s.home, "thesis.tex", "runs/photos/cat.jpg")
	for _, args := range [][]string{{"clean"}, {"clean", "--data"}} {
		got := finished(t, s.command(t, args...))
		remedy := "set REHEARSE_HOME to a new or empty directory"
		if got.code != exitEnvironment || !strings.Contains(got.stderr, s.home+" is not empty") || !strings.Contains(got.stderr, remedy) || got.stdout != "" {
			t.Errorf("%v in a directory of somebody: %+v", args, got)
		}
		if lines := strings.Count(got.stderr, s.home+" is not empty"); args[len(args)-1] == "clean" && lines != 1 {
			t.Errorf("%v: told %d times:\n%s", args, lines, got.stderr)
		}
	}

	s = newBareSite(t)
	if got := finished(t, s.command(t, "clean")); got.code != exitPass || got.stdout != "nothing to clean\n" {
		t.Fatalf("an empty home: %+v", got)
	}
	outside := filepath.Join(s.dir, "outside")
	plant(t, outside, "thesis.tex")
	plant(t, s.home, "runs/photos/cat.jpg", "runs/notes.txt", "runs/linked-0a1b2c -> "+outside,
		"runs/dead-0a1b2c/lock", "runs/dead-0a1b2c/data/away -> "+outside, "runs/dead-0a1b2c/logs -> "+outside)
	got := finished(t, s.command(t, "clean"))
	if want := "removed directory of run dead-0a1b2c: " + filepath.Join(s.home, "runs", "dead-0a1b2c") + "\n"; got.code != exitEnvironment || got.stdout != want {
		t.Errorf("got %+v, want %q removed and nothing else", got, want)
	}
	for _, name := range []string{"photos", "notes.txt", "linked-0a1b2c"} {
		path := filepath.Join(s.home, "runs", name)
		if _, err := os.Lstat(path); err != nil || strings.Count(got.stderr, path) != 1 {
			t.Errorf("%s: %v; told once is wanted in:\n%s", path, err, got.stderr)
		}
	}
	if !strings.Contains(got.stderr, "look at it, and remove it yourself") {
		t.Errorf("no remedy in:\n%s", got.stderr)
	}
	for _, path := range []string{filepath.Join(outside, "thesis.tex"), filepath.Join(s.home, "runs", "photos", "cat.jpg")} {
		if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
}

// A home of another account is used by nobody else, whatever it says of itself: that account can put anything into it.
func TestHomeOfAnotherAccount(t *testing.T) {
	s := newBareSite(t)
	if os.Geteuid() != 0 {
		t.Skip("only root can give a directory away")
	}
	const kept = "templates/carshare-pg15-0a1b2c3d4e5f"
	if got := finished(t, s.command(t, "clean")); got.code != exitPass {
		t.Fatalf("%+v", got)
	}
	plant(t, s.home, "runs/dead-0a1b2c/lock", "runs/dead-0a1b2c/data/", kept+".lock", kept+"/PG_VERSION")
	const nobody = 65534
	if err := os.Chown(s.home, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"clean"}, {"clean", "--data"}, {"run", "peak.yaml", "--stack", "processes"}} {
		got := finished(t, s.command(t, args...))
		told := s.home + " belongs to user 65534; remove it, or set REHEARSE_HOME to a directory of yours"
		if got.code != exitEnvironment || strings.Count(got.stderr, told) != 1 || got.stdout != "" && args[0] == "clean" {
			t.Errorf("%q: got %+v, want %q once", args, got, told)
		}
	}
	for _, name := range []string{"runs/dead-0a1b2c/lock", kept + "/PG_VERSION"} {
		if _, err := os.Lstat(filepath.Join(s.home, name)); err != nil {
			t.Error(err)
		}
	}
}
