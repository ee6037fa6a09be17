package images

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

const (
	// testLabel marks what these tests start.
	testLabel = "images-test"
	// readyLimit bounds every wait for a server.
	readyLimit = time.Minute
)

// openEngine is the engine of this machine. Where none answers there is nothing to test.
func openEngine(t *testing.T) *engine.Engine {
	if testing.Short() {
		t.Skip("-short asks no engine")
	}
	e, err := engine.Open(t.Context(), engine.Config{})
	if errors.Is(err, engine.ErrUnreachable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// newest is the last image made of a repository.
func newest(t *testing.T, e *engine.Engine, repository string) (engine.Image, bool) {
	made, err := e.Images(t.Context(), repository)
	if err != nil {
		t.Fatal(err)
	}
	if len(made) == 0 {
		return engine.Image{}, false
	}
	return slices.MaxFunc(made, func(a, b engine.Image) int { return cmp.Compare(a.Created, b.Created) }), true
}

// TestImages looks at the images that are here, and makes them first where they are not.
func TestImages(t *testing.T) {
	e := openEngine(t)
	const postgresImages, redisImages = "rehearse/postgres", "rehearse/redis"
	_, havePostgres := newest(t, e, postgresImages)
	_, haveRedis := newest(t, e, redisImages)
	if !havePostgres || !haveRedis {
		buildImages(t, Config{Engine: e, Postgres: postgresImages, Redis: redisImages, Tell: func(line string) { t.Log(line) }})
	}
	left, err := e.Images(t.Context(), passing)
	for _, img := range left {
		if made, parseErr := time.Parse(time.RFC3339, img.Created); parseErr != nil || time.Since(made) > buildLimit {
			t.Errorf("%s of %s is left behind (%v)", img.Ref, img.Created, parseErr)
		}
	}
	if err != nil {
		t.Error(err)
	}
	t.Run("postgres", func(t *testing.T) {
		img, _ := newest(t, e, postgresImages)
		testPostgres(t, e, img)
	})
	t.Run("redis", func(t *testing.T) {
		img, _ := newest(t, e, redisImages)
		testRedis(t, e, img)
	})
}

// TestRun makes an image twice of files that a stub for mmdebstrap makes up: the second takes the name, the first goes.
func TestRun(t *testing.T) {
	e := openEngine(t)
	stub(t, "mmdebstrap", `echo "version: Redis server v=1.2.3" >&2
date +%s.%N >"$TMPDIR/file" && tar -C "$TMPDIR" -c file`)
	var made []engine.Image
	for range 2 {
		b := testBuild(t, func(string) {})
		b.engine, b.server = e, redis("rehearse-test/"+strings.ToLower(t.Name()))
		ref, err := b.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := "rehearse-test/testrun:1.2.3-bookworm"; ref != want {
			t.Errorf("got %s, want %s", ref, want)
		}
		t.Cleanup(func() {
			if err := e.RemoveImage(context.WithoutCancel(t.Context()), ref); err != nil {
				t.Error(err)
			}
		})
		img, err := e.Image(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		if img.Env["REDIS_VERSION"] != "1.2.3" || !slices.Equal(img.Volumes, []string{"/data"}) || img.Labels["org.opencontainers.image.title"] != "Redis" {
			t.Errorf("got %+v", img)
		}
		made = append(made, img)
	}
	if made[0].ID == made[1].ID {
		t.Error("new files made the same image")
	}
	if _, err := e.Image(t.Context(), made[0].ID); !errors.Is(err, engine.ErrNoImage) {
		t.Errorf("the first image is still there: %v", err)
	}
}

// buildImages makes both. Where mmdebstrap is missing and a registry has the official images, nobody needs ours.
func buildImages(t *testing.T, cfg Config) {
	built, err := Build(t.Context(), cfg)
	if errors.Is(err, ErrNotReady) && cfg.Engine.Registry(t.Context(), "redis:7") == nil {
		t.Skip("a registry has the official images, and", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(built) != 2 {
		t.Fatalf("got %v, want two images", built)
	}
}

// start runs a command in a container of the image and waits until the check succeeds in it.
func start(t *testing.T, e *engine.Engine, img engine.Image, user string, command []string, check ...string) *engine.Container {
	labels := map[string]string{testLabel: "1"}
	name := "rehearse-images-test-" + strings.ToLower(rand.Text())
	network, err := e.Network(t.Context(), name, labels)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.RemoveNetwork(context.WithoutCancel(t.Context()), network.ID); err != nil {
			t.Error(err)
		}
	})
	addr, err := network.Address(1)
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Create(t.Context(), engine.Spec{Name: name, Image: img.Ref, User: user, Command: command, Labels: labels, Network: network, Address: addr, Alias: user})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Remove(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, c, user, func(string) bool { return true }, check...)
	return c
}

// eventually repeats a command inside until it succeeds and prints what is wanted.
func eventually(t *testing.T, c *engine.Container, user string, want func(out string) bool, command ...string) {
	for deadline := time.Now().Add(readyLimit); ; time.Sleep(50 * time.Millisecond) {
		out, err := c.Exec(t.Context(), user, nil, command...)
		if err == nil && want(out) {
			return
		}
		if time.Now().After(deadline) {
			var log strings.Builder
			t.Fatalf("%q prints %q, %v; the log is %v\n%s", command, out, err, c.Log(t.Context(), &log), log.String())
		}
	}
}

// inside compares what a command in the container prints.
func inside(t *testing.T, c *engine.Container, want, script string) {
	t.Helper()
	out, err := c.Exec(t.Context(), "root", nil, "sh", "-c", script)
	if err != nil || out != want {
		t.Errorf("%s prints %q, %v, want %q", script, out, err, want)
	}
}

// leaves stops the container as its image says, and wants a clean end.
func leaves(t *testing.T, c *engine.Container) {
	if err := c.Stop(t.Context(), readyLimit); err != nil {
		t.Fatal(err)
	}
	if s, err := c.State(t.Context()); err != nil || s.Running || s.ExitCode != 0 {
		t.Errorf("after the stop: %+v, %v", s, err)
	}
}

func versionLabel(t *testing.T, img engine.Image) string {
	version := img.Labels["org.opencontainers.image.version"]
	if ok, err := regexp.MatchString("^[^:]+:"+regexp.QuoteMeta(version)+"-[a-z]+$", img.Ref); !ok || err != nil || version == "" {
		t.Errorf("the reference %s does not tell version %q and distribution", img.Ref, version)
	}
	for name := range img.Labels {
		if strings.HasPrefix(name, "dev.rehearse") {
			t.Errorf("label %s would mark containers of the image as a run's", name)
		}
	}
	return version
}

func testPostgres(t *testing.T, e *engine.Engine, img engine.Image) {
	version := versionLabel(t, img)
	major := regexp.MustCompile(`^\d+`).FindString(version)
	if got := img.Env["PG_MAJOR"]; got != major || img.User != "" || len(img.Volumes) != 1 || !strings.HasPrefix(img.Env["PGDATA"], img.Volumes[0]) {
		t.Errorf("major %q, user %q, volumes %q, data in %q", got, img.User, img.Volumes, img.Env["PGDATA"])
	}
	c := start(t, e, img, "postgres", []string{"sh", "-c", "initdb --no-sync --auth=trust >/dev/null && exec postgres"}, "pg_isready")
	for script, want := range map[string]string{
		"id -u postgres && id -g postgres":       "999\n999",
		"echo ~postgres":                         "/var/lib/postgresql",
		"stat -c '%U:%G %a' /var/lib/postgresql": "postgres:postgres 1777",
		// Anybody may write into it and nobody remove another's. (%a is no use: fuse-overlayfs loses a bit once it writes.)
		"stat -c %A /var/run/postgresql/ | cut -c 8-": "rwt",
		"stat -c '%U:%G' $PGDATA":                     "postgres:postgres",
		"ls /etc/postgresql":                          "",
		"find /etc/apt /etc/dpkg /etc/hostname /etc/resolv.conf -name '*.list' -o -name '*.sources' -o -name '*mmdebstrap' -o -name '*rehearse*'": "",
		"dpkg --audit": "",
		"psql -U postgres -AXtc 'show server_version' | cut -d' ' -f1":                                version,
		"psql -U postgres -AXtc 'show listen_addresses'":                                              "*",
		"psql -U postgres -AXqtc 'create extension pg_stat_statements; select pg_jit_available()'":    "f",
		"psql -U postgres -AXqtc 'set jit_above_cost = 0; select sum(g) from generate_series(1,3) g'": "6",
	} {
		inside(t, c, want, script)
	}
	// A client that stays must not keep the server from leaving, so the signal is seen to be SIGINT.
	busy := make(chan error, 1)
	go func() {
		_, err := c.Exec(t.Context(), "postgres", nil, "psql", "-c", "select pg_sleep(600)")
		busy <- err
	}()
	eventually(t, c, "postgres", func(out string) bool { return out == "1" }, "psql", "-AXtc", "select count(*) from pg_stat_activity where query like '%pg_sleep(600)' and pid <> pg_backend_pid()")
	leaves(t, c)
	if err := <-busy; err == nil {
		t.Error("the client was waited for")
	}
}

func testRedis(t *testing.T, e *engine.Engine, img engine.Image) {
	version := versionLabel(t, img)
	if img.User != "" || !slices.Equal(img.Volumes, []string{"/data"}) {
		t.Errorf("user %q, volumes %q", img.User, img.Volumes)
	}
	c := start(t, e, img, "redis", []string{"redis-server"}, "redis-cli", "ping")
	for script, want := range map[string]string{
		"redis-cli ping":             "PONG",
		"id -u redis && id -g redis": "999\n999",
		"stat -c '%U:%G' /data":      "redis:redis",
		"redis-cli config get dir":   "dir\n/data",
		"redis-cli info server | grep -c " + "_version:" + version: "1",
		"ls /usr/lib/postgresql 2>&1 | grep -c No":                 "1",
	} {
		inside(t, c, want, script)
	}
	leaves(t, c)
}
