//go:build unix

package load

import "syscall"

// ended tells that an idle connection is of no use any more: the system has closed it, or has said something that nobody
// asked for. It looks without waiting, before a byte of a request is written, so what it finds is proof that the system
// has seen none.
func ended(idle syscall.RawConn) bool {
	quiet := false
	err := idle.Control(func(fd uintptr) {
		var one [1]byte
		_, err := syscall.Read(int(fd), one[:])
		quiet = err == syscall.EAGAIN || err == syscall.EINTR
	})
	return err != nil || !quiet
}
