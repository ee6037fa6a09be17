package probe

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// processTable reads the process table in dir. A process that ends meanwhile is left out.
func processTable(dir string, self int) (processes, error) {
	table := processes{self: self, byID: map[int]process{}, children: map[int][]int{}}
	proc, err := os.Open(dir)
	if err != nil {
		return table, fmt.Errorf("process table: %w", err)
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return table, fmt.Errorf("process table: %w", err)
	}
	var buffer [1024]byte
	for _, name := range names {
		if name[0] < '0' || name[0] > '9' {
			continue
		}
		text, err := readInto(buffer[:], dir+"/"+name+"/stat")
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ESRCH) {
			continue
		}
		p, malformed := parseStat(text)
		if err := errors.Join(err, malformed); err != nil {
			return table, err
		}
		table.byID[p.pid] = p
		table.children[p.parent] = append(table.children[p.parent], p.pid)
	}
	return table, nil
}

// residentBytes is the memory of a process, its own and that which it may share; zero when it is gone.
func residentBytes(pid int) (private, shared float64) {
	var buffer [256]byte
	text, err := readInto(buffer[:], "/proc/"+strconv.Itoa(pid)+"/statm")
	pages := strings.Fields(text)
	if err != nil || len(pages) < 3 {
		return 0, 0
	}
	// Pages: size, resident, shared. Source: proc_pid_statm(5).
	resident, _ := strconv.ParseFloat(pages[1], 64)
	shared, _ = strconv.ParseFloat(pages[2], 64)
	page := float64(os.Getpagesize())
	return max(resident-shared, 0) * page, shared * page
}

// readInto reads a file of one line with three system calls. os.ReadFile needs twice as many for files without a size,
// and hundreds of them are read on the cores that are being measured.
func readInto(buffer []byte, path string) (string, error) {
	file, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer syscall.Close(file)
	n, err := syscall.Read(file, buffer)
	if err != nil {
		return "", &os.PathError{Op: "read", Path: path, Err: err}
	}
	return string(buffer[:n]), nil
}

// threadTurns is what each thread of this process has had of the processors, and whether the kernel tells: one built
// without the accounting says zero. The file of the process itself speaks of its first thread alone.
func threadTurns() (byThread map[int]turns, known bool) {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, false
	}
	byThread = map[int]turns{}
	var buffer [128]byte
	for _, task := range tasks {
		text, err := readInto(buffer[:], "/proc/self/task/"+task.Name()+"/schedstat")
		if err != nil {
			continue // it ended meanwhile, or no thread has the file
		}
		id, notNumber := strconv.Atoi(task.Name())
		one, err := parseSchedstat(text)
		if err != nil || notNumber != nil {
			return nil, false
		}
		byThread[id] = one
		known = known || one.runSeconds > 0
	}
	return byThread, known
}

// stealSeconds is how long the host had processors of this machine run something else, added up over them.
func stealSeconds() (seconds float64, known bool) {
	var buffer [256]byte
	text, err := readInto(buffer[:], "/proc/stat")
	if err != nil {
		return 0, false
	}
	seconds, err = parseSteal(text)
	return seconds, err == nil
}

// linesOf are the lines of some processes, as they are now.
func linesOf(dir string, pids []int) map[int]process {
	lines := map[int]process{}
	var buffer [1024]byte
	for _, pid := range pids {
		text, err := readInto(buffer[:], dir+"/"+strconv.Itoa(pid)+"/stat")
		if err != nil {
			continue // it has ended
		}
		if p, err := parseStat(text); err == nil {
			lines[pid] = p
		}
	}
	return lines
}

// machineOf is what the processors did that this process or one of the nodes may run on: what others do on the rest of
// them takes nothing from us.
func machineOf(dir string, nodes []int) (machine machineTimes, known bool) {
	var masks []unix.CPUSet
	for _, pid := range append(nodes, os.Getpid()) {
		var mask unix.CPUSet
		if unix.SchedGetaffinity(pid, &mask) == nil {
			masks = append(masks, mask)
		}
	}
	// One line for each processor, and none is longer; what follows them is longer by far.
	const lineBytes, mostProcessors = 128, 1024
	text, err := readInto(make([]byte, lineBytes*mostProcessors), dir+"/stat")
	if err != nil {
		return machine, false
	}
	machine, err = parseMachine(text, func(cpu int) bool {
		for i := range masks {
			if masks[i].IsSet(cpu) {
				return true
			}
		}
		return len(masks) == 0
	})
	return machine, err == nil
}
