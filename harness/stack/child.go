package stack

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

// child is one process the stack started.
type child struct {
	identity
	command command
	cmd     *exec.Cmd
	// news decides who is told of the child's end: nobody while it boots (the boot fails) and after it was asked to go.
	news   atomic.Int32
	paused atomic.Bool
	// logStart is where in the log this process began.
	logStart int64
	// held is the node's hold, in which the kernel had killed so many processes when this one started.
	held  *hold
	kills int
	// done is closed when the process is reaped; err is valid from then on.
	done chan struct{}
	err  error
}

// The values of news.
const (
	booting int32 = iota
	serving
	settled
)

func newChild(c command, cmd *exec.Cmd, logStart int64) *child {
	return &child{identity: identify(c.name, cmd), command: c, cmd: cmd, done: make(chan struct{}), logStart: logStart}
}

// wait reaps the process and reports an end nobody asked for.
func (c *child) wait(onExit func(string, error)) {
	c.err = c.held.explain(c.cmd.Wait(), c.kills)
	close(c.done)
	c.report(onExit)
}

// announce says that the child serves from now on, and that its end is news.
func (c *child) announce(onExit func(string, error)) {
	c.news.CompareAndSwap(booting, serving)
	if !c.running() {
		c.report(onExit)
	}
}

// report tells of the end of a serving child, once.
func (c *child) report(onExit func(string, error)) {
	if !c.news.CompareAndSwap(serving, settled) || onExit == nil {
		return
	}
	err := c.err
	if err == nil {
		err = errors.New("exited with status 0")
	}
	go onExit(c.Name, err)
}

// fate tells how the process ended.
func (c *child) fate() string {
	if c.err != nil {
		return c.err.Error()
	}
	return c.cmd.ProcessState.String()
}

// running is false once the process is reaped.
func (c *child) running() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// end asks the child to leave and waits for it and for everything below it; when ctx ends first, it makes them. Asking
// first matters for Postgres, initdb's included: killed, it leaves shared memory behind.
func (c *child) end(ctx context.Context, sig syscall.Signal) error {
	c.news.Store(settled)
	if c.paused.Load() {
		_ = c.resume() // a child that stays paused does not leave, and is killed when ctx ends
	}
	family := descendants(c.PID)
	if err := c.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		return c.kill()
	}
	if awaitGone(ctx, family) == nil {
		return nil
	}
	return killAll(family)
}

// dismiss is end within the usual limit, for when something else has failed or was cancelled.
func (c *child) dismiss(sig syscall.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	return c.end(ctx, sig)
}

// kill ends the child and everything below it at once, and returns when all are gone. Postgres' backends lead sessions
// of their own, so the process group is not enough: they are found by their parent, while it cannot make more.
func (c *child) kill() error {
	c.news.Store(settled)
	if !c.running() {
		return nil
	}
	// Signals fail when the child has just ended by itself; one that they do not reach is reported as surviving.
	_ = c.cmd.Process.Signal(syscall.SIGSTOP)
	awaitStopped(c.PID)
	family := descendants(c.PID)
	_ = syscall.Kill(-c.PID, syscall.SIGKILL)
	_ = c.cmd.Process.Kill()
	err := killAll(family)
	select {
	case <-c.done:
		return err
	case <-time.After(killLimit):
		return fmt.Errorf("stack: %s (pid %d) survives SIGKILL", c.Name, c.PID)
	}
}

func killAll(family []identity) error {
	for _, member := range family {
		member.signal(syscall.SIGKILL)
	}
	ctx, cancel := context.WithTimeout(context.Background(), killLimit)
	defer cancel()
	return awaitGone(ctx, family)
}

// killLimit bounds the wait for a process that was sent SIGKILL; only one stuck in the kernel needs longer than moments.
const killLimit = 10 * time.Second

// pause stops the child first, so that the list of its children is complete, and then them.
func (c *child) pause() error {
	c.paused.Store(true)
	if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	awaitStopped(c.PID)
	for _, member := range descendants(c.PID) {
		member.signal(syscall.SIGSTOP)
		awaitStopped(member.PID)
	}
	return nil
}

// resume lets the children go on before the parent that watches them.
func (c *child) resume() error {
	for _, member := range descendants(c.PID) {
		member.signal(syscall.SIGCONT)
	}
	c.paused.Store(false)
	return c.cmd.Process.Signal(syscall.SIGCONT)
}

// awaitGone waits until none of the processes is left.
func awaitGone(ctx context.Context, family []identity) error {
	for _, member := range family {
		for member.alive() {
			select {
			case <-ctx.Done():
				return fmt.Errorf("stack: process %d survives SIGKILL", member.PID)
			case <-time.After(2 * time.Millisecond):
			}
		}
	}
	return nil
}
