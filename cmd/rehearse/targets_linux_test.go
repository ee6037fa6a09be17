package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/processes"
	"github.com/rehearse-dev/rehearse/harness/target"
	"github.com/rehearse-dev/rehearse/harness/target/targettest"
)

// asRehearse starts services as rehearse would, although a test is what runs.
type asRehearse struct {
	stack.Stack
	path string
}

func (s asRehearse) Spawn(ctx context.Context, service stack.Service) (stack.Addresses, error) {
	service.Path = s.path
	return s.Stack.Spawn(ctx, service)
}

// Every system keeps the contract of the door.
func TestTargets(t *testing.T) {
	t.Parallel()
	for _, of := range targets() {
		t.Run(of.Describe().Vocabulary.System, func(t *testing.T) {
			t.Parallel()
			if err := targettest.Described(of); err != nil {
				t.Error(err)
			}
			if err := targettest.Pure(of); err != nil {
				t.Error(err)
			}
			e := bootedTarget(t, of)
			if err := targettest.Switched(t.Context(), of, e); err != nil {
				t.Error(err)
			}
			if err := targettest.Answered(t.Context(), of, e); err != nil {
				t.Error(err)
			}
		})
	}
}

// bootedTarget boots the smallest scenario of a system on processes.
func bootedTarget(t *testing.T, of target.Target) *target.Environment {
	t.Helper()
	if testing.Short() {
		t.Skip("-short boots no servers")
	}
	path, err := exec.LookPath("rehearse")
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := targettest.Scenario(of, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	e, err := target.Boot(t.Context(), target.BootConfig{
		Target: of, Scenario: scenario, Servers: stack.Config{Home: s.home, Logs: filepath.Join(s.dir, "logs")},
		Open: func(ctx context.Context, servers stack.Config) (stack.Stack, error) {
			up, err := processes.Open(ctx, servers)
			return asRehearse{up, path}, err
		},
	})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		s.wantNothingLeft(t)
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}
