package images

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"

	"github.com/rehearse-dev/rehearse/harness/alone"
)

// Hooks are what mmdebstrap runs, in this order; $1 is the directory it installs into.
var (
	//go:embed hooks/setup.sh
	setupHook string
	//go:embed hooks/essential.sh
	essentialHook string
	//go:embed hooks/customize.sh
	customizeHook string
)

// clearLimit is how long mmdebstrap may take to clear away after it was told to stop.
const clearLimit = 20 * time.Second

// errNoFiles answers for the importer when there was nothing to import; why is mmdebstrap's to say.
var errNoFiles = errors.New("no files came")

// bootstrap runs mmdebstrap in dir and hands the files of what it installed, a tar stream, to use. It returns what the
// server says of its version.
func (b build) bootstrap(ctx context.Context, dir string, use func(context.Context, io.Reader) error) (version string, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	said := &talk{tell: b.tell, server: b.server.title}
	cmd := b.command(ctx, dir)
	cmd.Stderr = said
	files, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start mmdebstrap: %w", err)
	}
	used := use(ctx, files)
	if used != nil && !errors.Is(used, errNoFiles) {
		stop(used)
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		// Whatever did not heed the first signal has no claim to go on.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("mmdebstrap: %w; it ended with:\n%s", err, said.tail())
	}
	return said.version, used
}

// command is mmdebstrap, writing to its standard output. It leads a group of processes, since it clears away best when
// the whole group is told to stop, as at a terminal.
func (b build) command(ctx context.Context, dir string) *exec.Cmd {
	args := []string{
		"--mode=" + b.machine.mode, "--variant=essential", "--format=tar", "--include=" + b.server.packages,
		// The directory of Postgres' socket is in /run.
		"--skip=cleanup/run",
		"--setup-hook=" + setupHook, "--essential-hook=" + essentialHook, "--customize-hook=" + customizeHook,
		b.machine.codename, "-",
	}
	cmd := exec.CommandContext(ctx, "mmdebstrap", append(args, b.machine.sources...)...)
	cmd.Env = alone.Tool("TMPDIR="+dir,
		"REHEARSE_APT="+b.machine.apt, "REHEARSE_USER="+b.server.user, "REHEARSE_HOME="+b.server.home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = clearLimit
	return cmd
}
