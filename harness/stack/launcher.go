package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// command is a child to be started.
type command struct {
	name string
	path string
	args []string
	// env replaces the environment.
	env []string
	// dir is the working directory; empty keeps rehearse's.
	dir string
	// log receives both outputs, appended.
	log string
	// death is the signal the kernel sends when rehearse is gone: for Postgres the one that still lets it release
	// its shared memory, for all others the one that cannot be ignored.
	death syscall.Signal
}

// launcher starts every child of one stack.
//
// The kernel ties the parent-death signal to the thread that forked, not to the process. Go starts and retires threads
// as it likes, and a child of a retired thread would be killed in the middle of a run. So one goroutine, locked to its
// thread, starts them all and ends with the stack. Go sets the signal after it has changed the child's credentials,
// which matters because changing them clears it; a child whose parent died in between sends the signal to itself.
type launcher struct {
	as     account
	ledger *ledger
	jobs   chan func()
	onExit func(node string, err error)
	// limits hold the nodes that have one.
	limits limiter
}

func newLauncher(as account, l *ledger, onExit func(string, error)) *launcher {
	la := &launcher{as: as, ledger: l, jobs: make(chan func()), onExit: onExit}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and takes forgotten children along
		for job := range la.jobs {
			giveWay()
			job()
		}
	}()
	return la
}

// close ends the thread. All children must be gone: the kernel now signals any that are not.
func (la *launcher) close() { close(la.jobs) }

// start starts a child and enters it into the ledger.
func (la *launcher) start(c command) (*child, error) {
	logFile, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	defer logFile.Close()
	logStart, err := logFile.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{Path: c.path, Args: append([]string{c.path}, c.args...), Env: c.env, Dir: c.dir, Stdout: logFile, Stderr: logFile}
	cmd.SysProcAttr = attributes(la.as, c.death)
	held := la.limits[c.name]
	kills, done := held.kills(), make(chan error)
	la.jobs <- func() { done <- la.forkHeld(cmd, held) }
	if err := <-done; err != nil {
		return nil, fmt.Errorf("stack: start %s: %w", c.name, err)
	}
	ch := newChild(c, cmd, logStart)
	ch.held, ch.kills = held, kills
	go ch.wait(la.onExit)
	if err := la.ledger.add(ch.identity); err != nil {
		return nil, errors.Join(err, ch.kill())
	}
	return ch, nil
}

// forkHeld is fork inside a node's hold. A thread that cannot leave it would hold the next child too, so that is an error.
func (la *launcher) forkHeld(cmd *exec.Cmd, held *hold) error {
	leave, err := held.enter(cmd)
	if err != nil {
		return err
	}
	err = la.fork(cmd)
	stuck := leave()
	if err == nil && stuck != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, and says so
	}
	return errors.Join(err, stuck)
}

// fork runs on the locked thread. When rights are dropped the program is opened here and executed through its
// descriptor, because the account may be barred from a directory on the way, such as /root/go/bin.
func (la *launcher) fork(cmd *exec.Cmd) error {
	if !la.as.drop || runtime.GOOS != "linux" {
		return cmd.Start()
	}
	program, err := os.Open(cmd.Path)
	if err != nil {
		return err
	}
	defer program.Close()
	cmd.ExtraFiles = []*os.File{program}
	cmd.Path = "/proc/self/fd/3"
	return cmd.Start()
}

// run starts a child and waits for its success; when ctx ends first, the child is sent away.
func (la *launcher) run(ctx context.Context, c command) error {
	ch, err := la.start(c)
	if err != nil {
		return err
	}
	select {
	case <-ch.done:
		if ch.err != nil {
			return diagnose(c.name, ch.err, c.log, ch.logStart)
		}
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("stack: %s: %w", c.name, context.Cause(ctx)), ch.dismiss(syscall.SIGTERM))
	}
}
