package doctor

import (
	"fmt"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// judged is a finding and what it spoils if it is a problem.
type judged struct {
	Finding
	of part
	// decides tells that auto looks at it as well.
	decides bool
}

// conclude decides which back ends can run and which one auto takes, and turns the problems of one that is not needed
// into notes. Auto does not look at everything: it may take a back end that then finds no room.
func conclude(asked string, found []judged) Report {
	wrong, refused := map[part][]string{}, map[part]bool{}
	for _, f := range found {
		if f.Level == Problem {
			wrong[f.of] = append(wrong[f.of], strings.ReplaceAll(f.Check, "_", " "))
			refused[f.of] = refused[f.of] || f.decides
		}
	}
	r := Report{Asked: asked, Containers: wrong[ofContainers] == nil, Processes: wrong[ofProcesses] == nil}
	switch {
	case !refused[ofContainers]:
		r.Stack = stack.BackendContainers
	case !refused[ofProcesses]:
		r.Stack = stack.BackendProcesses
	}
	wanted := asked
	if asked == stack.BackendAuto {
		wanted = r.Stack
	}
	able := map[string]bool{stack.BackendContainers: r.Containers, stack.BackendProcesses: r.Processes}[wanted]
	r.Ready = able && wrong[ofMachine] == nil
	needed := map[part]bool{
		ofMachine: true, ofContainers: wanted == stack.BackendContainers || wanted == "", ofProcesses: wanted == stack.BackendProcesses || wanted == "",
	}
	for _, f := range found {
		if f.Level == Problem && !needed[f.of] {
			f.Level = Note
		}
		r.Findings = append(r.Findings, f.Finding)
	}
	r.Summary = r.sentence(wrong)
	return r
}

// sentence says whether a rehearsal can start, with which back end, or which findings say why not.
func (r Report) sentence(wrong map[part][]string) string {
	see := func(p part) string { return "see " + strings.Join(wrong[p], ", ") }
	auto := "--stack auto takes " + r.Stack
	if !r.Containers && r.Stack == stack.BackendProcesses {
		auto += " (containers cannot run, " + see(ofContainers) + ")"
	}
	switch {
	case r.Ready && r.Asked == stack.BackendAuto:
		return "ready: " + auto
	case r.Ready:
		return fmt.Sprintf("ready: --stack %s can run; %s", r.Asked, auto)
	case wrong[ofMachine] != nil:
		return "not ready: this machine cannot hold a rehearsal now, " + see(ofMachine)
	case !r.Containers && !r.Processes:
		return fmt.Sprintf("not ready: neither containers (%s) nor processes (%s) can run; mend one of the two", see(ofContainers), see(ofProcesses))
	case r.Asked == stack.BackendAuto:
		return fmt.Sprintf("not ready: --stack auto takes containers, which cannot run, %s; --stack processes can", see(ofContainers))
	case r.Asked == stack.BackendContainers:
		return fmt.Sprintf("not ready: containers cannot run, %s; --stack processes can", see(ofContainers))
	}
	return fmt.Sprintf("not ready: processes cannot run, %s; --stack containers can", see(ofProcesses))
}
