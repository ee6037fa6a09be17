//go:build !linux

package child

import (
	"errors"
	"syscall"
)

// Attributes gives a child a process group of its own. Only Linux can tie its life to rehearse's.
func Attributes(as *syscall.Credential, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: as}
}

// processStat needs /proc.
func processStat(int) (state byte, parent int, start uint64, err error) {
	return 0, 0, 0, errors.ErrUnsupported
}

func commandLine(int) string { return "" }

func bootID() string { return "" }

// Descendants are unknown here, so faults reach a node's main process only.
func Descendants(int) []Identity { return nil }

// WorkingIn are unknown here, so backends of a killed Postgres end with their queries.
func WorkingIn(string) []Identity { return nil }

func awaitStopped(int) {}
