package containers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// imageLayout is where an official image has its things, as the Dockerfile it is published with says. An image of that
// layout is made of a local one's files, so that every layout can be tested where none of the official images can be had.
type imageLayout struct {
	// name of the image; server is postgres or redis, major the version of Postgres that the layout is of.
	name, server, major string
	// script in testdata/layouts writes the files; settings are lines of a Dockerfile.
	script   string
	settings []string
	// uid and gid are the server's account, volume the place it declares for its data.
	uid, gid, volume string
}

// postgresLayout is that of a major version; bin is what its PATH has beyond the usual.
func postgresLayout(distribution, major, uid, bin, data, volume string) imageLayout {
	return imageLayout{
		name: "postgres-" + distribution + "-" + major, server: "postgres", major: major, script: distribution + ".sh",
		settings: []string{
			"ENV PATH=" + usualPath + bin, "ENV LANG=en_US.utf8", "ENV PG_MAJOR=" + major, "ENV PGDATA=" + data, "VOLUME " + volume,
			`ENTRYPOINT ["docker-entrypoint.sh"]`, "EXPOSE 5432", `CMD ["postgres"]`,
		},
		uid: uid, gid: uid, volume: volume,
	}
}

func redisLayout(distribution, gid string) imageLayout {
	return imageLayout{
		name: "redis-" + distribution, server: "redis", major: "0", script: distribution + ".sh",
		settings: []string{
			"ENV PATH=" + usualPath, "VOLUME /data", "WORKDIR /data",
			`ENTRYPOINT ["docker-entrypoint.sh"]`, "EXPOSE 6379", `CMD ["redis-server"]`,
		},
		uid: "999", gid: gid, volume: "/data",
	}
}

// usualPath is the PATH of every base image.
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// as is the layout with a USER of its own, which the official images leave to their entrypoint.
func (l imageLayout) as(user string) imageLayout {
	l.name += "-user"
	l.settings = append(slices.Clone(l.settings), "USER "+user)
	return l
}

// layoutLimit bounds the making of an image.
const layoutLimit = 2 * time.Minute

// layoutsKept is how long an image of another content is left to tests of another checkout.
const layoutsKept = time.Hour

// imageMaker makes images of layouts of the files of local images, one at a time.
type imageMaker struct {
	engine *engine.Engine
	local  images
	mu     sync.Mutex
}

// image finds the image of a layout, or makes it. Its tag is its content's, so each is made once.
func (m *imageMaker) image(t *testing.T, l imageLayout) string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), layoutLimit)
	defer cancel()
	script, err := os.ReadFile(filepath.Join("testdata", "layouts", l.script))
	must(t, err)
	from := m.local.postgres
	if l.server == "redis" {
		from = m.local.redis
	}
	key := sha256.Sum256([]byte(strings.Join(slices.Concat(l.settings, []string{from.ID, string(script)}), "\n")))
	ref := "rehearse-test/" + l.name + ":" + hex.EncodeToString(key[:6])
	made, err := m.engine.Images(ctx, "rehearse-test/"+l.name)
	must(t, err)
	here := false
	for _, img := range made {
		at, err := time.Parse(time.RFC3339, img.Created)
		if img.Ref == ref {
			here = true
		} else if err == nil && time.Since(at) > layoutsKept {
			_ = m.engine.RemoveImage(ctx, img.Ref) // one in use is refused, and stays for a later test
		}
	}
	if here {
		return ref
	}
	run := []string{
		"run", "--rm", "--interactive", "--log-driver", "none", "--network", "none", "--tmpfs", "/image:exec", "--user", "root",
		"--entrypoint", "sh", from.Ref, "-c", string(script), l.script, l.server, l.major,
	}
	stdin := os.DevNull
	if strings.HasPrefix(l.script, "alpine") {
		stdin = findBusybox(t)
	}
	if err := importOutput(ctx, m.engine, ref, l.settings, stdin, run...); err != nil {
		t.Fatal(errors.Join(err, m.engine.RemoveImage(t.Context(), ref)))
	}
	return ref
}

// importOutput makes an image of the tar stream that a command of Docker's writes.
func importOutput(ctx context.Context, e *engine.Engine, ref string, settings []string, stdin string, args ...string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	in, err := os.Open(stdin)
	if err != nil {
		return err
	}
	defer in.Close()
	cmd := dockerCommand(ctx, e, args...)
	var said bytes.Buffer
	cmd.Stdin, cmd.Stderr = in, &said
	files, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("these tests need the Docker command line: %w", err)
	}
	importErr := e.Import(ctx, ref, files, settings)
	if importErr != nil {
		stop()
	}
	if err := errors.Join(importErr, cmd.Wait()); err != nil {
		return fmt.Errorf("make %s: %w:\n%s", ref, err, &said)
	}
	return nil
}

// dockerCommand is Docker's command line, speaking to the engine that is tested.
func dockerCommand(ctx context.Context, e *engine.Engine, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+e.Info().Host)
	return cmd
}

// findBusybox is a busybox that needs no other file: this machine's, or else its distribution's package of it.
func findBusybox(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("busybox"); err == nil {
		if path, err = linuxProgram(path); err == nil {
			return path
		}
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", "apt-get download busybox-static && dpkg-deb -x busybox-static*.deb .")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	old, _ := filepath.Glob(dir + "/bin/busybox") // these patterns are well formed
	merged, _ := filepath.Glob(dir + "/usr/bin/busybox")
	found := append(old, merged...)
	if err != nil || len(found) != 1 {
		t.Fatalf("the layouts of Alpine need a static busybox; type: apt-get install busybox-static (%v)\n%s", err, out)
	}
	return found[0]
}
