package processes

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPostgresPlaces: a link in PATH leads to the directory where initdb is.
func TestPostgresPlaces(t *testing.T) {
	real, links := t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(real, "postgres"), nil, 0o755))
	must(t, os.Symlink(filepath.Join(real, "postgres"), filepath.Join(links, "postgres")))
	t.Setenv("PATH", links)
	places := postgresPlaces("")
	if want, _ := filepath.EvalSymlinks(real); places[0] != want {
		t.Errorf("looks first in %s, want %s", places[0], want)
	}
	for i, p := range places[1:] {
		if i > 0 && versionOf(places[i]) < versionOf(p) {
			t.Errorf("%s is looked at before %s", places[i], p)
		}
	}
	if versionOf("/usr/lib/postgresql/9.6/bin") > versionOf("/usr/lib/postgresql/16/bin") {
		t.Error("9.6 passes for newer than 16")
	}
}
