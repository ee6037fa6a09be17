//go:build !linux

package probe

import (
	"errors"
	"fmt"
	"runtime"
)

// processTable is not there: other systems tell process times in other ways, and rehearse measures on Linux.
func processTable(string, int) (processes, error) {
	return processes{}, fmt.Errorf("process table: not on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// residentBytes is never asked without a process table.
func residentBytes(int) (private, shared float64) { return 0, 0 }

// threadTurns and stealSeconds are not known here.
func threadTurns() (byThread map[int]turns, known bool) { return nil, false }

func stealSeconds() (seconds float64, known bool) { return 0, false }

// linesOf and machineOf are never asked without a process table.
func linesOf(string, []int) map[int]process { return nil }

func machineOf(string, []int) (machine machineTimes, known bool) { return machineTimes{}, false }
