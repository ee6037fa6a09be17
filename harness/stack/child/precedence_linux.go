package child

import "golang.org/x/sys/unix"

// nice is the priority of servers and services: a little less than that of the generator, which shares the machine with
// them and must not be late because they are busy. Among themselves they are equal.
const nice = 5

// giveWay sets the priority the next child inherits from this thread, also when the generator runs by now and this
// thread has its precedence. Lowering a priority needs no rights; where it fails nothing but lag is lost, and lag is
// measured.
func giveWay() {
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: nice}, 0)
}
