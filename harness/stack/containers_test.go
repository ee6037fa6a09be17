package stack_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/containers"
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
	murder := func(t *testing.T, _ stack.Stack, node string) {
		for _, name := range theirs(t, h) {
			if name, found := strings.CutPrefix(name, "container "); found && strings.HasSuffix(name, "-"+node) {
				out, err := exec.CommandContext(t.Context(), "docker", "kill", name).CombinedOutput()
				if err != nil {
					t.Fatalf("these tests need the Docker command line: %v\n%s", err, out)
				}
			}
		}
	}
	contract(t, containers.Open, stack.Config{Home: h, Run: "2026-11-21T21:00:00Z stay/launch"}, murder)
	isEmpty(t, filepath.Join(h, "runs"))
	isEmpty(t, filepath.Join(h, "templates"))
	if left := theirs(t, h); len(left) > 0 {
		t.Errorf("on the engine are %q", left)
	}
}

// theirs lists what is on the engine with a label of a run made in a home.
func theirs(t *testing.T, home string) (names []string) {
	t.Helper()
	found, err := docker(t).Labelled(t.Context(), "dev.rehearse.run")
	must(t, err)
	for _, o := range found {
		if strings.HasPrefix(o.Labels["dev.rehearse.lock"], home) {
			names = append(names, o.Kind+" "+o.Name)
		}
	}
	return names
}
