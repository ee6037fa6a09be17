package child

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// Identity names a process beyond doubt: process ids are reused, but not with the same start time in the same boot.
type Identity struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
	// Start is in clock ticks since the boot named by Boot.
	Start uint64 `json:"start"`
	Boot  string `json:"boot"`
	// Command is the program as the process was called.
	Command string `json:"command"`
}

// Identify names the process that a command has started.
func Identify(name string, cmd *exec.Cmd) Identity {
	pid := cmd.Process.Pid
	_, _, start, _ := processStat(pid) // unreadable for a child that is already gone, and then never matched
	return Identity{Name: name, PID: pid, Start: start, Boot: bootID(), Command: cmd.Args[0]}
}

// Alive tells whether this very process still runs; one that is dead and only waits to be reaped does not.
func (id Identity) Alive() bool {
	state, _, start, err := processStat(id.PID)
	if err != nil || state == 'Z' || state == 'X' || start != id.Start || id.Boot != bootID() {
		return false
	}
	return id.Command == "" || strings.HasPrefix(commandLine(id.PID), id.Command)
}

// Signal sends sig if the process is still the one meant.
func (id Identity) Signal(sig syscall.Signal) {
	if id.Alive() {
		_ = syscall.Kill(id.PID, sig) // it may have ended since; who has to know waits for it
	}
}

// List is a file of started processes, kept so that those of a rehearse that crashed can be found. It belongs where the
// account that they run as cannot write to: what stands in it gets killed.
type List struct {
	mu   sync.Mutex
	file *os.File
}

// OpenList opens a list for adding to it; it is made if need be.
func OpenList(path string) (*List, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return &List{file: f}, err
}

// Add enters a process.
func (l *List) Add(id Identity) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return json.NewEncoder(l.file).Encode(id)
}

// Close closes the file.
func (l *List) Close() error { return l.file.Close() }

// ReadList lists what was started; a list that is not there is empty. A last line cut short is dropped: its process has
// died with rehearse.
func ReadList(path string) ([]Identity, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var ids []Identity
	for dec := json.NewDecoder(f); ; {
		var id Identity
		switch err := dec.Decode(&id); {
		case err == nil:
			ids = append(ids, id)
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return ids, nil
		default:
			return ids, err
		}
	}
}
