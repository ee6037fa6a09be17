package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/rehearse-dev/rehearse/harness/alone"
)

// spawnLimit is how long a service may take until all its ports accept connections.
const spawnLimit = 30 * time.Second

// Spawn implements [Stack].
func (s *processes) Spawn(ctx context.Context, svc Service) (Addresses, error) {
	ctx, release, err := s.work(ctx)
	if err != nil {
		return Addresses{}, err
	}
	defer release()
	if err := svc.check(s.node(svc.Name) != nil); err != nil {
		return Addresses{}, err
	}
	n := &node{name: svc.Name, limit: spawnLimit, stop: syscall.SIGTERM, quit: syscall.SIGTERM}
	var addrs map[string]string
	for range portAttempts {
		if addrs, err = s.outfit(n, svc); err != nil {
			return Addresses{}, err
		}
		if err = s.launcher.bring(ctx, n); !errors.Is(err, errPortTaken) {
			break
		}
	}
	if err != nil {
		return Addresses{}, err
	}
	s.enter(n)
	return Addresses{Outside: addrs, Inside: addrs}, nil
}

// check refuses names that could not be files, variables or hosts, and one that is taken.
func (svc Service) check(taken bool) error {
	name := regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)
	for _, n := range append([]string{svc.Name}, svc.Ports...) {
		if !name.MatchString(n) {
			return fmt.Errorf("stack: %q cannot name a service or a port; use letters, digits, '-', '_' and '.'", n)
		}
	}
	if taken || svc.Name == buildName || svc.Name == workshopName {
		return fmt.Errorf("stack: there is already a node %q; names are unique", svc.Name)
	}
	return nil
}

// outfit chooses the service's ports and writes them into its environment.
func (s *processes) outfit(n *node, svc Service) (map[string]string, error) {
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
	env := append(append(alone.Service(), svc.Env...), "REHEARSE_HOST="+loopback)
	addrs := map[string]string{}
	for _, p := range svc.Ports {
		port, err := s.ports.free()
		if err != nil {
			return nil, err
		}
		addrs[p] = address(port)
		env = append(env, fmt.Sprintf("REHEARSE_PORT_%s=%d", portVariable(p), port))
	}
	n.command = command{name: svc.Name, path: path, args: svc.Args, env: env, dir: s.run.data(), log: s.logPath(svc.Name), death: syscall.SIGKILL}
	n.ready = func(ctx context.Context) error {
		for _, addr := range addrs {
			if err := dial(ctx, addr); err != nil {
				return err
			}
		}
		return nil
	}
	return addrs, nil
}

// portVariable is a port's name as an environment variable spells it.
func portVariable(name string) string {
	return strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
}

// dial tells whether somebody accepts connections at addr.
func dial(ctx context.Context, addr string) error {
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(ctx, "tcp4", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
