package stack

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack/engine"
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

func TestContainersContract(t *testing.T) {
	t.Parallel()
	docker(t)
	h := homeBelow(t, "/var/tmp")
	murder := func(t *testing.T, s Stack, node string) {
		must(t, s.(*containers).node(node).box.Kill(t.Context()))
	}
	var ports []int
	open := func(ctx context.Context, cfg Config) (Stack, error) {
		s, err := Containers(ctx, cfg)
		if err == nil {
			for port := range s.(*containers).ports.taken {
				ports = append(ports, port)
			}
		}
		return s, err
	}
	contract(t, open, Config{Home: h, Run: "2026-11-21T21:00:00Z stay/launch"}, murder)
	isEmpty(t, filepath.Join(h, "runs"))
	isEmpty(t, filepath.Join(h, "templates"))
	if len(ports) < 3 {
		t.Errorf("published are %v, want at least the three servers", ports)
	}
	for _, port := range ports {
		if !listenable(port) {
			t.Errorf("port %d is still taken", port)
		}
	}
	if left := theirs(t, h); len(left) > 0 {
		t.Errorf("on the engine are %q", left)
	}
}

// theirs lists what is on the engine with a label of a run made in a home.
func theirs(t *testing.T, home string) (names []string) {
	t.Helper()
	found, err := docker(t).Labelled(t.Context(), labelRun)
	must(t, err)
	for _, o := range found {
		if strings.HasPrefix(o.Labels[labelLock], home) {
			names = append(names, o.Kind+" "+o.Name)
		}
	}
	return names
}
