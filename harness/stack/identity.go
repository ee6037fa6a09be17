package stack

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// identity names a process beyond doubt: process ids are reused, but not with the same start time in the same boot.
type identity struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
	// Start is in clock ticks since the boot named by Boot.
	Start uint64 `json:"start"`
	Boot  string `json:"boot"`
	// Command is the program as the process was called.
	Command string `json:"command"`
}

func identify(name string, cmd *exec.Cmd) identity {
	pid := cmd.Process.Pid
	_, _, start, _ := processStat(pid) // unreadable for a child that is already gone, and then never matched
	return identity{Name: name, PID: pid, Start: start, Boot: bootID(), Command: cmd.Args[0]}
}

// alive tells whether this very process still runs; one that is dead and only waits to be reaped does not.
func (id identity) alive() bool {
	state, _, start, err := processStat(id.PID)
	if err != nil || state == 'Z' || state == 'X' || start != id.Start || id.Boot != bootID() {
		return false
	}
	return id.Command == "" || strings.HasPrefix(commandLine(id.PID), id.Command)
}

// signal sends sig if the process is still the one meant.
func (id identity) signal(sig syscall.Signal) {
	if id.alive() {
		_ = syscall.Kill(id.PID, sig) // it may have ended since; who has to know waits for it
	}
}

// ledger is the run's list of started processes, kept so that [Clean] can find those of a run that crashed.
type ledger struct {
	mu   sync.Mutex
	file *os.File
}

// ledgerName is relative to the run's directory, in the part the servers' account cannot write to: what stands there
// gets killed.
const ledgerName = "processes.jsonl"

func openLedger(run string) (*ledger, error) {
	f, err := os.OpenFile(filepath.Join(run, ledgerName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return &ledger{file: f}, err
}

func (l *ledger) add(id identity) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return json.NewEncoder(l.file).Encode(id)
}

func (l *ledger) close() error { return l.file.Close() }

// readLedger lists what a run had started. A last line cut short is dropped: its process has died with rehearse.
func readLedger(run string) ([]identity, error) {
	f, err := os.Open(filepath.Join(run, ledgerName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var ids []identity
	for dec := json.NewDecoder(f); ; {
		var id identity
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
