package processes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack/home"
)

// A control group that is still used is not given up on silently, and its run stays listed.
func TestUsedGroup(t *testing.T) {
	t.Parallel()
	as, err := home.ChooseAccount()
	must(t, err)
	h, err := home.Open(homeBelow(t, "/var/tmp"), as)
	must(t, err)
	run, err := h.NewRun(t.Context(), "used")
	must(t, err)
	group := filepath.Join(t.TempDir(), "group")
	must(t, os.Mkdir(group, 0o755))
	must(t, os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("7\n9\n"), 0o644))
	must(t, os.WriteFile(run.GroupList(), []byte(group+"\n"), 0o600))
	if err := removeRunDirectory(run); err == nil || !strings.Contains(err.Error(), `processes ["7" "9"]`) || !home.Exists(run.Path) {
		t.Errorf("got %v, and the run's directory is there: %t", err, home.Exists(run.Path))
	}
}

// No file is read or copied through a link in a directory of the servers' account.
func TestPlantedLinks(t *testing.T) {
	base, outside := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	// As a postmaster of pid 1 would have it: nothing is wrong with it but where it lies.
	must(t, os.WriteFile(outside, []byte("1\n/data\n0\n5432\n\n*\n  5432001  65536\nready\n"), 0o600))
	data := filepath.Join(base, "primary")
	must(t, os.Mkdir(data, 0o700))
	must(t, os.Symlink(outside, filepath.Join(data, "postmaster.pid")))
	if err := tidied(data, 1); err == nil {
		t.Error("a pid file that is a link was read")
	}
	if err := copyTree(t.Context(), filepath.Join(base, "copy"), data, home.Account{}); err == nil {
		t.Error("data with a link in it was copied")
	}
}
