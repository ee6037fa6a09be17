package stack_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/containers"
	"github.com/rehearse-dev/rehearse/harness/stack/stacktest"
)

// TestContainersKilled kills a rehearse in the hardest way, twice: the first is cleaned up after by the next start, the
// second by hand; a stack that lives is left alone by both.
func TestContainersKilled(t *testing.T) {
	t.Parallel()
	docker(t)
	h := homeBelow(t, "/var/tmp")
	killRehearse(t, h, "STACK_TEST_PART=containers")
	if got := theirs(t, h); len(got) != 6 {
		t.Fatalf("the killed rehearse left %q, want three containers, a network and two volumes", got)
	}
	live, err := containers.Open(t.Context(), stack.Config{Home: h, Run: "alive", Database: "carshare"})
	must(t, err)
	defer live.Close()
	for _, name := range theirs(t, h) {
		if strings.Contains(name, "-doomed-") {
			t.Errorf("the next start left %s", name)
		}
	}
	killRehearse(t, h, "STACK_TEST_PART=containers")
	left, err := clean(t.Context(), h)
	must(t, err)
	kinds := map[string]int{}
	for _, l := range left {
		// Of other tests' runs nothing may be there to clean either, and it is they that fail then.
		switch {
		case strings.HasPrefix(l.Run, "doomed-"):
			kinds[l.Kind]++
		case strings.HasPrefix(l.Run, "alive"):
			t.Errorf("cleaned %+v", l)
		}
	}
	if kinds["container"] != 3 || kinds["network"] != 1 || kinds["volume"] != 2 || kinds["directory"] != 2 {
		t.Errorf("cleaned %v", left)
	}
	must(t, stacktest.Execute(t.Context(), live.Endpoints().ReplicaURL(stack.Harness), "SELECT 1"))
	must(t, stacktest.Ping(t.Context(), live.Endpoints()))
	must(t, live.Close())
	if got := theirs(t, h); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
	isEmpty(t, filepath.Join(h, "runs"))
}

// TestDockerStops cuts the line to Docker under a rehearse that holds a stack.
func TestDockerStops(t *testing.T) {
	t.Parallel()
	e := docker(t)
	h := homeBelow(t, "/var/tmp")
	p := newProxy(t, strings.TrimPrefix(e.Info().Host, "unix://"))
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "STACK_TEST_PART=containers", "STACK_TEST_HOME="+h, "DOCKER_HOST=unix://"+p.path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	told := json.NewDecoder(out)
	var at stack.Endpoints
	must(t, told.Decode(&at))
	p.cut()
	var end ending
	must(t, told.Decode(&end))
	must(t, cmd.Wait())
	if !strings.Contains(end.Death, "Docker stopped answering") || !strings.Contains(end.Death, stack.ErrNotReady.Error()) {
		t.Errorf("it told of %q", end.Death)
	}
	if !strings.Contains(end.Close, "rehearse clean") {
		t.Errorf("closing said %q", end.Close)
	}
	if len(theirs(t, h)) == 0 {
		t.Error("nothing is left on the engine: the line was not cut")
	}
	_, err = clean(t.Context(), h)
	must(t, err)
	if got := theirs(t, h); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
	isEmpty(t, filepath.Join(h, "runs"))
}

// TestContainersCancelledBoot cancels at several moments; whatever was going on, nothing is left.
func TestContainersCancelledBoot(t *testing.T) {
	t.Parallel()
	docker(t)
	h := homeBelow(t, "/var/tmp")
	cfg := stack.Config{Home: h, Database: "carshare"}
	begin := time.Now()
	s, err := containers.Open(t.Context(), cfg)
	must(t, err)
	whole := time.Since(begin)
	must(t, s.Close())
	for _, share := range []time.Duration{3, 20, 45, 70} {
		ctx, cancel := context.WithTimeout(t.Context(), whole*share/100)
		s, err := containers.Open(ctx, cfg)
		cancel()
		if err == nil { // it was faster this time
			must(t, s.Close())
		}
		isEmpty(t, filepath.Join(h, "runs"))
		if got := theirs(t, h); len(got) != 0 {
			t.Errorf("cancelled after %d %%, %q are left", share, got)
		}
	}
}

// proxy passes a unix socket's connections on until it is cut.
type proxy struct {
	path     string
	listener net.Listener
	mu       sync.Mutex
	conns    []net.Conn
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	p := &proxy{path: filepath.Join(t.TempDir(), "s")}
	var err error
	p.listener, err = net.Listen("unix", p.path)
	must(t, err)
	t.Cleanup(p.cut)
	go func() {
		for {
			in, err := p.listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", to)
			if err != nil {
				in.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			go pass(in, out)
			go pass(out, in)
		}
	}()
	return p
}

// pass copies one direction and ends it alone: the engine's attached streams go on in the other.
func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.(*net.UnixConn).CloseWrite()
}

func (p *proxy) cut() {
	p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
}
