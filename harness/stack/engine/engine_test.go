package engine

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

func TestLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"unix:///var/run/docker.sock": true, "npipe:////./pipe/docker_engine": true, "tcp://127.0.0.1:2375": true,
		"tcp://localhost:2375": true, "tcp://[::1]:2375": true, "tcp://192.0.2.7:2375": false, "ssh://ops@example.org": false, "://": false,
	} {
		if got := local(host); got != want {
			t.Errorf("%s is taken for local: %v", host, got)
		}
	}
}

// What testcontainers adds to a container's labels must not reach the next container's: several are made at once.
func TestRequestsShareNothing(t *testing.T) {
	s := Spec{Command: []string{"sleep", "1"}, Labels: map[string]string{"run": "a"}, Env: map[string]string{"TZ": "UTC"}}
	request := s.request()
	request.Labels["org.example"], request.Env["X"] = "theirs", "theirs"
	if len(s.Labels) != 1 || len(s.Env) != 1 {
		t.Errorf("the spec now has labels %v and environment %v", s.Labels, s.Env)
	}
}

func TestHost(t *testing.T) {
	s := Spec{
		CPUs: 0.25, MemoryBytes: 64 << 20, SharedMemoryBytes: 1 << 20,
		Ports: map[int]int{5432: 15432}, Volumes: map[string]string{"v": "/data"},
	}
	var h container.HostConfig
	s.host(&h)
	if h.NanoCPUs != 250_000_000 || h.Memory != 64<<20 || h.MemorySwap != h.Memory || h.ShmSize != 1<<20 {
		t.Errorf("limits are %d, %d with swap %d, shared %d", h.NanoCPUs, h.Memory, h.MemorySwap, h.ShmSize)
	}
	bound := h.PortBindings[network.MustParsePort("5432/tcp")]
	if len(bound) != 1 || bound[0].HostIP != netip.MustParseAddr("127.0.0.1") || bound[0].HostPort != "15432" {
		t.Errorf("bound to %v", bound)
	}
	if len(h.Mounts) != 1 || h.Mounts[0].Source != "v" || h.Mounts[0].Target != "/data" {
		t.Errorf("mounts are %v", h.Mounts)
	}
}

func TestAddress(t *testing.T) {
	n := Network{Name: "n", Subnet: netip.MustParsePrefix("172.20.0.0/29"), Gateway: netip.MustParseAddr("172.20.0.1")}
	if a, err := n.Address(2); err != nil || a != netip.MustParseAddr("172.20.0.3") {
		t.Errorf("the second address is %v, %v", a, err)
	}
	if _, err := n.Address(8); err == nil || !strings.Contains(err.Error(), "172.20.0.0/29") {
		t.Errorf("the eighth address of six: %v", err)
	}
}

func TestGuard(t *testing.T) {
	if err := guard(func() error { panic("rootless Docker not found") }); err == nil || !strings.Contains(err.Error(), "rootless Docker not found") {
		t.Errorf("a panic becomes %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	e, err := Open(ctx, Config{})
	if err == nil {
		e.Close()
	}
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "DOCKER_HOST") {
		t.Errorf("opening an engine that is not there: %v", err)
	}
}
