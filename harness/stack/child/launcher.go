// Package child starts processes that cannot outlive rehearse, knows them again later, and ends them with all below them.
//
// Scope: [Launcher] starts a [Command] as a [Process], which is paused, resumed, asked to leave and killed; an [Identity]
// names a process beyond doubt, and a [List] keeps those that were started for who cleans up after a crash. It knows no
// server, no limit and no directory of a run: what holds a child within a limit comes as a [Hold].
//
// Opinion: a process id proves nothing, since ids are reused; only with its start time and the boot does it name a process,
// and nothing else is ever sent a signal. A process group is not enough either: Postgres' backends leave it.
package child

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Command is a child to be started.
type Command struct {
	Name string
	Path string
	Args []string
	// Env replaces the environment.
	Env []string
	// Dir is the working directory; empty keeps rehearse's.
	Dir string
	// Log receives both outputs, appended.
	Log string
	// Death is the signal the kernel sends when rehearse is gone: for Postgres the one that still lets it release
	// its shared memory, for all others the one that cannot be ignored.
	Death syscall.Signal
	// Hold keeps it within a limit; nil is no limit.
	Hold hold
}

// hold keeps children within a limit.
type hold interface {
	// Enter has the next child of the calling thread, which is locked, born inside; leave undoes what that took.
	Enter(cmd *exec.Cmd) (leave func() error, err error)
	// Kills is how many processes inside the kernel has killed for want of memory so far.
	Kills() int
	// Explain adds to the end of a process what only the hold knows; before is the count of kills when it started.
	Explain(end error, before int) error
}

// Launcher starts every child of one stack.
//
// The kernel ties the parent-death signal to the thread that forked, not to the process. Go starts and retires threads
// as it likes, and a child of a retired thread would be killed in the middle of a run. So one goroutine, locked to its
// thread, starts them all and ends with the stack. Go sets the signal after it has changed the child's credentials,
// which matters because changing them clears it; a child whose parent died in between sends the signal to itself.
type Launcher struct {
	as     *syscall.Credential
	list   *List
	jobs   chan func()
	onExit func(node string, err error)
}

// NewLauncher makes a launcher of children that run as an account, nil being rehearse's own, and are entered into a list.
// The end of one that serves, and was not asked to leave, is told to onExit; nil ignores it.
func NewLauncher(as *syscall.Credential, l *List, onExit func(node string, err error)) *Launcher {
	la := &Launcher{as: as, list: l, jobs: make(chan func()), onExit: onExit}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and takes forgotten children along
		for job := range la.jobs {
			giveWay()
			job()
		}
	}()
	return la
}

// Close ends the thread. All children must be gone: the kernel now signals any that are not.
func (la *Launcher) Close() { close(la.jobs) }

// Start starts a child and enters it into the list.
func (la *Launcher) Start(c Command) (*Process, error) {
	logFile, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	defer logFile.Close()
	logStart, err := logFile.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{Path: c.Path, Args: append([]string{c.Path}, c.Args...), Env: c.Env, Dir: c.Dir, Stdout: logFile, Stderr: logFile}
	cmd.SysProcAttr = Attributes(la.as, c.Death)
	kills, done := 0, make(chan error)
	if c.Hold != nil {
		kills = c.Hold.Kills()
	}
	la.jobs <- func() { done <- la.forkHeld(cmd, c.Hold) }
	if err := <-done; err != nil {
		return nil, fmt.Errorf("stack: start %s: %w", c.Name, err)
	}
	ch := newChild(c, cmd, logStart)
	ch.kills = kills
	go ch.wait(la.onExit)
	if err := la.list.Add(ch.Identity); err != nil {
		return nil, errors.Join(err, ch.Kill())
	}
	return ch, nil
}

// forkHeld is fork inside a node's hold. A thread that cannot leave it would hold the next child too, so that is an error.
func (la *Launcher) forkHeld(cmd *exec.Cmd, held hold) error {
	if held == nil {
		return la.fork(cmd)
	}
	leave, err := held.Enter(cmd)
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
func (la *Launcher) fork(cmd *exec.Cmd) error {
	if la.as == nil || runtime.GOOS != "linux" {
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
