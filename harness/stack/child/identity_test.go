package child

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestList: a line cut short by a crash is dropped, the others stay.
func TestList(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	l, err := OpenList(path)
	must(t, err)
	ids := []Identity{{Name: "a", PID: 1, Start: 2, Boot: "b", Command: "c"}, {Name: "d", PID: 3}}
	for _, id := range ids {
		must(t, l.Add(id))
	}
	must(t, l.Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	for cut := range len(whole) + 1 {
		must(t, os.WriteFile(path, whole[:cut], 0o600))
		got, err := ReadList(path)
		if want := strings.Count(string(whole[:cut])+"\n", "}\n"); err != nil || len(got) != want || (want > 0 && got[0] != ids[0]) {
			t.Fatalf("cut at %d: %v, %v", cut, got, err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
