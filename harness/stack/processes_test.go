package stack

import (
	"os"
	"path/filepath"
	"testing"
)

func TestProcessesContract(t *testing.T) {
	h := testHome(t)
	contract(t, Processes, Config{Home: h, Run: "2026-11-21T21:00:00Z stay/launch"})
	isEmpty(t, filepath.Join(h, "runs"))
	isEmpty(t, filepath.Join(h, "templates"))
}

// testHome is a directory with a short path, which sockets need, that the servers' account can reach.
func testHome(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "stack-test-")
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "h")
}

func isEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		t.Errorf("left behind: %s", filepath.Join(dir, e.Name()))
	}
}
