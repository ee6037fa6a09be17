package doctor

import (
	"context"
	"fmt"
	"time"
)

// Quiet tells whether this machine has its processors free for a rehearsal, which takes half a second. The finding is a
// note where they are busy or taken by the host, and with it the load over the last minute; what else there is to note of
// processors is for [Examine]. Where it cannot be told, nothing is.
func Quiet(ctx context.Context) Finding {
	const limit = 5 * time.Second
	f, _ := answer(ctx, limit, func(ctx context.Context) Finding {
		cpu, err := readCPU(ctx)
		if err != nil {
			return Finding{}
		}
		load, err := readLoad()
		return judgeQuiet(cpu, load, err == nil)
	})
	f.Check, f.Required = "quiet", percent(idleWanted)+" idle"
	return f
}

func judgeQuiet(cpu cpuReading, load loadReading, loadKnown bool) Finding {
	f := Finding{Found: cpu.text()}
	if loadKnown {
		f.Found += fmt.Sprintf(", load average %.2f over 1 min", load.one)
	}
	if f.Fix = cpu.busy(); f.Fix != "" {
		f.Level = Note
	}
	return f
}
