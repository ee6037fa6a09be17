package stack_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/processes"
	"github.com/rehearse-dev/rehearse/harness/stack/stacktest"
)

func TestInstalled(t *testing.T) {
	postgres, err := processes.InstalledPostgres(t.Context(), stack.Config{})
	if must(t, err); filepath.Base(postgres.Path) != "postgres" || postgres.Version == "" || strings.ContainsAny(postgres.Version, " ()") {
		t.Errorf("%+v", postgres)
	}
	redis, err := processes.InstalledRedis(t.Context(), stack.Config{})
	if must(t, err); !filepath.IsAbs(redis.Path) || redis.Version == "" || strings.ContainsAny(redis.Version, " =") {
		t.Errorf("%+v", redis)
	}
}

// TestInstalledNot: what is missing comes with what to type; so does a Postgres without the counter of its statements.
func TestInstalledNot(t *testing.T) {
	bare := t.TempDir()
	must(t, os.Chmod(bare, 0o755))
	real, err := processes.InstalledPostgres(t.Context(), stack.Config{})
	must(t, err)
	bin := filepath.Join(bare, "pg", "bin")
	must(t, errors.Join(os.MkdirAll(bin, 0o755), os.MkdirAll(filepath.Join(bare, "pg", "lib"), 0o755)))
	must(t, os.WriteFile(filepath.Join(bare, "pg", "lib", "plpgsql.so"), nil, 0o600))
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + real.Version + "'\n"
	must(t, errors.Join(os.WriteFile(filepath.Join(bin, "postgres"), []byte(script), 0o755), os.WriteFile(filepath.Join(bin, "initdb"), nil, 0o755)))
	must(t, stacktest.Reachable(bin))
	for name, look := range map[string]func() (processes.Server, error){
		"no PostgreSQL server": func() (processes.Server, error) {
			return processes.InstalledPostgres(t.Context(), stack.Config{PostgresBin: bare})
		},
		"no pg_stat_statements": func() (processes.Server, error) {
			return processes.InstalledPostgres(t.Context(), stack.Config{PostgresBin: bin})
		},
		"no Redis server": func() (processes.Server, error) {
			return processes.InstalledRedis(t.Context(), stack.Config{RedisBin: bare})
		},
	} {
		_, err := look()
		lacking, ok := errors.AsType[stack.NotReadyError](err)
		does := strings.Contains(lacking.Do, "apt-get install") || strings.Contains(lacking.Do, "name another directory with --")
		if !ok || !errors.Is(err, stack.ErrNotReady) || !strings.Contains(lacking.What, name) || !does {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExamineRuns: looking tells exactly what cleaning then removes, and removes nothing itself.
func TestExamineRuns(t *testing.T) {
	path := testHome(t)
	as, err := home.ChooseAccount()
	must(t, err)
	h, err := home.Open(path, as)
	must(t, err)
	alive, err := h.NewRun(t.Context(), "alive")
	must(t, err)
	defer alive.Remove()
	dead, err := h.NewRun(t.Context(), "dead")
	must(t, err)
	stray := plant(t, dead.Path, 0)
	must(t, dead.Release())

	found, err := processes.Examine(t.Context(), path)
	must(t, err)
	if want := []string{filepath.Base(alive.Path)}; !slices.Equal(found.Alive, want) {
		t.Errorf("alive: %v, want %v", found.Alive, want)
	}
	again, err := processes.Examine(t.Context(), path)
	if must(t, err); !slices.Equal(again.Leftovers, found.Leftovers) {
		t.Errorf("looking twice: %+v, then %+v", found.Leftovers, again.Leftovers)
	}
	cleaned, err := clean(t.Context(), path)
	must(t, err)
	stray.Wait()
	if len(cleaned) != 2 || !slices.Equal(found.Leftovers, cleaned) {
		t.Errorf("found %+v, cleaned %+v", found.Leftovers, cleaned)
	}
	if found, err = processes.Examine(t.Context(), path); err != nil || len(found.Leftovers) != 0 || len(found.Alive) != 1 {
		t.Errorf("after cleaning: %+v, %v", found, err)
	}
}

// TestExamineHome: looking makes nothing.
func TestExamineHome(t *testing.T) {
	path := testHome(t)
	found, err := home.Examine(path)
	must(t, err)
	runs, err := processes.Examine(t.Context(), path)
	must(t, err)
	if found.Path != path || runs.Alive != nil || runs.Leftovers != nil || home.Exists(path) {
		t.Errorf("%+v, %+v; and exists: %t", found, runs, home.Exists(path))
	}
	if found.InMemory != home.InMemory(filepath.Dir(path)) {
		t.Errorf("in memory: %t", found.InMemory)
	}
}

// TestUnusableHome: whatever a boot would refuse is told beforehand.
func TestUnusableHome(t *testing.T) {
	base := filepath.Dir(testHome(t))
	link, open, file := filepath.Join(base, "link"), filepath.Join(base, "open"), filepath.Join(base, "file")
	must(t, errors.Join(os.Symlink(base, link), os.Mkdir(open, 0o700), os.Chmod(open, 0o777), os.WriteFile(file, nil, 0o600)))
	for dir, says := range map[string]string{
		link: "symbolic link", open: "written by others", file: "not a directory", filepath.Join(file, "h"): "cannot use",
		filepath.Join(base, strings.Repeat("x", 99)): "too long a path",
	} {
		_, err := home.Examine(dir)
		if unready, ok := errors.AsType[stack.NotReadyError](err); !ok || !strings.Contains(unready.What, says) || unready.Do == "" {
			t.Errorf("%s: got %v, want it to contain %q", dir, err, says)
		}
		as, accountErr := home.ChooseAccount()
		must(t, accountErr)
		if _, booting := home.Open(dir, as); booting == nil && !strings.Contains(says, "too long") {
			t.Errorf("%s: a boot would take it", dir)
		}
	}
}
