package stack

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

func TestInstalled(t *testing.T) {
	postgres, err := InstalledPostgres(t.Context(), Config{})
	if must(t, err); filepath.Base(postgres.Path) != "postgres" || postgres.Version == "" || strings.ContainsAny(postgres.Version, " ()") {
		t.Errorf("%+v", postgres)
	}
	redis, err := InstalledRedis(t.Context(), Config{})
	if must(t, err); !executable(redis.Path) || redis.Version == "" || strings.ContainsAny(redis.Version, " =") {
		t.Errorf("%+v", redis)
	}
}

// TestInstalledNot: what is missing comes with what to type; so does a Postgres without the counter of its statements.
func TestInstalledNot(t *testing.T) {
	bare := t.TempDir()
	must(t, os.Chmod(bare, 0o755))
	real, err := InstalledPostgres(t.Context(), Config{})
	must(t, err)
	bin := filepath.Join(bare, "pg", "bin")
	must(t, errors.Join(os.MkdirAll(bin, 0o755), os.MkdirAll(filepath.Join(bare, "pg", "lib"), 0o755)))
	must(t, os.WriteFile(filepath.Join(bare, "pg", "lib", "plpgsql.so"), nil, 0o600))
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + real.Version + "'\n"
	must(t, errors.Join(os.WriteFile(filepath.Join(bin, "postgres"), []byte(script), 0o755), os.WriteFile(filepath.Join(bin, "initdb"), nil, 0o755)))
	reachable(t, bin)
	for name, look := range map[string]func() (Server, error){
		"no PostgreSQL server":  func() (Server, error) { return InstalledPostgres(t.Context(), Config{PostgresBin: bare}) },
		"no pg_stat_statements": func() (Server, error) { return InstalledPostgres(t.Context(), Config{PostgresBin: bin}) },
		"no Redis server":       func() (Server, error) { return InstalledRedis(t.Context(), Config{RedisBin: bare}) },
	} {
		_, err := look()
		lacking, ok := errors.AsType[NotReadyError](err)
		if !ok || !errors.Is(err, ErrNotReady) || !strings.Contains(lacking.What, name) || !strings.Contains(lacking.Do, "apt-get install") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExamineRuns: looking tells exactly what cleaning then removes, and removes nothing itself.
func TestExamineRuns(t *testing.T) {
	path := testHome(t)
	as, err := chooseAccount()
	must(t, err)
	h, err := openHome(path, as)
	must(t, err)
	alive, err := h.newRun(t.Context(), "alive")
	must(t, err)
	defer alive.remove()
	dead, err := h.newRun(t.Context(), "dead")
	must(t, err)
	stray := plant(t, dead.path, 0)
	must(t, dead.lock.Close())

	found, err := ExamineRuns(t.Context(), path)
	must(t, err)
	if want := []string{filepath.Base(alive.path)}; !slices.Equal(found.Alive, want) {
		t.Errorf("alive: %v, want %v", found.Alive, want)
	}
	again, err := ExamineRuns(t.Context(), path)
	if must(t, err); !slices.Equal(again.Leftovers, found.Leftovers) {
		t.Errorf("looking twice: %+v, then %+v", found.Leftovers, again.Leftovers)
	}
	cleaned, err := Clean(t.Context(), path)
	must(t, err)
	stray.Wait()
	if len(cleaned) != 2 || !slices.Equal(found.Leftovers, cleaned) {
		t.Errorf("found %+v, cleaned %+v", found.Leftovers, cleaned)
	}
	if found, err = ExamineRuns(t.Context(), path); err != nil || len(found.Leftovers) != 0 || len(found.Alive) != 1 {
		t.Errorf("after cleaning: %+v, %v", found, err)
	}
}

// TestExamineHome: looking makes nothing.
func TestExamineHome(t *testing.T) {
	path := testHome(t)
	home, err := ExamineHome(path)
	must(t, err)
	runs, err := ExamineRuns(t.Context(), path)
	must(t, err)
	if home.Path != path || runs.Alive != nil || runs.Leftovers != nil || exists(path) {
		t.Errorf("%+v, %+v; and exists: %t", home, runs, exists(path))
	}
	if home.InMemory != inMemory(filepath.Dir(path)) {
		t.Errorf("in memory: %t", home.InMemory)
	}
}

// TestUnusableHome: whatever a boot would refuse is told beforehand.
func TestUnusableHome(t *testing.T) {
	base := filepath.Dir(testHome(t))
	link, open, file := filepath.Join(base, "link"), filepath.Join(base, "open"), filepath.Join(base, "file")
	must(t, errors.Join(os.Symlink(base, link), os.Mkdir(open, 0o700), os.Chmod(open, 0o777), os.WriteFile(file, nil, 0o600)))
	for home, says := range map[string]string{
		link: "symbolic link", open: "written by others", file: "not a directory", filepath.Join(file, "h"): "cannot use",
		filepath.Join(base, strings.Repeat("x", 99)): "too long a path",
	} {
		_, err := ExamineHome(home)
		if unready, ok := errors.AsType[NotReadyError](err); !ok || !strings.Contains(unready.What, says) || unready.Do == "" {
			t.Errorf("%s: got %v, want it to contain %q", home, err, says)
		}
		as, accountErr := chooseAccount()
		must(t, accountErr)
		if _, booting := openHome(home, as); booting == nil && !strings.Contains(says, "too long") {
			t.Errorf("%s: a boot would take it", home)
		}
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
	h := t.TempDir()
	run := "examined-" + secret()[:6]
	lock, err := tryLock(filepath.Join(h, "lock"), unix.LOCK_EX)
	must(t, err)
	name := "rehearse-" + run
	must(t, e.Volume(t.Context(), name, map[string]string{labelRun: run, labelLock: lock.Name(), labelHost: here()}))
	defer e.RemoveVolume(t.Context(), name)
	left, err := ExamineEngine(t.Context(), e, h)
	if must(t, err); len(left) != 0 {
		t.Errorf("a run that lives is left over: %+v", left)
	}
	must(t, lock.Close())
	left, err = ExamineEngine(t.Context(), e, h)
	if must(t, err); !slices.Equal(left, []Leftover{{Run: run, Kind: "volume", What: name}}) {
		t.Errorf("left over is %+v, want the volume %s", left, name)
	}
	left, err = ExamineEngine(t.Context(), e, t.TempDir())
	if must(t, err); len(left) != 0 {
		t.Errorf("left over in another home is %+v", left)
	}
}
