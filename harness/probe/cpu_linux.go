package probe

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// processTable reads the process table. A process that ends meanwhile is left out.
func processTable() (processes, error) {
	table := processes{self: os.Getpid(), byID: map[int]process{}, children: map[int][]int{}}
	proc, err := os.Open("/proc")
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
		text, err := readInto(buffer[:], "/proc/"+name+"/stat")
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
