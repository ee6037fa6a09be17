package processes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
)

// crashed tells that a postmaster left without releasing its shared memory: its pid file is still there.
func crashed(dir string) bool { return home.Exists(filepath.Join(dir, "postmaster.pid")) }

// sweepAll releases the shared memory of each of the run's servers that was killed, by the name of the data directory.
func sweepAll(ctx context.Context, r *home.Run, la *child.Launcher, postgres string) (swept []string, err error) {
	var errs []error
	for _, name := range []string{backend.BuildName, stack.Primary, stack.Replica} {
		if !crashed(r.Data(name)) {
			continue
		}
		// A backend in the middle of a query outlives its postmaster, and what it is attached to stays.
		if err := errors.Join(child.KillAll(child.WorkingIn(r.Data(name))), sweep(ctx, r, la, postgres, r.Data(name))); err != nil {
			errs = append(errs, fmt.Errorf("stack: release the shared memory of the killed %s: %w", name, err))
			continue
		}
		swept = append(swept, name)
	}
	return swept, errors.Join(errs...)
}

// sweep starts another postmaster on the same data: only Postgres knows what belongs to it, and tidies up before
// anything else. It is sent away as soon as it has.
func sweep(ctx context.Context, r *home.Run, la *child.Launcher, postgres, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, backend.StopLimit)
	defer cancel()
	port, err := new(backend.Ports).Free()
	if err != nil {
		return err
	}
	c, err := la.Start(child.Command{
		Name: "sweep", Path: postgres, Args: []string{"-D", dir, "-p", fmt.Sprint(port)},
		Env: alone.Server(r.Data()), Dir: r.Data(), Log: filepath.Join(r.Path, "sweep.log"), Death: syscall.SIGQUIT,
	})
	if err != nil {
		return err
	}
	err = await(ctx, c, func(context.Context) error { return tidied(dir, c.PID) })
	if err != nil && c.Running() {
		return errors.Join(err, c.Kill())
	}
	return errors.Join(err, c.End(ctx, syscall.SIGQUIT))
}

// tidied tells that the postmaster of that pid has made its shared memory: the seventh line of its pid file names it.
func tidied(dir string, pid int) error {
	const memoryLine = 7
	f, err := os.OpenFile(filepath.Join(dir, "postmaster.pid"), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 4<<10))
	if err != nil {
		return err
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < memoryLine || lines[0] != fmt.Sprint(pid) || strings.TrimSpace(lines[memoryLine-1]) == "" {
		return errors.New("it has not made its shared memory yet")
	}
	return nil
}
