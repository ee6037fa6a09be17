package processes

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func homeBelow(t testing.TB, parent string) string {
	t.Helper()
	dir, err := os.MkdirTemp(parent, "stack-test-")
	if err != nil {
		t.Fatal(err)
	}
	reachable(t, dir)
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, "h")
}

// reachable lets the servers' account pass: temporary directories come closed to others.
func reachable(t testing.TB, dir string) {
	for ; !slices.Contains([]string{os.TempDir(), "/var/tmp", "/dev/shm", "/"}, dir); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
