package home

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// Examined is the directory of templates and runs.
type Examined struct {
	Path string
	// InMemory is true where a flush costs nothing and says nothing about a disk.
	InMemory bool
}

// Examine looks at a home, chosen as in [stack.Config], and makes nothing. Its error is a [stack.NotReadyError] where no stack
// could be started there.
func Examine(path string) (Examined, error) {
	path, err := Path(path)
	if err != nil {
		return Examined{}, err
	}
	as, err := ChooseAccount()
	if err != nil {
		as = Account{} // whether there is one for the servers, is a question of the servers
	}
	h := Home{Path: path, Account: as}
	return Examined{Path: path, InMemory: InMemory(h.ground())}, h.usable()
}

// ground is the home, or, while there is none, the directory it will be made in.
func (h Home) ground() string {
	dir := h.Path
	for !Exists(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	return dir
}

// usable is what [Open] checks, found out without making anything.
func (h Home) usable() error {
	ground := Home{Path: h.ground(), Account: h.Account}
	if ground.Path == h.Path {
		err := h.check()
		if err == nil && !marked(h.Path, homeMark) {
			err = h.foreign()
		}
		if err != nil && !errors.Is(err, stack.ErrNotReady) {
			return stack.NotReady(fmt.Sprintf("cannot use %s (%v)", h.Path, err), "set REHEARSE_HOME to a directory that is writable")
		} else if err != nil {
			return err
		}
	}
	const run = 32 + 7 // as runName makes them
	if socket := filepath.Join(h.Path, "runs", strings.Repeat("x", run), "data", ".s.PGSQL.65535"); len(socket) > maxSocketPath {
		return stack.NotReady(fmt.Sprintf("%s is %d bytes too long a path for a socket below it", h.Path, len(socket)-maxSocketPath), "set REHEARSE_HOME to a shorter one")
	}
	if err := unix.Access(ground.Path, unix.W_OK|unix.X_OK); err != nil {
		return stack.NotReady(fmt.Sprintf("cannot write to %s (%v)", ground.Path, err), "set REHEARSE_HOME to a directory that is writable")
	}
	return ground.traversable()
}
