package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack/engine"
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

// Of the volumes on an engine, clean --data removes those with kept data of its own home, or of one that is gone. Those of
// another home, of another machine, and all that somebody else made stay.
func TestCleanTouchesNoVolumesOfOthers(t *testing.T) {
	t.Parallel()
	s, other := newBareSite(t), newBareSite(t)
	s.needsDocker(t)
	e := must(engine.Open(t.Context(), engine.Config{}))
	defer e.Close()
	host := must(os.Hostname())
	mark := func(home, host string) map[string]string {
		return map[string]string{"dev.rehearse.data": home, "dev.rehearse.host": host}
	}
	prefix, want := "rehearse-data-test-"+filepath.Base(s.dir)+"-", map[string]bool{}
	for name, tt := range map[string]struct {
		labels map[string]string
		stays  bool
	}{
		"own":                     {mark(s.home, host), false},
		"of-a-home-that-is-gone":  {mark(filepath.Join(s.dir, "gone"), host), false},
		"of-another-home":         {mark(other.home, host), true},
		"of-another-machine":      {mark(s.home, "not-"+host), true},
		"of-nobody-knows-where":   {map[string]string{"dev.rehearse.data": s.home}, true},
		"without-a-label":         {nil, true},
		"with-a-label-of-another": {map[string]string{"com.example.data": s.home}, true},
	} {
		name = prefix + name
		t.Cleanup(func() { _ = e.RemoveVolume(context.Background(), name) }) // is gone, or of no use to anybody
		if err := e.KeptVolume(t.Context(), name, tt.labels); err != nil {
			t.Fatal(err)
		}
		want[name] = tt.stays
	}
	got := finished(t, s.command(t, "clean", "--data"))
	for name, stays := range want {
		there, err := e.VolumeExists(t.Context(), name)
		if told := strings.Contains(got.stdout, "removed kept data: volume "+name+"\n"); err != nil || there != stays || told == stays {
			t.Errorf("%s: is there %v, told as removed %v, want it to stay %v: %v", name, there, told, stays, err)
		}
	}
	if got.code != exitPass {
		t.Errorf("got %+v", got)
	}
}
