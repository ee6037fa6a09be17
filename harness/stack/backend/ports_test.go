package backend

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// TestPorts: none twice, none from the range of outgoing connections.
func TestPorts(t *testing.T) {
	var p Ports
	seen := map[int]bool{}
	for range 100 {
		port, err := p.Free()
		must(t, err)
		if seen[port] || port < lowestPort || port > highestPort {
			t.Fatalf("port %d", port)
		}
		seen[port] = true
	}
	if err := p.Reserve(map[string]int{stack.Primary: 14999, stack.Replica: 14999}); err == nil {
		t.Error("two nodes may ask for one port")
	}
}

// TestPortRetry: a port snatched between the look and the use is not the end, one asked for is.
func TestPortRetry(t *testing.T) {
	var p Ports
	var tried []int
	snatched := func(port int) error {
		if tried = append(tried, port); len(tried) < 3 {
			return ErrPortTaken
		}
		return nil
	}
	if err := p.WithPort(0, stack.Redis, snatched); err != nil || len(tried) != 3 || tried[0] == tried[1] {
		t.Errorf("%v after %v", err, tried)
	}
	tried = nil
	if err := p.WithPort(14998, stack.Redis, snatched); err == nil || len(tried) != 1 {
		t.Errorf("%v after %v", err, tried)
	}
}

func TestLogTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if got := logTail(path, 0); got != "" {
		t.Errorf("no log: %q", got)
	}
	must(t, os.WriteFile(path, []byte("before\nafter\n"), 0o600))
	if got := logTail(path, int64(len("before\n"))); got != "after" {
		t.Errorf("from the start of a process: %q", got)
	}
	must(t, os.WriteFile(path, []byte(strings.Repeat("x", 5000)+"\nend"), 0o600))
	if got := logTail(path, 0); len(got) > 2<<10 || !strings.HasSuffix(got, "\nend") {
		t.Errorf("of a long log: %d bytes", len(got))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
