package child

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Attributes puts a child into a process group of its own, so that Ctrl-C on the terminal reaches rehearse alone, and
// ties its life to rehearse's. It must not get a session of its own: only a group whose parent shares its session is
// woken up by the kernel when that parent dies while the group is stopped, and a paused node must die as well.
func Attributes(as *syscall.Credential, death syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: death, Credential: as}
}

// processStat reads state, parent and start time (in ticks since boot) of a process.
func processStat(pid int) (state byte, parent int, start uint64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, 0, err
	}
	// The second field is the program's name in parentheses and may hold anything; the rest has no parenthesis.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	const stateField, parentField, startField = 0, 1, 19
	if len(fields) <= startField {
		return 0, 0, 0, fmt.Errorf("stack: /proc/%d/stat has %d fields", pid, len(fields))
	}
	parent, _ = strconv.Atoi(fields[parentField])
	start, err = strconv.ParseUint(fields[startField], 10, 64)
	return fields[stateField][0], parent, start, err
}

// commandLine is the process' arguments, joined by blanks.
func commandLine(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	return strings.TrimRight(strings.ReplaceAll(string(b), "\x00", " "), " ")
}

// bootID changes with every boot of the machine.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// Descendants lists the processes below pid, parents before their children.
func Descendants(pid int) []Identity {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	children := map[int][]Identity{}
	for _, e := range entries {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			if _, parent, start, err := processStat(id); err == nil {
				children[parent] = append(children[parent], Identity{PID: id, Start: start, Boot: bootID()})
			}
		}
	}
	var family []Identity
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		family = append(family, children[queue[0]]...)
		for _, c := range children[queue[0]] {
			queue = append(queue, c.PID)
		}
	}
	return family
}

// WorkingIn lists the processes that work in dir, such as all those of the Postgres that owns it.
func WorkingIn(dir string) (found []Identity) {
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is right
	for _, proc := range dirs {
		if at, err := os.Readlink(filepath.Join(proc, "cwd")); err != nil || at != dir {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(proc))
		if _, _, start, err := processStat(pid); err == nil {
			found = append(found, Identity{PID: pid, Start: start, Boot: bootID()})
		}
	}
	return found
}

// awaitStopped waits until the kernel has stopped the process, which takes moments, or until it is gone.
func awaitStopped(pid int) {
	for range 500 {
		if state, _, _, err := processStat(pid); err != nil || state == 'T' || state == 't' || state == 'Z' {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
