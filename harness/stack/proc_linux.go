package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// attributes puts a child into a process group of its own, so that Ctrl-C on the terminal reaches rehearse alone, and
// ties its life to rehearse's. It must not get a session of its own: only a group whose parent shares its session is
// woken up by the kernel when that parent dies while the group is stopped, and a paused node must die as well.
func attributes(as account, death syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: death}
	if as.drop {
		attr.Credential = &syscall.Credential{Uid: uint32(as.uid), Gid: uint32(as.gid)}
	}
	return attr
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

// descendants lists the processes below pid, parents before their children.
func descendants(pid int) []identity {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	children := map[int][]identity{}
	for _, e := range entries {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			if _, parent, start, err := processStat(id); err == nil {
				children[parent] = append(children[parent], identity{PID: id, Start: start, Boot: bootID()})
			}
		}
	}
	var family []identity
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		family = append(family, children[queue[0]]...)
		for _, c := range children[queue[0]] {
			queue = append(queue, c.PID)
		}
	}
	return family
}

// dwellers lists the processes that work in dir, such as all those of the Postgres that owns it.
func dwellers(dir string) (found []identity) {
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is right
	for _, proc := range dirs {
		if at, err := os.Readlink(filepath.Join(proc, "cwd")); err != nil || at != dir {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(proc))
		if _, _, start, err := processStat(pid); err == nil {
			found = append(found, identity{PID: pid, Start: start, Boot: bootID()})
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

// cloneFile shares the content of src with dst where the file system can.
func cloneFile(dst, src *os.File) bool {
	return unix.IoctlFileClone(int(dst.Fd()), int(src.Fd())) == nil
}

// writeBack flushes the file system that holds dir. One call for all is far cheaper than one for each of a data
// directory's thousand files.
func writeBack(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}

// inMemory tells whether dir lies on a file system without a disk.
func inMemory(dir string) bool {
	var fsys unix.Statfs_t
	if unix.Statfs(dir, &fsys) != nil {
		return false
	}
	return int64(fsys.Type) == unix.TMPFS_MAGIC || int64(fsys.Type) == unix.RAMFS_MAGIC
}
