// Package limits keeps nodes that are processes within limits on CPU time and memory.
//
// Scope: [New] makes a [Hold] for each limited node, out of control groups of either version or, for whole CPUs, by pinning;
// a child is born inside. [Limiter.InForce] tells what is really enforced, and [Remove] takes away the groups of a run.
//
// Opinion: a limit holds from the first instruction, or the numbers of a start are those of a larger node; and one that the
// system refuses stops nothing, but is stated with its reason wherever the numbers are.
package limits

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// Limiter has, by its name, what holds each limited node inside its limit. It is made before anything is started and goes
// with the run's directory; a node that restarts comes back into the same hold.
type Limiter map[string]*Hold

// Hold keeps one node inside its limit: control groups, or CPUs it is pinned to, or nothing where the system allows
// neither. A nil one is that of a node without a limit.
type Hold struct {
	limit  stack.Limit
	groups []group
	pinned pinning
	// applied says for people what is in force; refused is what is not, for these reasons.
	applied []string
	refused stack.Limit
	reasons []string
}

// errNoGroup is why a limit is not applied, in most cases.
var errNoGroup = errors.New("no writable cgroup")

// group is a control group of the kernel with one node's processes.
type group struct {
	path string
	// home is the group of rehearse's own threads, when they must enter path to have children born there; empty where
	// the kernel can be told to.
	home string
	// deaths is the file that counts the processes killed for want of memory; empty without a limit on it.
	deaths string
}

// New makes the holds of a run. Its name is part of the names of groups, and list is the file in which they are
// noted, so that those of a run that crashed are found. What the system refuses is no error: it is logged once and told by [Limiter.InForce].
func New(run, list string, limits map[string]stack.Limit, log *slog.Logger) (Limiter, error) {
	l, on := Limiter{}, newHost()
	var refused []string
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		h, err := on.take(run, list, name, limits[name])
		if err != nil {
			return nil, err
		}
		if limits[name] != (stack.Limit{}) {
			l[name] = h
		}
		if len(h.reasons) > 0 {
			refused = append(refused, name+" "+h.refusal())
		}
	}
	if len(refused) > 0 {
		log.Warn("limits are not applied, so the numbers are those of larger nodes; run as root where cgroups are writable",
			"limits", strings.Join(refused, "; "))
	}
	return l, nil
}

// partsOf are the limit on each resource by itself.
func partsOf(l stack.Limit) (parts []stack.Limit) {
	if l.CPUs > 0 {
		parts = append(parts, stack.Limit{CPUs: l.CPUs})
	}
	if l.MemoryBytes > 0 {
		parts = append(parts, stack.Limit{MemoryBytes: l.MemoryBytes})
	}
	return parts
}

// InForce tells for each limited node what is in force and what came of it, or why not.
func (l Limiter) InForce() map[string]string {
	told := map[string]string{}
	for name, h := range l {
		text := strings.Join(h.applied, ", ")
		if n := h.Kills(); n > 0 {
			text += fmt.Sprintf(" (processes killed for it: %d)", n)
		}
		switch {
		case text == "":
			text = h.refusal()
		case len(h.reasons) > 0:
			text += ", but " + h.refusal()
		}
		told[name] = text
	}
	return told
}

// refuse notes what is asked for and not in force.
func (h *Hold) refuse(part stack.Limit, why error) {
	h.refused.CPUs += part.CPUs
	h.refused.MemoryBytes += part.MemoryBytes
	if !slices.Contains(h.reasons, why.Error()) {
		h.reasons = append(h.reasons, why.Error())
	}
}

func (h *Hold) refusal() string {
	return fmt.Sprintf("%v asked, not applied: %s", h.refused, strings.Join(h.reasons, ", "))
}

// Lift gives all nodes the whole machine, since who has little CPU time also takes long to end.
func (l Limiter) Lift() {
	for _, h := range l {
		h.lift()
	}
}

// Kills is how many processes of the node the kernel has killed for want of memory so far.
func (h *Hold) Kills() (n int) {
	if h == nil {
		return 0
	}
	for _, g := range h.groups {
		n += countIn(g.deaths, "oom_kill")
	}
	return n
}

// Explain adds to the end of a process what only its group knows; before is the count of kills when it started.
func (h *Hold) Explain(end error, before int) error {
	exit, ok := errors.AsType[*exec.ExitError](end)
	if !ok || h.Kills() == before {
		return end
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		return end
	}
	return fmt.Errorf("killed, perhaps for its memory limit of %s: %w", stack.Bytes(h.limit.MemoryBytes), end)
}

// countIn reads the number behind key in a file of such lines; what is not there counts nothing.
func countIn(path, key string) (n int) {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, " "); found && name == key {
			_, _ = fmt.Sscan(value, &n)
		}
	}
	return n
}

// noteGroup enters a group into a list before it is made.
func noteGroup(list, path string) error {
	f, err := os.OpenFile(list, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(path + "\n")
	return errors.Join(err, f.Close())
}

// Remove removes all groups of a list; one that is not there is empty. Their processes must be gone.
func Remove(list string) error {
	text, err := os.ReadFile(list)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for path := range strings.Lines(string(text)) {
		errs = append(errs, removeGroup(strings.TrimSuffix(path, "\n")))
	}
	return errors.Join(errs...)
}

// removeGroup removes an empty group; one that was never made is gone. The kernel takes a process for a member until some
// moments after it is reaped.
func removeGroup(path string) error {
	const patience, pause = 2 * time.Second, 5 * time.Millisecond
	for begin := time.Now(); ; time.Sleep(pause) {
		err := os.Remove(path)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if time.Since(begin) > patience {
			members, _ := os.ReadFile(filepath.Join(path, "cgroup.procs"))
			return fmt.Errorf("stack: remove the control group with the processes %q: %w; end them and type: rehearse clean",
				strings.Fields(string(members)), err)
		}
	}
}
