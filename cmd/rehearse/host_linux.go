package main

import (
	"strings"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// describeHost adds what /proc and the kernel tell.
func describeHost(h *record.Host) {
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		h.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return
	}
	if cpus, err := proc.CPUInfo(); err == nil && len(cpus) > 0 {
		h.CPU = strings.TrimSpace(cpus[0].ModelName)
	}
	if memory, err := proc.Meminfo(); err == nil && memory.MemTotalBytes != nil {
		h.MemoryBytes = int64(*memory.MemTotalBytes)
	}
}
