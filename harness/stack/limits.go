package stack

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// limiter has, by its name, what holds each limited node inside its limit. It is made before anything is started and goes
// with the run's directory; a node that restarts comes back into the same hold.
type limiter map[string]*hold

// hold keeps one node inside its limit: control groups, or CPUs it is pinned to, or nothing where the system allows
// neither. A nil hold is that of a node without a limit.
type hold struct {
	limit  Limit
	groups []group
	pinned pinning
	// applied says for people what is in force; refused is what is not, for these reasons.
	applied []string
	refused Limit
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

// newLimiter makes the holds. What the system refuses is no error: it is logged once and told by [limiter.inForce].
func newLimiter(run *rundir, limits map[string]Limit, log *slog.Logger) (limiter, error) {
	l, on := limiter{}, newHost()
	var refused []string
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		h, err := on.take(run, name, limits[name])
		if err != nil {
			return nil, err
		}
		if limits[name] != (Limit{}) {
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

// checkLimits refuses what could not be a limit, or not be the name of a node.
func checkLimits(limits map[string]Limit) error {
	name := regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)
	for n, l := range limits {
		if !name.MatchString(n) || !(l.CPUs >= 0) || l.MemoryBytes < 0 {
			return fmt.Errorf("stack: %+v cannot limit %q; name a node, and give numbers that are not negative", l, n)
		}
	}
	return nil
}

// parts are the limit on each resource by itself.
func (l Limit) parts() (parts []Limit) {
	if l.CPUs > 0 {
		parts = append(parts, Limit{CPUs: l.CPUs})
	}
	if l.MemoryBytes > 0 {
		parts = append(parts, Limit{MemoryBytes: l.MemoryBytes})
	}
	return parts
}

// inForce tells for each limited node what is in force and what came of it, or why not.
func (l limiter) inForce() map[string]string {
	told := map[string]string{}
	for name, h := range l {
		text := strings.Join(h.applied, ", ")
		if n := h.kills(); n > 0 {
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
func (h *hold) refuse(part Limit, why error) {
	h.refused.CPUs += part.CPUs
	h.refused.MemoryBytes += part.MemoryBytes
	if !slices.Contains(h.reasons, why.Error()) {
		h.reasons = append(h.reasons, why.Error())
	}
}

func (h *hold) refusal() string {
	return fmt.Sprintf("%v asked, not applied: %s", h.refused, strings.Join(h.reasons, ", "))
}

// lift gives all nodes the whole machine, since who has little CPU time also takes long to end.
func (l limiter) lift() {
	for _, h := range l {
		h.lift()
	}
}

// kills is how many processes of the node the kernel has killed for want of memory so far.
func (h *hold) kills() (n int) {
	if h == nil {
		return 0
	}
	for _, g := range h.groups {
		n += countIn(g.deaths, "oom_kill")
	}
	return n
}

// explain adds to the end of a process what only its group knows; before is the count of kills when it started.
func (h *hold) explain(end error, before int) error {
	exit, ok := errors.AsType[*exec.ExitError](end)
	if !ok || h.kills() == before {
		return end
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		return end
	}
	return fmt.Errorf("killed, perhaps for its memory limit of %s: %w", bytesText(h.limit.MemoryBytes), end)
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

// groupsFile lists the groups of a run in its private directory, so that those of one that crashed are found.
const groupsFile = "groups"

// noteGroup enters a group before it is made.
func (r *rundir) noteGroup(path string) error {
	f, err := os.OpenFile(filepath.Join(r.path, groupsFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(path + "\n")
	return errors.Join(err, f.Close())
}

// removeGroups removes all groups of a run. Their processes must be gone.
func (r *rundir) removeGroups() error {
	text, err := os.ReadFile(filepath.Join(r.path, groupsFile))
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
