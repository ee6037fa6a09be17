package doctor

import (
	"fmt"
	"math"
	"strconv"
)

// What the shipped scenario takes, measured over a run: two CPUs carry its plateau, memory falls by 1.0 GiB beside the
// cached pages of two copies of 0.5 GiB, the home grows to 1.8 GiB, and 420 connections are open while all goes well.
// The least is what it cannot do without; the wanted leaves room for longer runs and for a system that stalls.
const (
	cpusWanted   = 2
	idleWanted   = 0.75
	stealMost    = 0.05
	loadWanted   = 0.5 // by CPU
	memoryLeast  = 1 << 30
	memoryWanted = 3 << 29
	diskLeast    = 2 << 30
	diskWanted   = 4 << 30
	filesLeast   = 1024
	portsLeast   = 1024
	// filesBeside are open beside connections: sockets that listen, logs, the record.
	filesBeside = 256
)

// busiest shows what keeps the CPUs busy.
const busiest = "ps -eo pcpu,pid,args --sort=-pcpu | head"

// cpuReading is what the CPUs did over a moment.
type cpuReading struct {
	// machine CPUs there are; this process may run on usable ones, and for a time of quota CPUs; 0 is no quota.
	machine, usable int
	quota           float64
	// idle and steal are shares of all CPUs' time; stolen time went to other machines of the same host.
	idle, steal float64
}

func judgeCPU(r cpuReading, err error) Finding {
	if err != nil {
		return cannotTell(err)
	}
	f := Finding{Found: r.text()}
	switch {
	case r.limited() < cpusWanted && r.quota > 0:
		f.Level, f.Fix = Note, fmt.Sprintf("raise the quota to %d CPUs, as with docker run --cpus %d", cpusWanted, cpusWanted)
	case r.limited() < cpusWanted:
		f.Level, f.Fix = Note, fmt.Sprintf("give this machine %d CPUs", cpusWanted)
	case r.busy() != "":
		f.Level, f.Fix = Note, r.busy()
	}
	return f
}

// busy is what to do where others have too much of the CPUs; empty where they have not.
func (r cpuReading) busy() string {
	switch {
	case r.steal > stealMost:
		return "measure when the other machines of this host are quiet, or on another host"
	case r.idle < idleWanted:
		return busiest
	}
	return ""
}

// limited is how many CPUs' time this process gets at most.
func (r cpuReading) limited() float64 {
	if r.quota > 0 {
		return min(float64(r.usable), r.quota)
	}
	return float64(r.usable)
}

func (r cpuReading) text() string {
	text := cpusText(float64(r.machine))
	switch limited := r.limited(); {
	case limited < float64(r.usable):
		text = fmt.Sprintf("%s of %s, the quota of the control group", number(limited), text)
	case r.usable < r.machine:
		text = fmt.Sprintf("%d of %s", r.usable, text)
	}
	text += ", " + percent(r.idle) + " idle"
	if r.steal >= 0.01 {
		text += ", " + percent(r.steal) + " stolen by other machines of the host"
	}
	return text
}

// loadReading is the load average, over 1 and 15 minutes, and how many CPUs carry it.
type loadReading struct {
	one, fifteen float64
	cpus         int
}

func judgeLoad(r loadReading, err error) Finding {
	if err != nil {
		return cannotTell(err)
	}
	cpus := float64(r.cpus)
	f := Finding{Found: fmt.Sprintf("%.2f over 1 min, %.2f over 15 min, on %s", r.one, r.fifteen, cpusText(cpus))}
	if r.one > loadWanted*cpus {
		f.Level, f.Fix = Note, "wait until the machine is quiet, or see what runs: "+busiest
	}
	return f
}

// memoryReading is what memory there is, in bytes.
type memoryReading struct {
	total, available int64
	// limit is the control group's, and limitFree what is left below it; 0 is no limit.
	limit, limitFree int64
}

func judgeMemory(r memoryReading, err error) Finding {
	if err != nil {
		return cannotTell(err)
	}
	free, fix := r.available, "end what is not needed: ps -eo rss,pid,args --sort=-rss | head"
	f := Finding{Found: fmt.Sprintf("%s available of %s", bytesText(free), bytesText(r.total))}
	if r.limit > 0 && r.limitFree < free {
		free, fix = r.limitFree, "raise the limit, as with docker run --memory 2g"
		f.Found = fmt.Sprintf("%s left of %s, the limit of the control group", bytesText(free), bytesText(r.limit))
	}
	return f.judge(free, memoryLeast, memoryWanted, fix)
}

func judgeDisk(free int64, err error, place, fix string) Finding {
	if err != nil {
		return cannotTell(err)
	}
	return Finding{Found: fmt.Sprintf("%s free at %s", bytesText(free), place)}.judge(free, diskLeast, diskWanted, fix)
}

func judgeFiles(limit uint64, wanted int, err error) Finding {
	if err != nil {
		return cannotTell(err)
	}
	if limit > math.MaxInt64 {
		return Finding{Found: "no limit"}
	}
	return Finding{Found: fmt.Sprintf("%d in each process", limit)}.judge(int64(limit), filesLeast, int64(wanted), fmt.Sprintf("ulimit -n %d (as root), or raise nofile in /etc/security/limits.conf", wanted))
}

// portsReading is about the ports from which connections leave.
type portsReading struct {
	// total are in the range, at most used ones are taken, of which timeWait will be free after a minute.
	total, used, timeWait int
}

func judgePorts(r portsReading, connections int, err error) Finding {
	if err != nil {
		return cannotTell(err)
	}
	free := int64(max(r.total-r.used, 0))
	f := Finding{Found: fmt.Sprintf("%d free of %d, %d in TIME_WAIT", free, r.total, r.timeWait)}
	fix := "see what holds them, and end it: ss -tanp"
	switch {
	case int64(r.total) < int64(connections):
		fix = `sysctl -w net.ipv4.ip_local_port_range="32768 60999"`
	case r.timeWait > r.used/2:
		fix = "sleep 60: the kernel keeps a closed connection's port for a minute"
	}
	return f.judge(free, portsLeast, int64(connections), fix)
}

// judge sets the level by what there is, and the fix where that is not as wanted.
func (f Finding) judge(have, least, wanted int64, fix string) Finding {
	switch {
	case have < least:
		f.Level, f.Fix = Problem, fix
	case have < wanted:
		f.Level, f.Fix = Note, fix
	}
	return f
}

// files are those a process has open at worst.
func (c Config) files() int { return c.Connections + filesBeside }

// atLeast writes both limits.
func atLeast(wanted, least any) string { return fmt.Sprintf("%v, at least %v", wanted, least) }

func cpusText(n float64) string {
	if n == 1 {
		return "1 CPU"
	}
	return number(n) + " CPUs"
}

// number writes one without needless digits.
func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// bytesText writes a size in binary units.
func bytesText(n int64) string {
	if n < 1<<30 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
