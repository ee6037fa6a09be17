package containers

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/harness/stack/stacktest"
)

// docker is the engine tests use. Where none answers they are skipped; where one does, nothing else may keep them from
// running.
func docker(t testing.TB) *engine.Engine {
	t.Helper()
	if testing.Short() {
		t.Skip("-short asks no engine")
	}
	e, err := engine.Open(t.Context(), engine.Config{})
	if err != nil {
		t.Skipf("containers are not tested here: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func homeBelow(t testing.TB, parent string) string {
	t.Helper()
	dir, err := stacktest.Home(parent)
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "h")
}

// unique is a short name that nobody else has.
func unique() string { return strings.ToLower(rand.Text()[:12]) }

// bootOf tells how long a boot takes, in seconds.
func bootOf(b *testing.B) float64 {
	took, err := stacktest.BootSeconds(b.Context(), Open, homeBelow(b, "/var/tmp"))
	if err != nil {
		b.Fatal(err)
	}
	return took
}
