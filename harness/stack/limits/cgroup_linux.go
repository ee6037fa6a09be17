package limits

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// hierarchy is where control groups for a controller are made. Version 1 of them has one for each controller, version 2 one
// for all.
type hierarchy struct {
	// base is the group that ours are made in, home the one of rehearse's own threads.
	base, home string
	unified    bool
}

// controllers are those that limits need, as the kernel calls them.
func controllers() []string { return []string{"cpu", "memory"} }

func controllerOf(l stack.Limit) string {
	if l.CPUs > 0 {
		return "cpu"
	}
	return "memory"
}

// findHierarchies finds the hierarchies from the contents of /proc/self/mountinfo and /proc/self/cgroup. In version 1 our groups
// stand at the top, which version 2 leaves to the system: there they stand beside or below rehearse's own.
func findHierarchies(mounts, own string) map[string]hierarchy {
	hierarchies := map[string]hierarchy{}
	var left []string
	for _, c := range controllers() {
		if m, found := findMount(mounts, "cgroup", c); found {
			hierarchies[c] = hierarchy{base: m.point, home: m.directory(ownGroup(own, c))}
		} else {
			left = append(left, c)
		}
	}
	if m, found := findMount(mounts, "cgroup2", ""); found && len(left) > 0 {
		base, handed := findBase(m.point, m.directory(ownGroup(own, "")), left)
		for _, c := range handed {
			hierarchies[c] = hierarchy{base: base, unified: true}
		}
	}
	return hierarchies
}

// mount is where the part of a hierarchy below root is seen.
type mount struct{ root, point string }

// findMount finds a mount by its kind and, in version 1, its controller.
func findMount(mounts, kind, controller string) (mount, bool) {
	for line := range strings.Lines(mounts) {
		front, back, _ := strings.Cut(line, " - ")
		place, what := strings.Fields(front), strings.Fields(back)
		const rootField, pointField, kindField, optionsField = 3, 4, 0, 2
		if len(place) <= pointField || len(what) <= optionsField || what[kindField] != kind {
			continue
		}
		if controller == "" || slices.Contains(strings.Split(what[optionsField], ","), controller) {
			return mount{root: place[rootField], point: place[pointField]}, true
		}
	}
	return mount{}, false
}

// directory is where a group is seen; one outside of the mount counts as its top.
func (m mount) directory(group string) string {
	rest, found := strings.CutPrefix(group, strings.TrimSuffix(m.root, "/"))
	if !found || strings.HasPrefix(rest, "/..") {
		return m.point
	}
	return filepath.Join(m.point, rest)
}

// ownGroup is the group of this process in the hierarchy of a controller; that of version 2 has none.
func ownGroup(own, controller string) string {
	for line := range strings.Lines(own) {
		field := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(field) == 3 && slices.Contains(strings.Split(field[1], ","), controller) {
			return field[2]
		}
	}
	return "/"
}

// findBase finds the group, from own upwards, that hands the most controllers on to groups which rehearse may make in it.
// Own holds processes, so the kernel lets it hand on nothing unless it is the top of all; above, nothing is changed.
func findBase(top, own string, wanted []string) (base string, handed []string) {
	for _, c := range wanted {
		_ = setKnob(own, "cgroup.subtree_control", "+"+c)
	}
	for dir := own; len(dir) >= len(top); dir = filepath.Dir(dir) {
		text, _ := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
		on := slices.DeleteFunc(slices.Clone(wanted), func(c string) bool { return !slices.Contains(strings.Fields(string(text)), c) })
		if len(on) > len(handed) && unix.Access(dir, unix.W_OK) == nil && unix.Access(filepath.Join(dir, "cgroup.procs"), unix.W_OK) == nil {
			base, handed = dir, on
		}
	}
	return base, handed
}

// knob is a file of a group, and what to write into it.
type knob struct {
	file, value string
	// optional is for what some kernels are built without.
	optional bool
}

// knobs set one part of a limit. Memory comes first, then what keeps swap from adding to it.
func (t hierarchy) knobs(part stack.Limit) []knob {
	// The usual period: a limit means the same here and in a container.
	const periodMicros = 100_000
	quota, bytes := math.Round(part.CPUs*periodMicros), fmt.Sprint(part.MemoryBytes)
	switch {
	case t.unified && part.CPUs > 0:
		return []knob{{file: "cpu.max", value: fmt.Sprintf("%.0f %d", quota, periodMicros)}}
	case t.unified:
		return []knob{{file: "memory.max", value: bytes}, {file: "memory.swap.max", value: "0", optional: true}}
	case part.CPUs > 0:
		return []knob{{file: "cpu.cfs_period_us", value: fmt.Sprint(periodMicros)}, {file: "cpu.cfs_quota_us", value: fmt.Sprintf("%.0f", quota)}}
	default:
		return []knob{
			{file: "memory.limit_in_bytes", value: bytes},
			{file: "memory.memsw.limit_in_bytes", value: bytes, optional: true},
			{file: "memory.swappiness", value: "0", optional: true},
		}
	}
}

// deathsFile counts the processes killed for want of memory.
func (t hierarchy) deathsFile() string {
	if t.unified {
		return "memory.events"
	}
	return "memory.oom_control"
}

// setKnob writes to a file of a group, which is there or cannot be made.
func setKnob(group, file, value string) error {
	f, err := os.OpenFile(filepath.Join(group, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(value)
	return err
}
