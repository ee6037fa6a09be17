package probe

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// quotaGroup is a control group with a quota of processor time in which this process lives: what others take inside of it
// we lack, however many processors the machine has besides.
type quotaGroup struct {
	// dir is where it is seen, and path its name in the hierarchy of its kind; unified is that of version 2.
	dir, path string
	unified   bool
	// processors are how many's time it grants.
	processors float64
}

// findGroup finds the tightest, from the contents of /proc/self/mountinfo and /proc/self/cgroup; read reads a file of a
// group and is empty for one that is not there.
func findGroup(mounts, own string, read func(file string) string) (tightest quotaGroup, found bool) {
	for line := range strings.Lines(mounts) {
		front, back, _ := strings.Cut(line, " - ")
		place, what := strings.Fields(front), strings.Fields(back)
		if len(place) < 5 || len(what) < 3 {
			continue
		}
		g := quotaGroup{unified: what[0] == "cgroup2"}
		if !g.unified && (what[0] != "cgroup" || !slices.Contains(strings.Split(what[2], ","), "cpu")) {
			continue
		}
		name, has := g.member(own)
		if !has {
			continue
		}
		root, top := place[3], place[4]
		// A container often sees its own group alone, mounted as the top.
		below, inside := strings.CutPrefix(name, strings.TrimSuffix(root, "/"))
		if !inside {
			below = ""
		}
		for below = path.Join("/", below); ; below, name = path.Dir(below), path.Dir(name) {
			g.dir, g.path = path.Join(top, below), name
			if g.processors = g.quota(read); g.processors > 0 && (!found || g.processors < tightest.processors) {
				tightest, found = g, true
			}
			if below == "/" {
				break
			}
		}
	}
	return tightest, found
}

// member is the group of a process in the hierarchy, from its /proc/PID/cgroup.
func (g quotaGroup) member(text string) (name string, has bool) {
	for line := range strings.Lines(text) {
		field := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(field) != 3 {
			continue
		}
		if g.unified && field[0] == "0" && field[1] == "" || !g.unified && slices.Contains(strings.Split(field[1], ","), "cpu") {
			return field[2], true
		}
	}
	return "", false
}

// holds tells whether a process is in the group or in one below it, by its /proc/PID/cgroup.
func (g quotaGroup) holds(text string) bool {
	name, has := g.member(text)
	below, inside := strings.CutPrefix(name, strings.TrimSuffix(g.path, "/"))
	return has && inside && (below == "" || below[0] == '/') && !strings.HasPrefix(below, "/..")
}

// quota is how many processors' time the group grants; zero is no limit.
func (g quotaGroup) quota(read func(file string) string) float64 {
	words := strings.Fields(read(path.Join(g.dir, "cpu.max")))
	if !g.unified {
		words = strings.Fields(read(path.Join(g.dir, "cpu.cfs_quota_us")) + " " + read(path.Join(g.dir, "cpu.cfs_period_us")))
	}
	if len(words) != 2 {
		return 0
	}
	granted, err := strconv.ParseFloat(words[0], 64)
	period, wrong := strconv.ParseFloat(words[1], 64)
	if err != nil || wrong != nil || !(granted > 0) || !(period > 0) {
		return 0
	}
	return granted / period
}

// used is what all processes of the group have had, in seconds.
func (g quotaGroup) used(read func(file string) string) (seconds float64, known bool) {
	text, unit := strings.TrimSpace(read(path.Join(g.dir, "cpuacct.usage"))), 1e9
	if g.unified {
		_, rest, _ := strings.Cut("\n"+read(path.Join(g.dir, "cpu.stat")), "\nusage_usec ")
		text, _, _ = strings.Cut(rest, "\n")
		unit = 1e6
	}
	n, err := strconv.ParseFloat(text, 64)
	return n / unit, err == nil
}

// inside is what a group with a quota has had, all in all and ours.
type inside struct {
	known      bool
	processors float64
	used, own  float64
}

// crowding is what others took inside the group between two readings, in seconds of so many processors: their share of the
// quota is as bad as that share of the machine.
func (now inside) crowding(last inside, processors float64) float64 {
	if !now.known || !last.known || now.processors != last.processors {
		return 0
	}
	return ((now.used - last.used) - (now.own - last.own)) / now.processors * processors
}
