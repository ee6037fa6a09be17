package images

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// stub puts a command in front of all others; it stands for the machine's own where a test needs it to fail.
func stub(t *testing.T, name, script string) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// releaseHere is this machine's distribution, and whether it is of Debian's kind.
func releaseHere(t *testing.T) (release, bool) {
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		t.Log(err)
	}
	r := parseRelease(string(text))
	return r, slices.Contains(r.ids, "debian") && r.codename != ""
}

func testBuild(t *testing.T, tell func(string)) build {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	t.Cleanup(func() {
		if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
	return build{server: redis("r"), machine: machine{release: release{codename: "bookworm"}, mode: "root"}, tell: tell}
}

func TestBootstrap(t *testing.T) {
	stub(t, "mmdebstrap", `echo "I: downloading packages with apt..." >&2
echo "version: Redis server v=7.0.15" >&2
echo files`)
	var steps []string
	b := testBuild(t, func(step string) { steps = append(steps, step) })
	var files string
	version, err := b.bootstrap(t.Context(), t.TempDir(), func(_ context.Context, r io.Reader) error {
		text, err := io.ReadAll(r)
		files = string(text)
		return err
	})
	if version != "Redis server v=7.0.15" || files != "files\n" || err != nil {
		t.Errorf("got %q, %q, %v", version, files, err)
	}
	if want := []string{"fetching packages"}; !slices.Equal(steps, want) {
		t.Errorf("got steps %q, want %q", steps, want)
	}
}

// What mmdebstrap or apt said last is what the user has to know; no engine is asked to import nothing.
func TestBootstrapFails(t *testing.T) {
	stub(t, "mmdebstrap", `echo "E: Unable to locate package postgresql" >&2; exit 25`)
	b := testBuild(t, func(string) {})
	_, err := b.install(t.Context(), "no/image:1")
	if err == nil || !strings.Contains(err.Error(), "exit status 25") || !strings.Contains(err.Error(), "Unable to locate package") {
		t.Errorf("got %v", err)
	}
}

// Files that end too early are no files: the end of mmdebstrap decides, not that of the stream.
func TestBootstrapFailsLate(t *testing.T) {
	stub(t, "mmdebstrap", `echo files; echo "E: disk full" >&2; exit 1`)
	b := testBuild(t, func(string) {})
	_, err := b.bootstrap(t.Context(), t.TempDir(), func(_ context.Context, r io.Reader) error {
		_, err := io.ReadAll(r)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v", err)
	}
}

// lingering is a script that tells its process id and has a child that would outlive it.
const lingering = `sleep 600 & child=$!; echo $child; wait`

// Who cancels a build is not left with its processes.
func TestBootstrapCancelled(t *testing.T) {
	stub(t, "mmdebstrap", lingering)
	gone := errors.New("no more")
	b := testBuild(t, func(string) {})
	ctx, cancel := context.WithCancelCause(t.Context())
	var child string
	_, err := b.bootstrap(ctx, t.TempDir(), func(ctx context.Context, r io.Reader) error {
		child = firstLine(t, r)
		cancel(gone)
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, gone) {
		t.Errorf("got %v, want %v", err, gone)
	}
	ended(t, child)
}

// An engine that does not take the files ends the installation.
func TestBootstrapRefused(t *testing.T) {
	stub(t, "mmdebstrap", lingering)
	refused := errors.New("no space left on device")
	b := testBuild(t, func(string) {})
	var child string
	_, err := b.bootstrap(t.Context(), t.TempDir(), func(_ context.Context, r io.Reader) error {
		child = firstLine(t, r)
		return refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("got %v, want %v", err, refused)
	}
	ended(t, child)
}

func firstLine(t *testing.T, r io.Reader) string {
	line := make([]byte, 32)
	n, err := r.Read(line)
	if err != nil {
		t.Error(err)
	}
	return strings.TrimSpace(string(line[:n]))
}

// ended waits for the end of a process that nobody of ours waits for.
func ended(t *testing.T, pid string) {
	number, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if err := syscall.Kill(number, 0); errors.Is(err, syscall.ESRCH) || zombie(pid) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %s is still there", pid)
		}
	}
}

// zombie tells whether a process has ended and its new parent has not noticed: in a container that may never happen.
func zombie(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	_, after, _ := strings.Cut(string(stat), ") ")
	return err == nil && strings.HasPrefix(after, "Z")
}

// However the talk is cut into pieces, it says the same.
func TestTalk(t *testing.T) {
	const text = "I: using /tmp/x as tempdir\nI: running apt-get update...\nI: installing remaining packages inside the chroot...\nversion: 7\nE: gone"
	rapid.Check(t, func(t *rapid.T) {
		var told []string
		said := &talk{server: "Redis", tell: func(step string) { told = append(told, step) }}
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			if written, err := said.Write([]byte(rest[:n])); written != n || err != nil {
				t.Fatalf("wrote %d of %d, %v", written, n, err)
			}
			rest = rest[n:]
		}
		if want := []string{"reading the lists of packages", "installing Redis"}; !slices.Equal(told, want) {
			t.Fatalf("told %q, want %q", told, want)
		}
		if said.version != "7" || said.tail() != text {
			t.Fatalf("got version %q and the end %q", said.version, said.tail())
		}
	})
}

// An error repeats the end of a long talk, and not all of it.
func TestTalkIsShort(t *testing.T) {
	said := &talk{tell: func(string) {}}
	for range 1000 {
		if _, err := said.Write([]byte("I: some package\n")); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(said.tail(), "\n"); n != tailLines {
		t.Errorf("got %d lines, want %d", n, tailLines)
	}
}
