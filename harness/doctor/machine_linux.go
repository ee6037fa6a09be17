package doctor

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/prometheus/procfs"
)

// cpuMoment is how long the CPUs are watched.
const cpuMoment = 500 * time.Millisecond

func readCPU(ctx context.Context) (cpuReading, error) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return cpuReading{}, err
	}
	before, err := proc.Stat()
	if err != nil {
		return cpuReading{}, err
	}
	select {
	case <-ctx.Done():
		return cpuReading{}, ctx.Err()
	case <-time.After(cpuMoment):
	}
	after, err := proc.Stat()
	if err != nil {
		return cpuReading{}, err
	}
	a, b := before.CPUTotal, after.CPUTotal
	// Time of guests is part of user time already. Source: proc_stat(5).
	total := b.User - a.User + b.Nice - a.Nice + b.System - a.System + b.Idle - a.Idle + b.Iowait - a.Iowait +
		b.IRQ - a.IRQ + b.SoftIRQ - a.SoftIRQ + b.Steal - a.Steal
	r := cpuReading{machine: len(after.CPU), usable: runtime.NumCPU(), quota: cpuQuota()}
	if total > 0 {
		r.idle, r.steal = (b.Idle-a.Idle+b.Iowait-a.Iowait)/total, (b.Steal-a.Steal)/total
	}
	return r, nil
}

func readLoad() (loadReading, error) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return loadReading{}, err
	}
	load, err := proc.LoadAvg()
	if err != nil {
		return loadReading{}, err
	}
	stat, err := proc.Stat()
	if err != nil {
		return loadReading{}, err
	}
	return loadReading{one: load.Load1, fifteen: load.Load15, cpus: len(stat.CPU)}, nil
}

func readMemory() (memoryReading, error) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return memoryReading{}, err
	}
	info, err := proc.Meminfo()
	if err != nil {
		return memoryReading{}, err
	}
	if info.MemTotalBytes == nil || info.MemAvailableBytes == nil {
		return memoryReading{}, fmt.Errorf("/proc/meminfo has no MemAvailable")
	}
	r := memoryReading{total: int64(*info.MemTotalBytes), available: int64(*info.MemAvailableBytes)}
	r.limit, r.limitFree = memoryLimit()
	return r, nil
}

// readPorts takes every TCP socket for one that holds a port of the range for itself. That is too many, never too few:
// those that listen have other ports, and two connections to different servers may share one.
func readPorts() (portsReading, error) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return portsReading{}, err
	}
	span, err := proc.SysctlInts("net/ipv4/ip_local_port_range")
	if err != nil {
		return portsReading{}, err
	}
	if len(span) != 2 {
		return portsReading{}, fmt.Errorf("the range of ports reads %v", span)
	}
	r := portsReading{total: span[1] - span[0] + 1}
	sockets, err := proc.NetSockstat()
	if err != nil {
		return portsReading{}, err
	}
	r.add(sockets)
	if six, err := proc.NetSockstat6(); err == nil { // there is none where IPv6 is off
		r.add(six)
	}
	return r, nil
}

func (r *portsReading) add(sockets *procfs.NetSockstat) {
	for _, p := range sockets.Protocols {
		if p.Protocol != "TCP" && p.Protocol != "TCP6" {
			continue
		}
		r.used += p.InUse
		if p.TW != nil { // only the first file counts them, for both
			r.timeWait += *p.TW
			r.used += *p.TW
		}
	}
}
