package doctor

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// cpuQuota is how many CPUs' time the control groups of this process grant it; 0 is no quota. Go rounds what it reads of
// this, and up, so it cannot be asked.
func cpuQuota() float64 {
	quota := math.Inf(1)
	for dir, top := range controlGroups("cpu") {
		quota = min(quota, quotaBelow(dir, top))
	}
	if math.IsInf(quota, 1) {
		return 0
	}
	return quota
}

// memoryLimit is the tightest memory limit of this process' control groups and what is left below it; 0 is no limit.
func memoryLimit() (limit, free int64) {
	free = math.MaxInt64
	for dir, top := range controlGroups("memory") {
		if l, f := limitBelow(dir, top); l > 0 && f < free {
			limit, free = l, f
		}
	}
	if limit == 0 {
		return 0, 0
	}
	return limit, free
}

// controlGroups are the directories of this process' own groups with that controller, each with the top of its
// hierarchy: of version 1, of version 2, or of both.
func controlGroups(controller string) map[string]string {
	self, err := procfs.Self()
	if err != nil {
		return nil
	}
	groups, err := self.Cgroups()
	if err != nil {
		return nil
	}
	mounts, err := self.MountInfo()
	if err != nil {
		return nil
	}
	dirs := map[string]string{}
	for _, g := range groups {
		for _, m := range mounts {
			_, has := m.SuperOptions[controller]
			first := m.FSType == "cgroup" && has && slices.Contains(g.Controllers, controller)
			second := m.FSType == "cgroup2" && g.HierarchyID == 0
			if first || second {
				dirs[groupBelow(m.MountPoint, m.Root, g.Path)] = m.MountPoint
			}
		}
	}
	return dirs
}

// groupBelow is where a group lies below a mount of its hierarchy. A container often sees only its own group mounted, or
// has a path from outside that means nothing here: then the mount itself is the nearest that can be seen.
func groupBelow(mount, root, path string) string {
	below, err := filepath.Rel(root, path)
	if err != nil || below == ".." || strings.HasPrefix(below, "../") {
		return mount
	}
	return filepath.Join(mount, below)
}

// ancestry are dir and the directories above it up to top.
func ancestry(dir, top string) []string {
	dirs := []string{dir}
	for dir != top && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		dirs = append(dirs, dir)
	}
	return dirs
}

// quotaBelow is the least quota of a group and those above it; infinite when none has one.
func quotaBelow(dir, top string) float64 {
	quota := math.Inf(1)
	for _, d := range ancestry(dir, top) {
		words := strings.Fields(text(d, "cpu.max"))
		if len(words) == 0 {
			words = []string{strings.TrimSpace(text(d, "cpu.cfs_quota_us")), strings.TrimSpace(text(d, "cpu.cfs_period_us"))}
		}
		if len(words) != 2 {
			continue
		}
		granted, period := integer(words[0]), integer(words[1])
		if granted > 0 && period > 0 {
			quota = min(quota, float64(granted)/float64(period))
		}
	}
	return quota
}

// limitBelow is the memory limit of the group, or of one above it, below which the least is left. Pages of files that
// nobody has touched lately count as left: the kernel drops them first.
func limitBelow(dir, top string) (limit, free int64) {
	// Version 1 writes the largest multiple of the page size where there is no limit.
	const none = math.MaxInt64 &^ (1<<20 - 1)
	for _, d := range ancestry(dir, top) {
		l, used, idle := integer(text(d, "memory.max")), integer(text(d, "memory.current")), "inactive_file"
		if l == 0 {
			l, used, idle = integer(text(d, "memory.limit_in_bytes")), integer(text(d, "memory.usage_in_bytes")), "total_inactive_file"
		}
		if l <= 0 || l >= none {
			continue
		}
		if left := max(l-used+statistic(text(d, "memory.stat"), idle), 0); limit == 0 || left < free {
			limit, free = l, left
		}
	}
	return limit, free
}

// statistic is a value in lines of names and values.
func statistic(lines, name string) int64 {
	for line := range strings.Lines(lines) {
		if key, value, ok := strings.Cut(line, " "); ok && key == name {
			return integer(value)
		}
	}
	return 0
}

// text is the content of a file of a group; empty when the group has none of that name.
func text(dir, name string) string {
	b, _ := os.ReadFile(filepath.Join(dir, name)) // which files there are, tells the version
	return string(b)
}

// integer is 0 for "max" and everything else that is none.
func integer(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
