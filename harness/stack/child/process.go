package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"
)

// Process is one process the stack started.
type Process struct {
	Identity
	command Command
	cmd     *exec.Cmd
	// news decides who is told of the child's end: nobody while it boots (the boot fails) and after it was asked to go.
	news   atomic.Int32
	paused atomic.Bool
	// LogStart is where in the log this process began.
	LogStart int64
	// kills is how many processes the kernel had killed in the command's hold when this one started.
	kills int
	// Done is closed when the process is reaped; err is valid from then on.
	Done chan struct{}
	Err  error
}

// The values of news.
const (
	booting int32 = iota
	serving
	settled
)

func newChild(c Command, cmd *exec.Cmd, logStart int64) *Process {
	return &Process{Identity: Identify(c.Name, cmd), command: c, cmd: cmd, Done: make(chan struct{}), LogStart: logStart}
}

// wait reaps the process and reports an end nobody asked for.
func (c *Process) wait(onExit func(string, error)) {
	c.Err = c.cmd.Wait()
	if c.command.Hold != nil {
		c.Err = c.command.Hold.Explain(c.Err, c.kills)
	}
	close(c.Done)
	c.report(onExit)
}

// Announce says that a child serves from now on, and that its end is news.
func (la *Launcher) Announce(c *Process) {
	c.news.CompareAndSwap(booting, serving)
	if !c.Running() {
		c.report(la.onExit)
	}
}

// report tells of the end of a serving child, once.
func (c *Process) report(onExit func(string, error)) {
	if !c.news.CompareAndSwap(serving, settled) || onExit == nil {
		return
	}
	err := c.Err
	if err == nil {
		err = errors.New("exited with status 0")
	}
	go onExit(c.Name, err)
}

// Fate tells how the process ended.
func (c *Process) Fate() string {
	if c.Err != nil {
		return c.Err.Error()
	}
	return c.cmd.ProcessState.String()
}

// Running is false once the process is reaped.
func (c *Process) Running() bool {
	select {
	case <-c.Done:
		return false
	default:
		return true
	}
}

// End asks the child to leave and waits for it and for everything below it; when ctx ends first, it makes them. Asking
// first matters for Postgres, initdb's included: killed, it leaves shared memory behind.
func (c *Process) End(ctx context.Context, sig syscall.Signal) error {
	c.news.Store(settled)
	if c.paused.Load() {
		_ = c.Resume() // a child that stays paused does not leave, and is killed when ctx ends
	}
	family := Descendants(c.PID)
	if err := c.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-c.Done:
	case <-ctx.Done():
		return c.Kill()
	}
	if AwaitGone(ctx, family) == nil {
		return nil
	}
	return KillAll(family)
}

// Kill ends the child and everything below it at once, and returns when all are gone. Postgres' backends lead sessions
// of their own, so the process group is not enough: they are found by their parent, while it cannot make more.
func (c *Process) Kill() error {
	c.news.Store(settled)
	if !c.Running() {
		return nil
	}
	// Signals fail when the child has just ended by itself; one that they do not reach is reported as surviving.
	_ = c.cmd.Process.Signal(syscall.SIGSTOP)
	awaitStopped(c.PID)
	family := Descendants(c.PID)
	_ = syscall.Kill(-c.PID, syscall.SIGKILL)
	_ = c.cmd.Process.Kill()
	err := KillAll(family)
	select {
	case <-c.Done:
		return err
	case <-time.After(killLimit):
		return fmt.Errorf("stack: %s (pid %d) survives SIGKILL", c.Name, c.PID)
	}
}

// KillAll ends processes at once and returns when they are gone.
func KillAll(family []Identity) error {
	for _, member := range family {
		member.Signal(syscall.SIGKILL)
	}
	ctx, cancel := context.WithTimeout(context.Background(), killLimit)
	defer cancel()
	return AwaitGone(ctx, family)
}

// killLimit bounds the wait for a process that was sent SIGKILL; only one stuck in the kernel needs longer than moments.
const killLimit = 10 * time.Second

// Pause stops the child first, so that the list of its children is complete, and then them.
func (c *Process) Pause() error {
	c.paused.Store(true)
	if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	awaitStopped(c.PID)
	for _, member := range Descendants(c.PID) {
		member.Signal(syscall.SIGSTOP)
		awaitStopped(member.PID)
	}
	return nil
}

// Resume lets the children go on before the parent that watches them.
func (c *Process) Resume() error {
	for _, member := range Descendants(c.PID) {
		member.Signal(syscall.SIGCONT)
	}
	c.paused.Store(false)
	return c.cmd.Process.Signal(syscall.SIGCONT)
}

// IsPaused tells whether the child was frozen and not let go on since.
func (c *Process) IsPaused() bool { return c.paused.Load() }

// AwaitGone waits until none of the processes is left.
func AwaitGone(ctx context.Context, family []Identity) error {
	for _, member := range family {
		for member.Alive() {
			select {
			case <-ctx.Done():
				return fmt.Errorf("stack: process %d survives SIGKILL", member.PID)
			case <-time.After(2 * time.Millisecond):
			}
		}
	}
	return nil
}
