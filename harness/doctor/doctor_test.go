package doctor

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// names are the checks in their order: scripts rely on both.
func names() []string {
	return []string{"docker", "postgres_image", "redis_image", "program", "docker_disk", "docker_leftovers", "postgres", "redis", "disk",
		"home", "leftovers", "runs", "cpu", "load", "memory", "files", "ports"}
}

func finding(t *testing.T, r Report, name string) Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Check == name {
			return f
		}
	}
	t.Fatalf("no finding %s in %+v", name, r)
	return Finding{}
}

// TestExamine examines this machine, whatever it is like.
func TestExamine(t *testing.T) {
	r := Examine(t.Context(), Config{})
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Check)
		if f.Found == "" || f.Required == "" {
			t.Errorf("%+v says too little", f)
		}
		if f.Level == Problem && f.Fix == "" {
			t.Errorf("%+v has no fix", f)
		}
	}
	if !slices.Equal(got, names()) {
		t.Errorf("got the checks %v, want %v", got, names())
	}
	if r.Asked != "auto" || r.Summary == "" {
		t.Errorf("got %+v", r)
	}
}

// TestNoDocker: without an engine the images are not looked for, which is another finding than a missing image.
func TestNoDocker(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
	r := Examine(t.Context(), Config{Stack: "containers"})
	if f := finding(t, r, "docker"); f.Level != Problem || f.Found != "no Docker answers: nothing is at unix:///nonexistent/docker.sock" || f.Fix == "" {
		t.Errorf("%+v", f)
	}
	for _, name := range []string{"postgres_image", "redis_image", "docker_disk", "docker_leftovers"} {
		if f := finding(t, r, name); f.Level != Note || f.Found != "not looked at: no Docker answers" || f.Fix != "" {
			t.Errorf("%+v", f)
		}
	}
	if r.Ready || r.Containers {
		t.Errorf("ready for containers without Docker: %+v", r)
	}
}

// TestNoImage asks a real engine for an image that is nowhere.
func TestNoImage(t *testing.T) {
	e, err := engine.Open(t.Context(), engine.Config{})
	if errors.Is(err, engine.ErrUnreachable) {
		t.Skip("no Docker answers here")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	r := Examine(t.Context(), Config{Stack: "containers", Servers: stack.Config{PostgresImage: "localhost:1/none:1"}})
	if f := finding(t, r, "docker"); f.Level == Problem || !strings.Contains(f.Found, "API "+e.Info().API) {
		t.Errorf("%+v", f)
	}
	f := finding(t, r, "postgres_image")
	if f.Level != Problem || f.Found != "localhost:1/none:1 is missing, and its registry does not answer" || !strings.Contains(f.Fix, "rehearse images build") {
		t.Errorf("%+v", f)
	}
	if r.Containers {
		t.Errorf("containers can run without an image: %+v", r)
	}
}

// TestForbiddenDocker: what helps against a socket of somebody else's is another thing than starting Docker.
func TestForbiddenDocker(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may speak to every socket")
	}
	socket := listen(t)
	if err := os.Chmod(socket, 0); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_HOST", "unix://"+socket)
	if f := finding(t, Examine(t.Context(), Config{}), "docker"); !strings.Contains(f.Found, "this user may not") || !strings.Contains(f.Fix, "usermod") {
		t.Errorf("%+v", f)
	}
}

// listen is the path of a socket that takes connections and never answers.
func listen(t *testing.T) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "docker.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return socket
}

// TestMuteDocker has an engine that takes connections and never answers.
func TestMuteDocker(t *testing.T) {
	socket := listen(t)
	t.Setenv("DOCKER_HOST", "unix://"+socket)
	r := Examine(t.Context(), Config{Limit: 300 * time.Millisecond})
	if f := finding(t, r, "docker"); !strings.Contains(f.Found, "no answer within 0.3 s at unix://"+socket) || f.Fix == "" {
		t.Errorf("%+v", f)
	}
	if f := finding(t, r, "redis_image"); f.Found != "not looked at: no Docker answers" {
		t.Errorf("%+v", f)
	}
}

// TestAnswer: no check can hold up the others, heed it the context or not.
func TestAnswer(t *testing.T) {
	for name, look := range map[string]func(release chan int) func(context.Context) int{
		"heedless": func(release chan int) func(context.Context) int {
			return func(context.Context) int { return <-release }
		},
		"heeding": func(chan int) func(context.Context) int {
			return func(ctx context.Context) int { <-ctx.Done(); return 1 }
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan int)
			defer close(release)
			begin := time.Now()
			if _, answered := answer(t.Context(), 10*time.Second, look(release)); answered {
				t.Errorf("%s: taken for an answer", name)
			}
			if took := time.Since(begin); took != 10*time.Second {
				t.Errorf("%s: took %v", name, took)
			}
		})
	}
	if got, answered := answer(t.Context(), time.Minute, func(context.Context) int { return 7 }); got != 7 || !answered {
		t.Errorf("got %d, %t", got, answered)
	}
}

// TestSilence: a check without an answer is a finding like any other.
func TestSilence(t *testing.T) {
	x := &examination{cfg: Config{Limit: time.Millisecond}, greeted: make(chan struct{})}
	c := check{name: "disk", required: "room", silence: Problem, look: func(ctx context.Context) Finding { <-ctx.Done(); return Finding{} }}
	if f := x.run(t.Context(), c); f.Check != "disk" || f.Level != Problem || f.Found != "no answer within 0.001 s" || f.Required != "room" || f.Fix == "" {
		t.Errorf("%+v", f)
	}
}
