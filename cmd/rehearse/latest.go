package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// latestName is the link in the directory of runs that leads to the newest one.
const latestName = "latest"

// latestRun is where run leaves a link to what it measured last.
func latestRun() string { return filepath.Join("out", latestName) }

// pointLatest makes out/latest the run with this id. A link made beside and renamed never dangles half-made. What is called
// so and is no link of a run belongs to somebody else: it stays, and the error says so.
func pointLatest(out, id string) error {
	link := filepath.Join(out, latestName)
	switch target, err := os.Readlink(link); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("%s is there, and is no link: it stays, and does not lead to this run; move it away to have it back", link)
	case filepath.Base(target) != target:
		return fmt.Errorf("%s leads to %s, which is no run beside it: it stays, and does not lead to this run; move it away to have it back", link, target)
	}
	fresh := filepath.Join(out, "."+latestName+"-"+id)
	err := os.Symlink(id, fresh)
	if err == nil {
		if err = os.Rename(fresh, link); err == nil {
			return nil
		}
		err = errors.Join(err, os.Remove(fresh))
	}
	return fmt.Errorf("%s does not lead to this run: %w; name its directory instead", link, err)
}

// throughLatest refuses a link called latest that leads anywhere but to a run beside it: whoever names it means the newest run
// there, and reports would be written elsewhere.
func throughLatest(dir string) error {
	target, err := os.Readlink(dir)
	if filepath.Base(dir) != latestName || err != nil || filepath.IsLocal(target) && filepath.Base(target) == target {
		return nil //nolint:nilerr // what is no link leads nowhere
	}
	return usageError("%s leads to %s, which is no run beside it; name the directory of the run", dir, target)
}
