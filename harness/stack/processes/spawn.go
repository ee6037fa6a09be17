package processes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
	"github.com/rehearse-dev/rehearse/harness/stack/servers"
)

// Spawn implements [stack.Stack].
func (s *processes) Spawn(ctx context.Context, svc stack.Service) (stack.Addresses, error) {
	ctx, release, err := s.Work(ctx)
	if err != nil {
		return stack.Addresses{}, err
	}
	defer release()
	if err := backend.CheckService(svc, s.Node(svc.Name) != nil); err != nil {
		return stack.Addresses{}, err
	}
	n := &node{name: svc.Name, limit: backend.SpawnLimit, stop: syscall.SIGTERM, quit: syscall.SIGTERM}
	var addrs map[string]string
	for range backend.PortAttempts {
		if addrs, err = s.outfit(n, svc); err != nil {
			return stack.Addresses{}, err
		}
		if err = s.bring(ctx, n); !errors.Is(err, backend.ErrPortTaken) {
			break
		}
	}
	if err != nil {
		return stack.Addresses{}, err
	}
	s.Enter(n)
	return stack.Addresses{Outside: addrs, Inside: addrs}, nil
}

// outfit chooses the service's ports and writes them into its environment.
func (s *processes) outfit(n *node, svc stack.Service) (map[string]string, error) {
	path := svc.Path
	if path == "" {
		var err error
		if path, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	// It works where nothing of the caller's lies.
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	env := append(append(alone.Service(), svc.Env...), "REHEARSE_HOST="+backend.Loopback)
	addrs := map[string]string{}
	for _, p := range svc.Ports {
		port, err := s.ports.Free()
		if err != nil {
			return nil, err
		}
		addrs[p] = backend.Address(port)
		env = append(env, fmt.Sprintf("REHEARSE_PORT_%s=%d", backend.PortVariable(p), port))
	}
	n.command = child.Command{Name: svc.Name, Path: path, Args: svc.Args, Env: env, Dir: s.run.Data(), Log: s.logPath(svc.Name), Death: syscall.SIGKILL}
	n.ready = func(ctx context.Context) error {
		for _, addr := range addrs {
			if err := servers.Dial(ctx, addr); err != nil {
				return err
			}
		}
		return nil
	}
	return addrs, nil
}
