package stack_test

import (
	"fmt"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/containers"
)

// TestContainersLimits: what a scenario grants a node is what the kernel lets it have.
func TestContainersLimits(t *testing.T) {
	t.Parallel()
	e := docker(t)
	told := make(chan error, 1)
	s, err := containers.Open(t.Context(), stack.Config{
		Home: homeBelow(t, "/var/tmp"), Database: "carshare",
		Limits: map[string]stack.Limit{stack.Replica: {CPUs: 1.5, MemoryBytes: 512 << 20}, stack.Redis: {CPUs: 1000}, "slow": {CPUs: 0.25}, "hog": {MemoryBytes: 64 << 20}},
		OnExit: func(_ string, err error) { told <- err },
	})
	must(t, err)
	defer s.Close()
	urls := spawnBurners(t, s)
	for name, want := range map[string]string{stack.Replica: "1.5 CPUs, 512 MiB memory", "slow": "0.25 CPUs", "hog": "64 MiB memory", "free": "", stack.Primary: "", stack.Redis: fmt.Sprintf("1000 CPUs (there are %d)", e.Info().CPUs)} {
		if got := s.Endpoints().Limits[name]; got != want {
			t.Errorf("the limit of %s is stated as %q, want %q", name, got, want)
		}
	}
	t.Run("CPU", func(t *testing.T) { slowIsSlow(t, urls["slow"], urls["free"]) })
	t.Run("memory", func(t *testing.T) { hogIsKilled(t, urls["hog"], told) })
	if told, want := s.Endpoints().Limits["hog"], "64 MiB memory (processes killed for it: 1)"; told != want {
		t.Errorf("of the hog is told %q, want %q", told, want)
	}
	must(t, s.Close())
}
