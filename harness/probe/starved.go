package probe

import (
	"fmt"
	"strconv"
	"strings"
)

// turns is what threads have had of the processors.
type turns struct {
	// runSeconds is the time on a processor, waitSeconds the time ready to run while no processor was free, and count how
	// often a processor was given.
	runSeconds, waitSeconds, count float64
}

func (t *turns) add(o turns) {
	t.runSeconds += o.runSeconds
	t.waitSeconds += o.waitSeconds
	t.count += o.count
}

// threads adds up the turns of the threads of one process.
type threads struct {
	// last is what each had at the last reading; ended is what those had that are gone.
	last  map[int]turns
	ended turns
}

// sum is over the threads there are now and all that were seen before. A thread takes its count with it when it ends;
// what was seen of it is kept, so the sum never steps back.
func (t *threads) sum(now map[int]turns) turns {
	for id, was := range t.last {
		// A count that is smaller than it was is a new thread's with an old id.
		if is, alive := now[id]; !alive || is.count < was.count {
			t.ended.add(was)
		}
	}
	t.last = now
	sum := t.ended
	for _, one := range now {
		sum.add(one)
	}
	return sum
}

// parseSchedstat reads /proc/PID/task/TID/schedstat: nanoseconds on a processor, nanoseconds ready and waiting for one,
// and how often it got one. Source: Documentation/scheduler/sched-stats.rst of Linux.
func parseSchedstat(text string) (turns, error) {
	fields := strings.Fields(text)
	if len(fields) != 3 {
		return turns{}, fmt.Errorf("cannot read schedstat %q", text)
	}
	var numbers [3]float64
	for i, field := range fields {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return turns{}, fmt.Errorf("cannot read schedstat %q", text)
		}
		numbers[i] = float64(n)
	}
	return turns{numbers[0] / 1e9, numbers[1] / 1e9, numbers[2]}, nil
}

// parseSteal reads the first line of /proc/stat: the time of all processors by what they did, in ticks. The eighth is
// what the host took for others while there was work to do here. Source: proc_stat(5).
func parseSteal(text string) (seconds float64, err error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, fmt.Errorf("cannot read the first line of stat %q", line)
	}
	ticks, err := strconv.ParseUint(fields[8], 10, 64)
	return float64(ticks) / ticksPerSecond, err
}
