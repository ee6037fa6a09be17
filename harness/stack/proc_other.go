//go:build !linux

package stack

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes gives a child a process group of its own. Only Linux can tie its life to rehearse's.
func attributes(as account, _ syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if as.drop {
		attr.Credential = &syscall.Credential{Uid: uint32(as.uid), Gid: uint32(as.gid)}
	}
	return attr
}

// processStat needs /proc.
func processStat(int) (state byte, parent int, start uint64, err error) {
	return 0, 0, 0, errors.ErrUnsupported
}

func commandLine(int) string { return "" }

func bootID() string { return "" }

// descendants are unknown here, so faults reach a node's main process only.
func descendants(int) []identity { return nil }

// dwellers are unknown here, so backends of a killed Postgres end with their queries.
func dwellers(string) []identity { return nil }

func awaitStopped(int) {}

func cloneFile(_, _ *os.File) bool { return false }

// writeBack starts the write-back of everything; it may return before it is done.
func writeBack(string) error {
	unix.Sync()
	return nil
}

// inMemory is not known here.
func inMemory(string) bool { return false }
