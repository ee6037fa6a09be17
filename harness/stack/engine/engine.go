// Package engine speaks to a Docker engine.
//
// Scope: [Open] finds the engine; an [Engine] tells of itself, looks for images and gets them, and makes networks,
// volumes and containers, all labelled, so that they are found again after a crash. It is the only package that knows
// testcontainers and the engine's API, and it knows nothing of databases.
//
// Opinion: what is started on an engine must be found again without any memory of it, so everything carries labels.
// Ports are published on 127.0.0.1 and nowhere else. A library's talk belongs into a log and its panics into errors.
//
// Steps: open; make sure of the images; make the network and the volumes; make and start containers; remove everything
// that carries the label.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// ErrUnreachable is wrapped by the errors that mean: no Docker engine answers.
var ErrUnreachable = errors.New("no Docker engine answers")

// greetLimit bounds the first words with an engine; a local one answers in milliseconds.
const greetLimit = 5 * time.Second

// Config says how to open an engine. The zero value is ready to use.
type Config struct {
	// Log receives what testcontainers has to say, at level debug; nil is silence.
	Log *slog.Logger
}

// Engine is an open connection to a Docker engine. Its methods may be called by several goroutines.
type Engine struct {
	client *client.Client
	log    *slog.Logger
	info   Info

	settled sync.Once
	// provider is made with the first container.
	provide  sync.Once
	provider *testcontainers.DockerProvider
	err      error
}

// Info is what an engine tells of itself.
type Info struct {
	// Version of the engine, and of the API spoken with it.
	Version, API string
	// OS is the system the engine runs on, as it calls itself.
	OS string
	// Arch is the machine's architecture as Go spells it.
	Arch string
	// Host is the address of the engine, such as unix:///var/run/docker.sock.
	Host string
	// Root is the directory on the engine's machine where images and volumes lie.
	Root string
	// Rootless is true when the engine runs as a plain user.
	Rootless bool
	// Local is true when the engine is reached without leaving this machine. A virtual machine on it counts.
	Local bool
	// CPUs and MemoryBytes of the engine's machine.
	CPUs        int
	MemoryBytes int64
	// LimitsCPU and LimitsMemory are true when its kernel can enforce such limits.
	LimitsCPU, LimitsMemory bool
}

// Open finds the engine where DOCKER_HOST says, at the usual place, or where testcontainers looks. Its errors wrap
// [ErrUnreachable] and say what to do.
func Open(ctx context.Context, cfg Config) (*Engine, error) {
	e := &Engine{log: cfg.Log}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	err := guard(func() error { return e.connect(ctx) })
	if err != nil {
		return nil, fmt.Errorf("%w: %w; start it (systemctl start docker), see that you may use it (usermod -aG docker $USER), or set DOCKER_HOST", ErrUnreachable, err)
	}
	return e, nil
}

// connect tries the usual place first: testcontainers' search freezes its configuration.
func (e *Engine) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, greetLimit, fmt.Errorf("no answer within %v", greetLimit))
	defer cancel()
	usual, err := client.New(client.FromEnv)
	if err != nil {
		return err
	}
	if err = e.greet(ctx, usual); err == nil || os.Getenv("DOCKER_HOST") != "" {
		return err
	}
	host, searchErr := e.search(ctx)
	if searchErr != nil || host == usual.DaemonHost() {
		return err
	}
	found, err := client.New(client.FromEnv, client.WithHost(host))
	if err != nil {
		return err
	}
	return e.greet(ctx, found)
}

// search is testcontainers' knowledge of where rootless and desktop engines listen.
func (e *Engine) search(ctx context.Context) (host string, err error) {
	e.configure(false)
	err = guard(func() error {
		found, err := testcontainers.NewDockerClientWithOpts(ctx)
		if err != nil {
			return err
		}
		host = found.DaemonHost()
		return found.Close()
	})
	return host, err
}

func (e *Engine) greet(ctx context.Context, c *client.Client) error {
	answer, err := c.Info(ctx, client.InfoOptions{})
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return errors.Join(err, c.Close())
	}
	info := answer.Info
	e.client = c
	e.info = Info{
		Version: info.ServerVersion, API: c.ClientVersion(), OS: info.OperatingSystem, Arch: goArch(info.Architecture),
		Host: c.DaemonHost(), Root: info.DockerRootDir, Local: local(c.DaemonHost()), CPUs: info.NCPU, MemoryBytes: info.MemTotal,
		LimitsCPU: info.CPUCfsQuota, LimitsMemory: info.MemoryLimit,
	}
	for _, option := range info.SecurityOptions {
		e.info.Rootless = e.info.Rootless || strings.Contains(option, "rootless")
	}
	return nil
}

// goArch translates what uname says.
func goArch(machine string) string {
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return machine
}

// local tells by the address whether an engine is on this machine.
func local(host string) bool {
	u, err := url.Parse(host)
	if err != nil {
		return false
	}
	if u.Scheme == "unix" || u.Scheme == "npipe" || u.Hostname() == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return err == nil && addr.IsLoopback()
}

// Info is what the engine told when it was opened.
func (e *Engine) Info() Info { return e.info }

// Ping tells whether the engine still answers; its error wraps [ErrUnreachable].
func (e *Engine) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, greetLimit)
	defer cancel()
	if _, err := e.client.Ping(ctx, client.PingOptions{}); err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return nil
}

// Close ends the connection; what runs on the engine goes on.
func (e *Engine) Close() error { return e.client.Close() }

// reaperImage is what testcontainers starts beside its containers to remove them when this process is gone.
const reaperImage = "testcontainers/ryuk:0.14.0"

// containers is testcontainers, made when first needed, with its reaper when that one's image is here. Without the
// image it would be pulled, and where no registry answers that takes minutes to fail.
func (e *Engine) containers(ctx context.Context) (*testcontainers.DockerProvider, error) {
	e.settle(ctx)
	e.provide.Do(func() {
		e.err = guard(func() (err error) {
			e.provider, err = testcontainers.NewDockerProvider(testcontainers.WithLogger(talk{e.log}), testcontainers.WithDefaultBridgeNetwork(testcontainers.Bridge))
			return err
		})
	})
	return e.provider, e.err
}

// settle configures testcontainers before it is first used for anything: what it then reads, it keeps.
func (e *Engine) settle(ctx context.Context) {
	e.settled.Do(func() {
		_, err := e.Image(ctx, reaperImage)
		e.configure(err == nil)
	})
}

// reapable adds the labels by which testcontainers' reaper finds what is this process's, if there is a reaper.
func (e *Engine) reapable(ctx context.Context, labels map[string]string) map[string]string {
	e.settle(ctx)
	all := testcontainers.GenericLabels()
	maps.Copy(all, labels)
	return all
}

// configure sets the variables testcontainers reads, once per process, except for those the user has set.
func (e *Engine) configure(reaper bool) {
	log.SetDefault(talk{e.log})
	defaults := map[string]string{
		// It compares with this very word.
		"TESTCONTAINERS_RYUK_DISABLED": "true",
		// In a container it would guess the gateway, and wait a minute for it.
		"TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
	}
	if reaper {
		delete(defaults, "TESTCONTAINERS_RYUK_DISABLED")
	}
	if e.client != nil {
		defaults["DOCKER_HOST"] = e.client.DaemonHost()
	}
	for name, value := range defaults {
		if _, set := os.LookupEnv(name); !set {
			_ = os.Setenv(name, value) // fails for malformed names only
		}
	}
}

// talk passes testcontainers' lines on.
type talk struct{ log *slog.Logger }

// Printf implements testcontainers' logger.
func (t talk) Printf(format string, v ...any) {
	t.log.Debug("testcontainers: " + strings.TrimSpace(fmt.Sprintf(format, v...)))
}

// guard makes an error of a panic: testcontainers panics where it cannot find an engine.
func guard(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("testcontainers gave up: %v", r)
		}
	}()
	return do()
}

// reachable adds [ErrUnreachable] to the errors of a lost connection.
func reachable(err error) error {
	if err != nil && client.IsErrConnectionFailed(err) {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}

// makeLimit bounds the making of something; an engine that is up does it in milliseconds.
const makeLimit = time.Minute

// toTheEnd is for what makes something: an engine carries out a request whose sender has left, and what came of it then
// would be nobody's. So a request that has begun is waited for.
func toTheEnd(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makeLimit)
	return ctx, cancel, nil
}
