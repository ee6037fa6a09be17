package home

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// markName is a file in a home, and in the directory of each run, that says whose they are. What does not have it was made
// by somebody else, and is nobody's to remove.
const markName = "made-by-rehearse"

// Texts of marks; that of a run names it, so that a copy of one elsewhere says nothing.
const homeMark = "rehearse keeps runs and templates here, and removes them when asked to clean\n"

func runMark(name string) string { return "the run " + name + " of rehearse\n" }

// setMark makes the mark of a directory that was just made.
func setMark(dir, text string) error {
	f, err := os.OpenFile(filepath.Join(dir, markName), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// marked tells whether a directory has the mark with that text.
func marked(dir, text string) bool { return readMark(dir) == text }

// readMark is the text of a directory's mark, a blank where it cannot be read.
func readMark(dir string) string {
	f, err := os.OpenFile(filepath.Join(dir, markName), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return " "
	}
	defer f.Close()
	found, err := io.ReadAll(io.LimitReader(f, 1<<10))
	if err != nil {
		return " "
	}
	return string(found)
}

// claim makes a home ours that is empty, or was made by a rehearse that set no marks, which is known by having nothing in it
// but what that made. Any other directory is somebody's.
func (h Home) claim() error {
	if marked(h.Path, homeMark) {
		return nil
	}
	if err := h.foreign(); err != nil {
		return err
	}
	// Others may be at it as well: whoever comes later finds the same text.
	unlock, err := lockFile(context.Background(), filepath.Join(h.Path, "lock"), unix.LOCK_EX)
	if err != nil {
		return err
	}
	return errors.Join(setMark(h.Path, homeMark), unlock())
}

// foreign is an error for a home without a mark in which there is something else than a rehearse of old has made.
func (h Home) foreign() error {
	entries, err := os.ReadDir(h.Path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		ours := e.Name() == "lock" && e.Type().IsRegular() || (e.Name() == "runs" || e.Name() == "templates") && e.IsDir() ||
			// Its text may be on its way.
			e.Name() == markName && e.Type().IsRegular() && strings.HasPrefix(homeMark, readMark(h.Path))
		if !ours {
			return stack.NotReady(fmt.Sprintf("%s is not empty (it has %s) and was not made by rehearse", h.Path, shown(e.Name())),
				"set REHEARSE_HOME to a new or empty directory")
		}
	}
	return nil
}

// shown is a name without what a terminal would obey.
func shown(name string) string { return strings.Trim(fmt.Sprintf("%q", name), `"`) }

// ownRun tells whether rehearse made the directory of a run. One of old has no mark; it is known by its name, its lock, and
// by having nothing in it that was not there.
func (h Home) ownRun(name string) bool {
	path := filepath.Join(h.Path, "runs", name)
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return false
	}
	if marked(path, runMark(name)) {
		return true
	}
	entries, err := os.ReadDir(path)
	known := []string{"lock", "data", "logs", startedName, engineName, groupsName}
	return err == nil && regexp.MustCompile(`-[0-9a-f]{6}$`).MatchString(name) &&
		!slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !slices.Contains(known, e.Name()) }) &&
		slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == "lock" && e.Type().IsRegular() })
}

// foreignRuns is what stands among the runs and is none, as one error; nil when there is none.
func (h Home) foreignRuns(names []string) error {
	if len(names) == 0 {
		return nil
	}
	for i, name := range names {
		names[i] = filepath.Join(h.Path, "runs", shown(name))
	}
	return stack.NotReady("not made by rehearse and left alone: "+strings.Join(names, ", "), "look at it, and remove it yourself")
}
